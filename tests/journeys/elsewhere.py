"""Another present, and what happens outside in it: a clock for every thread, and both vendors' stand-ins told when to speak."""

from datetime import UTC, datetime

from core import clock
from core.tasks import drain
from tests import icpay_standin, stripe_standin


class Calendar:
    """Another present, for every thread of the process; it goes on as fast as ours. Stands in for `datetime` in the clock."""

    def __init__(self, start: datetime) -> None:
        self.turn_to(start)

    def turn_to(self, moment: datetime) -> None:
        self.ahead = moment - datetime.now(UTC)

    def now(self, zone: object) -> datetime:
        return datetime.now(UTC) + self.ahead


class Outside:
    """Stripe and ICPay. Their messages come over HTTP, when a test lets them; then we do all that follows."""

    def __init__(self, site: str, stripe: stripe_standin.Standin, icpay: icpay_standin.Standin) -> None:
        self.stripe, self.icpay, self.site = stripe, icpay, site
        stripe.account.now = icpay.account.now = lambda: clock.now().timestamp()

    def speak(self) -> None:
        """Bring what has happened there, and work it off."""
        self.stripe.webhook, self.icpay.webhook = (f"{self.site}/api/v1/webhooks/{name}" for name in ("stripe", "icpay"))
        self.stripe.bring_over_http()
        self.icpay.bring_over_http()
        # Whatever happens there from here on waits again.
        self.stripe.webhook = self.icpay.webhook = ""
        drain()
