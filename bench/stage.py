"""Only the stage: an embedded cluster with PostgreSQL's own defaults, and the environment of a market that is open."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from decentcloud import embedded_database


@dataclass(frozen=True)
class Size:
    """How large a market is."""

    offerings: int
    contracts: int


SIZES = {"1k": Size(1_000, 1_000), "1m": Size(100_000, 1_000_000)}
CLUSTER = "BENCH_CLUSTER"


def database_of(size: str) -> str:
    """The name of the database that holds a market of this size."""
    return f"market_{size}"


@contextmanager
def stage() -> Iterator[Mapping[str, str]]:
    """A running cluster for the time of the block; gives the environment that settings are to be read from."""
    folder = Path(tempfile.mkdtemp(prefix="dcb-"))
    data = folder / "postgres"
    try:
        cluster = embedded_database.start(data, socket_prefix="dcb-")
        yield {
            **os.environ,
            CLUSTER: str(data),
            "DJANGO_SETTINGS_MODULE": "decentcloud.settings",
            "DECENTCLOUD_HOME": str(folder),
            "DATABASE_URL": cluster.url(database_of("1k")),
            "DEBUG": "off",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "SITE_URL": "http://127.0.0.1",
            "ALLOWED_HOSTS": "127.0.0.1,testserver",
            "SECURE_SSL_REDIRECT": "off",
            "SANDBOX_ENABLED": "on",
            "SANDBOX_WEBHOOK_SECRETS": secrets.token_urlsafe(32),
            "EMAIL_URL": "dummymail://",
            "STATIC_ROOT": str(folder / "static"),
            "LOG_LEVEL": "ERROR",
        }
    finally:
        embedded_database.stop(data)
        shutil.rmtree(folder, ignore_errors=True)
