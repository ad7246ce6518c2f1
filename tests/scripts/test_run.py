"""`make run` as a person meets it: real processes, started, looked at, stopped, killed."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from decentcloud import embedded_database

ROOT = Path(__file__).resolve().parents[2]
STARTED = "Ctrl-C stops everything."
# What the settings of this test run have put into our own environment.
OURS = {"DATABASE_URL", "SECRET_KEY", "SITE_URL", "SANDBOX_ENABLED", "SANDBOX_WEBHOOK_SECRETS", "DJANGO_SETTINGS_MODULE"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Market:
    """One `make run` on a home and a port of its own, without the demo market, which has tests of its own."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    log: Path

    @property
    def words(self) -> str:
        return self.log.read_text()

    def wait_for(self, words: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.words:
            assert self.process.poll() is None, self.words
            assert time.monotonic() < deadline, self.words
            self.look_again()

    def wait(self, seconds: float = 40) -> int:
        return self.process.wait(seconds)

    def get(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            status: int = response.status
            return status

    def family(self) -> list[psutil.Process]:
        """Every process of it, the database's too, which has no parent left."""
        people = psutil.Process(self.process.pid).children(recursive=True)
        server = embedded_database.process_id(self.home / "postgres")
        if server:
            people += [psutil.Process(server), *psutil.Process(server).children(recursive=True)]
        return people

    def child(self, name: str) -> psutil.Process:
        # The queue gives its processes names of their own where it can, so it is known by what it is not.
        is_web = {"web server": True, "queue worker": False}[name]
        return next(p for p in psutil.Process(self.process.pid).children() if ("gunicorn" in " ".join(p.cmdline())) is is_web)

    def look_again(self) -> None:
        """Wait a moment, or less if it ends."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(0.05)


StartMarket = Callable[..., Market]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all, not made yet: what the first start prepares, the others find."""
    return tmp_path_factory.mktemp("market") / "home"


@pytest.fixture
def market(home: Path, tmp_path: Path) -> Iterator[StartMarket]:
    """Starts markets in the home, and makes sure that none outlives its test."""
    started: list[Market] = []

    def start(port: int | None = None) -> Market:
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        number = port or free_port()
        log = tmp_path / f"log-{len(started)}"
        environment |= {
            "PORT": str(number),
            "DECENTCLOUD_HOME": str(home),
            "PYTHONUNBUFFERED": "1",
            "DEBUG": "off",
            "SECURE_SSL_REDIRECT": "off",
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "INFO",
        }
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=environment, stdout=out, stderr=out, text=True
            )
        started.append(Market(home, number, process, log))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.wait()
    embedded_database.stop(home / "postgres")


def living(people: list[psutil.Process]) -> list[psutil.Process]:
    _gone, alive = psutil.wait_procs(people, timeout=2)
    return [person for person in alive if person.is_running() and person.status() != psutil.STATUS_ZOMBIE]


def cpu_seconds(people: list[psutil.Process]) -> float:
    """What they and their ended children have worked so far, which a busy machine does not stretch."""
    times = [person.cpu_times() for person in people]
    return sum(t.user + t.system + t.children_user + t.children_system for t in times)


def test_a_taken_port_is_said_before_anything_starts(market: StartMarket) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        one = market(port)
        assert one.wait() == 1
    assert f"Port {port} is taken" in one.words
    assert f"make run PORT={port + 1}" in one.words
    assert not (one.home / "postgres").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_answers_and_leaves_nothing_when_stopped(market: StartMarket, number: signal.Signals) -> None:
    one = market()
    one.wait_for(STARTED)
    assert one.get("/healthz") == 200
    people = one.family()
    assert len(people) > 5
    one.process.send_signal(number)
    assert one.wait() == 0
    assert living(people) == []
    assert embedded_database.running(one.home / "postgres") is None


def test_a_second_start_is_quick_and_keeps_its_secrets_to_itself(market: StartMarket) -> None:
    first = market()
    first.wait_for(STARTED)
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == 0
    secrets = (first.home / "env").read_text()
    second = market()
    second.wait_for(STARTED)
    # Ten seconds on a machine that has nothing else to do.
    assert cpu_seconds([psutil.Process(second.process.pid), *second.family()]) < 10
    assert (second.home / "env").read_text() == secrets
    assert stat.S_IMODE((second.home / "env").stat().st_mode) == 0o600
    assert stat.S_IMODE(second.home.stat().st_mode) == 0o700
    values = dict(line.split("=", 1) for line in secrets.splitlines())
    for name in ["SECRET_KEY", "SANDBOX_WEBHOOK_SECRETS"]:
        assert len(values[name]) > 30
        assert values[name] not in first.words + second.words


def test_two_on_one_home_do_not_stop_each_other(market: StartMarket) -> None:
    first = market()
    first.wait_for(STARTED)
    second = market()
    assert second.wait() == 1
    assert "runs already" in second.words
    assert first.get("/healthz") == 200


@pytest.mark.parametrize("name", ["queue worker", "web server"])
def test_when_one_process_dies_the_rest_stops_and_says_why(market: StartMarket, name: str) -> None:
    one = market()
    one.wait_for(STARTED)
    people = one.family()
    one.child(name).send_signal(signal.SIGKILL)
    assert one.wait() == 1
    assert f"The {name} ended by itself (signal SIGKILL)" in one.words
    assert living(people) == []


def test_when_the_database_dies_the_rest_stops_and_says_why(market: StartMarket) -> None:
    one = market()
    one.wait_for(STARTED)
    people = one.family()
    server = embedded_database.process_id(one.home / "postgres")
    assert server is not None
    os.kill(server, signal.SIGKILL)
    assert one.wait() == 1
    assert "The database ended by itself" in one.words
    assert living(people) == []


def test_ctrl_c_while_it_starts_leaves_nothing(market: StartMarket) -> None:
    one = market()
    deadline = time.monotonic() + 30
    while not embedded_database.running(one.home / "postgres"):
        assert time.monotonic() < deadline
        one.look_again()
    one.process.send_signal(signal.SIGINT)
    assert one.wait() == 0
    assert embedded_database.running(one.home / "postgres") is None


@pytest.mark.parametrize("port", ["0", "70000", "http", "80 80"])
def test_what_is_no_port_is_refused(tmp_path: Path, port: str) -> None:
    environment = {**os.environ, "PORT": port, "DECENTCLOUD_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.run"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert f"PORT={port} is no port" in done.stderr
    assert not (tmp_path / "home").exists()
