"""Whether the server lives (`/healthz`) and whether it may be given work (`/readyz`): for machines that watch, hence in English."""

from datetime import timedelta
from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import clock
from core.queries import queue_pulse

# The shortest schedule runs every minute, and the scheduler looks every half: three misses are a stop.
STALE = timedelta(minutes=3)


class _MigrationsMissing(Exception):
    """Raised so that only "all applied" is remembered."""


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; asks nobody else, so that a database that is away restarts no web server."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """200 if database, migrations and queue are in order, else 503; the body says which is not, and nothing more."""
    checks = {"database": "ok", "migrations": "ok", "queue": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks["migrations"] = _migrations()
        if checks["migrations"] == "ok":
            checks["queue"] = _queue()
    except DatabaseError:
        checks = {"database": "unreachable", "migrations": "unknown", "queue": "unknown"}
    ready = all(state == "ok" for state in checks.values())
    return JsonResponse({"ready": ready, **checks}, status=200 if ready else 503)


def _migrations() -> str:
    try:
        _all_applied()
    except _MigrationsMissing:
        return "pending"
    return "ok"


@lru_cache(maxsize=1)
def _all_applied() -> None:
    """Raises _MigrationsMissing. Reading all migration files is slow, and what is applied stays applied: asked until it is so."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _MigrationsMissing


def _queue() -> str:
    """Whether a schedule came through scheduler, queue and worker lately."""
    pulse = queue_pulse()
    if pulse is None:
        return "never ran"
    return "ok" if clock.now() - pulse < STALE else "stopped"
