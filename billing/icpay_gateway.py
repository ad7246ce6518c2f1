"""The only module that asks ICPay: with our keys, in its words, answered in ours.

ICPay knows no idempotency key: every page that is asked for is another intent. So a page's address goes to a customer only out of
our row, and an intent that nobody was sent to is paid by nobody.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from billing.gateway_facts import (
    BalanceLine,
    GatewayDispute,
    GatewayError,
    GatewayPayment,
    GatewayRefund,
    Started,
)
from billing.models import Payment, Refund
from core.http import OutsideError, call

# Connect, read: somebody waits for the page.
TIMEOUT = (3.05, 8.0)
# Answers that another try may change; of the others it cannot.
LATER = frozenset({408, 409, 425, 429})


class IcpayGateway:
    """Tokens from a wallet, on ICPay's own payment page."""

    name = "icpay"

    @property
    def label(self) -> str:
        """What the customer reads beside the choice."""
        return "ICPay"

    @property
    def description(self) -> str:
        """One sentence under it."""
        return _("Crypto from your own wallet: ICP, USDC and others. You pay on the page of ICPay.")

    def is_configured(self) -> bool:
        """With both keys, and a secret to believe messages by."""
        return bool(settings.ICPAY_PUBLISHABLE_KEY and settings.ICPAY_SECRET_KEY and settings.ICPAY_WEBHOOK_SECRETS)

    def start(self, payment: Payment) -> Started:
        """Open a payment link over what was asked for in US dollars."""
        raise GatewayError("not yet", permanent=True)

    def read(self, external_id: str) -> GatewayPayment:
        """What ICPay says of a payment now."""
        raise GatewayError("not yet", permanent=True)

    def expire(self, external_id: str) -> GatewayPayment:
        """ICPay cannot close a link."""
        raise GatewayError("not yet", permanent=True)

    def refund(self, refund: Refund) -> GatewayRefund:
        """Send tokens back."""
        raise GatewayError("ICPay sends nothing back by itself here", permanent=True)

    def read_refund(self, external_id: str) -> GatewayRefund:
        """What ICPay says of a refund now."""
        raise GatewayError("ICPay has no refund of ours", permanent=True)

    def read_refunds(self, payment_id: str) -> list[GatewayRefund]:
        """Every refund of a payment."""
        raise GatewayError("ICPay has no refund of ours", permanent=True)

    def read_dispute(self, external_id: str) -> GatewayDispute:
        """Tokens cannot be taken back by anybody."""
        raise GatewayError("ICPay knows no disputes", permanent=True)

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Payments that came in, page by page."""
        raise GatewayError("not yet", permanent=True)


def ask(method: str, path: str, key: str, **kw: Any) -> Any:
    """ICPay's answer to a request under one of our keys. Raises `GatewayError`; its own words are left out of it, since they may
    quote what a buyer has typed.
    """
    if not key:
        raise GatewayError("ICPay is switched off here", permanent=True)
    headers = {"Authorization": f"Bearer {key}", **kw.pop("headers", {})}
    try:
        answer = call(method, settings.ICPAY_API_BASE + path, timeout=TIMEOUT, headers=headers, **kw)
    except OutsideError as error:
        raise GatewayError(str(error)) from error
    if answer.status_code // 100 != 2:
        permanent = answer.status_code < 500 and answer.status_code not in LATER
        raise GatewayError(f"ICPay answers {answer.status_code} to {method} {path.partition('?')[0]}", permanent=permanent)
    try:
        return answer.json()
    except ValueError as error:
        raise GatewayError("ICPay's answer cannot be read") from error
