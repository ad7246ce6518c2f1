"""What the tests of tokens start from: a running stand-in, a shop that knows it, rates of today, and an order to be paid there."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts.models import Account, User
from billing import services
from billing.models import Charge, LedgerLine, Payment, Refund
from billing.tokens_back import tokens_back
from contracts import actors
from contracts import services as contracts
from core import clock
from core.rates import record_rates
from core.tasks import drain
from tests.billing.paying import Door, both_at, charge, contract, offering
from tests.billing.test_refund_addresses import confirmed
from tests.icpay_standin import Standin, standin
from tests.icpay_standin.server import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET

# Fixtures, and what tests take from here.
__all__ = ["both_at", "charge", "contract", "offering"]

WEBHOOK = "/api/v1/webhooks/icpay"
DOOR = Door(Standin, WEBHOOK)
bring, send, send_again = DOOR.bring, DOOR.send, DOOR.send_again
USER_TOKEN = "user-token-of-a-standin"
RATES = {"USD": "1.0862", "GBP": "0.8535", "CHF": "0.9412", "PLN": "4.3105", "SEK": "11.482", "JPY": "169.36", "KWD": "0.3331"}


@pytest.fixture
def icpay(settings: Settings) -> Iterator[Standin]:
    """A stand-in of this test's own, and the settings that lead to it."""
    with standin() as running:
        settings.ICPAY_PUBLISHABLE_KEY = PUBLISHABLE_KEY
        settings.ICPAY_SECRET_KEY = SECRET_KEY
        settings.ICPAY_WEBHOOK_SECRETS = ["whsec_newer", WEBHOOK_SECRET]
        settings.ICPAY_API_BASE = running.base
        settings.ICPAY_PAY_ORIGIN = running.base
        settings.ICPAY_TAX = "table"
        yield running


@pytest.fixture
def rates(db: None) -> None:
    """The ECB's rates of today."""
    record_rates(clock.now().date(), {code: Decimal(rate) for code, rate in RATES.items()}, "for tests")


@pytest.fixture
def payment(charge: Charge, icpay: Standin, rates: None) -> Payment:
    """A page of ICPay's is open for it."""
    return services.start_payment(charge, "icpay")


@pytest.fixture
def by_itself(icpay: Standin, settings: Settings) -> None:
    """The shop has a user's token."""
    settings.ICPAY_USER_TOKEN = icpay.api.user_token = USER_TOKEN


@pytest.fixture
def paid(icpay: Standin, payment: Payment) -> Payment:
    """The rental is paid in ICP, and the report shows it."""
    icpay.account.pay(payment.external_id, "ic_icp")
    bring(icpay)
    services.read_reports()
    return fresh(payment)


@pytest.fixture
def address(customer_account: Account, customer: User) -> str:
    """The customer has confirmed one on the Internet Computer."""
    return str(confirmed(customer_account, customer).address)


def fresh(payment: Payment) -> Payment:
    """The payment as it stands now."""
    return Payment.objects.select_related("charge__contract", "token").get(pk=payment.pk)


def booked(payment: Payment) -> dict[tuple[str, str], int]:
    """What the ledger has of a payment, by account and currency, without what is 0."""
    sums: dict[tuple[str, str], int] = {}
    for line in LedgerLine.objects.filter(entry__payment=payment):
        name = (line.account, line.currency)
        sums[name] = sums.get(name, 0) + int(line.amount)
    return {name: amount for name, amount in sorted(sums.items()) if amount}


def begin(refund: Refund, user: User) -> None:
    """Staff reads on the page where the tokens go, and begins to send them."""
    back = tokens_back(Refund.objects.select_related("payment__token", "contract", "sent_to").get(pk=refund.pk))
    assert back is not None
    services.begin_refund_in_tokens(refund.pk, user, None if back.address is None else back.address.pk)


def sent(refund: Refund, user: User, reference: str, network_fee: str = "") -> None:
    """Staff sends the tokens and writes it down."""
    begin(refund, user)
    services.pay_refund_in_tokens(refund.pk, user, reference, network_fee)


def end(payment: Payment) -> Refund:
    """The customer cancels, or the provider declines what nothing was delivered of; the decided refund."""
    contracts.cancel(payment.charge.contract_id, actors.customer(payment.charge.contract.ordered_by_id))
    drain()
    return Refund.objects.get(payment=payment)


def goodwill(payment: Payment, gross: int, staff: User) -> Refund:
    """Staff gives so many cents back; the decided refund."""
    found = services.request_goodwill_refund(payment.pk, gross, "For the trouble", staff, uuid4())
    drain()
    return Refund.objects.get(pk=found.pk)


def read(refund: Refund) -> Refund:
    """The refund as it stands now."""
    return Refund.objects.select_related("payment").get(pk=refund.pk)
