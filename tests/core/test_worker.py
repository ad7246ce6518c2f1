"""Real worker processes, killed for real in the middle of a reaction or without their head: nothing is lost or doubled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from core import clock, leases, tasks
from core.models import ReactionRun
from core.outbox import emit
from core.queries import queue_pulse
from core.states import WorkState
from tests.core.reactions import marks

pytestmark = pytest.mark.usefixtures("transactional_db", "reacting")

PATIENCE = 30.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Look until it is so: another process takes the time that it takes."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"still not so after {PATIENCE} s: {what}"
        time.sleep(0.05)


def emitted(name: str, n: int = 1) -> None:
    with transaction.atomic():
        emit(name, "thing:1", n=n)


def children_of(pid: int) -> list[int]:
    """All descendants of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children_of(child)]
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and no mere zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def silence() -> float:
    """How many seconds without a pulse a worker takes for death."""
    return 600


@pytest.fixture
def worker(tmp_path: Path, silence: float) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py worker` on the test's database, up and with its first pulse; whatever is left of it is killed afterwards."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.core.worker_settings",
        "WORKER_TEST_DATABASE": connection.settings_dict["NAME"],
        "WORKER_TEST_SILENCE": str(silence),
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "worker"],
            env=environment,
            cwd=settings.BASE_DIR,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(queue_pulse, "first pulse")
            yield process
        finally:
            descendants = children_of(process.pid)
            process.kill()
            process.wait()
            wait_for(lambda: not any(map(lives, descendants)), "children died with their parent")
            sys.stdout.write((tmp_path / "log").read_text())


def begun() -> list[int]:
    """The processes that began the slow work."""
    return [int(text.removeprefix("began in ")) for text in marks() if text.startswith("began")]


def assert_done_once_after_the_lease() -> None:
    run = ReactionRun.objects.get(reaction__endswith="slow")
    assert run.state == WorkState.RUNNING
    assert not any(text.startswith("done") for text in marks())
    with clock.at(clock.now() + leases.LEASE):
        tasks.drain()
        tasks.drain()
    run.refresh_from_db()
    assert (run.state, run.attempts) == (WorkState.DONE, 2)
    assert len([text for text in marks() if text.startswith("done")]) == 1


def test_a_worker_reacts_to_what_is_emitted_and_stops_when_told(worker: subprocess.Popen[bytes]) -> None:
    for number in range(5):
        emitted("test.two", number)
    wait_for(lambda: len(marks()) == 10, "all reactions")
    assert len(set(marks())) == 10
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0


def test_killing_the_process_in_the_middle_of_a_reaction_loses_and_doubles_nothing(worker: subprocess.Popen[bytes]) -> None:
    emitted("test.slow")
    wait_for(begun, "the reaction has begun")
    os.kill(begun()[0], signal.SIGKILL)
    # The others go on: the head replaces the dead one.
    emitted("test.one", 7)
    wait_for(lambda: "first 7" in marks(), "the next reaction")
    assert_done_once_after_the_lease()


def test_killing_everything_in_the_middle_of_a_reaction_loses_and_doubles_nothing(worker: subprocess.Popen[bytes]) -> None:
    emitted("test.slow")
    wait_for(begun, "the reaction has begun")
    descendants = children_of(worker.pid)
    assert begun()[0] in descendants
    worker.kill()
    worker.wait()
    wait_for(lambda: not any(map(lives, descendants)), "children died with their parent")
    assert_done_once_after_the_lease()


def test_a_worker_that_lost_its_head_starts_anew(worker: subprocess.Popen[bytes]) -> None:
    (head,) = (int(pid) for pid in Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split())
    descendants = children_of(worker.pid)
    os.kill(head, signal.SIGKILL)
    emitted("test.one", 8)
    wait_for(lambda: "first 8" in marks(), "a reaction by the new head")
    assert not any(map(lives, descendants))
    assert worker.poll() is None


@pytest.mark.parametrize("silence", [4])
def test_a_worker_whose_queue_is_stuck_starts_anew(worker: subprocess.Popen[bytes]) -> None:
    emitted("test.slow")
    wait_for(begun, "the reaction has begun")
    stuck = begun()[0]
    # Stopped, not dead: it holds what it holds, and its head sees no death.
    os.kill(stuck, signal.SIGSTOP)
    emitted("test.one", 2)
    wait_for(lambda: "first 2" in marks(), "a reaction after the new start")
    assert not lives(stuck)
