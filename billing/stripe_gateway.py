"""The only module that imports stripe: asks Stripe with our keys, answers in our words, and knows its signature.

Every call that changes something carries an idempotency key made from our row, and none is made inside a transaction.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from math import ceil

import stripe
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from stripe.params import CustomerCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from billing.gateway_facts import (
    BalanceLine,
    GatewayDispute,
    GatewayError,
    GatewayPayment,
    GatewayRefund,
    Started,
)
from billing.models import Charge, Payment, Refund
from billing.states import TaxCategory
from billing.stripe_facts import (
    StripeObject,
    balance_line,
    dispute_facts,
    moment,
    payment_facts,
    refund_facts,
)
from core.money import currency
from core.transactions import require_no_transaction

log = logging.getLogger(__name__)

# Connect, read. With two repeats a page waits half a minute at most.
TIMEOUT = (3, 8)
RETRIES = 2
# Stripe takes no page that closes sooner than 30 minutes from now; a few more, for clocks and a repeat.
PAGE_MINUTES = 35
# Only with this long a deadline can a method be offered that takes days.
SLOW_METHODS_FROM = timedelta(days=14)

_OF_SESSION = ["payment_intent.latest_charge.balance_transaction"]
_OF_REFUND = ["balance_transaction", "failure_balance_transaction"]
_OF_REFUNDS = [f"data.{name}" for name in _OF_REFUND]


class StripeGateway:
    """Cards, on Stripe's own payment page."""

    name = "stripe"
    brand = "Stripe"
    priced_in = ""
    look_back = timedelta(0)

    @property
    def label(self) -> str:
        """What the customer reads beside the choice."""
        return _("Card")

    @property
    def description(self) -> str:
        """One sentence under it."""
        return _("Visa, Mastercard, American Express. You pay on the page of Stripe, who never shows us the number.")

    def is_configured(self) -> bool:
        """With a key to ask and a secret to believe messages by."""
        return bool(settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRETS)

    def start(self, payment: Payment) -> Started:
        """Open a Checkout Session over exactly the gross, once."""
        charge = payment.charge
        with asking() as client:
            customer = client.v1.customers.create(
                params=_customer(charge), options={"idempotency_key": f"customer:{payment.public_id}"}
            )
            session = client.v1.checkout.sessions.create(
                params=_session(payment, customer.id), options={"idempotency_key": f"session:{payment.public_id}"}
            )
        if not session.url:
            raise GatewayError("Stripe opened a page without an address", permanent=True)
        return Started(external_id=session.id, url=session.url, expires_at=moment(session.expires_at))

    def read(self, external_id: str) -> GatewayPayment:
        """What Stripe says of a payment now."""
        with asking() as client:
            return _read_session(client, external_id)

    def expire(self, external_id: str) -> GatewayPayment:
        """Close the page unless it is paid or on its way, and say how the payment stands."""
        with asking() as client:
            try:
                client.v1.checkout.sessions.expire(external_id)
            except stripe.InvalidRequestError as error:
                # It was closed, or paid, a moment before: then the reading says so.
                log.info("session %s is not open: %s", external_id, error.user_message)
            return _read_session(client, external_id)

    def refunds_by_itself(self, refund: Refund) -> bool:
        """All of them, in full and in part."""
        return True

    def refund(self, refund: Refund) -> GatewayRefund:
        """Send money back. A repeat finds the first, by its key, and after a day, when keys are forgotten, by our mark on it."""
        payment = refund.payment
        with asking() as client:
            there = client.v1.refunds.list(
                params={"payment_intent": payment.external_intent_id, "limit": 100, "expand": _OF_REFUNDS}
            )
            for known in there.auto_paging_iter():
                facts = refund_facts(known.to_dict(), payment.external_id)
                if (facts.refund_id, facts.attempt) == (refund.public_id, refund.failures):
                    return facts
            made = client.v1.refunds.create(params=_refund(refund), options={"idempotency_key": f"refund:{refund.idempotency_key}"})
        return refund_facts(made.to_dict(), payment.external_id)

    def read_refund(self, external_id: str) -> GatewayRefund:
        """What Stripe says of a refund now."""
        with asking() as client:
            refund = client.v1.refunds.retrieve(external_id, params={"expand": _OF_REFUND}).to_dict()
            return refund_facts(refund, _payment_of(client, refund))

    def read_refunds(self, payment_id: str) -> list[GatewayRefund]:
        """Every refund of a charge, of ours and of the dashboard's."""
        with asking() as client:
            rows = client.v1.refunds.list(params={"charge": payment_id, "limit": 100, "expand": _OF_REFUNDS})
            refunds = [row.to_dict() for row in rows.auto_paging_iter()]
            return [refund_facts(refund, _payment_of(client, refund)) for refund in refunds]

    def read_dispute(self, external_id: str) -> GatewayDispute:
        """What Stripe says of a dispute now."""
        with asking() as client:
            dispute = client.v1.disputes.retrieve(external_id).to_dict()
            return dispute_facts(dispute, _payment_of(client, dispute))

    def balance_lines(self, since: datetime, until: datetime) -> Iterator[BalanceLine]:
        """Stripe's balance transactions of that time, page by page."""
        with asking() as client:
            rows = client.v1.balance_transactions.list(
                params={"created": {"gte": ceil(since.timestamp()), "lt": ceil(until.timestamp())}, "limit": 100}
            )
            for row in rows.auto_paging_iter():
                line = balance_line(row.to_dict())
                assert line is not None
                yield line


def is_signed(body: bytes, header: str) -> bool:
    """Whether Stripe has signed exactly these bytes, under one of our secrets. When it did so is for the caller to judge."""
    found = False
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret)
            found = True
        except (stripe.SignatureVerificationError, ValueError):
            # ValueError: bytes that are no text at all.
            continue
    return found


@contextmanager
def asking() -> Iterator[stripe.StripeClient]:
    """A client with our key. What goes wrong within the block becomes `GatewayError`."""
    require_no_transaction()
    if not settings.STRIPE_SECRET_KEY:
        raise GatewayError("Stripe is switched off here", permanent=True)
    client = stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": settings.STRIPE_API_BASE} if settings.STRIPE_API_BASE else None,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT),
    )
    try:
        yield client
    except (stripe.InvalidRequestError, stripe.CardError, stripe.IdempotencyError) as error:
        # Another request with the same key is at work: its result is there in a moment.
        is_busy = error.http_status == 409
        # Its words may quote what a buyer has typed; the request's id finds them in its dashboard.
        log.warning("Stripe refuses: %s %s (%s)", type(error).__name__, error.code, error.request_id)
        raise GatewayError(f"Stripe refuses: {error.user_message or error}", permanent=not is_busy) from error
    except stripe.StripeError as error:
        # Silence, too many questions, its own faults; and a wrong key, which somebody will put right.
        log.warning("Stripe does not answer: %s (%s)", type(error).__name__, error.request_id)
        raise GatewayError(f"Stripe does not answer: {type(error).__name__}") from error


def _read_session(client: stripe.StripeClient, external_id: str) -> GatewayPayment:
    return payment_facts(client.v1.checkout.sessions.retrieve(external_id, params={"expand": _OF_SESSION}).to_dict())


def _payment_of(client: stripe.StripeClient, belonging: StripeObject) -> str:
    """The session of the payment that a refund or a dispute belongs to, known here or asked for; empty where there is none."""
    intent = belonging.get("payment_intent")
    if not intent:
        return ""
    known = Payment.objects.filter(gateway=StripeGateway.name, external_intent_id=intent).values_list("external_id", flat=True)
    if (found := known.first()) is not None:
        return found
    sessions = client.v1.checkout.sessions.list(params={"payment_intent": intent, "limit": 1}).data
    return sessions[0].id if sessions else ""


def _customer(charge: Charge) -> CustomerCreateParams:
    """The buyer as frozen in the charge. Exempt only where our own rule says that the buyer owes the tax."""
    buyer = charge.buyer
    is_reverse = charge.tax_decision.get("category") == TaxCategory.REVERSE_CHARGE
    return {
        "name": buyer["company"] or buyer["name"],
        "email": buyer["email"],
        "address": {
            "line1": buyer["street"],
            "postal_code": buyer["postcode"],
            "city": buyer["city"],
            "country": buyer["country"],
        },
        "preferred_locales": [buyer.get("language", "en")],
        "tax_exempt": "reverse" if is_reverse else "none",
        "metadata": {"charge": str(charge.public_id)},
    }


def _session(payment: Payment, customer_id: str) -> SessionCreateParams:
    """All of it follows from our rows, so that a repeat asks for the same. One line, and its price is the gross: no address that
    is typed there can change what is paid.
    """
    charge = payment.charge
    marks = {"charge": str(charge.public_id), "payment": str(payment.public_id), "contract": charge.contract.reference}
    checkout, done = (settings.SITE_URL + reverse(page, args=[charge.public_id]) for page in ("checkout", "checkout_return"))
    closes_at = max(payment.expires_at, payment.created_at + timedelta(minutes=PAGE_MINUTES))
    params: SessionCreateParams = {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "customer": customer_id,
        "customer_update": {"address": "auto", "name": "auto"},
        "client_reference_id": str(charge.public_id),
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": payment.currency.lower(),
                    "unit_amount": stripe_amount(payment.amount_minor, payment.currency),
                    "tax_behavior": "inclusive",
                    "product_data": {"name": charge.subject},
                },
            }
        ],
        "automatic_tax": {"enabled": settings.STRIPE_AUTOMATIC_TAX},
        "adaptive_pricing": {"enabled": False},
        "invoice_creation": {"enabled": False},
        "allow_promotion_codes": False,
        "locale": charge.buyer.get("language", "en"),
        "expires_at": int(closes_at.timestamp()),
        "success_url": f"{done}?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": checkout,
        "metadata": marks,
        "payment_intent_data": {"description": charge.subject, "metadata": marks},
    }
    if timedelta(minutes=settings.PAYMENT_DEADLINE_MINUTES) < SLOW_METHODS_FROM:
        params["allowed_payment_method_types"] = ["card"]
    if not charge.buyer["vat_id"]:
        params["tax_id_collection"] = {"enabled": True}
    return params


def _refund(refund: Refund) -> RefundCreateParams:
    return {
        "payment_intent": refund.payment.external_intent_id,
        "amount": stripe_amount(refund.amount_minor, refund.currency),
        "metadata": {"refund": str(refund.public_id), "attempt": str(refund.failures)},
        "expand": _OF_REFUND,
    }


def stripe_amount(minor: int, code: str) -> int:
    """Stripe's smallest unit is ours for every currency here: JPY without decimals, KWD with three of which the last is 0."""
    if minor <= 0 or minor % currency(code).step:
        raise GatewayError(f"Stripe takes no {minor} {code}", permanent=True)
    return minor
