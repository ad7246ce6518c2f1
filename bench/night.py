"""`python -m bench.night`, started by `bench.releases`: one night's release in a process of its own; prints JSON."""

import json
import resource
import time

import django

django.setup()

# Models can only be imported now.
from django.db import connection  # noqa: E402 -- see above

from core import clock  # noqa: E402 -- see above
from payouts.services.release import release_due  # noqa: E402 -- see above

# From one release to the next: the middle one, which a busy minute of the machine does not change.
EACH = """
    SELECT count(*), extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY gap))
    FROM (SELECT created_at - lag(created_at) OVER (ORDER BY created_at) AS gap FROM payouts_release WHERE created_at >= %s) AS step
"""


def main() -> None:
    """Release what is due, and say how many contracts, how many seconds in all and for each, how many bytes at most."""
    begun, started = clock.now(), time.perf_counter()
    release_due()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with connection.cursor() as cursor:
        cursor.execute(EACH, [begun])
        done, each = cursor.fetchone()
    print(json.dumps({"done": done, "seconds": seconds, "each": float(each or 0), "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
