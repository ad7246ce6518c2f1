"""`python -m bench.measure SIZE`, started by `bench` on its stage: fills the markets, measures all of it, prints one table."""

import sys
import time

import django

django.setup()

# Models can only be imported now.
from bench import documents_pdf, documents_zip, events, market, orders, pages, releases, web  # noqa: E402 -- see above
from bench.table import Row, missed, say, table  # noqa: E402 -- see above


def main(size: str) -> int:
    """0 when every goal is met."""
    started = time.monotonic()
    rows: list[Row] = []
    try:
        for name in dict.fromkeys(["1k", size]):
            rows += market.fill(name)
        rows += pages.measure(size)
        with market.chosen(size):
            people = market.people()
            rows += web.measure(people)
            rows += orders.measure()
            rows += events.measure()
        rows += releases.measure(size)
        rows += documents_pdf.measure()
        rows += documents_zip.measure(documents_pdf.files())
    finally:
        # What was measured before something broke is worth its while, too.
        print(f"\n{table(rows)}\n\n{missed(rows)}\n", flush=True)
    say(f"{time.monotonic() - started:.0f} s in all")
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
