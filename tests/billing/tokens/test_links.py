"""How a page for tokens begins: its price frozen in dollars, stored before anybody is sent there, used again; and lost answers."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.gateway_facts import GatewayError
from billing.gateways import offered_gateways
from billing.models import Charge, Payment, TokenPayment
from billing.states import PaymentState
from core import clock
from core.errors import Refused
from core.money import half_up
from core.tasks import drain
from providers.models import Offering
from tests.billing.tokens.conftest import RATES, both_at, bring, fresh, send_again
from tests.icpay_standin import Standin
from tests.walk import offered_by, ordered

pytestmark = pytest.mark.django_db

LINKS = "POST /sdk/public/payment-links"


def sent(icpay: Standin) -> list[dict[str, object]]:
    return [json.loads(request.body, parse_float=Decimal) for request in icpay.api.requests if request.name == LINKS]


def test_the_page_asks_for_the_frozen_price_and_carries_our_marks(icpay: Standin, payment: Payment) -> None:
    charge = payment.charge
    (body,) = sent(icpay)
    assert body == {
        "amountUsd": Decimal("49.64"),
        "name": charge.subject,
        "description": charge.contract.reference,
        "metadata": {
            "contract_id": charge.contract.reference,
            "charge": str(charge.public_id),
            "payment": str(payment.public_id),
        },
    }
    row = fresh(payment).token
    assert (row.usd_minor, row.usd_rate, row.rate_on) == (4964, Decimal("1.0862"), clock.now().date())
    assert (row.due_units, int(row.received_units), row.asset) == (None, 0, "")
    (code,) = icpay.account.links
    assert payment.external_id == icpay.account.links[code]
    assert payment.checkout_url == f"{icpay.base}/pay/{code}?paymentIntentId={payment.external_id}"


@pytest.mark.parametrize("code", ["USD", "GBP", "CHF", "PLN", "SEK", "JPY", "KWD"])
def test_every_currency_is_asked_for_in_dollars_half_up(
    code: str, icpay: Standin, rates: None, customer: User, provider_user: User
) -> None:
    monthly = {"JPY": 6000, "KWD": 12340}.get(code, 4999)
    charge = ordered(customer, offered_by(provider_user, currency=code, monthly_minor=monthly)).charges.get()
    row = services.start_payment(charge, "icpay").token
    rate = Decimal(1) if code == "USD" else (Decimal(RATES["USD"]) / Decimal(RATES[code])).quantize(Decimal("1e-10"))
    scale = {"JPY": 1, "KWD": 1000}.get(code, 100)
    above, below = rate.as_integer_ratio()
    assert (row.usd_rate, row.usd_minor) == (rate, half_up(charge.gross_minor * 100 * above, scale * below))


def test_without_a_rate_of_these_days_nothing_is_opened_and_dollars_still_are(
    icpay: Standin, charge: Charge, customer: User, provider_user: User
) -> None:
    with pytest.raises(Refused) as refused:
        services.start_payment(charge, "icpay")
    assert refused.value.code == "no_rate"
    assert (Payment.objects.count(), icpay.account.links) == (0, {})
    dollars = ordered(customer, offered_by(provider_user, currency="USD")).charges.get()
    assert services.start_payment(dollars, "icpay").checkout_url


def test_a_page_that_is_open_is_used_again(icpay: Standin, payment: Payment) -> None:
    again = services.start_payment(payment.charge, "icpay")
    assert (again.pk, again.checkout_url, icpay.api.asked(LINKS)) == (payment.pk, payment.checkout_url, 1)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_lead_to_one_page(icpay: Standin, rates: None, charge: Charge) -> None:
    def click(_number: int) -> str:
        try:
            return services.start_payment(charge, "icpay").checkout_url
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        shown = set(threads.map(click, range(4)))
    assert len(shown) == 1
    payment = Payment.objects.get()
    assert payment.external_id in shown.pop()


def test_a_page_whose_answer_was_lost_is_asked_for_anew_and_the_lost_one_is_never_paid_by_itself(
    icpay: Standin, rates: None, charge: Charge
) -> None:
    icpay.api.drops[LINKS] = 1
    with pytest.raises(GatewayError) as silent:
        services.start_payment(charge, "icpay")
    assert not silent.value.permanent
    payment = services.start_payment(charge, "icpay")
    lost, shown = icpay.account.links.values()
    assert (Payment.objects.get(), payment.external_id) == (payment, shown)
    assert TokenPayment.objects.count() == 1
    icpay.account.pay(lost)
    bring(icpay)
    assert fresh(payment).state == PaymentState.PENDING
    odd = Payment.objects.exclude(pk=payment.pk).get()
    assert (odd.external_id, odd.state, odd.anomaly) == (lost, "mismatched", "unmarked")
    icpay.account.pay(shown)
    bring(icpay)
    assert (fresh(payment).state, fresh(payment).anomaly) == (PaymentState.SUCCEEDED, "")


def test_news_of_a_page_that_overtake_its_answer_name_it_and_nothing_more(icpay: Standin, rates: None, charge: Charge) -> None:
    icpay.api.drops[LINKS] = 1
    with pytest.raises(GatewayError):
        services.start_payment(charge, "icpay")
    bring(icpay)
    payment = Payment.objects.get()
    assert (payment.external_id, payment.checkout_url) == (icpay.account.events[0]["data"]["object"]["id"], "")
    payment = services.start_payment(charge, "icpay")
    assert payment.checkout_url.endswith(payment.external_id)
    icpay.account.pay(payment.external_id)
    bring(icpay)
    assert fresh(payment).state == PaymentState.SUCCEEDED


@pytest.mark.parametrize(("status", "permanent"), [(500, False), (503, False), (429, False), (400, True), (401, True)])
def test_a_refusal_is_for_good_and_silence_is_not(
    status: int, permanent: bool, icpay: Standin, rates: None, charge: Charge
) -> None:
    icpay.api.failures[LINKS] = [status]
    with pytest.raises(GatewayError) as error:
        services.start_payment(charge, "icpay")
    assert error.value.permanent is permanent
    assert "pk_" not in str(error.value)
    assert Payment.objects.get().checkout_url == ""


def test_a_page_that_was_given_up_is_only_not_shown_any_more(icpay: Standin, payment: Payment) -> None:
    with both_at(icpay, clock.now() + timedelta(hours=2)):
        services.expire_unpaid_charges()
        assert fresh(payment).state == PaymentState.EXPIRED
        assert icpay.account.intents[payment.external_id]["status"] == "requires_payment"
        with pytest.raises(Refused):
            services.start_payment(payment.charge, "icpay")


def test_when_another_way_has_paid_the_page_is_given_up(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id)
    other = services.start_payment(payment.charge, "sandbox")
    bring(icpay)
    assert fresh(payment).state == PaymentState.SUCCEEDED
    other.refresh_from_db()
    assert other.state == PaymentState.EXPIRED


@pytest.mark.parametrize("name", ["ICPAY_PUBLISHABLE_KEY", "ICPAY_SECRET_KEY", "ICPAY_WEBHOOK_SECRETS"])
def test_without_its_keys_it_is_not_offered(name: str, icpay: Standin, rates: None, charge: Charge, settings: Settings) -> None:
    assert "icpay" in {gateway.name for gateway in offered_gateways()}
    setattr(settings, name, [] if name.endswith("SECRETS") else "")
    assert "icpay" not in {gateway.name for gateway in offered_gateways()}
    with pytest.raises(Refused) as refused:
        services.start_payment(charge, "icpay")
    assert refused.value.code == "unknown_method"
    assert not Payment.objects.exists()


def test_a_browser_s_transaction_and_icpay_s_are_two_facts_in_either_order(
    icpay: Standin, payment: Payment, customer: User, offering: Offering
) -> None:
    def says(charge: Charge, transaction: str) -> None:
        page = Client()
        page.force_login(customer)
        answer = page.post(reverse("checkout_transaction", args=[charge.public_id]), {"transaction": transaction})
        assert answer.status_code == 302

    later = services.start_payment(ordered(customer, offering).charges.get(), "icpay")
    says(payment.charge, "block-123")
    assert (fresh(payment).state, fresh(payment).token.browser_transaction_id) == (PaymentState.PENDING, "block-123")
    for page in (payment, later):
        icpay.account.pay(page.external_id)
    bring(icpay)
    says(later.charge, "block-456")
    for page, told in ((payment, "block-123"), (later, "block-456")):
        row = fresh(page).token
        assert (row.browser_transaction_id, len(row.transaction_id), fresh(page).state) == (told, 32, PaymentState.SUCCEEDED)


@pytest.mark.parametrize("told", ["", "a b", "x" * 121, "ü", "line\nbreak"])
def test_what_is_no_transaction_is_refused_and_nothing_is_kept(told: str, icpay: Standin, payment: Payment, customer: User) -> None:
    page = Client()
    page.force_login(customer)
    page.post(reverse("checkout_transaction", args=[payment.charge.public_id]), {"transaction": told})
    assert fresh(payment).token.browser_transaction_id == ""


def test_what_a_browser_says_later_changes_nothing_and_a_stranger_says_nothing(
    icpay: Standin, payment: Payment, customer: User, stranger: User
) -> None:
    services.note_transaction(payment.charge, "first")
    services.note_transaction(payment.charge, "second")
    page = Client()
    page.force_login(stranger)
    answer = page.post(reverse("checkout_transaction", args=[payment.charge.public_id]), {"transaction": "third"})
    assert answer.status_code == 404
    assert fresh(payment).token.browser_transaction_id == "first"


def test_the_return_page_tells_the_truth_at_each_moment(icpay: Standin, payment: Payment, customer: User) -> None:
    page = Client()
    page.force_login(customer)

    def shown() -> str:
        drain()
        return page.get(reverse("checkout_return", args=[payment.charge.public_id])).content.decode()

    assert "We are asking ICPay" in shown()
    assert payment.checkout_url.replace("&", "&amp;") in shown()
    assert "Transaction id" in shown()
    assert (
        reverse("checkout_return", args=[payment.charge.public_id])
        in page.get(reverse("checkout", args=[payment.charge.public_id])).content.decode()
    )
    sent_now = icpay.account.begin(payment.external_id, "ic_icp")
    page.post(reverse("checkout_return", args=[payment.charge.public_id]))
    assert "on its way through the network" in shown()
    icpay.account.finish(sent_now["id"], units=int(sent_now["requestedAmount"]) - 3)
    services.apply_payment("icpay", payment.external_id)
    wrong = shown()
    assert "Wrong amount, being checked" in wrong
    assert "ICP" in wrong
    icpay.account.pay(payment.external_id)
    for event in icpay.account.events:
        send_again(event)
    assert "has arrived" in shown()
