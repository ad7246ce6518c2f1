"""The plain table of what a provider is told about its payouts: event -> kind of mail, its words, and when it makes sense.

Silent on purpose: `payout.proposed`, `payout.approved` and `payout.sent`, which may still come to nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from messaging.letters import payouts
from messaging.letters.news import RentalLetter
from messaging.letters.payouts import PayoutNews


def _always(_news: PayoutNews) -> bool:
    return True


@dataclass(frozen=True)
class PayoutTelling:
    """One kind of mail to everybody of a provider. `kind` is kept in rows: it names the mail for ever."""

    kind: str
    letter: Callable[[PayoutNews], RentalLetter]
    fits: Callable[[PayoutNews], bool] = _always


PAYOUT_PLOT: Mapping[str, PayoutTelling] = {
    "payout.settled": PayoutTelling("provider_paid", payouts.paid),
    "payout.failed": PayoutTelling("provider_payout_failed", payouts.failed, payouts.was_sent),
    "payout.returned": PayoutTelling("provider_payout_back", payouts.came_back),
}
