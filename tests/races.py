"""Things done at once, and people who die: threads with a connection each, and children that are killed at their work."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(threads: int, function: Callable[[int], Any]) -> list[Any]:
    """Call it in several threads, each with its own connection; a failure in one of them is raised here."""

    def in_thread(number: int) -> Any:
        try:
            return function(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(in_thread, number) for number in range(threads)]]


def killed_after(seconds: float, work: Callable[[], object]) -> bool:
    """A child does the work and is killed after so long; whether it was still at it."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            # Neither the test's clean-up nor its report belong to the child.
            os._exit(0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return False
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True
