"""VIES was silent at the order and says yes later: one credit note, one new invoice, the VAT back, once, and the books agree."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import User
from billing import sandbox_bank, services
from billing.buyers import Buyer
from billing.models import Charge, Document, Refund
from billing.proof import find_differences
from billing.sandbox_outcomes import Decision, Outcome
from billing.states import DocumentKind, RefundKind, RefundState
from contracts import services as contracts
from core import clock
from core.models import DomainEvent
from core.tasks import drain
from providers.models import Offering
from tests import walk
from tests.vies_standin import Vies, invalid, trouble, valid

pytestmark = pytest.mark.django_db

FIRM = Buyer("Aude", "aude@example.com", "1 rue de la Paix", "Paris", "FR", "75002", "Papierboot SARL", "FR40303265045", True)


@pytest.fixture
def offering(provider_user: User) -> Offering:
    return walk.offered_by(provider_user)


@pytest.fixture
def rental(customer: User, offering: Offering, vies: Vies) -> walk.Walk:
    """Ordered by a French firm while VIES was silent."""
    vies.says(trouble())
    with clock.at(walk.START):
        services.with_check(FIRM.tax_facts, customer.memberships.get().account)
    return walk.Walk(customer, offering, buyer=FIRM)


def charge_of(rental: walk.Walk) -> Charge:
    return rental.contract.charges.get(purpose="contract")


def later(rental: walk.Walk, **time: float) -> datetime:
    rental.now += timedelta(**time)
    return rental.now


def recheck(rental: walk.Walk, **time: float) -> int:
    with clock.at(later(rental, **time)):
        count = services.recheck_vat_ids()
        drain()
        walk.give_back(rental.contract)
        drain()
    return count


def documents(rental: walk.Walk) -> list[tuple[str, str, int, int]]:
    issued = Document.objects.filter(contract=rental.contract).exclude(kind=DocumentKind.RECEIPT).order_by("pk")
    return [(document.kind, document.category, document.net_minor, document.tax_minor) for document in issued]


def agrees(rental: walk.Walk) -> None:
    with clock.at(rental.now):
        # Files of documents are not made here.
        assert [difference for difference in find_differences() if difference.check != "bytes"] == []


def test_a_late_yes_gives_the_vat_back_by_credit_note_and_new_invoice(rental: walk.Walk, vies: Vies, customer: User) -> None:
    rental.running()
    charge = charge_of(rental)
    tax = charge.tax_minor
    assert documents(rental) == [("invoice", "S", 3840, tax)]
    assert tax == 730
    vies.says(valid())
    assert recheck(rental, hours=1) == 1
    assert sorted(documents(rental)) == [
        ("credit_note", "S", 3840, tax),
        ("invoice", "AE", 3840, 0),
        ("invoice", "S", 3840, tax),
    ]
    refund = Refund.objects.get()
    assert (refund.kind, refund.net_minor, refund.tax_minor, refund.state) == (RefundKind.VAT, 0, tax, RefundState.SUCCEEDED)
    charge.refresh_from_db()
    assert charge.vat_recheck_at is None
    assert charge.tax_evidence["vat_confirmed_later"]["consultation_number"] == "WAPIAAAAW1234567"
    # What was decided at the order stays as it was decided.
    assert charge.tax_decision["category"] == "S"
    letters = [letter for letter in mail.outbox if "VAT goes back to you" in letter.subject]
    assert [letter.to for letter in letters] == [[customer.email]]
    assert "€ 7.30" in letters[0].subject
    assert "FR40303265045" in letters[0].body
    agrees(rental)
    # Once.
    assert recheck(rental, hours=1) == 0
    assert len(documents(rental)) == 3
    assert Refund.objects.count() == 1


def test_rows_that_break_hold_up_no_other(rental: walk.Walk, vies: Vies, customer: User, offering: Offering) -> None:
    rental.running()
    broken = [charge_of(walk.Walk(customer, offering, buyer=FIRM).running()) for _one in range(2)]
    first = charge_of(rental).vat_recheck_at
    assert first is not None
    for charge in broken:
        Charge.objects.filter(pk=charge.pk).update(vat_recheck_at=first - timedelta(hours=1), buyer=charge.buyer | {"vat_id": "?"})
    vies.says(valid())
    assert recheck(rental, hours=1) == 0
    assert recheck(rental, minutes=1) == 1
    assert documents(rental)[-1][0] == "credit_note"
    assert Charge.objects.get(pk=broken[0].pk).vat_recheck_at is not None


def test_what_is_given_back_afterwards_carries_no_vat(rental: walk.Walk, vies: Vies, customer: User) -> None:
    rental.running()
    vies.says(valid())
    recheck(rental, hours=1)
    with clock.at(later(rental, days=10)):
        contracts.cancel(rental.contract.pk, walk.actors.customer(customer.pk))
        drain()
        walk.give_back(rental.contract)
        drain()
    unused = Refund.objects.get(kind=RefundKind.UNUSED)
    assert (unused.tax_minor, unused.state) == (0, RefundState.SUCCEEDED)
    assert 0 < unused.net_minor < 3840
    note = Document.objects.filter(contract=rental.contract, kind=DocumentKind.CREDIT_NOTE).order_by("-pk")[0]
    assert (note.category, note.net_minor, note.tax_minor) == ("AE", unused.net_minor, 0)
    agrees(rental)


def test_what_was_given_back_before_is_not_given_back_again(rental: walk.Walk, vies: Vies, customer: User) -> None:
    rental.running()
    with clock.at(later(rental, days=10)):
        contracts.cancel(rental.contract.pk, walk.actors.customer(customer.pk))
        drain()
        walk.give_back(rental.contract)
        drain()
    before = Refund.objects.get()
    vies.says(valid())
    recheck(rental, hours=1)
    after = Refund.objects.get(kind=RefundKind.VAT)
    assert after.tax_minor == charge_of(rental).tax_minor - before.tax_minor
    left = 3840 - before.net_minor
    assert documents(rental) == [
        ("invoice", "S", 3840, 730),
        ("credit_note", "S", before.net_minor, before.tax_minor),
        ("invoice", "AE", left, 0),
        ("credit_note", "S", left, after.tax_minor),
    ]
    agrees(rental)


def test_a_refund_that_is_on_its_way_meanwhile_does_no_harm(rental: walk.Walk, vies: Vies, customer: User) -> None:
    rental.running()
    with clock.at(later(rental, days=10)):
        contracts.cancel(rental.contract.pk, walk.actors.customer(customer.pk))
        services.refund_settlement(rental.contract.pk)
    vies.says(valid())
    recheck(rental, hours=1)
    recheck(rental, hours=1)
    given = Refund.objects.all()
    assert {refund.state for refund in given} == {RefundState.SUCCEEDED}
    assert sum(refund.tax_minor for refund in given) == charge_of(rental).tax_minor
    agrees(rental)


def test_the_new_invoice_of_an_extension_is_for_the_days_of_the_old_one(rental: walk.Walk, vies: Vies, customer: User) -> None:
    rental.running()
    for _time in range(2):
        with clock.at(later(rental, days=1)):
            walk.pay(services.open_extension_charge(rental.contract, 168, customer))
    vies.says(valid())
    for _round in range(3):
        recheck(rental, days=1)
    for charge in rental.contract.charges.filter(purpose="extension"):
        old, new = Document.objects.filter(charge=charge, kind=DocumentKind.INVOICE).order_by("pk")
        days = [(paper.content["served_from"], paper.content["served_until"]) for paper in (old, new)]
        assert (new.category, days[1]) == ("AE", days[0])
    agrees(rental)


def test_a_no_ends_it_and_all_stays(rental: walk.Walk, vies: Vies) -> None:
    rental.running()
    vies.says(invalid())
    assert recheck(rental, hours=1) == 1
    assert charge_of(rental).vat_recheck_at is None
    assert DomainEvent.objects.filter(name="vat.refuted").count() == 1
    vies.says(valid())
    assert recheck(rental, days=2) == 0
    assert len(documents(rental)) == 1
    assert not Refund.objects.exists()
    agrees(rental)


def test_silence_is_asked_about_less_and_less_often_for_thirty_days(rental: walk.Walk, vies: Vies) -> None:
    rental.running()
    ordered_at = charge_of(rental).created_at
    moments = []
    for _time in range(60):
        due = charge_of(rental).vat_recheck_at
        if due is None:
            break
        moments.append((due - ordered_at).total_seconds() / 3600)
        rental.now = max(rental.now, due)
        with clock.at(rental.now):
            assert services.recheck_vat_ids() == 1
    waits = [after - before for before, after in pairwise(moments)]
    assert moments[0] == 0.25
    assert waits == sorted(waits)
    assert waits[-1] == 24
    assert 29 * 24 < moments[-1] <= 30 * 24
    assert 30 < len(moments) < 45
    assert not Refund.objects.exists()


def test_before_there_is_an_invoice_the_yes_is_kept(rental: walk.Walk, vies: Vies) -> None:
    rental.paid()
    vies.says(valid())
    recheck(rental, minutes=20)
    assert documents(rental) == []
    assert not Refund.objects.exists()
    assert charge_of(rental).vat_recheck_at is not None
    vies.says(trouble())
    with clock.at(later(rental, minutes=5)):
        services.accept_contract(rental.contract.pk, rental.provider)
    recheck(rental, days=2)
    assert len(documents(rental)) == 3
    agrees(rental)


def test_an_order_that_is_declined_gets_everything_back_and_nothing_more(rental: walk.Walk, vies: Vies) -> None:
    rental.paid()
    with clock.at(later(rental, minutes=5)):
        contracts.reject(rental.contract.pk, rental.provider, "Out of stock")
        drain()
        walk.give_back(rental.contract)
    vies.says(valid())
    recheck(rental, hours=1)
    assert charge_of(rental).vat_recheck_at is None
    refund = Refund.objects.get()
    assert (refund.kind, refund.amount_minor) == (RefundKind.UNUSED, 4570)
    assert documents(rental) == []
    agrees(rental)


def test_an_order_that_nobody_paid_is_let_go_without_asking(rental: walk.Walk, vies: Vies) -> None:
    asked = len(vies.asked)
    with clock.at(later(rental, hours=2)):
        services.expire_unpaid_charges()
    recheck(rental, minutes=1)
    assert charge_of(rental).vat_recheck_at is None
    assert len(vies.asked) == asked


def test_an_order_whose_money_is_long_on_its_way_is_corrected_when_it_is_there(rental: walk.Walk, vies: Vies) -> None:
    with clock.at(later(rental, minutes=2)):
        payment = walk.pay_order(rental.contract, Outcome.SLOW)
    assert recheck(rental, hours=5) == 1
    assert charge_of(rental).vat_recheck_at is not None
    vies.says(valid())
    recheck(rental, hours=6)
    assert not Refund.objects.exists()
    with clock.at(later(rental, days=4)):
        sandbox_bank.tick()
        services.apply_payment("sandbox", payment.external_id)
        services.accept_contract(rental.contract.pk, rental.provider)
    recheck(rental, days=1)
    assert Refund.objects.get().amount_minor == 730
    assert [kind for kind, *_rest in documents(rental)] == ["invoice", "invoice", "credit_note"]
    agrees(rental)


def test_a_firm_in_monaco_is_one_of_the_french_area(customer: User, offering: Offering, vies: Vies) -> None:
    firm = replace(FIRM, country="MC", postcode="98000", city="Monaco")
    vies.says(trouble())
    with clock.at(walk.START):
        services.with_check(firm.tax_facts, customer.memberships.get().account)
    rental = walk.Walk(customer, offering, buyer=firm).running()
    vies.says(valid())
    recheck(rental, hours=1)
    invoice = Document.objects.get(category="AE")
    # As a reverse charge at the order would have said.
    assert (invoice.tax_country, invoice.content["buyer"]["country"]) == ("FR", "MC")
    agrees(rental)


def test_while_the_bank_holds_the_money_it_waits(rental: walk.Walk, vies: Vies) -> None:
    rental.running()
    with clock.at(later(rental, hours=1)):
        dispute = walk.dispute(rental.contract)
    vies.says(valid())
    recheck(rental, hours=1)
    assert not Refund.objects.exists()
    assert len(documents(rental)) == 1
    assert charge_of(rental).vat_recheck_at is not None
    with clock.at(later(rental, hours=1)):
        sandbox_bank.decide(dispute.external_id, Decision.WON)
        services.apply_dispute("sandbox", dispute.external_id)
        drain()
    recheck(rental, days=1)
    assert Refund.objects.get().kind == RefundKind.VAT
    assert len(documents(rental)) == 3
    agrees(rental)


def test_a_small_business_has_no_vat_to_give_back(customer: User, offering: Offering, vies: Vies, settings: Settings) -> None:
    settings.INVOICE_SELLER_VAT_SCHEME = "small_business"
    vies.says(trouble())
    with clock.at(walk.START):
        services.with_check(FIRM.tax_facts, customer.memberships.get().account)
    rental = walk.Walk(customer, offering, buyer=FIRM).running()
    charge = charge_of(rental)
    assert (charge.tax_minor, charge.tax_decision["category"]) == (0, "E")
    assert charge.vat_recheck_at is None
    vies.says(valid())
    assert recheck(rental, hours=1) == 0
    assert documents(rental) == [("invoice", "E", 3840, 0)]
    # Nor where one was put on the list before.
    charge.vat_recheck_at = rental.now
    charge.save(update_fields=["vat_recheck_at"])
    assert recheck(rental, hours=1) == 1
    assert documents(rental) == [("invoice", "E", 3840, 0)]
    assert charge_of(rental).vat_recheck_at is None
    assert not Refund.objects.exists()
    agrees(rental)
