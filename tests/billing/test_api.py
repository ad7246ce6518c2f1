"""Quotes, orders and extensions by machine: exactly the quoted price or a reason, once, and only for those who may."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import Account, Membership, User
from accounts.queries import personal_account
from accounts.services import add_ssh_key, create_organisation, create_user
from accounts.states import Role, Scope
from billing import services
from billing.models import Charge, Quote
from billing.tax import TaxFacts
from contracts.models import Contract
from core import clock
from providers.models import Offering
from providers.services import allow_account, update_offering
from providers.states import Visibility
from tests import walk
from tests.billing.conftest import SSH_KEY
from tests.billing.orders_by_machine import BUYER, CHARGES, CONTRACTS, QUOTES, asked, footprint, wanted
from tests.machines import all_but, machine, problem

pytestmark = pytest.mark.django_db

# --- Who may


def test_nobody_gets_401(api: APIClient, offering: Offering, charge: Charge) -> None:
    before = footprint()
    quote = Quote.objects.get()
    problem(api.post(QUOTES, asked(offering)), 401)
    problem(api.get(f"{QUOTES}/{quote.public_id}"), 401)
    problem(api.post(CONTRACTS, wanted(quote)), 401)
    problem(api.get(f"{CHARGES}/{charge.public_id}"), 401)
    assert footprint() == before


def test_each_call_needs_its_own_scope(customer: User, offering: Offering, quote: Quote, charge: Charge) -> None:
    before = footprint()
    for method, path, body, scope in (
        ("post", QUOTES, asked(offering), Scope.QUOTES_WRITE),
        ("get", f"{QUOTES}/{quote.public_id}", None, Scope.QUOTES_WRITE),
        ("post", CONTRACTS, wanted(quote), Scope.CONTRACTS_WRITE),
        ("get", f"{CHARGES}/{charge.public_id}", None, Scope.CONTRACTS_READ),
    ):
        refused = problem(getattr(all_but(customer, scope), method)(path, body), 403)
        assert scope.value in refused["detail"]
        assert footprint() == before
        assert getattr(machine(customer, scope), method)(path, body).status_code in {200, 201}
        before = footprint()


def test_quote_and_charge_are_404_for_provider_stranger_and_staff(
    quote: Quote, charge: Charge, provider_user: User, stranger: User, staff: User
) -> None:
    for user in (provider_user, stranger, staff):
        client = machine(user)
        foreign = problem(client.get(f"{QUOTES}/{quote.public_id}"), 404)
        assert foreign == problem(client.get(f"{QUOTES}/{uuid4()}"), 404)
        problem(client.get(f"{CHARGES}/{charge.public_id}"), 404)


def test_billing_member_neither_asks_nor_orders(customer: User, stranger: User, offering: Offering) -> None:
    organisation = create_organisation(customer, "Papierboot GmbH")
    Membership.objects.create(user=stranger, account=organisation, role=Role.BILLING)
    quote = services.create_quote(organisation, customer, offering, 720, TaxFacts("DE"))
    client = machine(stranger, account=organisation)
    assert client.get(f"{QUOTES}/{quote.public_id}").status_code == 200
    before = footprint()
    problem(client.post(QUOTES, asked(offering)), 409, "role")
    problem(client.post(CONTRACTS, wanted(quote)), 409, "role")
    assert footprint() == before


# --- Quotes


def test_quote_says_every_amount_and_holds_one_piece(customer_api: APIClient, offering: Offering) -> None:
    answer = customer_api.post(QUOTES, asked(offering))
    body = answer.json()
    assert answer.status_code == 201
    assert (body["offering"], body["hours"], body["currency"]) == (offering.slug, 2160, "EUR")
    assert (body["net_minor"], body["tax_minor"], body["gross_minor"], body["tax_rate"]) == (11520, 2189, 13709, "0.1900")
    days = body["cancellation"]
    assert (len(days), days[0], days[-1]) == (91, {"days": 0, "refund_net_minor": 11520}, {"days": 90, "refund_net_minor": 0})
    assert days[45] == {"days": 45, "refund_net_minor": 5760}
    assert customer_api.get(answer["Location"]).json() == body
    customer_api.post(QUOTES, asked(offering))
    offering.refresh_from_db()
    assert offering.taken == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"offering": "no-such"}, "/offering"),
        ({"offering": "a\x00b"}, "/offering"),
        ({"offering": "x" * 1_000_000}, "/offering"),
        ({"offering": 5.5}, "/offering"),
        ({"offering": None}, "/offering"),
        ({"offering": {"slug": "x"}}, "/offering"),
        ({"hours": 25}, "/hours"),
        ({"hours": -720}, "/hours"),
        ({"hours": 10**30}, "/hours"),
        ({"hours": "soon"}, "/hours"),
        ({"hours": [720]}, "/hours"),
        ({"hours": 8760}, "/hours"),
        ({"country": "de"}, "/country"),
        ({"country": "XX"}, "/country"),
        ({"country": 49}, "/country"),
    ],
)
def test_unusable_wish_is_422_with_its_pointer(
    customer_api: APIClient, offering: Offering, changes: dict[str, Any], pointer: str
) -> None:
    before = footprint()
    problem(customer_api.post(QUOTES, asked(offering, **changes)), 422, pointer=pointer)
    assert footprint() == before


def test_own_offering_is_refused(provider_user: User, offering: Offering) -> None:
    before = footprint()
    problem(machine(provider_user).post(QUOTES, asked(offering)), 409, "own_offering")
    assert footprint() == before


@pytest.mark.parametrize("visibility", [Visibility.PRIVATE, Visibility.SHARED])
def test_hidden_offering_does_not_exist_but_for_whom_it_is_shared(
    customer_api: APIClient, customer_account: Account, offering: Offering, visibility: Visibility
) -> None:
    update_offering(offering, visibility=visibility)
    before = footprint()
    problem(customer_api.post(QUOTES, asked(offering)), 422, "not_found", "/offering")
    assert footprint() == before
    allow_account(offering, customer_account)
    assert customer_api.post(QUOTES, asked(offering)).status_code == (201 if visibility == Visibility.SHARED else 422)


def test_sold_out_is_refused(customer_api: APIClient, stranger: User, offering: Offering) -> None:
    update_offering(offering, stock=1)
    services.create_quote(personal_account(stranger), stranger, offering, 720, TaxFacts("DE"))
    before = footprint()
    problem(customer_api.post(QUOTES, asked(offering)), 409, "sold_out")
    assert footprint() == before


def test_unconfirmed_address_is_refused(offering: Offering) -> None:
    client = machine(create_user("new@example.com", "correct-horse-battery"))
    before = footprint()
    problem(client.post(QUOTES, asked(offering)), 409, "email_unverified")
    assert footprint() == before


def test_price_below_the_smallest_payment_names_the_shortest_term(customer_api: APIClient, offering: Offering) -> None:
    update_offering(offering, monthly_minor=100)
    before = footprint()
    refused = problem(customer_api.post(QUOTES, asked(offering, hours=24)), 422, "below_minimum", "/hours")
    assert refused["data"] == {"shortest_hours": 720}
    assert footprint() == before
    assert customer_api.post(QUOTES, asked(offering, hours=720)).status_code == 201


# --- Orders


def test_order_costs_what_was_quoted_and_names_the_page_to_pay(
    customer_api: APIClient, customer: User, customer_account: Account, quote: Quote
) -> None:
    key = add_ssh_key(customer_account, customer, "laptop", SSH_KEY)
    body = wanted(quote, operating_system="Debian 13", host_name="db-1", ssh_key_id=key.pk, note="Rack A, please")
    answer = customer_api.post(CONTRACTS, body)
    assert answer.status_code == 201, answer.content
    contract, charge = answer.json()["contract"], answer.json()["charge"]
    assert (contract["state"], contract["host_name"], contract["ssh_fingerprint"]) == ("requested", "db-1", key.fingerprint)
    assert (charge["net_minor"], charge["tax_minor"], charge["gross_minor"]) == (11520, 2189, 13709)
    assert charge["contract"] == contract["reference"]
    assert charge["checkout_url"] == f"http://testserver/checkout/{charge['id']}"
    assert customer_api.get(answer["Location"]).json()["note"] == "Rack A, please"
    assert customer_api.get(f"{CHARGES}/{charge['id']}").json() == charge
    frozen = Charge.objects.get().buyer
    assert (frozen["city"], frozen["email"], frozen["is_business"]) == ("Hamburg", "customer@example.com", False)


def test_replayed_quote_answers_with_the_same_contract(customer_api: APIClient, quote: Quote) -> None:
    first = customer_api.post(CONTRACTS, wanted(quote))
    before = footprint()
    again = customer_api.post(CONTRACTS, wanted(quote))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["contract"]["reference"] == first.json()["contract"]["reference"]
    assert footprint() == before


def test_expired_quote_is_refused(customer_api: APIClient, quote: Quote) -> None:
    before = footprint()
    with clock.at(quote.expires_at):
        problem(customer_api.post(CONTRACTS, wanted(quote)), 409, "quote_expired")
    assert footprint() == before


def test_quoted_price_binds_though_the_offering_costs_more_now(customer_api: APIClient, quote: Quote) -> None:
    update_offering(quote.offering, monthly_minor=9990)
    assert customer_api.post(CONTRACTS, wanted(quote)).json()["charge"]["gross_minor"] == 13709


def test_quote_for_an_offering_that_has_changed_is_refused(customer_api: APIClient, quote: Quote) -> None:
    update_offering(quote.offering, cores=4)
    before = footprint()
    problem(customer_api.post(CONTRACTS, wanted(quote)), 409, "offering_changed")
    assert footprint() == before


def test_second_quote_on_the_same_hold_is_refused_after_the_first_was_ordered(
    customer_api: APIClient, customer: User, customer_account: Account, quote: Quote
) -> None:
    other = services.create_quote(customer_account, customer, quote.offering, 720, TaxFacts("DE"))
    assert customer_api.post(CONTRACTS, wanted(quote)).status_code == 201
    before = footprint()
    problem(customer_api.post(CONTRACTS, wanted(other)), 409, "quote_replaced")
    assert footprint() == before


def test_foreign_quote_does_not_exist(stranger: User, provider_user: User, staff: User, quote: Quote) -> None:
    before = footprint()
    for user in (stranger, provider_user, staff):
        foreign = problem(machine(user).post(CONTRACTS, wanted(quote)), 422, "not_found", "/quote")
        assert foreign == machine(user).post(CONTRACTS, wanted(str(uuid4()))).json()
    assert footprint() == before


def test_foreign_key_does_not_exist(customer_api: APIClient, stranger: User, quote: Quote) -> None:
    key = add_ssh_key(personal_account(stranger), stranger, "theirs", SSH_KEY)
    before = footprint()
    problem(customer_api.post(CONTRACTS, wanted(quote, ssh_key_id=key.pk)), 422, "not_found", "/ssh_key_id")
    assert footprint() == before


def test_buyer_may_be_left_out_once_the_account_has_an_address(customer_api: APIClient, quote: Quote) -> None:
    body = wanted(quote)
    del body["buyer"]
    before = footprint()
    problem(customer_api.post(CONTRACTS, body), 422, "required", "/buyer")
    assert footprint() == before
    services.save_billing_profile(quote.account_id, walk.BUYER)
    assert customer_api.post(CONTRACTS, body).status_code == 201
    assert Charge.objects.get().buyer["street"] == "Weg 1"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"quote": "not-a-uuid"}, "/quote"),
        ({"quote": 7}, "/quote"),
        ({"quote": None}, "/quote"),
        ({"accept_terms": False}, "/accept_terms"),
        ({"accept_terms": "perhaps"}, "/accept_terms"),
        ({"operating_system": "Windows 95"}, "/operating_system"),
        ({"operating_system": "x" * 81}, "/operating_system"),
        ({"host_name": "-db"}, "/host_name"),
        ({"host_name": "a b"}, "/host_name"),
        ({"ssh_key_id": 0}, "/ssh_key_id"),
        ({"ssh_key_id": 10**18}, "/ssh_key_id"),
        ({"ssh_key_id": 10**30}, "/ssh_key_id"),
        ({"ssh_key_id": "mine"}, "/ssh_key_id"),
        ({"note": "x" * 2001}, "/note"),
        ({"note": "x" * 1_000_000}, "/note"),
        ({"note": "a\x00b"}, "/note"),
        ({"buyer": "me"}, "/buyer"),
        ({"buyer": {**BUYER, "name": ""}}, "/buyer/name"),
        ({"buyer": {**BUYER, "city": "x" * 101}}, "/buyer/city"),
        ({"buyer": {**BUYER, "street": ["x"]}}, "/buyer/street"),
        ({"buyer": {**BUYER, "country": "Germany"}}, "/buyer/country"),
        ({"buyer": {**BUYER, "country": "FR"}}, "/buyer/country"),
    ],
)
def test_unusable_member_is_422_and_orders_nothing(
    customer_api: APIClient, quote: Quote, changes: dict[str, Any], pointer: str
) -> None:
    before = footprint()
    problem(customer_api.post(CONTRACTS, wanted(quote, **changes)), 422, pointer=pointer)
    assert footprint() == before


# --- Extensions


def test_extension_is_a_charge_and_moves_the_end_only_when_paid(customer: User, offering: Offering) -> None:
    contract = walk.rented("active", customer, offering)
    client = machine(customer)
    with clock.at(walk.START + timedelta(days=3)):
        answer = client.post(f"{CONTRACTS}/{contract.reference}/extend", {"hours": 168})
        assert (answer.status_code, answer.json()["purpose"], answer.json()["hours"]) == (201, "extension", 168)
        assert (answer.json()["net_minor"], answer.json()["gross_minor"]) == (896, 1066)
        assert client.get(answer["Location"]).json() == answer.json()
        again = client.post(f"{CONTRACTS}/{contract.reference}/extend", {"hours": 168})
        assert again.json()["id"] == answer.json()["id"]
        assert Contract.objects.get(pk=contract.pk).ends_at == contract.ends_at
        walk.pay(Charge.objects.get(public_id=answer.json()["id"]))
    assert contract.ends_at is not None
    assert Contract.objects.get(pk=contract.pk).ends_at == contract.ends_at + timedelta(hours=168)


@pytest.mark.parametrize("hours", [0, -24, 25, 8760, 10**30, "long", None, [24], True])
def test_unusable_extension_is_422(customer: User, offering: Offering, hours: Any) -> None:
    contract = walk.rented("active", customer, offering)
    client = machine(customer)
    before = footprint()
    with clock.at(walk.START + timedelta(days=3)):
        problem(client.post(f"{CONTRACTS}/{contract.reference}/extend", {"hours": hours}), 422, pointer="/hours")
    assert footprint() == before


def test_undelivered_rental_is_not_extended(customer: User, offering: Offering) -> None:
    contract = walk.rented("accepted", customer, offering)
    client = machine(customer)
    before = footprint()
    with clock.at(walk.START + timedelta(minutes=30)):
        problem(client.post(f"{CONTRACTS}/{contract.reference}/extend", {"hours": 168}), 409, "not_possible")
    assert footprint() == before
