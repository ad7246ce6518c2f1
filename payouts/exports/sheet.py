"""Only the CSV from which staff pays by hand: tokens in ICPay's dashboard, and bank accounts that SEPA does not reach."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from billing.reports.sheet import Cell, major, written
from payouts.models import Payout

# No reader of the file should have to guess: an amount is in the currency beside it, whatever token it is paid in.
COLUMNS = ("reference", "provider", "kind", "holder", "address", "network", "iban", "bic", "amount", "currency", "note")


def rows_of(payouts: Sequence[Payout]) -> str:
    """The sheet, one payout a line; what a spreadsheet would take for a formula is made harmless."""
    return "".join(written(COLUMNS, (_row(payout) for payout in payouts)))


def _row(payout: Payout) -> tuple[Cell, ...]:
    place = payout.destination
    return (
        payout.public_id.hex,
        payout.provider.name,
        place["kind"],
        place["holder"],
        place["address"],
        place["network"],
        place["iban"],
        place["bic"],
        major(payout.amount_minor, payout.currency),
        payout.currency,
        _("Decent Cloud payout %(reference)s") % {"reference": payout.public_id.hex[:8]},
    )
