"""Prints how many of mutmut's mutants the tests have killed, and fails below what is asked of them. Run by `make soak`."""

import json
import subprocess
import sys
from pathlib import Path

LEAST_KILLED = 85
STATISTICS = Path("mutants/mutmut-cicd-stats.json")


def main() -> int:
    """0 when enough were killed; one that ran for ever counts as killed, one that no test runs as survived."""
    subprocess.run([sys.executable, "-m", "mutmut", "export-cicd-stats"], check=True, stdout=subprocess.DEVNULL)
    counts: dict[str, int] = json.loads(STATISTICS.read_text())
    killed = counts["killed"] + counts["timeout"] + counts["segfault"]
    judged = counts["total"] - counts["skipped"]
    percent = 100 * killed / judged
    print(f"{killed} of {judged} mutants killed: {percent:.1f} % (at least {LEAST_KILLED} % asked)")
    return 0 if percent >= LEAST_KILLED else 1


if __name__ == "__main__":
    sys.exit(main())
