"""Only the list of ways by which payouts leave by themselves. By hand is none of them: nothing is called outside for it.

To add one: write `<name>_rail.py` with the methods of `PayoutRail`, and name it here and in `states.Rail`.
"""

from payouts.icrc1_rail import Icrc1Rail
from payouts.models import PayoutMethod
from payouts.rail_facts import PayoutRail
from payouts.states import Rail
from payouts.stripe_rail import StripeRail

AUTOMATIC: dict[str, PayoutRail] = {rail.name: rail for rail in (StripeRail(), Icrc1Rail())}


def rail(name: str) -> PayoutRail:
    """The automatic rail of this name; raises KeyError for any other."""
    return AUTOMATIC[name]


def rail_for(method: PayoutMethod, currency: str) -> Rail:
    """How a payout in this currency leaves for this place: by the first configured rail that suits, else by hand."""
    for candidate in AUTOMATIC.values():
        if candidate.is_configured() and candidate.suits(method, currency):
            return candidate.name
    return Rail.MANUAL
