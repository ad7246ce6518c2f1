"""One rental: what its page says in each state, what its buttons do, and who may come near it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import create_organisation
from accounts.states import Role
from billing import sandbox_bank
from billing import services as billing
from billing.models import Charge
from billing.proof import find_differences
from billing.queries import refund_preview
from billing.sandbox_outcomes import Outcome
from contracts import services as contracts
from contracts.models import Contract, Move
from contracts.states import Fault, State
from core import clock
from providers.models import Offering
from tests import walk
from tests.cast import browser_of

Rented = Callable[..., Contract]
POSTS = ("confirm", "complain", "cancel", "extend")


def url(contract: Contract, then: str = "") -> str:
    return f"/dashboard/rentals/{contract.reference}{'/' + then if then else ''}"


def text(client: Client, contract: Contract) -> str:
    return client.get(url(contract)).content.decode().replace("\u00a0", " ")


def fresh(contract: Contract) -> Contract:
    return Contract.objects.get(pk=contract.pk)


def carried(client: Client, contract: Contract) -> dict[str, str]:
    """What the form of the page would send along."""
    found = re.search(r'name="expected_refund_minor" value="(\d+)"', text(client, contract))
    assert found
    return {"expected_refund_minor": found.group(1), "sure": "on"}


def said(client: Client, contract: Contract) -> str:
    """The last message on the next page."""
    found = re.findall(r'class="notice notice--(?:stop|good)".*?<div>(.*?)</div>', text(client, contract), re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[-1]).strip() if found else ""


# Who --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("then", ["", "terms", "watch"])
def test_only_the_customer_reads_a_rental(
    then: str,
    rented: Rented,
    client: Client,
    customer_client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff_client: Client,
) -> None:
    address = url(rented("active"), then)
    assert customer_client.get(address).status_code == 200
    for browser in (provider_client, stranger_client, staff_client):
        assert browser.get(address).status_code == 404
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("then", POSTS)
def test_nobody_else_acts_on_a_rental(
    then: str,
    rented: Rented,
    client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff_client: Client,
) -> None:
    contract = rented("provisioned")
    sent = {"reason": "no", "sure": "on", "expected_refund_minor": "0", "hours": "720"}
    for browser in (provider_client, stranger_client, staff_client):
        assert browser.post(url(contract, then), sent).status_code == 404
    assert client.post(url(contract, then), sent).status_code == 302
    assert fresh(contract).state == State.PROVISIONED
    assert Charge.objects.count() == 1


@pytest.mark.parametrize("then", POSTS)
def test_a_button_is_pressed_and_not_visited(then: str, rented: Rented, customer_client: Client) -> None:
    assert customer_client.get(url(rented("provisioned"), then)).status_code == 405


@pytest.mark.parametrize("reference", ["ZZZZ-ZZZZ", "7Q4M", "7Q4M-2KX'", "..%2F..%2Fetc", "x" * 3000])
def test_a_rental_that_is_not_there_is_not_found(reference: str, customer_client: Client) -> None:
    assert customer_client.get(f"/dashboard/rentals/{reference}").status_code == 404


def test_a_reference_may_be_typed_in_small_letters(rented: Rented, customer_client: Client) -> None:
    assert customer_client.get(url(rented("active")).lower()).status_code == 200


def test_a_member_who_only_sees_bills_reads_and_pays_but_does_not_act(customer: User, stranger: User, rented: Rented) -> None:
    organisation = create_organisation(stranger, "Papierboot GmbH")
    organisation.memberships.create(user=customer, role=Role.BILLING)
    contract, unpaid = rented("provisioned", account=organisation), rented("unpaid", account=organisation)
    browser = browser_of(customer)
    browser.post("/account/switch", {"account": organisation.pk})
    page = text(browser, contract)
    assert "It works, confirm" not in page
    assert "Cancel and refund" not in page
    assert "Pay € 57.60" in text(browser, unpaid)
    browser.post(url(contract, "confirm"))
    assert fresh(contract).state == State.PROVISIONED
    assert "does not allow this" in said(browser, contract)


# What it says -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", sorted(walk.WAYS))
def test_every_state_has_a_page(way: str, rented: Rented, customer_client: Client) -> None:
    contract = rented(way, ago=timedelta(days=40) if way == "completed" else None)
    page = text(customer_client, contract)
    assert contract.reference in page
    assert "Timeline" in page
    assert "Contract as agreed" in page


def test_money_stands_as_on_a_statement(rented: Rented, customer_client: Client) -> None:
    page = text(customer_client, rented("active", ago=timedelta(days=15, minutes=30)))
    assert re.search(r"Paid, 30 days</dt><dd>€ 48\.40", page)
    assert re.search(r"Served so far<small>.*?</dt><dd>−€ 29\.20", page)
    assert re.search(r"Held back, still yours</dt><dd>€ 19\.20", page)
    assert "With 19 % VAT of € 9.20 you paid € 57.60" in page


def test_where_no_vat_is_due_no_rate_of_it_is_shown(rented: Rented, customer_client: Client) -> None:
    abroad = replace(walk.BUYER, street="Bahnhofstrasse 1", postcode="8001", city="Zürich", country="CH")
    contract = rented("active", ago=timedelta(days=15, minutes=30), buyer=abroad)
    page = text(customer_client, contract)
    assert "You paid € 48.40 on" in page
    assert re.search(r"<dt>VAT<small>None outside of EU VAT</small></dt><dd>€ 0\.00", page)
    assert "0 %" not in page
    terms = customer_client.get(url(contract, "terms")).content.decode()
    assert "VAT<small>None outside of EU VAT" in terms
    customer_client.post(url(contract, "cancel"), carried(customer_client, contract))
    assert "0 %" not in text(customer_client, contract)


def test_the_timeline_tells_the_story_newest_first_and_the_future_above(rented: Rented, customer_client: Client) -> None:
    page = text(customer_client, rented("cancelled"))
    # Half an hour of checking, and five days: what was used and what was not are the term, in each place.
    assert "after 5.03 of 30 days" in page
    assert "Unused, 24.97 of 30 days" in page
    told = [re.sub(r"<small>.*", "", line) for line in re.findall(r"<li[^>]*><div>(.*?)</div><time", page)]
    assert told == [
        "Refund arrived",
        "Refund on its way",
        "Cancelled by you",
        "Confirmed by you",
        "Delivered by Quietstack",
        "Set-up started by Quietstack",
        "Accepted by Quietstack",
        "Paid",
        "Ordered by you",
    ]
    assert '<li class="is-next"><div>Ends, unless extended' in text(customer_client, rented("active"))


def test_what_has_not_arrived_is_not_told_as_come_back_and_how_it_came_is_told(
    customer: User, staff: User, offering: Offering, customer_client: Client
) -> None:
    going = walk.Walk(customer, offering)
    going._then(lambda: walk.pay_order(going.contract, Outcome.REFUND_FAILS), minutes=2)
    going.end(lambda: contracts.reject(going.contract.pk, going.provider, "Out of stock"), minutes=5)
    going._then(sandbox_bank.tick, minutes=3)
    refund = going.contract.refunds.get()
    going._then(lambda: billing.apply_refund("sandbox", refund.external_id), minutes=1)
    with clock.at(going.now):
        page = text(customer_client, going.fresh())
    assert "Owed to you, and paid by hand" in page
    assert "What comes back</h2>" in page
    assert "What came back" not in page
    with clock.at(going.now + timedelta(hours=1)):
        billing.pay_refund_by_hand(refund.pk, staff, "SEPA 0047-1183")
        page = text(customer_client, going.fresh())
    assert "What came back</h2>" in page
    assert "Came back, paid by hand" in page
    assert "the way you paid" not in page


def test_the_way_to_connect_is_there_while_the_resource_is(rented: Rented, customer_client: Client) -> None:
    command = "ssh root@203.0.113.48 -p 22"
    for way in ("provisioned", "active", "suspended"):
        assert command in text(customer_client, rented(way))
    for way in ("unpaid", "accepted", "cancelled"):
        assert command not in text(customer_client, rented(way))


def test_nothing_is_measured_so_no_figure_is_shown(rented: Rented, customer_client: Client) -> None:
    assert "Not measured yet." in text(customer_client, rented("active"))


def test_what_was_agreed_stays_as_it_was(rented: Rented, customer_client: Client, offering: Offering) -> None:
    contract = rented("active")
    Offering.objects.filter(pk=offering.pk).update(memory_gb=1, monthly_minor=99_99)
    page = customer_client.get(url(contract, "terms")).content.decode().replace("\u00a0", " ")
    assert "8 GB" in page
    assert "Rent, 30 days at € 38.40 a month" in page
    assert "€ 57.60" in page


def test_a_waiting_page_asks_and_loads_itself_only_when_something_happened(rented: Rented, customer_client: Client) -> None:
    contract = rented("requested")
    found = re.search(r'hx-get="([^"]+)"', text(customer_client, contract))
    assert found
    watched = found.group(1)
    assert customer_client.get(watched).status_code == 204
    walk.billing.accept_contract(contract.pk, walk.actors.provider(contract.provider.account.memberships.get().user_id))
    assert customer_client.get(watched).headers["HX-Refresh"] == "true"
    assert "hx-get" not in text(customer_client, rented("active"))


def test_the_number_of_statements_does_not_grow_with_what_happened(
    rented: Rented, customer_client: Client, django_assert_max_num_queries: Callable[[int], object], now: datetime
) -> None:
    contract = rented("active")
    customer_client.get(url(contract))
    with django_assert_max_num_queries(20):
        customer_client.get(url(contract))
    for _round in range(3):
        walk.services.suspend(contract.pk, walk.actors.staff(contract.ordered_by_id), "look")
        walk.services.resume(contract.pk, walk.actors.staff(contract.ordered_by_id))
    with django_assert_max_num_queries(20):
        customer_client.get(url(contract))


# Paying -----------------------------------------------------------------------------------------------------------------------


def test_an_unpaid_order_leads_to_its_checkout(rented: Rented, customer_client: Client) -> None:
    contract = rented("unpaid")
    charge = contract.charges.get()
    page = text(customer_client, contract)
    assert f'href="/checkout/{charge.public_id}"' in page
    assert "Pay € 57.60" in page


@pytest.mark.parametrize("way", ["processing", "requested", "active", "cancelled_unpaid", "expired_unpaid"])
def test_what_cannot_be_paid_has_no_pay_button(way: str, rented: Rented, customer_client: Client) -> None:
    assert "/checkout/" not in text(customer_client, rented(way))


# Confirming, complaining ------------------------------------------------------------------------------------------------------


def test_a_delivery_is_confirmed_once(rented: Rented, customer_client: Client) -> None:
    contract = rented("provisioned")
    for _click in range(2):
        assert customer_client.post(url(contract, "confirm")).status_code == 303
    assert fresh(contract).state == State.ACTIVE
    assert Move.objects.filter(contract=contract, to_state=State.ACTIVE).count() == 1


@pytest.mark.parametrize("way", ["requested", "accepted", "provisioning", "active", "suspended", "cancelled"])
def test_only_what_was_delivered_is_confirmed(way: str, rented: Rented, customer_client: Client) -> None:
    contract = rented(way)
    before = (contract.state, Move.objects.filter(contract=contract).count())
    assert customer_client.post(url(contract, "confirm")).status_code == 303
    assert said(customer_client, contract)
    assert (fresh(contract).state, Move.objects.filter(contract=contract).count()) == before


def test_a_complaint_ends_it_at_the_providers_fault_with_the_figure_shown(rented: Rented, customer_client: Client) -> None:
    contract = rented("provisioned")
    preview = refund_preview(contract, clock.now(), Fault.PROVIDER)
    assert f"End it and get {preview.priced.gross} back".replace("\u00a0", " ") in text(customer_client, contract)
    answer = customer_client.post(url(contract, "complain"), {"reason": "It has half the memory"})
    assert answer.status_code == 303
    ended = fresh(contract)
    assert (ended.state, ended.fault, ended.end_reason) == (State.CANCELLED, Fault.PROVIDER, "It has half the memory")
    walk.give_back(ended)
    assert ended.refunds.get().amount_minor == preview.priced.gross.minor


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\x00b"])
def test_a_complaint_without_fit_words_is_asked_again_in_place(reason: str, rented: Rented, customer_client: Client) -> None:
    contract = rented("provisioned")
    answer = customer_client.post(url(contract, "complain"), {"reason": reason})
    if answer.status_code != 400:
        assert answer.status_code == 422
        assert 'id="complain" open' in answer.content.decode()
    assert fresh(contract).state == State.PROVISIONED


def test_after_the_confirmation_it_is_too_late_to_complain(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    assert "not as described" not in text(customer_client, contract)
    customer_client.post(url(contract, "complain"), {"reason": "It has half the memory"})
    assert fresh(contract).state == State.ACTIVE
    assert "until you confirmed the delivery" in said(customer_client, contract)


# Cancelling -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["requested", "accepted", "provisioning", "provisioned", "active"])
def test_what_the_button_says_comes_back(way: str, rented: Rented, customer_client: Client) -> None:
    contract = rented(way)
    page = text(customer_client, contract)
    found = re.search(r"Confirm withdrawal, (€ [\d.]+) comes back", page)
    assert found
    answer = customer_client.post(url(contract, "cancel"), carried(customer_client, contract))
    assert answer.status_code == 303
    walk.give_back(contract)
    assert str(contract.refunds.get().amount).replace("\u00a0", " ") == found.group(1)
    assert find_differences() == []


def test_an_unpaid_order_is_given_up_without_money(rented: Rented, customer_client: Client) -> None:
    contract = rented("unpaid")
    page = text(customer_client, contract)
    assert "Cancel the order" in page
    assert "Withdraw from contract here" not in page
    customer_client.post(url(contract, "cancel"), {"expected_refund_minor": "0"})
    assert fresh(contract).state == State.CANCELLED


def test_private_people_withdraw_for_fourteen_days_and_cancel_after(rented: Rented, customer_client: Client) -> None:
    assert "Withdraw from contract here" in text(customer_client, rented("active", ago=timedelta(days=13)))
    later = text(customer_client, rented("active", ago=timedelta(days=15)))
    assert "Withdraw from contract here" not in later
    assert "Cancel and refund €" in later


def test_companies_cancel(rented: Rented, customer_client: Client) -> None:
    company = walk.Buyer("Cora", "c@example.com", "Weg 1", "Berlin", "DE", company="Papierboot", is_business=True)
    page = text(customer_client, rented("active", buyer=company))
    assert "Withdraw from contract here" not in page
    assert "Cancel and refund €" in page


def test_a_preview_that_has_become_worse_is_refused_with_the_new_figure(
    rented: Rented, customer_client: Client, now: datetime
) -> None:
    contract = rented("active")
    seen = carried(customer_client, contract)
    with clock.at(now + timedelta(days=1)):
        assert customer_client.post(url(contract, "cancel"), seen).status_code == 303
        assert fresh(contract).state == State.ACTIVE
        assert re.match(r"Time has passed: € [\d.]+ before VAT would come back now\.", said(customer_client, contract))
        customer_client.post(url(contract, "cancel"), carried(customer_client, contract))
    assert fresh(contract).state == State.CANCELLED


def test_a_second_tab_cancels_nothing_twice(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    seen = carried(customer_client, contract)
    for _tab in range(2):
        assert customer_client.post(url(contract, "cancel"), seen).status_code == 303
    assert Move.objects.filter(contract=contract, to_state=State.CANCELLED).count() == 1
    assert "the rental has moved on" in said(customer_client, contract)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sure": ""},
        {"expected_refund_minor": ""},
        {"expected_refund_minor": "many"},
        {"expected_refund_minor": "-1"},
        {"expected_refund_minor": "9" * 40},
        {"reason": "x" * 501},
    ],
)
def test_a_form_with_something_wrong_changes_nothing_and_says_what(
    wrong: dict[str, str], rented: Rented, customer_client: Client
) -> None:
    contract = rented("active")
    sent = {key: value for key, value in {**carried(customer_client, contract), **wrong}.items() if value}
    answer = customer_client.post(url(contract, "cancel"), sent)
    assert answer.status_code == 422
    assert "Not cancelled yet" in answer.content.decode()
    assert fresh(contract).state == State.ACTIVE


def test_a_refused_form_carries_the_figure_of_now(rented: Rented, customer_client: Client, now: datetime) -> None:
    contract = rented("active")
    seen = carried(customer_client, contract)
    with clock.at(now + timedelta(days=2)):
        answer = customer_client.post(url(contract, "cancel"), {"expected_refund_minor": seen["expected_refund_minor"]})
        found = re.search(r'name="expected_refund_minor" value="(\d+)"', answer.content.decode())
        assert found
        assert int(found.group(1)) == refund_preview(contract, clock.now()).contract.refund_minor


@pytest.mark.parametrize("way", ["suspended", "disputed_before_delivery"])
def test_what_a_bank_holds_cannot_be_cancelled_and_the_page_says_why(way: str, rented: Rented, customer_client: Client) -> None:
    contract = rented(way)
    page = text(customer_client, contract)
    assert "It cannot be cancelled until the bank has decided." in page
    assert "expected_refund_minor" not in page
    before = contract.state
    customer_client.post(url(contract, "cancel"), {"expected_refund_minor": "0", "sure": "on"})
    assert fresh(contract).state == before


# Extending --------------------------------------------------------------------------------------------------------------------


def test_an_extension_is_paid_before_the_end_moves(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    end = contract.ends_at
    assert "30 days, € 45.70, until" in text(customer_client, contract)
    answer = customer_client.post(url(contract, "extend"), {"hours": "720"})
    charge = contract.charges.get(purpose="extension")
    assert answer["Location"] == f"/checkout/{charge.public_id}"
    assert charge.gross_minor == 4570
    assert fresh(contract).ends_at == end
    assert "waits for your payment" in text(customer_client, contract)
    walk.pay(charge)
    assert fresh(contract).ends_at == end + timedelta(days=30) if end else False
    assert "Extended by 30 days" in text(customer_client, contract)


def test_pressing_twice_asks_for_one_extension(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    for _click in range(2):
        customer_client.post(url(contract, "extend"), {"hours": "720"})
    assert contract.charges.filter(purpose="extension").count() == 1


@pytest.mark.parametrize("hours", ["", "25", "8760", "many", "-24", "9" * 30])
def test_a_term_that_is_not_offered_is_refused_at_the_field(hours: str, rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    answer = customer_client.post(url(contract, "extend"), {"hours": hours})
    assert answer.status_code == 422
    assert 'id="id_hours_error"' in answer.content.decode()
    assert contract.charges.count() == 1


def test_the_checkout_of_an_extension_takes_nothing_away_that_is_there(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    page = customer_client.post(url(contract, "extend"), {"hours": "168"}, follow=True).content.decode()
    assert "the rental ends when it would have" in page
    assert "goes back on the market" not in page


@pytest.mark.parametrize("way", ["requested", "cancelled", "suspended"])
def test_what_does_not_run_is_not_extended(way: str, rented: Rented, customer_client: Client) -> None:
    contract = rented(way)
    assert "Continue to payment" not in text(customer_client, contract)
    customer_client.post(url(contract, "extend"), {"hours": "720"})
    assert contract.charges.count() == 1
