"""`python -m tests.stripe_standin`: a Stripe for a person, on loopback, until Ctrl-C."""

import argparse
import contextlib
import threading

from tests.stripe_standin.server import SECRET_KEY, WEBHOOK_SECRET, standin


def main() -> None:
    """Run, and say what the shop must be told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--webhook", default="http://127.0.0.1:8000/api/v1/webhooks/stripe")
    chosen = parser.parse_args()
    with standin(port=chosen.port, webhook=chosen.webhook) as running, contextlib.suppress(KeyboardInterrupt):
        print(  # noqa: T201 -- this is a command
            f"The stand-in's dashboard: {running.base}/\nRun the shop with:\n"
            f"  STRIPE_SECRET_KEY={SECRET_KEY} STRIPE_WEBHOOK_SECRETS={WEBHOOK_SECRET} \\\n"
            f"  STRIPE_API_BASE={running.base} STRIPE_CHECKOUT_ORIGIN={running.base} make run",
            flush=True,
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
