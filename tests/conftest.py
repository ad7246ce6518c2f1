"""The database of a test run: one embedded cluster for all workers, made at the start and gone at the end."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from decentcloud import embedded_database

# The people of the tests, their browsers, and their paper.
pytest_plugins = ["tests.cast", "tests.browser", "tests.paper", "tests.vies_standin"]

# Fast, and nothing lost that a test run would miss; races are as real as ever.
CLUSTER_SETTINGS = {
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
FOLDER = "dct-data-"
_data = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster in the process that leads the run; workers of xdist inherit its address."""
    is_worker = hasattr(config, "workerinput")
    if is_worker or settings.DATABASES["default"]["HOST"] != "/nowhere" or config.option.collectonly:
        return
    _clear_what_killed_runs_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
    cluster = embedded_database.start(folder / "postgres", CLUSTER_SETTINGS, socket_prefix="dct-")
    config.stash[_data] = folder
    settings.DATABASES["default"]["HOST"] = str(cluster.sockets)
    os.environ["DATABASE_URL"] = cluster.url("decentcloud")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster that this process started, and delete it."""
    if folder := config.stash.get(_data, None):
        embedded_database.stop(folder / "postgres")
        shutil.rmtree(folder)


def _clear_what_killed_runs_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        owner = folder.name.removeprefix(FOLDER).split("-")[0]
        if Path(f"/proc/{owner}").exists():
            continue
        # Another run may clear the same one at the same moment.
        with contextlib.suppress(FileNotFoundError):
            if folder.stat().st_uid == os.getuid():
                embedded_database.stop(folder / "postgres")
                shutil.rmtree(folder, ignore_errors=True)
