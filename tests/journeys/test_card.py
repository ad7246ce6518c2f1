"""A card payment in a real browser, against the stand-in for Stripe: left, declined, paid, given back in part, disputed."""

import copy
import re
from collections.abc import Callable, Iterator

import pytest
from django_q.models import OrmQ
from playwright.sync_api import Page
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.models import Payment, Refund
from billing.proof import find_differences
from billing.tasks import ask_again
from contracts.models import Contract
from core.tasks import drain
from providers.models import Offering
from tests.journeys.conftest import OFFERED, Visitor
from tests.stripe_standin import Standin, standin
from tests.stripe_standin.server import SECRET_KEY, WEBHOOK_SECRET
from tests.walk import ordered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stripe(site: str, settings: Settings) -> Iterator[Standin]:
    """A stand-in that brings its events over HTTP, and a shop that sends its customers there."""
    with standin(webhook=f"{site}/api/v1/webhooks/stripe") as running:
        settings.STRIPE_SECRET_KEY = SECRET_KEY
        settings.STRIPE_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
        settings.STRIPE_API_BASE = running.base
        policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"] = ["'self'", running.base]
        settings.CONTENT_SECURITY_POLICY = policy
        yield running


@pytest.fixture
def contract(site: str, customer: User) -> Contract:
    """A month, ordered and not paid."""
    return ordered(customer, Offering.objects.get(name=OFFERED))


def press(page: Page, name: str) -> None:
    """A button of the stand-in."""
    page.get_by_role("button", name=name, exact=True).first.click()


def test_a_card_is_left_declined_and_charged_and_each_page_tells_the_truth(
    visitor: Callable[..., Visitor], stripe: Standin, contract: Contract, customer: User
) -> None:
    charge = contract.charges.get()
    person = visitor()
    person.sign_in(customer)
    page = person.open(f"/checkout/{charge.public_id}")
    page.get_by_role("radio", name=re.compile("^Card")).check()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url(re.compile(rf"{stripe.base}/pay/"))

    press(page, "Back to the shop")
    page.wait_for_url(re.compile(r"/checkout/[^/]+$"))
    page.get_by_text("Not paid yet.").wait_for()
    page.get_by_role("radio", name=re.compile("^Card")).check()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    press(page, "Decline")
    page.get_by_text("Your card was declined.").wait_for()
    assert Payment.objects.get().state == "pending"

    stripe.held = True
    press(page, "Pay")
    page.get_by_role("heading", name="We are asking Stripe").wait_for()
    assert "session_id" not in page.url
    assert page.get_by_role("heading", name="Paid", exact=True).count() == 0
    assert Payment.objects.get().state == "pending"
    person.picture("card-asking")

    stripe.held = False
    stripe.bring_over_http()
    drain()
    page.get_by_role("heading", name="Paid", exact=True).wait_for()
    person.picture("card-paid")
    assert Contract.objects.get(pk=contract.pk).paid_at is not None
    assert person.heard == []
    assert find_differences() == []


def test_whoever_comes_back_before_the_event_is_answered_by_asking(
    visitor: Callable[..., Visitor], stripe: Standin, contract: Contract, customer: User
) -> None:
    stripe.held = True
    payment = services.start_payment(contract.charges.get(), "stripe")
    person = visitor(scripts=False)
    person.sign_in(customer)
    person.page.goto(payment.checkout_url)
    press(person.page, "Pay")
    person.page.get_by_role("heading", name="We are asking Stripe").wait_for()
    (nudge,) = [job.task for job in OrmQ.objects.all() if job.func() == "billing.tasks.ask_again"]
    ask_again(*nudge["args"])
    person.page.get_by_role("heading", name="Paid", exact=True).wait_for()
    assert person.heard == []


def test_what_happens_in_stripe_s_dashboard_is_known_here(
    visitor: Callable[..., Visitor], stripe: Standin, contract: Contract, customer: User
) -> None:
    payment = services.start_payment(contract.charges.get(), "stripe")
    stripe.account.pay(payment.external_id)
    stripe.bring_over_http()
    drain()
    desk = visitor()
    desk.page.goto(stripe.base)
    press(desk.page, "refund half")
    drain()
    assert Refund.objects.get().state == "submitted"
    press(desk.page, "refund arrives")
    drain()
    half = payment.amount_minor // 20 * 10
    paid = Payment.objects.get()
    assert (Refund.objects.get().kind, Refund.objects.get().state, paid.refunded_minor) == ("imported", "succeeded", half)
    press(desk.page, "dispute")
    drain()
    assert Payment.objects.get().disputed_minor == payment.amount_minor - half
    assert Contract.objects.get(pk=contract.pk).disputes_open == 1
    press(desk.page, "win")
    drain()
    assert (Payment.objects.get().disputed_minor, Contract.objects.get(pk=contract.pk).disputes_open) == (0, 0)
    assert find_differences() == []
