"""Whoever dies at whatever line while a payout leaves: it leaves once, and is settled."""

from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest

from core.errors import Refused
from payouts.models import Payout
from tests.payouts.rails.conftest import CardReady, Ready, fresh
from tests.payouts.rails.replica import Replica
from tests.races import at_once, killed_after
from tests.stripe_standin import Standin

pytestmark = pytest.mark.django_db(transaction=True)


def die_often(ready: Ready, payout: Payout, seed: int) -> None:
    """Children carry it out and are killed at random moments, until one has lived to the end."""
    random = Random(seed)
    while killed_after(random.uniform(0.005, 0.25), lambda: ready.carry_out(payout)):
        ready.now += timedelta(minutes=2)


@pytest.mark.parametrize("seed", range(3))
def test_a_payout_in_tokens_survives(ic: Replica, in_tokens: Ready, seed: int) -> None:
    payout = in_tokens.approved()
    ic.drops["icrc1_transfer"] = seed
    die_often(in_tokens, payout, seed)
    in_tokens.sweep()
    in_tokens.sweep()
    in_tokens.sweep()
    assert (fresh(payout).state, len(ic.blocks)) == ("settled", 1)


@pytest.mark.parametrize("seed", range(3))
def test_a_payout_through_stripe_survives(stripe: Standin, by_stripe: CardReady, seed: int) -> None:
    payout = by_stripe.approved()
    stripe.api.drops["POST /v1/transfers"] = seed
    die_often(by_stripe, payout, seed)
    by_stripe.sweep()
    by_stripe.sweep()
    assert (fresh(payout).state, len(stripe.account.all("tr"))) == ("settled", 1)


def test_four_at_once_send_it_once(ic: Replica, in_tokens: Ready) -> None:
    payout = in_tokens.approved()

    def carry_out(_number: int) -> None:
        with suppress(Refused):
            in_tokens.carry_out(payout)

    at_once(4, carry_out)
    in_tokens.sweep()
    assert (fresh(payout).state, len(ic.blocks), payout.transfers.count()) == ("settled", 1, 1)
