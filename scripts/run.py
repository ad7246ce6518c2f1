"""`make run`: database, web server, queue worker and scheduler together, until Ctrl-C, SIGTERM or the end of one of them.

The only place that makes local secrets and decides what a local market consists of.
"""

import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import environ

from decentcloud import embedded_database

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "127.0.0.1"
STARTING_SECONDS = 90
STOPPING_SECONDS = 20
LOOK_SECONDS = 0.2
DEMO = """
  Decent Cloud runs on {url}

  Customer  customer@demo.test   \N{RIGHTWARDS ARROW} {url}/dashboard/rentals
  Provider  provider@demo.test   \N{RIGHTWARDS ARROW} {url}/dashboard/provider
  Staff     staff@demo.test      \N{RIGHTWARDS ARROW} {url}/admin/
  Password  decent-demo          (they exist only here, with DEBUG on)

  Ctrl-C stops everything.
"""
PLAIN = """
  Decent Cloud runs on {url}

  Ctrl-C stops everything.
"""


class CannotRun(Exception):
    """Why it does not start or go on, and what to do, for a human."""


class Stopped(Exception):
    """Somebody asked us to stop."""


@dataclass
class Signals:
    """Turns a request to stop into `Stopped`, at once where that is safe, else at the next look."""

    asked: bool = False
    safe: bool = False

    def install(self) -> None:
        """Listen to Ctrl-C, SIGTERM and the closing of the terminal, even where a shell started us with them ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if self.safe:
            self.safe = False
            raise Stopped

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Within this, a signal ends what is being done."""
        if self.asked:
            raise Stopped
        self.safe = True
        try:
            yield
        finally:
            self.safe = False


@dataclass
class Children:
    """The processes of a running market, each in a session of its own: Ctrl-C reaches us only, and we stop them in order."""

    environment: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        """Start `python <arguments>` as `name`."""
        command = [sys.executable, *arguments]
        self.running[name] = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)

    def ended(self) -> str | None:
        """What has ended by itself, as words, or None while all run."""
        for name, process in self.running.items():
            if process.poll() is not None:
                return f"The {name} ended by itself ({_ending(process.returncode)}); its last words stand above."
        return None

    def stop(self) -> None:
        """Ask all to stop, wait, then end what is left, with its own children."""
        for process in self.running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + STOPPING_SECONDS
        for process in self.running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - time.monotonic()))
        for process in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def main() -> int:
    """Run until told to stop (0), or until something fails (1)."""
    signals = Signals()
    signals.install()
    try:
        _run(signals)
    except Stopped:
        print("Stopped.")
        return 0
    except (CannotRun, embedded_database.DatabaseUnavailable) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    return 0


def _run(signals: Signals) -> None:
    environ.Env.read_env(ROOT / ".env")
    port = _port(os.environ.get("PORT") or "8000")
    home = Path(os.environ.get("DECENTCLOUD_HOME") or ROOT / ".local").absolute()
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
    with _alone_in(home):
        _check_port_is_free(port)
        _make_secrets(home / "env")
        environ.Env.read_env(home / "env")
        os.environ["DECENTCLOUD_HOME"] = str(home)
        os.environ.setdefault("SITE_URL", f"http://{ADDRESS}:{port}")
        data = None if os.environ.get("DATABASE_URL") else home / "postgres"
        children = Children(dict(os.environ))
        try:
            if data:
                embedded_database.ensure_database(embedded_database.start(data), "decentcloud")
            with signals.interruptible():
                _manage("prepare_local")
                _start(children, port)
                _wait_until_it_answers(children, port)
                print(
                    (DEMO if environ.Env().bool("DEBUG", default=False) else PLAIN).format(url=f"http://{ADDRESS}:{port}"),
                    flush=True,
                )
                _watch(children, data)
        finally:
            print("\nStopping…", flush=True)
            children.stop()
            if data:
                embedded_database.stop(data)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise CannotRun(f"PORT={text} is no port. Give a number from 1 to 65535, such as: make run PORT=8001")


@contextmanager
def _alone_in(home: Path) -> Iterator[None]:
    """Hold the folder's lock: two markets on one folder would stop each other's database."""
    with (home / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotRun(
                f"Decent Cloud runs already on {home}. Stop it first, or give this one its own: make run DECENTCLOUD_HOME=… PORT=…"
            ) from None
        yield


def _check_port_is_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as test:
        # As the web server does, so that what a stopped one left in TIME_WAIT does not count.
        test.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            test.bind((ADDRESS, port))
        except PermissionError:
            raise CannotRun(f"Port {port} needs more rights. Choose one above 1023: make run PORT=8001") from None
        except OSError:
            raise CannotRun(f"Port {port} is taken by another program. Choose another one: make run PORT={port + 1}") from None


def _make_secrets(path: Path) -> None:
    """The settings of a local market, made once, readable to their owner only; never printed."""
    if path.exists():
        return
    # Complete or not there at all: a kill in between leaves no half of it.
    making = path.with_suffix(".new")
    making.unlink(missing_ok=True)
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("DEBUG=on\n")
        file.write(f"SECRET_KEY={secrets.token_urlsafe(50)}\n")
        file.write(f"SANDBOX_WEBHOOK_SECRETS={secrets.token_urlsafe(32)}\n")
    making.rename(path)


def _manage(*arguments: str) -> None:
    """Run one management command to its end."""
    process = subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, start_new_session=True)
    try:
        if process.wait():
            raise CannotRun(
                f"`manage.py {' '.join(arguments)}` failed ({_ending(process.returncode)}); its last words stand above."
            )
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _start(children: Children, port: int) -> None:
    workers = os.environ.get("WEB_CONCURRENCY") or "2"
    children.start(
        "web server",
        *("-m", "gunicorn", "decentcloud.wsgi", f"--bind={ADDRESS}:{port}", f"--workers={workers}", "--preload"),
        *("--graceful-timeout=5", "--log-level=warning", "--no-control-socket"),
    )
    # The queue's own guard process is the scheduler too.
    children.start("queue worker", "manage.py", "worker")


def _wait_until_it_answers(children: Children, port: int) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        if ending := children.ended():
            raise CannotRun(ending)
        try:
            with urllib.request.urlopen(f"http://{ADDRESS}:{port}/healthz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(LOOK_SECONDS)
    raise CannotRun(f"The web server did not answer within {STARTING_SECONDS} seconds.")


def _watch(children: Children, data: Path | None) -> None:
    """Look until a signal ends it; raises CannotRun when one of the processes has ended by itself."""
    while True:
        if ending := children.ended():
            raise CannotRun(ending)
        if data and not embedded_database.running(data):
            raise CannotRun(f"The database ended by itself; its last words stand in {data / 'server.log'}.")
        time.sleep(LOOK_SECONDS)


def _ending(code: int) -> str:
    return f"code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


if __name__ == "__main__":
    sys.exit(main())
