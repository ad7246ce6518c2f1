"""Two at once, on a real database: one wins, the other is told so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import User
from accounts.queries import personal_account
from billing import services as billing
from billing.tax import TaxFacts
from contracts import actors, services
from contracts.models import Contract, Move, Settlement
from contracts.states import FINAL, State
from core import clock
from core.errors import Refused
from providers.models import Offering
from tests import walk

pytestmark = pytest.mark.django_db(transaction=True)
NOON = walk.START + timedelta(days=1)


def at_once(*acts: Callable[[], object], moment: object = None) -> list[str]:
    """Run all at the same moment, each with a connection of its own; what came out: "done" or the refusal's code."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=20)
            with clock.at(moment or walk.START + timedelta(minutes=20)):
                act()
        except Refused as refused:
            return refused.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(future.result(timeout=60) for future in [pool.submit(run, act) for act in acts])


def test_accepting_and_cancelling_at_once_leaves_one_story(customer: User, provider_user: User) -> None:
    offering = walk.offered_by(provider_user)
    contract = walk.rented("requested", customer, offering)
    outcome = at_once(
        lambda: services.reject(contract.pk, actors.provider(provider_user.pk), "no"),
        lambda: services.cancel(contract.pk, actors.customer(customer.pk)),
        lambda: services.cancel(contract.pk, actors.customer(customer.pk)),
    )
    assert outcome.count("done") == 1
    assert Move.objects.filter(contract=contract, to_state__in=FINAL).count() == 1
    assert Settlement.objects.filter(segment__contract=contract).count() == 1
    assert Offering.objects.get(pk=offering.pk).taken == 0


def test_two_deadline_workers_move_a_contract_once(customer: User, provider_user: User) -> None:
    contract = walk.rented("requested", customer, walk.offered_by(provider_user))
    late = walk.START + timedelta(days=3)
    at_once(services.work_deadlines, services.work_deadlines, services.work_deadlines, moment=late)
    assert Contract.objects.get(pk=contract.pk).state == State.EXPIRED
    assert Move.objects.filter(contract=contract, to_state=State.EXPIRED).count() == 1


def test_a_double_click_orders_once(customer: User, provider_user: User) -> None:
    offering = walk.offered_by(provider_user)
    with clock.at(walk.START):
        quote = billing.create_quote(personal_account(customer), customer, offering, 720, TaxFacts("DE"))
    outcome = at_once(*[lambda: billing.order(quote, user=customer, buyer=walk.BUYER)] * 4)
    assert outcome == ["done"] * 4
    assert Contract.objects.count() == 1
    assert Offering.objects.get(pk=offering.pk).taken == 1


def test_the_last_unit_is_sold_once(customer: User, stranger: User, provider_user: User) -> None:
    offering = walk.offered_by(provider_user, stock=1)
    outcome = at_once(
        *[
            lambda user=user: billing.create_quote(personal_account(user), user, offering, 720, TaxFacts("DE"))
            for user in (customer, stranger)
        ]
    )
    assert outcome == ["done", "sold_out"]
    assert Offering.objects.get(pk=offering.pk).taken == 1
