"""`python -m bench.client PORT ADDRESS COOKIE CLIENTS SECONDS`: so many clients ask for one page again and again; prints how often.

A process of its own, with sockets and nothing else, so that it takes as little as it can of what is measured. Knows no Django.
"""

import json
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def ask(port: int, request: bytes) -> bytes:
    """The whole answer to one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(1 << 18):
            parts.append(part)
    return b"".join(parts)


def request_for(address: str, cookie: str) -> bytes:
    """A GET as bytes."""
    return f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n".encode()


def _ask_until(port: int, request: bytes, end: float) -> tuple[int, int]:
    answers = size = 0
    while time.monotonic() < end:
        answer = ask(port, request)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"answered {answer[:80]!r}")
        size = len(answer) - answer.index(b"\r\n\r\n") - 4
        answers += 1
    return answers, size


def main(port: int, address: str, cookie: str, clients: int, seconds: float) -> None:
    """Print {"rate": requests per second, "bytes": of the last page}."""
    request = request_for(address, cookie)
    started = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(_ask_until, port, request, started + seconds) for _client in range(clients)]
        results = [run.result() for run in runs]
    rate = sum(answers for answers, _size in results) / (time.monotonic() - started)
    print(json.dumps({"rate": rate, "bytes": results[0][1]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
