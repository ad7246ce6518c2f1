"""One contract for its provider: what the page says, what its buttons do, and who may come near it."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from billing.proof import find_differences
from contracts.models import Contract, Delivery, Move
from contracts.states import Fault, State
from core import clock
from tests import walk

Rented = Callable[..., Contract]
POSTS = ("accept", "reject", "start", "deliver", "fail", "cancel")
DELIVERY = {"login": "root", "ipv4": "203.0.113.48", "ipv6": "", "port": "22", "host_key": "", "console_url": "", "notes": ""}


def url(contract: Contract, then: str = "") -> str:
    return f"/dashboard/provider/{contract.reference}{'/' + then if then else ''}"


def text(client: Client, contract: Contract) -> str:
    return client.get(url(contract)).content.decode().replace("\u00a0", " ")


def fresh(contract: Contract) -> Contract:
    return Contract.objects.get(pk=contract.pk)


def moves(contract: Contract) -> int:
    return Move.objects.filter(contract=contract).count()


# Who ----------------------------------------------------------------------------------------------------------------------------


def test_only_the_provider_reads_its_contract(
    rented: Rented,
    client: Client,
    customer_client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff_client: Client,
) -> None:
    contract = rented("active")
    assert provider_client.get(url(contract)).status_code == 200
    for browser in (customer_client, stranger_client, staff_client):
        assert browser.get(url(contract)).status_code == 404
    assert client.get(url(contract)).status_code == 302


def test_another_provider_is_a_stranger_too(rented: Rented, stranger: User, stranger_client: Client) -> None:
    walk.become_provider(walk.personal_account(stranger), name="Rival", country="NL")
    contract = rented("requested")
    assert stranger_client.get(url(contract)).status_code == 404
    assert stranger_client.post(url(contract, "accept")).status_code == 404
    assert fresh(contract).state == State.REQUESTED


@pytest.mark.parametrize("then", POSTS)
def test_nobody_else_acts_for_the_provider(
    then: str, rented: Rented, client: Client, customer_client: Client, stranger_client: Client, staff_client: Client
) -> None:
    contract = rented("active" if then == "cancel" else "provisioning" if then in {"deliver", "fail"} else "requested")
    before = (contract.state, moves(contract))
    for browser in (customer_client, stranger_client, staff_client):
        assert browser.post(url(contract, then), {**DELIVERY, "reason": "stock"}).status_code == 404
    assert client.post(url(contract, then), DELIVERY).status_code == 302
    assert (fresh(contract).state, moves(contract)) == before


@pytest.mark.parametrize("then", POSTS)
def test_a_button_is_pressed_and_not_visited(then: str, rented: Rented, provider_client: Client) -> None:
    assert provider_client.get(url(rented("requested"), then)).status_code == 405


# What it says -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("unpaid", "Not paid yet"),
        ("requested", "Needs your answer"),
        ("accepted", "Ready to set up"),
        ("provisioning", "Being set up"),
        ("provisioned", "Customer is checking"),
        ("active", "Running"),
        ("suspended", "Paused: payment dispute"),
        ("completed", "Ended"),
        ("cancelled", "Cancelled by customer"),
        ("cancelled_by_provider", "Cancelled by you"),
        ("rejected", "Declined by you"),
        ("expired_unpaid", "Not paid in time"),
        ("expired_unanswered", "You did not answer"),
        ("provisioning_failed", "Set-up failed"),
        ("disputed_before_delivery", "Paused: payment dispute"),
    ],
)
def test_every_state_has_a_page_in_the_providers_words(way: str, words: str, rented: Rented, provider_client: Client) -> None:
    contract = rented(way, ago=timedelta(days=40) if way == "completed" else None)
    assert f'badge--l">{words}</span>' in text(provider_client, contract)


def test_what_the_customer_paid_with_tax_and_who_they_are_stays_theirs(rented: Rented, provider_client: Client) -> None:
    page = text(provider_client, rented("cancelled"))
    for private in ("€ 57.60", "Cora", "Weg 1", "customer@example.com", "Refund arrived"):
        assert private not in page


def test_the_key_to_set_up_is_at_hand(rented: Rented, customer: User, provider_client: Client) -> None:
    assert walk.KEY.rpartition(" ")[0] in text(provider_client, rented("accepted", ssh_key=walk.with_key(customer)))


def test_statements_do_not_grow(
    rented: Rented, provider_client: Client, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for way in ("requested", "active", "cancelled"):
        contract = rented(way)
        provider_client.get(url(contract))
        with django_assert_max_num_queries(20):
            provider_client.get(url(contract))


# Answering ----------------------------------------------------------------------------------------------------------------------


def test_accepting_twice_accepts_once(rented: Rented, provider_client: Client) -> None:
    contract = rented("requested")
    for _click in range(2):
        assert provider_client.post(url(contract, "accept")).status_code == 303
    assert fresh(contract).state == State.ACCEPTED
    assert moves(contract) == 2
    assert "moved on" in text(provider_client, contract)


@pytest.mark.parametrize("way", ["unpaid", "processing", "cancelled_unpaid", "disputed_before_delivery", "active"])
def test_what_does_not_wait_for_an_answer_is_not_accepted(way: str, rented: Rented, provider_client: Client) -> None:
    contract = rented(way)
    before = (contract.state, moves(contract))
    assert "/accept" not in text(provider_client, contract)
    assert provider_client.post(url(contract, "accept")).status_code == 303
    assert (fresh(contract).state, moves(contract)) == before


def test_too_late_is_too_late(rented: Rented, provider_client: Client, now: datetime) -> None:
    contract = rented("requested")
    with clock.at(now + timedelta(days=3)):
        provider_client.post(url(contract, "accept"))
        assert "The deadline has passed" in text(provider_client, contract)
    assert fresh(contract).state == State.REQUESTED


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"reason": "stock"}, "Out of stock"),
        ({"reason": "system", "words": "only Debian here"}, "Cannot offer this system: only Debian here"),
        ({"reason": "other", "words": "We move house"}, "We move house"),
    ],
)
def test_the_customer_reads_why_it_was_declined(
    sent: dict[str, str], said: str, rented: Rented, provider_client: Client, customer_client: Client
) -> None:
    contract = rented("requested")
    assert provider_client.post(url(contract, "reject"), sent).status_code == 303
    assert fresh(contract).end_reason == said
    assert f"{said}, says Quietstack." in customer_client.get(f"/dashboard/rentals/{contract.reference}").content.decode()


@pytest.mark.parametrize("sent", [{}, {"reason": "other"}, {"reason": "because"}, {"reason": "other", "words": "x" * 999}])
def test_declining_without_a_fit_reason_is_asked_again(sent: dict[str, str], rented: Rented, provider_client: Client) -> None:
    contract = rented("requested")
    answer = provider_client.post(url(contract, "reject"), sent)
    assert answer.status_code == 422
    assert 'id="decline" open' in answer.content.decode()
    assert fresh(contract).state == State.REQUESTED


# Setting up ---------------------------------------------------------------------------------------------------------------------


def test_set_up_begins_and_is_delivered(rented: Rented, provider_client: Client) -> None:
    contract = rented("accepted")
    provider_client.post(url(contract, "start"))
    assert fresh(contract).state == State.PROVISIONING
    answer = provider_client.post(url(contract, "deliver"), {**DELIVERY, "console_url": "console.example.com", "notes": "Hi"})
    assert answer.status_code == 303
    assert fresh(contract).state == State.PROVISIONED
    delivery = Delivery.objects.get(contract=contract)
    assert (delivery.ipv4, delivery.ipv6, delivery.port) == ("203.0.113.48", None, 22)
    assert delivery.console_url == "https://console.example.com"


def test_what_is_accepted_can_be_delivered_at_once_and_only_once(rented: Rented, provider_client: Client) -> None:
    contract = rented("accepted")
    for _click in range(2):
        assert provider_client.post(url(contract, "deliver"), DELIVERY).status_code == 303
    assert fresh(contract).state == State.PROVISIONED
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("ipv4", "203.0.113.480", "Four numbers up to 255"),
        ("ipv6", "2001:db8::/64", "An address such as"),
        ("port", "0", "from 1 to 65535"),
        ("port", "70000", "from 1 to 65535"),
        ("port", "ssh", "from 1 to 65535"),
        ("login", "", "Say as whom the customer logs in"),
        ("login", "x" * 201, "at most 200"),
        ("host_key", "x" * 121, "at most 120"),
        ("console_url", "javascript:alert(1)", "A web address such as"),
        ("notes", "x" * 2001, "at most 2000"),
        ("ipv4", "", "Give an address"),
    ],
)
def test_connection_details_that_do_not_work_are_asked_again_at_the_field(
    field: str, value: str, words: str, rented: Rented, provider_client: Client
) -> None:
    contract = rented("provisioning")
    answer = provider_client.post(url(contract, "deliver"), {**DELIVERY, field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert f'id="deliver-{field}_error"' in page
    assert not Delivery.objects.exists()
    assert fresh(contract).state == State.PROVISIONING


def test_giving_up_needs_a_reason_and_gives_everything_back(rented: Rented, provider_client: Client) -> None:
    contract = rented("provisioning")
    assert provider_client.post(url(contract, "fail"), {"reason": " "}).status_code == 422
    assert provider_client.post(url(contract, "fail"), {"reason": "It does not boot"}).status_code == 303
    assert fresh(contract).state == State.PROVISIONING_FAILED
    walk.give_back(contract)
    assert contract.refunds.get().amount_minor == 5760


# Ending -------------------------------------------------------------------------------------------------------------------------


def test_ending_it_costs_the_provider_what_the_preview_says(rented: Rented, provider_client: Client) -> None:
    contract = rented("active", ago=timedelta(days=15, minutes=30))
    page = text(provider_client, contract)
    # Half of 10.00 set-up fee goes back too; a tenth of it was ours.
    assert re.search(r"Yours so far</dt><dd>€ 26\.28", page)
    assert re.search(r"Unserved part of the set-up fee<small>.*?</small></dt><dd>−€ 4\.50", page)
    assert re.search(r"Stays yours</dt><dd>€ 21\.78", page)
    found = re.search(r"End it and refund (€ [\d.]+)", page)
    assert found
    assert provider_client.post(url(contract, "cancel"), {"reason": "The rack burnt down"}).status_code == 303
    ended = fresh(contract)
    assert (ended.state, ended.fault) == (State.CANCELLED, Fault.PROVIDER)
    walk.give_back(ended)
    assert str(ended.refunds.get().amount).replace("\u00a0", " ") == found.group(1)
    assert find_differences() == []


def test_ending_it_needs_a_reason(rented: Rented, provider_client: Client) -> None:
    contract = rented("active")
    assert provider_client.post(url(contract, "cancel"), {"reason": ""}).status_code == 422
    assert fresh(contract).state == State.ACTIVE


@pytest.mark.parametrize("way", ["requested", "accepted", "suspended", "cancelled"])
def test_what_does_not_run_is_not_ended_by_the_provider(way: str, rented: Rented, provider_client: Client) -> None:
    contract = rented(way)
    before = (contract.state, moves(contract))
    assert 'action="' + url(contract, "cancel") not in text(provider_client, contract)
    assert provider_client.post(url(contract, "cancel"), {"reason": "no"}).status_code == 303
    assert (fresh(contract).state, moves(contract)) == before
