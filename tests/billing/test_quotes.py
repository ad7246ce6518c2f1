"""Who may have a price bound and a unit held: not the people of the provider, and nobody for more than can be paid soon."""

from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.invitations import token_of
from accounts.models import Account, User
from accounts.services import accept_invitation, create_organisation, invite
from accounts.states import Role
from billing import services
from billing.models import Charge, Quote
from billing.tax import TaxFacts
from contracts import actors
from contracts import services as contracts
from core.errors import Refused
from providers.models import Offering, Provider, StockHold
from providers.services import duplicate_offering, publish_offering
from tests.billing.conftest import BUYER
from tests.walk import offered_by, pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def offerings(offering: Offering) -> list[Offering]:
    """Three of one provider."""
    return [offering, *(publish_offering(duplicate_offering(offering)) for _more in range(2))]


def quoted(customer: User, account: Account, offering: Offering) -> Quote:
    return services.create_quote(account, customer, offering, 720, TaxFacts("DE"))


def refusal(customer: User, account: Account, offering: Offering) -> str:
    held = StockHold.objects.filter(released_at=None).count()
    with pytest.raises(Refused) as refused:
        quoted(customer, account, offering)
    assert StockHold.objects.filter(released_at=None).count() == held
    return refused.value.code


def test_one_account_cannot_hold_the_stock_of_everybody(
    offerings: list[Offering],
    customer: User,
    customer_account: Account,
    stranger: User,
    stranger_account: Account,
    settings: Settings,
) -> None:
    settings.UNPAID_UNITS_LIMIT = 2
    first, second, third = offerings
    quote = quoted(customer, customer_account, first)
    quoted(customer, customer_account, second)
    assert refusal(customer, customer_account, third) == "too_many_unpaid"
    # The same unit again is no other one, and others are not held up.
    quoted(customer, customer_account, first)
    quoted(stranger, stranger_account, third)
    # Ordering does not make room; paying does.
    charge = services.order(quote, user=customer, buyer=BUYER)
    assert refusal(customer, customer_account, third) == "too_many_unpaid"
    pay(charge)
    quoted(customer, customer_account, third)


def test_a_cancelled_order_makes_room(
    offerings: list[Offering], customer: User, customer_account: Account, settings: Settings
) -> None:
    settings.UNPAID_UNITS_LIMIT = 1
    charge = services.order(quoted(customer, customer_account, offerings[0]), user=customer, buyer=BUYER)
    assert refusal(customer, customer_account, offerings[1]) == "too_many_unpaid"
    contracts.cancel(charge.contract_id, actors.customer(customer.pk))
    quoted(customer, customer_account, offerings[1])


def test_who_belongs_to_a_provider_does_not_rent_from_it_by_another_account(
    provider_user: User, customer: User, customer_account: Account, customer_client: Client
) -> None:
    organisation = create_organisation(provider_user, "Quiet GmbH")
    offering = offered_by(provider_user)
    Provider.objects.update(account=organisation)
    offering = Offering.objects.get(pk=offering.pk)
    accept_invitation(token_of(invite(organisation, customer.email, Role.MEMBER, provider_user)), customer)
    assert refusal(customer, customer_account, offering) == "own_offering"
    page = customer_client.get(f"/offerings/{offering.slug}").content.decode()
    assert "You belong to this provider" in page


def test_nobody_orders_at_a_rate_that_was_not_shown(
    customer: User, customer_account: Account, offering: Offering, settings: Settings
) -> None:
    quote = quoted(customer, customer_account, offering)
    settings.INVOICE_SELLER_VAT_SCHEME = "small_business"
    with pytest.raises(Refused) as refused:
        services.order(quote, user=customer, buyer=BUYER)
    assert (refused.value.code, refused.value.data["gross_minor"]) == ("tax_changed", quote.net_minor)
    assert not Charge.objects.exists()
    settings.INVOICE_SELLER_VAT_SCHEME = "standard"
    charge = services.order(quote, user=customer, buyer=BUYER)
    assert (charge.tax_rate, Decimal(charge.tax_decision["rate"])) == (quote.tax_rate, quote.tax_rate)
    assert charge.gross_minor == quote.gross_minor
