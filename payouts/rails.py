"""Only the list of ways by which payouts leave by themselves. By hand is none of them: nothing is called outside for it.

To add one: write `<name>_rail.py` with the methods of `PayoutRail` and its one `RAIL`, and name it here and in `states.Rail`.
"""

from collections.abc import Callable
from importlib import import_module

from django.conf import settings

from billing import stripe_connect
from payouts.models import PayoutMethod
from payouts.rail_facts import PayoutRail
from payouts.states import Rail


def _has_wallet() -> bool:
    return bool(settings.ICRC1_WALLET_KEY and settings.ICRC1_LEDGER)


# Whether a way can be used here, and its module. That is imported by name, at first use: the agent library of the Internet Computer
# takes 15 MB, which no process needs where no wallet is set.
AUTOMATIC: dict[Rail, tuple[Callable[[], bool], str]] = {
    Rail.STRIPE_CONNECT: (stripe_connect.is_switched_on, "payouts.stripe_rail"),
    Rail.ICRC1: (_has_wallet, "payouts.icrc1_rail"),
}


def is_configured(name: Rail | str) -> bool:
    """Whether the automatic rail of this name can be used here; raises ValueError or KeyError for any other."""
    return AUTOMATIC[Rail(name)][0]()


def rail(name: Rail | str) -> PayoutRail:
    """The automatic rail of this name; raises ValueError or KeyError for any other."""
    found: PayoutRail = import_module(AUTOMATIC[Rail(name)][1]).RAIL
    return found


def rail_for(method: PayoutMethod, currency: str) -> Rail:
    """How a payout in this currency leaves for this place: by the first configured rail that suits, else by hand."""
    for name in AUTOMATIC:
        if is_configured(name) and rail(name).suits(method, currency):
            return name
    return Rail.MANUAL
