"""`python -m bench.night`, started by `bench.releases`: one night's release in a process of its own; prints JSON."""

import json
import resource
import time

import django

django.setup()

# Models can only be imported now.
from payouts.models import Release  # noqa: E402 -- see above
from payouts.services.release import release_due  # noqa: E402 -- see above


def main() -> None:
    """Release what is due, and say how many contracts, how many seconds, how many bytes at most."""
    before = Release.objects.count()
    started = time.perf_counter()
    release_due()
    seconds = time.perf_counter() - started
    done = Release.objects.count() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"done": done, "seconds": seconds, "peak": peak}), flush=True)


if __name__ == "__main__":
    main()
