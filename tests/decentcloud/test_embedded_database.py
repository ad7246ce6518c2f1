"""The PostgreSQL of the wheel: as root and as a plain user, after a crash, and without touching anybody's folders."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from decentcloud import embedded_database
from decentcloud.embedded_database import DatabaseUnavailable

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as people have them: closed to others, in one that is open to all."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def data(home: Path) -> Iterator[Path]:
    place = home / "postgres"
    yield place
    embedded_database.stop(place)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_up_to_the_root(path: Path) -> dict[Path, int]:
    return {folder: mode(folder) for folder in [path, *path.parents]}


def answer(cluster: embedded_database.Cluster, question: str) -> object:
    with psycopg.connect(cluster.url("postgres")) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def kill(data: Path) -> None:
    """End the server as a power cut would."""
    pid = embedded_database.process_id(data)
    assert pid is not None
    server = psutil.Process(pid)
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=10)


def test_it_starts_answers_and_stops_without_a_trace(data: Path) -> None:
    cluster = embedded_database.start(data, {"max_connections": "17"})
    assert answer(cluster, "SHOW max_connections") == "17"
    assert answer(cluster, "SHOW listen_addresses") == ""
    assert str(answer(cluster, "SHOW server_version")).startswith("18.")
    pid = embedded_database.process_id(data)
    assert pid is not None
    embedded_database.stop(data)
    # A server whose parent never looks stays behind as a zombie, which is no process any more.
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert not cluster.sockets.exists()
    assert embedded_database.running(data) is None


def test_no_folder_that_was_there_changes_its_mode(home: Path, data: Path) -> None:
    wheel = embedded_database._binaries()
    before = modes_up_to_the_root(home) | modes_up_to_the_root(wheel)
    cluster = embedded_database.start(data)
    assert modes_up_to_the_root(home) | modes_up_to_the_root(wheel) == before
    assert mode(data) == 0o700
    assert mode(cluster.sockets) == 0o700


def test_starting_twice_gives_the_same_server(data: Path) -> None:
    first = embedded_database.start(data)
    pid = embedded_database.process_id(data)
    assert embedded_database.start(data) == first
    assert embedded_database.process_id(data) == pid


def test_data_survive_a_restart(data: Path) -> None:
    cluster = embedded_database.start(data)
    assert embedded_database.ensure_database(cluster, "shop") is True
    embedded_database.stop(data)
    again = embedded_database.start(data)
    assert embedded_database.ensure_database(again, "shop") is False


def test_a_killed_server_starts_again(data: Path) -> None:
    cluster = embedded_database.start(data)
    kill(data)
    again = embedded_database.start(data)
    assert answer(again, "SELECT 1") == 1
    assert not cluster.sockets.exists()


def test_stopping_a_killed_server_takes_away_what_it_left(data: Path) -> None:
    cluster = embedded_database.start(data)
    kill(data)
    assert cluster.sockets.exists()
    embedded_database.stop(data)
    assert not cluster.sockets.exists()


def test_the_number_of_a_dead_server_may_belong_to_a_living_process(data: Path) -> None:
    embedded_database.start(data)
    pid_file = (data / "postmaster.pid").read_text().splitlines()
    embedded_database.stop(data)
    (data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *pid_file[1:]]) + "\n")
    assert embedded_database.running(data) is None
    assert answer(embedded_database.start(data), "SELECT 1") == 1


def test_a_folder_with_something_else_is_left_as_it_is(data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "letter.txt").write_text("mine")
    with pytest.raises(DatabaseUnavailable, match="is no database"):
        embedded_database.start(data)
    assert mode(data) == 0o755
    assert [path.name for path in data.iterdir()] == ["letter.txt"]


def test_a_long_temp_dir_still_leaves_room_for_the_socket(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    cluster = embedded_database.start(data)
    assert not cluster.sockets.is_relative_to(long)
    assert answer(cluster, "SELECT 1") == 1


def test_root_without_user_namespaces_is_told_what_to_do(home: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = home / "bin"
    programs.mkdir()
    (programs / "unshare").write_text("#!/bin/sh\necho 'unshare: Operation not permitted' >&2\nexit 1\n")
    (programs / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(DatabaseUnavailable, match=r"namespaces.*Operation not permitted.*DATABASE_URL"):
        embedded_database.start(data)
    assert [path.name for path in home.iterdir()] == ["bin"]


def test_a_plain_user_needs_no_namespace(home: Path, data: Path) -> None:
    """Root becomes somebody else for this, in a namespace where every file keeps its owner; others are plain already."""
    program = (
        "import os, sys, psycopg\n"
        "from pathlib import Path\n"
        "from decentcloud import embedded_database\n"
        "assert os.geteuid() != 0\n"
        "embedded_database.AS_SOMEBODY_ELSE = ('false',)\n"
        "cluster = embedded_database.start(Path(sys.argv[1]))\n"
        "psycopg.connect(cluster.url('postgres')).close()\n"
        "embedded_database.stop(Path(sys.argv[1]))\n"
    )
    somebody = embedded_database.AS_SOMEBODY_ELSE if os.geteuid() == 0 else ()
    done = subprocess.run(
        [*somebody, sys.executable, "-c", program, str(data)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert mode(home) == 0o700


def test_the_address_of_a_stopped_one_says_that_it_is_stopped(data: Path) -> None:
    assert "is-not-running" in embedded_database.address(data, "shop")
    cluster = embedded_database.start(data)
    assert embedded_database.address(data, "shop") == cluster.url("shop")
