"""The proof of what providers earn and are paid: silent while every unit is where it belongs, and naming what was tampered with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.models import Proof
from billing.proof import Scope, find_differences, questions
from contracts import services
from core import clock
from core.tasks import drain
from payouts.models import Payout, PayoutItem, Release
from payouts.proof import QUESTIONS
from payouts.services.payout import approve_payout, fail_payout, mark_paid, propose_payout, send_payout
from payouts.services.release import release_due
from providers.models import Offering
from tests.payouts.console.conftest import confirmed
from tests.payouts.ledger import nights
from tests.walk import Walk, offered_by

pytestmark = pytest.mark.django_db
LATER = timedelta(days=60)


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """With a set-up fee, so that no two figures are the same."""
    return offered_by(provider_user, setup_fee_minor=499)


@pytest.fixture
def moved(customer: User, offering: Offering, staff: User) -> Walk:
    """Releases of two rentals, one of them taken back in part; a payout that was dropped, one that is paid, one on its way."""
    colleague = make_staff(create_user("colleague@example.com", verified=True), superuser=True)
    walk, other = Walk(customer, offering).running(), Walk(customer, offering).running()
    confirmed(offering.provider)
    nights(walk, 15)
    for reference in ("", "SEPA 1"):
        payout = _approved(walk, offering, staff, colleague)
        with clock.at(walk.now):
            if reference:
                mark_paid(payout.pk, staff, reference=reference, paid_at=walk.now)
            else:
                fail_payout(send_payout(payout.pk, staff).pk, staff, "The bank refused it")
    with clock.at(walk.now):
        services.cancel(other.contract.pk, other.provider, "The rack burnt down")
        drain()
    nights(walk, 5)
    payout = _approved(walk, offering, staff, colleague)
    with clock.at(walk.now):
        send_payout(payout.pk, staff)
    nights(walk, 2)
    assert Payout.objects.get(pk=payout.pk).recovered_minor > 0
    return walk


def _approved(walk: Walk, offering: Offering, staff: User, colleague: User) -> Payout:
    with clock.at(walk.now):
        Proof.objects.create(started_at=walk.now, finished_at=walk.now)
        return approve_payout(propose_payout(offering.provider.pk, "EUR", staff).pk, colleague)


@contextmanager
def tampering() -> Iterator[Callable[..., None]]:
    """Somebody with the database's own password, past all of its guards."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
        yield cursor.execute
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def found(walk: Walk) -> set[str]:
    """The checks that find something, but for documents that nobody has printed here."""
    with clock.at(walk.now):
        scope = Scope(since=walk.now - LATER, patience=timedelta(days=10_000))
        return {difference.check for difference in find_differences(scope)} - {"bytes"}


def _drop_guards() -> None:
    """What the database itself refuses, too, is to be found by the proof alone."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP INDEX payout_item_release_once")
        for name in ("payout_settled_has_reference", "payout_amounts", "payout_undone_has_time"):
            cursor.execute(f"ALTER TABLE payouts_payout DROP CONSTRAINT {name}")


FIRST = "(SELECT min(id) FROM payouts_release)"
TAMPERED = f"""
releases          UPDATE payouts_release SET amount_minor = amount_minor + 1 WHERE id = {FIRST}
releases          UPDATE payouts_release SET fee_minor = fee_minor - 1 WHERE id = {FIRST}
releases          UPDATE payouts_release SET currency = 'USD' WHERE id = {FIRST}
releases          UPDATE payouts_release SET provider_id = 999999 WHERE id = {FIRST}
releases          UPDATE payouts_release SET payment_id = payment_id + 1 WHERE id = {FIRST}
releases          UPDATE payouts_release SET through = through + interval '1 microsecond' WHERE id = {FIRST}
releases          DELETE FROM payouts_release WHERE id = (SELECT max(id) FROM payouts_release)
releases          UPDATE billing_ledgerentry SET key = 'other' || id WHERE kind = 'release'
releases          UPDATE billing_ledgerline SET account = 'bank' WHERE account = 'platform_fee' AND amount < 0
provider_payable  UPDATE billing_ledgerline SET amount = amount - 1 WHERE account = 'provider_payable' AND amount < 0
provider_payable  UPDATE payouts_release SET amount_minor = amount_minor + 1 WHERE id = {FIRST}
provider_payable  UPDATE billing_ledgerline SET owner = 'provider:999999' WHERE account = 'provider_payable' AND amount > 0
provider_payable  UPDATE payouts_payout SET state = 'approved' WHERE state = 'sent'
provider_payable  UPDATE payouts_payout SET amount_minor = amount_minor - 1 WHERE state = 'settled'
provider_payable  UPDATE billing_ledgerentry SET kind = 'journal' WHERE kind = 'refund_decided'
platform_fee      UPDATE billing_ledgerline SET amount = amount - 1 WHERE account = 'platform_fee' AND amount < 0
platform_fee      UPDATE billing_ledgerline SET amount = amount + 1 WHERE account = 'platform_fee' AND amount > 0
platform_fee      UPDATE billing_ledgerentry SET segment_id = NULL WHERE kind = 'release'
platform_fee      UPDATE contracts_contract SET fee_bp = 900
payout_transit    UPDATE billing_ledgerline SET amount = amount - 1 WHERE account = 'payout_transit' AND amount < 0
payout_transit    UPDATE payouts_payout SET state = 'settled' WHERE state = 'sent'
payout_transit    UPDATE payouts_payout SET state = 'sent' WHERE state = 'settled'
payout_transit    UPDATE billing_ledgerline SET owner = 'payout:999999' WHERE account = 'payout_transit'
payouts           UPDATE payouts_payout SET released_minor = released_minor + 1, amount_minor = amount_minor + 1
payouts           UPDATE payouts_payout SET recovered_minor = 0 WHERE state = 'sent'
payouts           UPDATE payouts_payout SET currency = 'USD' WHERE state = 'settled'
payouts           DELETE FROM payouts_payoutitem WHERE release_id = {FIRST}
payout_items      UPDATE payouts_payoutitem SET undone_at = NULL
payout_items      UPDATE payouts_payoutitem SET undone_at = now() WHERE payout_id = (SELECT max(id) FROM payouts_payout)
payout_items      UPDATE payouts_payout SET state = 'settled' WHERE state = 'failed'
identity          UPDATE billing_ledgerline SET amount = amount - 1 WHERE account = 'provider_payable' AND amount < 0
"""


def test_what_was_tampered_with_is_found(moved: Walk) -> None:
    assert found(moved) == set()
    _drop_guards()
    missed = []
    for line in TAMPERED.strip().splitlines():
        check, statement = line.split(maxsplit=1)
        with transaction.atomic():
            with tampering() as sql:
                sql(statement)
            if check not in found(moved):
                missed.append(line)
            transaction.set_rollback(True)
    assert missed == []


def test_a_release_in_two_payouts_is_found_though_the_database_refuses_it(moved: Walk) -> None:
    live = PayoutItem.objects.filter(undone_at=None, payout__state="settled").first()
    other = Payout.objects.get(state="sent")
    assert live is not None
    _drop_guards()
    PayoutItem.objects.create(payout=other, release=live.release)
    assert {"payout_items", "payouts"} <= found(moved)


def test_the_project_hands_its_questions_down() -> None:
    assert all(question in questions() for question in QUESTIONS)


def test_what_is_on_its_way_through_the_night_is_no_difference(moved: Walk) -> None:
    for _night in range(3):
        moved._then(release_due, days=1)
        assert found(moved) == set()
    assert Release.objects.filter(contract=moved.contract).count() >= 20
