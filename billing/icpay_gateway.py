"""The only module that asks ICPay: with our keys, in its words, answered in ours.

ICPay knows no idempotency key: every page that is asked for is another intent. So a page's address goes to a customer only out of
our row, and an intent that nobody was sent to is paid by nobody.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from billing.gateway_facts import (
    BalanceLine,
    GatewayDispute,
    GatewayError,
    GatewayPayment,
    GatewayRefund,
    PaymentStatus,
    RefundStatus,
    Started,
)
from billing.icpay_facts import (
    CHARGE,
    CONTRACT,
    PAYMENT,
    REFUNDED,
    IcpayObject,
    Ledgers,
    balance_line,
    best_of,
    is_untold,
    payment_facts,
    refund_line,
)
from billing.models import Payment, Refund
from billing.tokens_back import gives_all_back
from core.http import OutsideError, call

# Connect, read: somebody waits for the page.
TIMEOUT = (3, 8)
NOT_FOUND = 404
# Answers that another try may change; of the others it cannot.
LATER = frozenset({408, 409, 425, 429})
# A page of a list, and the most that one intent is looked through for.
PAGE = 100
MOST_PAYMENTS = 500

_JSON = {"Content-Type": "application/json"}
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
# By the address of the API: what a token is called and how it is counted does not change.
_known_ledgers: dict[str, Ledgers] = {}


class NotThere(GatewayError):
    """ICPay knows no such thing."""


class IcpayGateway:
    """Tokens from a wallet, on ICPay's own payment page."""

    name = "icpay"
    brand = "ICPay"
    priced_in = "USD"
    # The history goes by when a payment was begun, and what goes back stands in the row of what came: as long as a rental may last,
    # and some more.
    look_back = timedelta(days=400)

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
        """Open a payment link over what was frozen in US dollars. Each call makes another: see `services.start_payment`."""
        with _understanding():
            made = ask("POST", "/sdk/public/payment-links", settings.ICPAY_PUBLISHABLE_KEY, data=_link(payment), headers=_JSON)
            code, intent = str(made.get("shortcode") or ""), str(made.get("paymentIntentId") or "")
        if not (_NAME.fullmatch(code) and _NAME.fullmatch(intent)):
            raise GatewayError("ICPay opened a page without an address", permanent=True)
        # Named beside the link, so that the page pays this intent and makes no other.
        url = f"{settings.ICPAY_PAY_ORIGIN}/pay/{code}?{urlencode({'paymentIntentId': intent})}"
        return Started(external_id=intent, url=url, expires_at=payment.expires_at)

    def read(self, external_id: str) -> GatewayPayment:
        """What ICPay says of a page, by its intent, or of one payment by its own id."""
        key = settings.ICPAY_SECRET_KEY
        with _understanding():
            try:
                intent = _inner(ask("GET", f"/sdk/payment-intents/{quote(external_id, safe='')}", key), "paymentIntent", "intent")
            except NotThere:
                return _read_payment(external_id)
            best = best_of(payment for payment in _marked_as(intent) if payment.get("paymentIntentId") == intent["id"])
            return _read_payment(str(best["id"])) if best else payment_facts(intent, {}, {}, _ledgers(intent))

    def expire(self, external_id: str) -> GatewayPayment:
        """ICPay cannot close a link: one that nobody has paid on is not shown any more, and what comes later is odd."""
        facts = self.read(external_id)
        return replace(facts, status=PaymentStatus.EXPIRED) if facts.status == PaymentStatus.PENDING else facts

    def refunds_by_itself(self, refund: Refund) -> bool:
        """With a user's token, and only all that a payment has brought: ICPay gives back no part."""
        return bool(settings.ICPAY_USER_TOKEN and refund.payment.external_charge_id and gives_all_back(refund))

    def refund(self, refund: Refund) -> GatewayRefund:
        """Ask for all of a payment to be given back. A refund has no id of its own there: it is named by its payment.

        No key makes a repeat harmless. So it is looked at before: what has been given back is not asked for again, and what ICPay
        refuses to give back, before or when it is asked, is on its way if an answer of this attempt was lost, or goes to a person.
        """
        payment_id = refund.payment.external_charge_id
        now = replace(self.read_refund(payment_id), refund_id=refund.public_id, attempt=refund.failures)
        if now.status == RefundStatus.SUCCEEDED:
            return now
        try:
            _ask_back(payment_id)
        except GatewayError as error:
            if not error.permanent or refund.attempts - refund.failures <= 1:
                raise
        return now

    def read_refund(self, external_id: str) -> GatewayRefund:
        """Whether ICPay has given a payment back by now, by the payment's id there."""
        with _understanding():
            whole = _whole(external_id)
            payment = _inner(whole, "payment")
            line = refund_line(payment, whole.get("transaction") or {}, _ledgers(payment))
        ours = Payment.objects.filter(gateway=self.name, external_charge_id=external_id).first()
        return GatewayRefund(
            external_id=external_id,
            payment_external_id="",
            refund_id=None,
            status=RefundStatus.SUCCEEDED if payment.get("status") == REFUNDED else RefundStatus.PENDING,
            amount_minor=0 if ours is None else ours.received_minor,
            currency="" if ours is None else ours.currency,
            card_charge_id=external_id,
            reported=line,
        )

    def read_refunds(self, payment_id: str) -> list[GatewayRefund]:
        """The one refund that a payment can have there, once it is done."""
        found = self.read_refund(payment_id)
        return [found] if found.status == RefundStatus.SUCCEEDED else []

    def read_dispute(self, external_id: str) -> GatewayDispute:
        """Tokens cannot be taken back by anybody."""
        raise GatewayError("ICPay knows no disputes", permanent=True)

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """What came in of payments that were begun in this time and what went back of them, from ICPay's history, page by page.

        Each is told once, though pages shift when another payment comes meanwhile. What came nobody knows how much of is no line.
        """
        seen: set[str] = set()
        asked = {"fromTimestamp": _stamp(since), "toTimestamp": _stamp(until), "limit": str(PAGE)}
        offset, more = 0, True
        while more:
            with _understanding():
                page = ask("GET", "/sdk/payments/history", settings.ICPAY_SECRET_KEY, params={**asked, "offset": str(offset)})
                rows = page["payments"]
                offset, more = offset + len(rows), bool(page.get("hasMore")) and bool(rows)
                ledgers = _ledgers(*rows)
                lines = [line for row in rows for line in _lines(row, ledgers)]
            for line in lines:
                if line is not None and line.external_id not in seen:
                    seen.add(line.external_id)
                    yield line


@contextmanager
def _understanding() -> Iterator[None]:
    """An answer of another shape than is documented is as good as none."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GatewayError(f"ICPay's answer cannot be read: {type(error).__name__}") from error


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
    if answer.status_code == NOT_FOUND:
        raise NotThere(f"ICPay knows nothing at {path.partition('?')[0]}", permanent=True)
    if answer.status_code // 100 != 2:
        permanent = answer.status_code < 500 and answer.status_code not in LATER
        raise GatewayError(f"ICPay answers {answer.status_code} to {method} {path.partition('?')[0]}", permanent=permanent)
    try:
        told = answer.json()
    except ValueError as error:
        raise GatewayError("ICPay's answer cannot be read") from error
    if not isinstance(told, dict | list):
        raise GatewayError("ICPay's answer cannot be read")
    return told


def _ask_back(payment_id: str) -> None:
    """Have all of a payment given back. Raises `GatewayError`, permanent where ICPay refuses."""
    path = f"/user/payments/{quote(payment_id, safe='')}"
    if not _may_be_given_back(ask("POST", f"{path}/refund-precheck", settings.ICPAY_USER_TOKEN, json={})):
        raise GatewayError("ICPay says that it cannot give this payment back", permanent=True)
    ask("POST", f"{path}/refund", settings.ICPAY_USER_TOKEN, json={})


def _may_be_given_back(said: Any) -> bool:
    """What the look before a refund says; ICPay does not document its words, so anything that is a no there is a no."""
    words = ("canRefund", "refundable", "allowed", "eligible", "ok", "success", "valid")
    return isinstance(said, dict) and not any(said.get(word) is False for word in words)


def _link(payment: Payment) -> bytes:
    """What a page asks for. The amount is written by hand, for it is a number there, and ours are no floats."""
    charge = payment.charge
    marks = {CONTRACT: charge.contract.reference, CHARGE: str(charge.public_id), PAYMENT: str(payment.public_id)}
    whole, cents = divmod(payment.token.usd_minor, 100)
    rest = json.dumps({"name": charge.subject, "description": charge.contract.reference, "metadata": marks})
    return f'{{"amountUsd": {whole}.{cents:02d}, {rest[1:]}'.encode()


def _read_payment(payment_id: str) -> GatewayPayment:
    whole = _whole(payment_id)
    payment = _inner(whole, "payment")
    intent = whole.get("intent") or {"id": payment.get("paymentIntentId") or payment["id"], "status": "processing"}
    return payment_facts(intent, payment, whole.get("transaction") or {}, _ledgers(intent, payment))


def _whole(payment_id: str) -> IcpayObject:
    """A payment with its intent and its transaction."""
    whole: IcpayObject = ask("GET", f"/sdk/payments/{quote(payment_id, safe='')}", settings.ICPAY_SECRET_KEY)
    return whole


def _lines(row: IcpayObject, ledgers: Ledgers) -> tuple[BalanceLine | None, BalanceLine | None]:
    """What came of a payment in the history, and what went back."""
    moved = _transaction_of(row) if is_untold(row, {}) else {}
    return balance_line(row, moved, ledgers), refund_line(row, moved, ledgers)


def _transaction_of(row: IcpayObject) -> IcpayObject:
    """The transaction of a payment in the history, which does not show it; nothing of one that has none there."""
    try:
        return _whole(str(row["id"])).get("transaction") or {}
    except NotThere:
        return {}


def _marked_as(intent: IcpayObject) -> list[IcpayObject]:
    """The payments that carry the marks of this intent; none where it has none itself."""
    marks = {name: value for name, value in (intent.get("metadata") or {}).items() if name == PAYMENT}
    if not marks:
        return []
    rows: list[IcpayObject] = []
    more = True
    while more and len(rows) < MOST_PAYMENTS:
        params = {"limit": str(PAGE), "offset": str(len(rows))}
        page = ask("POST", "/sdk/payments/by-metadata", settings.ICPAY_SECRET_KEY, json={"metadata": marks}, params=params)
        found = page if isinstance(page, list) else page["payments"]
        more = bool(found) and isinstance(page, dict) and bool(page.get("hasMore"))
        # Each is a payment, or a payment with all that belongs to it.
        rows += [row.get("payment") or row for row in found]
    return rows


def _ledgers(*rows: IcpayObject) -> Ledgers:
    """ICPay's list of tokens, asked for again when a row names one that was not in it the last time."""
    wanted = {str(row["ledgerCanisterId"]) for row in rows if row.get("ledgerCanisterId")}
    known = _known_ledgers.get(settings.ICPAY_API_BASE)
    if known is None or not all(known.has(ledger_id) for ledger_id in wanted):
        known = Ledgers(ask("GET", "/sdk/ledgers/all-with-prices", settings.ICPAY_SECRET_KEY))
        _known_ledgers[settings.ICPAY_API_BASE] = known
    return known


def _inner(whole: Any, *names: str) -> dict[str, Any]:
    """The object itself, wrapped under one of these names or not. Raises `GatewayError` for one without an id."""
    row = next((whole[name] for name in names if isinstance(whole.get(name), dict)), whole)
    if not row.get("id"):
        raise GatewayError("ICPay's answer cannot be read")
    return dict(row)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
