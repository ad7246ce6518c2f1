"""The page of the billing details."""

import re

import pytest
from django.test import Client

from accounts.invitations import token_of
from accounts.models import Account, User
from accounts.services import accept_invitation, create_organisation, invite
from accounts.states import Role
from billing.models import BillingProfile, Charge
from tests.billing.conftest import BUYER
from tests.cast import browser_of

pytestmark = pytest.mark.django_db

URL = "/account/billing"
FORM = {
    "name": "Cora Customer",
    "company": "Papierboot GmbH",
    "vat_id": "DE123456788",
    "street": "Kirchgasse 1",
    "postcode": "8001",
    "city": "Zürich",
    "country": "CH",
}


def test_details_are_kept_and_filled_in_again(customer_client: Client, customer_account: Account) -> None:
    assert customer_client.post(URL, FORM)["Location"] == URL
    profile = BillingProfile.objects.get(account=customer_account)
    assert (profile.company, profile.country, profile.is_business) == ("Papierboot GmbH", "CH", True)
    page = customer_client.get(URL).content.decode()
    assert 'value="Kirchgasse 1"' in page
    assert re.search(r'value="CH"\s+selected', page)


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
