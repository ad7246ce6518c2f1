"""What the order page promises for leaving early is what leaving early gives."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.queries import personal_account
from billing import services
from billing.leaving import every_day, key_moments, leaving_after
from billing.models import Quote, Refund, SandboxPayment
from billing.sandbox_bank import choose
from billing.sandbox_outcomes import Outcome
from billing.tax import TaxFacts
from contracts import services as contracts
from contracts.actors import Actor
from contracts.pricing import NetPrice, net_price
from contracts.states import ActorKind
from core import clock
from core.money import tax_on
from providers.models import Offering
from providers.states import TERMS
from tests.billing.conftest import BUYER, post

RATES = st.sampled_from([Decimal(0), Decimal("0.19"), Decimal("0.25"), Decimal("0.081")])


@given(st.integers(0, 10**8), st.integers(0, 10**6), st.sampled_from(TERMS), RATES, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_comes_back_falls_and_never_exceeds_what_was_paid(
    monthly: int, fee: int, hours: int, rate: Decimal, code: str
) -> None:
    price: NetPrice = net_price(monthly - monthly % 10, fee - fee % 10, hours, code)
    moments = [0, *key_moments(hours), hours]
    back = [leaving_after(price, hours, rate, after).gross.minor for after in moments]
    assert back == sorted(back, reverse=True)
    assert back[0] <= price.net_minor + tax_on(price.net_minor, rate, code)
    assert back[-1] == 0


def test_every_day_of_a_term_has_its_row() -> None:
    assert [len(every_day(hours)) for hours in TERMS] == [0, 6, 29, 89, 179, 364]
    assert all(set(key_moments(hours)) <= set(every_day(hours)) for hours in TERMS if hours > 24)


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 30, 89])
def test_cancelling_gives_back_what_the_order_page_said(days: int, customer: User, offering: Offering, provider_user: User) -> None:
    start = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    with clock.at(start):
        quote: Quote = services.create_quote(personal_account(customer), customer, offering, 2160, TaxFacts("DE"))
        charge = services.order(quote, user=customer, buyer=BUYER, operating_system="Debian 13")
        payment = services.start_payment(charge, "sandbox")
        choose(SandboxPayment.objects.get(payment_public_id=payment.public_id).external_id, Outcome.PAID)
        post()
        operator = Actor(ActorKind.PROVIDER, provider_user.pk)
        services.accept_contract(charge.contract_id, operator)
        contracts.start_provisioning(charge.contract_id, operator)
        contracts.deliver(charge.contract_id, operator, login="root", ipv4="192.0.2.7")
    promised = leaving_after(quote.price, quote.hours, quote.tax_rate, days * 24).back
    with clock.at(start + timedelta(days=days)):
        contracts.cancel(charge.contract_id, Actor(ActorKind.CUSTOMER, customer.pk))
        post()
    refund = Refund.objects.get(payment=payment)
    assert (refund.net_minor, refund.tax_minor, refund.amount_minor) == (
        promised.net.minor,
        promised.tax.minor,
        promised.gross.minor,
    )
