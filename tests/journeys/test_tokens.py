"""A payment in tokens in a real browser, against the stand-in for ICPay, whose page leads nobody back to the shop."""

import copy
import re
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django_q.models import OrmQ
from playwright.sync_api import Page
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.models import Payment
from billing.proof import find_differences
from billing.tasks import ask_again
from contracts.models import Contract
from core import clock
from core.rates import record_rates
from core.tasks import drain
from providers.models import Offering
from tests.billing.tokens.conftest import RATES
from tests.icpay_standin import Standin, standin
from tests.icpay_standin.server import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET
from tests.journeys.conftest import OFFERED, Visitor
from tests.walk import ordered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def icpay(site: str, settings: Settings) -> Iterator[Standin]:
    """A stand-in that tells nobody anything yet, and a shop that sends its customers there."""
    record_rates(clock.now().date(), {code: Decimal(rate) for code, rate in RATES.items()}, "for tests")
    with standin() as running:
        settings.ICPAY_PUBLISHABLE_KEY = PUBLISHABLE_KEY
        settings.ICPAY_SECRET_KEY = SECRET_KEY
        settings.ICPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
        settings.ICPAY_API_BASE = settings.ICPAY_PAY_ORIGIN = running.base
        policy = copy.deepcopy(settings.CONTENT_SECURITY_POLICY)
        policy["DIRECTIVES"]["form-action"] = ["'self'", running.base]
        settings.CONTENT_SECURITY_POLICY = policy
        yield running


@pytest.fixture
def contract(site: str, customer: User) -> Contract:
    """A month, ordered and not paid."""
    return ordered(customer, Offering.objects.get(name=OFFERED))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()


def to_icpay(person: Visitor, contract: Contract) -> Page:
    """Choose ICPay on the checkout page, and go there."""
    page = person.open(f"/checkout/{contract.charges.get().public_id}")
    page.get_by_role("radio", name=re.compile("^ICPay")).check()
    page.get_by_role("button", name=re.compile("^Pay")).click()
    page.wait_for_url(re.compile(r"/pay/.*paymentIntentId="))
    return page


def test_tokens_are_paid_and_each_page_tells_the_truth_before_and_after_icpay_does(
    visitor: Callable[..., Visitor], icpay: Standin, contract: Contract, customer: User
) -> None:
    person = visitor()
    person.sign_in(customer)
    page = to_icpay(person, contract)
    press(page, "pay")

    person.open(f"/checkout/{contract.charges.get().public_id}")
    page.get_by_text("Not paid yet.").wait_for()
    page.get_by_role("link", name="I have paid: wait for news").click()
    page.get_by_role("heading", name="We are asking ICPay").wait_for()
    page.get_by_text("Sent already, and nothing happens?").click()
    page.get_by_label("Transaction id").fill("block-1042")
    person.picture("icpay-asking")
    press(page, "Tell us")
    page.get_by_text("Thank you. We look for it").wait_for()
    assert Payment.objects.get().state == "pending"
    assert Payment.objects.get().token.browser_transaction_id == "block-1042"

    (nudge,) = [job.task for job in OrmQ.objects.all() if job.func() == "billing.tasks.ask_again"]
    ask_again(*nudge["args"])
    drain()
    page.get_by_role("heading", name="Paid", exact=True).wait_for()
    person.picture("icpay-paid")
    assert Contract.objects.get(pk=contract.pk).paid_at is not None
    services.read_reports()
    assert person.heard == []
    assert find_differences() == []


def test_without_scripts_a_wrong_amount_is_told_in_tokens_and_the_button_asks(
    visitor: Callable[..., Visitor], icpay: Standin, contract: Contract, customer: User
) -> None:
    person = visitor(scripts=False)
    person.sign_in(customer)
    page = to_icpay(person, contract)
    press(page, "pay one unit less")
    person.open(f"/checkout/{contract.charges.get().public_id}/return")
    press(page, "Ask ICPay now")
    page.get_by_role("heading", name="Wrong amount, being checked").wait_for()
    assert page.get_by_text("ICP (").count()
    assert Contract.objects.get(pk=contract.pk).paid_at is None
    assert person.heard == []
