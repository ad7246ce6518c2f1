"""An account's billing details by machine: kept as said, with what VIES says of the VAT id, and for its own people only."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.invitations import token_of
from accounts.models import Account, User
from accounts.services import accept_invitation, create_organisation, invite
from accounts.states import Role, Scope
from billing.models import BillingProfile, Charge, Quote
from providers.models import Offering
from tests.billing.orders_by_machine import CONTRACTS, QUOTES, asked, wanted
from tests.machines import all_but, machine, problem
from tests.vies_standin import Vies, trouble

pytestmark = pytest.mark.django_db

URL = "/api/v1/accounts/billing"
FIRM: dict[str, Any] = {
    "is_business": True,
    "name": "Aude Papier",
    "company": "Papierboot SARL",
    "street": "1 rue de la Paix",
    "postcode": "75002",
    "city": "Paris",
    "country": "FR",
    "vat_id": "FR40303265045",
    "language": "fr",
}


@pytest.fixture
def caller(customer: User) -> APIClient:
    return machine(customer)


def test_before_anything_is_said_it_is_empty(caller: APIClient) -> None:
    body = caller.get(URL).json()
    assert (body["name"], body["country"], body["is_business"], body["language"], body["vat_check"]) == ("", "", False, "en", None)


def test_what_is_put_is_kept_with_what_vies_says(caller: APIClient, vies: Vies, customer_account: Account) -> None:
    answer = caller.put(URL, FIRM, format="json")
    body = answer.json()
    check = body.pop("vat_check")
    assert (answer.status_code, body) == (200, FIRM)
    assert (check["state"], check["name"], check["country_code"]) == ("valid", "PAPIERBOOT SARL", "FR")
    assert caller.get(URL).json() == {**FIRM, "vat_check": check}
    assert caller.get(f"/api/v1/vat/checks/{check['id']}").json() == check
    assert BillingProfile.objects.get().account == customer_account


def test_silence_of_vies_keeps_nothing_from_being_kept(caller: APIClient, vies: Vies) -> None:
    vies.says(trouble())
    assert caller.put(URL, FIRM, format="json").json()["vat_check"]["state"] == "unavailable"
    assert BillingProfile.objects.get().vat_id == "FR40303265045"


def test_a_private_person_has_neither_company_nor_vat_id(caller: APIClient, vies: Vies) -> None:
    body = caller.put(URL, {**FIRM, "is_business": False}, format="json").json()
    assert (body["company"], body["vat_id"], body["is_business"], body["vat_check"]) == ("", "", False, None)
    assert not vies.asked


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 121}, "/name"),
        ({"street": "a\x00b"}, "/street"),
        ({"country": "ZZ"}, "/country"),
        ({"country": "France"}, "/country"),
        ({"postcode": "7500"}, "/postcode"),
        ({"language": "it"}, "/language"),
        ({"vat_id": "FR40303265054"}, "/vat_id"),
        ({"vat_id": "XI110305878"}, "/vat_id"),
        ({"vat_id": "EU372022452"}, "/vat_id"),
        ({"vat_id": "FR' OR 1=1 --"}, "/vat_id"),
        ({"vat_id": "FR" + "4" * 1_000_000}, "/vat_id"),
        ({"vat_id": {"a": 1}}, "/vat_id"),
        ({"is_business": "perhaps"}, "/is_business"),
    ],
)
def test_what_is_wrong_is_said_at_its_member_and_nothing_is_kept(
    change: dict[str, Any], pointer: str, caller: APIClient, vies: Vies
) -> None:
    problem(caller.put(URL, {**FIRM, **change}, format="json"), 422, pointer=pointer)
    assert not BillingProfile.objects.exists()
    assert not vies.asked


@pytest.mark.parametrize("street", ["東京都千代田区1-1", "ул. Ленина 1", "شارع ١", "1 rue <script>", "'; DROP TABLE x; --", "𝔄𝔡𝔡𝔯"])
def test_addresses_in_every_script_are_kept_as_they_are(street: str, caller: APIClient, vies: Vies) -> None:
    assert caller.put(URL, {**FIRM, "street": street, "city": street}, format="json").json()["street"] == street


def test_everybody_sees_and_changes_only_their_own(
    caller: APIClient, stranger: User, api: APIClient, customer: User, vies: Vies
) -> None:
    caller.put(URL, FIRM, format="json")
    assert machine(stranger).get(URL).json()["street"] == ""
    problem(api.get(URL), 401)
    problem(api.put(URL, FIRM, format="json"), 401)
    problem(all_but(customer, Scope.BILLING_READ).get(URL), 403)
    problem(all_but(customer, Scope.BILLING_WRITE).put(URL, {**FIRM, "city": "Lyon"}, format="json"), 403)
    assert BillingProfile.objects.get().city == "Paris"


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.BILLING, 200), (Role.MEMBER, 409)])
def test_the_role_decides_who_changes_an_organisation_s(
    role: Role, status: int, customer: User, stranger: User, vies: Vies
) -> None:
    team = create_organisation(customer, "Papierboot")
    accept_invitation(token_of(invite(team, stranger.email, role, customer)), stranger)
    client = machine(stranger, account=team)
    assert client.put(URL, FIRM, format="json").status_code == status
    assert BillingProfile.objects.filter(account=team).exists() == (status == 200)
    assert client.get(URL).status_code == 200


# --- Quotes and orders with the same facts ------------------------------------------------------------------------------------


def test_a_quote_by_machine_knows_the_buyer_and_the_order_must_be_theirs(caller: APIClient, offering: Offering, vies: Vies) -> None:
    made = caller.post(QUOTES, {**asked(offering), "country": "FR", "vat_id": "FR 40 303265045"}, format="json").json()
    assert (made["tax_category"], made["vat_check"], made["tax_minor"], made["tax_rate"]) == ("AE", "valid", 0, "0.0000")
    buyer = {name: FIRM[name] for name in ("name", "street", "postcode", "city", "country")}
    body = {**wanted(Quote.objects.get()), "buyer": buyer}
    refused = problem(caller.post(CONTRACTS, body, format="json"), 409, "tax_changed")
    assert refused["data"]["gross_minor"] > made["gross_minor"]
    assert not Charge.objects.exists()
    answer = caller.post(CONTRACTS, {**body, "buyer": {**FIRM}}, format="json")
    assert answer.status_code == 201
    charge = Charge.objects.get()
    assert (charge.tax_decision["category"], charge.buyer["language"], charge.gross_minor) == ("AE", "fr", made["gross_minor"])


def test_an_order_with_the_kept_details_is_addressed_to_them(caller: APIClient, offering: Offering, vies: Vies) -> None:
    caller.put(URL, FIRM, format="json")
    caller.post(QUOTES, {**asked(offering), "country": "FR", "vat_id": "FR40303265045"}, format="json")
    body = wanted(Quote.objects.get())
    body.pop("buyer", None)
    assert caller.post(CONTRACTS, body, format="json").status_code == 201
    assert Charge.objects.get().buyer["company"] == "Papierboot SARL"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"vat_id": "FR1"}, "/vat_id"),
        ({"vat_id": "XI110305878"}, "/vat_id"),
        ({"country": "ZZ"}, "/country"),
        ({"postcode": "\x00"}, "/postcode"),
    ],
)
def test_a_quote_for_nobody_possible_is_refused(
    change: dict[str, str], pointer: str, caller: APIClient, offering: Offering
) -> None:
    problem(caller.post(QUOTES, {**asked(offering), **change}, format="json"), 422, pointer=pointer)
    assert not Quote.objects.exists()
