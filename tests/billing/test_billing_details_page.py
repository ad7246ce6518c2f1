"""The page of the billing details."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.invitations import token_of
from accounts.models import Account, User
from accounts.services import accept_invitation, create_organisation, invite
from accounts.states import Role
from billing.models import BillingProfile, Charge
from tests.billing.conftest import BUYER
from tests.cast import browser_of
from tests.vies_standin import Vies, invalid, trouble, valid

pytestmark = pytest.mark.django_db

URL = "/account/billing"
FORM = {
    "name": "Cora Customer",
    "company": "Papierboot GmbH",
    "vat_id": "DE136695976",
    "street": "Kirchgasse 1",
    "postcode": "8001",
    "city": "Zürich",
    "country": "CH",
}


def test_details_are_kept_and_filled_in_again(customer_client: Client, customer_account: Account, vies: Vies) -> None:
    assert customer_client.post(URL, FORM)["Location"] == URL
    profile = BillingProfile.objects.get(account=customer_account)
    assert (profile.company, profile.country, profile.is_business) == ("Papierboot GmbH", "CH", True)
    page = customer_client.get(URL).content.decode()
    assert 'value="Kirchgasse 1"' in page
    assert re.search(r'value="CH"\s+selected', page)


def test_a_private_person_has_neither_company_nor_vat_id(customer_client: Client, vies: Vies) -> None:
    customer_client.post(URL, FORM | {"kind": "person", "vat_id": "what they had typed before"})
    profile = BillingProfile.objects.get()
    assert (profile.company, profile.vat_id, profile.is_business) == ("", "", False)
    assert not vies.asked


def test_a_company_is_named_and_its_language_kept(customer_client: Client, vies: Vies) -> None:
    answer = customer_client.post(URL, FORM | {"kind": "company", "company": ""})
    assert list(answer.context["form"].errors) == ["company"]
    customer_client.post(URL, FORM | {"kind": "company", "vat_id": "", "language": "fr"})
    profile = BillingProfile.objects.get()
    assert (profile.is_business, profile.vat_id, profile.language) == (True, "", "fr")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (valid(), "Confirmed. You pay no VAT here"),
        (invalid(), "does not know it"),
        (trouble(), "does not answer just now"),
    ],
)
def test_the_state_of_a_vat_id_is_shown(said: dict[str, Any], words: str, customer_client: Client, vies: Vies) -> None:
    vies.says(said)
    customer_client.post(URL, FORM | {"country": "FR", "postcode": "75002", "vat_id": "FR40303265045"})
    page = customer_client.get(URL).content.decode()
    assert words in page
    assert ("Save and ask VIES again" in page) == ("errorWrappers" in said)


@pytest.mark.parametrize(
    ("country", "postcode", "vat_id", "words"),
    [
        ("DE", "20457", "DE136695976", "both in Germany"),
        ("CH", "8001", "FR40303265045", "outside of EU VAT"),
        ("CH", "8001", "CHE123456788", "Only ids of EU countries can be checked"),
        ("FR", "75002", "", "the VAT of your country is charged"),
    ],
)
def test_what_an_id_means_is_said(
    country: str, postcode: str, vat_id: str, words: str, customer_client: Client, vies: Vies
) -> None:
    customer_client.post(URL, FORM | {"country": country, "postcode": postcode, "vat_id": vat_id})
    assert words in customer_client.get(URL).content.decode()


def test_past_charges_keep_the_address_they_were_made_with(customer_client: Client, charge: Charge) -> None:
    customer_client.post(URL, FORM)
    charge.refresh_from_db()
    assert charge.buyer == BUYER.as_json()


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": ""}, "name"), ({"country": "ZZ"}, "country"), ({"vat_id": "7"}, "vat_id"), ({"street": "x" * 201}, "street")],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    changes: dict[str, str], field: str, customer_client: Client
) -> None:
    answer = customer_client.post(URL, FORM | changes)
    assert list(answer.context["form"].errors) == [field]
    assert not BillingProfile.objects.exists()


def test_everybody_sees_only_their_own(customer_client: Client, stranger_client: Client, client: Client) -> None:
    customer_client.post(URL, FORM)
    assert "Kirchgasse" not in stranger_client.get(URL).content.decode()
    assert client.get(URL)["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.BILLING, True), (Role.MEMBER, False)])
def test_the_role_decides_who_changes_an_organisation_s(role: Role, may: bool, customer: User, stranger: User) -> None:
    team = create_organisation(customer, "Papierboot GmbH")
    accept_invitation(token_of(invite(team, stranger.email, role, customer)), stranger)
    client = browser_of(stranger)
    session = client.session
    session["account"] = team.pk
    session.save()
    client.post(URL, FORM)
    assert BillingProfile.objects.filter(account=team).exists() == may
    assert (">Save<" in client.get(URL).content.decode()) == may
