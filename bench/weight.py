"""Only what a first visit carries: the page and all that it names, as bytes on the wire."""

import gzip
import http.client
import re
from urllib.parse import urljoin, urlsplit

from django.urls import reverse

from bench.market import People
from bench.table import Row, say

MOST_BYTES = 60_000
_NAMED = re.compile(r"<(?:link|script|img|use|source)\b[^>]*?(?:href|src)=[\"']([^\"'#]+)", re.IGNORECASE)
_RELATION = re.compile(r"rel=[\"'](?:canonical|next|prev|alternate)")
_IN_STYLE = re.compile(r"url\([\"']?([^\"')#]+)|@import\s+[\"']([^\"']+)")


def measure(port: int, people: People, cookie: str) -> list[Row]:
    """A row for each kind of page that a visitor meets first."""
    say("page weight")
    pages = {
        "first visit to /": (reverse("home"), ""),
        "first visit to the market": (reverse("marketplace"), ""),
        "first visit to an offering": (reverse("offering", args=[people.offering]), ""),
        "first visit to a rental": (reverse("rental", args=[people.rental]), cookie),
    }
    return [_row(what, _weigh(port, address, visitor)) for what, (address, visitor) in pages.items()]


def _row(what: str, parts: dict[str, int]) -> Row:
    total = sum(parts.values())
    heaviest = sorted(parts.items(), key=lambda part: -part[1])
    return Row(
        what,
        f"{total / 1000:.1f} kB in {len(parts)} files",
        f"page alone {next(iter(parts.values())) / 1000:.1f} kB",
        "",
        f"< {MOST_BYTES / 1000:.0f} kB",
        total < MOST_BYTES,
        "Heaviest: " + ", ".join(f"{name} {size / 1000:.1f} kB" for name, size in heaviest[:5]) + ".",
    )


def _weigh(port: int, address: str, cookie: str) -> dict[str, int]:
    """Bytes by address: the page first, then what it names, then what its styles name. `data:` is part of its file already."""
    size, text = _fetch(port, address, cookie)
    parts = {address: size}
    named = [tag.group(1) for tag in _NAMED.finditer(text) if not _RELATION.search(tag.group(0))]
    waiting = [urljoin(address, one) for one in named]
    while waiting:
        one = waiting.pop()
        if one in parts or urlsplit(one).scheme:
            continue
        parts[one], text = _fetch(port, one, "")
        if urlsplit(one).path.endswith(".css"):
            found = (urljoin(one, first or second) for first, second in _IN_STYLE.findall(text))
            waiting += [other for other in found if not other.startswith("data:")]
    return parts


def _fetch(port: int, address: str, cookie: str) -> tuple[int, str]:
    """Compressed size and text. Pages are compressed here as the proxy in front does it; files come compressed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", address, headers={"Accept-Encoding": "gzip", "Cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, f"{address} answers {answer.status}"
    if answer.headers.get("Content-Encoding") == "gzip":
        return len(body), gzip.decompress(body).decode()
    return min(len(body), len(gzip.compress(body, 6))), body.decode(errors="replace")
