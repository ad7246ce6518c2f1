"""`python -m bench [--size 1k|1m]`: a market on a database of its own in a temporary folder, measured, printed, deleted."""

import argparse
import signal
import subprocess
import sys

from bench.stage import SIZES, stage


def main() -> int:
    """Set the stage and let `bench.measure` play on it; its exit code, which is 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="1k", help="contracts in the market (default 1k)")
    size = parser.parse_args().size
    # Told to stop, it leaves by the door, so that the stage is taken down.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with stage() as environment:
        subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"], env=environment, check=True)
        return subprocess.run([sys.executable, "-m", "bench.measure", size], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
