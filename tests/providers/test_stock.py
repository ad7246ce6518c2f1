"""Stock: never more rented out than there is, whoever asks at the same moment, and nothing lost when an order comes to nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account, User
from accounts.services import create_organisation
from core import clock
from core.errors import Refused
from providers.models import Offering, StockHold
from providers.services import (
    allow_account,
    archive_offering,
    hold_stock,
    keep_hold,
    release_expired_holds,
    release_hold,
    update_offering,
)


def taken(offering: Offering) -> int:
    return Offering.objects.values_list("taken", flat=True).get(pk=offering.pk)


def test_a_hold_takes_one_piece_and_runs_out(offering: Offering, customer_account: Account) -> None:
    hold = hold_stock(offering.pk, customer_account, 30)
    assert taken(offering) == 1
    assert hold.expires_at == pytest.approx(clock.now() + timedelta(minutes=30), abs=timedelta(seconds=5))
    with clock.at(clock.now() + timedelta(minutes=31)):
        assert release_expired_holds() == 1
        assert release_expired_holds() == 0
    assert taken(offering) == 0


def test_asking_again_prolongs_the_same_hold(offering: Offering, customer_account: Account) -> None:
    first = hold_stock(offering.pk, customer_account, 10)
    again = hold_stock(offering.pk, customer_account, 30)
    assert again.pk == first.pk
    assert again.expires_at is not None
    assert first.expires_at is not None
    assert again.expires_at > first.expires_at
    assert taken(offering) == 1


def test_a_kept_hold_does_not_run_out_and_the_next_one_is_another(offering: Offering, customer_account: Account) -> None:
    kept = keep_hold(hold_stock(offering.pk, customer_account, 30))
    second = hold_stock(offering.pk, customer_account, 30)
    assert second.pk != kept.pk
    with clock.at(clock.now() + timedelta(days=300)):
        assert release_expired_holds() == 1
    assert taken(offering) == 1
    assert StockHold.objects.get(pk=kept.pk).released_at is None


def test_releasing_twice_gives_back_once(offering: Offering, customer_account: Account) -> None:
    hold = keep_hold(hold_stock(offering.pk, customer_account, 30))
    assert release_hold(hold) is True
    assert release_hold(hold) is False
    assert taken(offering) == 0


def test_a_hold_that_was_given_back_cannot_be_kept(offering: Offering, customer_account: Account) -> None:
    hold = hold_stock(offering.pk, customer_account, 30)
    release_hold(hold)
    with pytest.raises(Refused) as refused:
        keep_hold(hold)
    assert refused.value.code == "hold_lost"
    assert taken(offering) == 0


def test_sold_out_is_refused_and_takes_nothing(offering: Offering, customer_account: Account, stranger_account: Account) -> None:
    update_offering(offering, stock=1)
    hold_stock(offering.pk, customer_account, 30)
    with pytest.raises(Refused) as refused:
        hold_stock(offering.pk, stranger_account, 30)
    assert refused.value.code == "sold_out"
    assert taken(offering) == 1
    assert StockHold.objects.filter(account=stranger_account).count() == 0


def test_a_hold_that_has_run_out_makes_room_before_the_schedule_comes(
    offering: Offering, customer_account: Account, stranger_account: Account
) -> None:
    update_offering(offering, stock=1)
    old = hold_stock(offering.pk, customer_account, 30)
    with clock.at(clock.now() + timedelta(minutes=31)):
        hold_stock(offering.pk, stranger_account, 30)
    assert taken(offering) == 1
    assert StockHold.objects.get(pk=old.pk).released_at is not None


def test_own_offering_is_refused(offering: Offering, provider_account: Account) -> None:
    with pytest.raises(Refused) as refused:
        hold_stock(offering.pk, provider_account, 30)
    assert refused.value.code == "own_offering"
    assert taken(offering) == 0


@pytest.mark.parametrize("visibility", ["shared", "private"])
def test_what_an_account_cannot_see_it_cannot_hold(offering: Offering, customer_account: Account, visibility: str) -> None:
    update_offering(offering, visibility=visibility)
    with pytest.raises(Refused) as refused:
        hold_stock(offering.pk, customer_account, 30)
    assert refused.value.code == "not_rentable"
    assert taken(offering) == 0


def test_an_account_on_the_allow_list_can_hold(offering: Offering, customer_account: Account) -> None:
    update_offering(offering, visibility="shared")
    allow_account(offering, customer_account)
    assert hold_stock(offering.pk, customer_account, 30).account == customer_account


def test_draft_archived_and_missing_offerings_are_refused_alike(draft: Offering, customer_account: Account) -> None:
    archived = archive_offering(draft)
    for offering_id in (archived.pk, archived.pk + 1000):
        with pytest.raises(Refused) as refused:
            hold_stock(offering_id, customer_account, 30)
        assert refused.value.code == "not_rentable"
    assert StockHold.objects.count() == 0


def test_the_database_itself_refuses_more_taken_than_stock(offering: Offering) -> None:
    for wrong in (6, -1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Offering.objects.filter(pk=offering.pk).update(taken=wrong)
    assert taken(offering) == 0


def test_stock_cannot_be_lowered_below_what_is_taken(offering: Offering, customer_account: Account) -> None:
    hold_stock(offering.pk, customer_account, 30)
    with pytest.raises(Refused) as refused:
        update_offering(offering, stock=0)
    assert refused.value.field == "stock"
    assert Offering.objects.get(pk=offering.pk).stock == 5


@pytest.mark.django_db(transaction=True)
def test_twelve_accounts_race_for_five_pieces(offering: Offering, stranger: User) -> None:
    accounts = [create_organisation(stranger, f"Racer {number}") for number in range(12)]

    def try_to_hold(account: Account) -> str:
        try:
            hold_stock(offering.pk, account, 30)
        except Refused as refused:
            return refused.code
        else:
            return "held"
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(try_to_hold, accounts))
    assert sorted(answers) == ["held"] * 5 + ["sold_out"] * 7
    assert taken(offering) == StockHold.objects.filter(released_at=None).count() == 5


@pytest.mark.django_db(transaction=True)
def test_one_account_in_many_tabs_takes_one_piece(offering: Offering, customer_account: Account) -> None:
    def hold(_tab: int) -> int:
        try:
            return hold_stock(offering.pk, customer_account, 30).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        holds = set(pool.map(hold, range(8)))
    assert len(holds) == 1
    assert taken(offering) == 1


@pytest.mark.django_db(transaction=True)
def test_keeping_and_running_out_at_the_same_moment_never_lose_a_piece(offering: Offering, stranger: User) -> None:
    accounts = [create_organisation(stranger, f"Racer {number}") for number in range(5)]
    holds = [hold_stock(offering.pk, account, 30) for account in accounts]
    later = clock.now() + timedelta(minutes=31)

    def keep(hold: StockHold) -> bool:
        try:
            keep_hold(hold)
        except Refused:
            return False
        else:
            return True
        finally:
            connection.close()

    def sweep(_round: int) -> bool:
        try:
            with clock.at(later):
                return bool(release_expired_holds())
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        kept = [pool.submit(keep, hold) for hold in holds]
        swept = [pool.submit(sweep, number) for number in range(5)]
        survivors = sum(future.result() for future in kept)
        for future in swept:
            future.result()
    assert taken(offering) == survivors == StockHold.objects.filter(released_at=None, expires_at=None).count()


@pytest.mark.django_db(transaction=True)
def test_lowering_stock_while_it_is_taken_ends_within_the_limits(offering: Offering, stranger: User) -> None:
    accounts = [create_organisation(stranger, f"Racer {number}") for number in range(5)]

    def act(number: int) -> None:
        try:
            if number == 2:
                update_offering(offering, stock=2)
            else:
                hold_stock(offering.pk, accounts[number], 30)
        except Refused:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(act, range(5)))
    offering.refresh_from_db(fields=["stock", "taken"])
    assert offering.taken == StockHold.objects.filter(released_at=None).count() <= offering.stock
