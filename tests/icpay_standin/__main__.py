"""`python -m tests.icpay_standin`: an ICPay for a person, on loopback, until Ctrl-C."""

import argparse
import contextlib
import threading

from tests.icpay_standin.server import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, standin


def main() -> None:
    """Run, and say what the shop must be told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=12112)
    parser.add_argument("--webhook", default="http://127.0.0.1:8000/api/v1/webhooks/icpay")
    chosen = parser.parse_args()
    with standin(port=chosen.port, webhook=chosen.webhook) as running, contextlib.suppress(KeyboardInterrupt):
        print(  # noqa: T201 -- this is a command
            "Run the shop with:\n"
            f"  ICPAY_PUBLISHABLE_KEY={PUBLISHABLE_KEY} ICPAY_SECRET_KEY={SECRET_KEY} ICPAY_WEBHOOK_SECRETS={WEBHOOK_SECRET} \\\n"
            f"  ICPAY_API_BASE={running.base} ICPAY_PAY_ORIGIN={running.base} make run",
            flush=True,
        )
        threading.Event().wait()


if __name__ == "__main__":
    main()
