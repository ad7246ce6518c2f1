"""Only payments in tokens: their price frozen in another currency, what has come of them, and what it is worth in the charge's."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from billing.gateway_facts import GatewayPayment, PaymentStatus, TokenFacts
from billing.gateways import brand_of
from billing.models import Charge, Payment, TokenPayment
from billing.services.task import close_task, open_task
from billing.states import BOOKED, Anomaly, TaskKind
from core import clock
from core.errors import Refused
from core.money import currency, half_up
from core.rates import Rates, rates_on

USD = "USD"
# Rates are published on working days; older ones than this say that we have lost touch, and nobody is charged by them.
RATES_HOLD = timedelta(days=7)
_PLACES = Decimal("1e-10")


def freeze_price(payment: Payment, code: str) -> None:
    """Keep what a payment asks for in `code`, at the ECB's rate of the day, half up; once, in the transaction that makes its row.

    Raises `Refused` (no_rate) when no rate of the last days is known: there is no way to pay in tokens then, but others.
    """
    rates = rates_on(clock.now().date())
    if payment.currency != code and rates.day < clock.now().date() - RATES_HOLD:
        raise Refused(
            _("We know no exchange rate of these days, so this way to pay is closed for a while. Choose another."),
            code="no_rate",
            field="method",
        )
    payment.token = _frozen(payment, rates, code)
    payment.token.save()


def _frozen(payment: Payment, rates: Rates, code: str = USD) -> TokenPayment:
    rate = (
        Decimal(1) if payment.currency == code else (_per_euro(rates, code) / _per_euro(rates, payment.currency)).quantize(_PLACES)
    )
    above, below = rate.as_integer_ratio()
    asked = half_up(payment.amount_minor * above * currency(code).scale, below * currency(payment.currency).scale)
    day = clock.now().date() if payment.currency == code else rates.day
    return TokenPayment(payment=payment, usd_minor=max(1, asked), usd_rate=rate, rate_on=day)


def _per_euro(rates: Rates, code: str) -> Decimal:
    return Decimal(1) if code == "EUR" else rates.per_euro[code]


def note_tokens(payment: Payment, facts: GatewayPayment) -> None:
    """Keep what is asked for and what came, as the gateway says it now. What came is kept for good when it is booked."""
    token = facts.token
    assert token is not None
    row = TokenPayment.objects.select_for_update().filter(payment=payment).first()
    if row is None:
        # A page that we know of only from the gateway: its price is evidence, whatever the day of the rate.
        row = _frozen(payment, rates_on(clock.now().date()))
    if payment.state not in BOOKED:
        _note_amounts(row, token)
    row.transaction_id = (token.transaction_id or row.transaction_id)[:120]
    row.sender = (token.sender or row.sender)[:130]
    row.save()
    payment.token = row


def _note_amounts(row: TokenPayment, token: TokenFacts) -> None:
    """Of two tokens, the one that came is the one that may have to go back."""
    shown = token.received or token.due
    if shown is not None:
        row.asset, row.network, row.decimals = shown.asset, shown.network, shown.decimals
    same = token.due is not None and shown is not None and token.due.is_same_token(shown)
    row.due_units = token.due.units if token.due is not None and same else None
    row.received_units = token.received.units if token.received is not None else 0


def follow_untold(gateway_name: str, facts: GatewayPayment, payment: Payment | None) -> None:
    """Something came and the gateway does not say how much: staff looks there, and no amount is guessed. Once it is told, or has
    gone back, the task is closed. `payment` is None for one that we do not know.
    """
    assert facts.token is not None
    key = f"untold:{gateway_name}:{facts.token.payment_id}"[:120]
    if not facts.token.is_untold or facts.status == PaymentStatus.FAILED:
        close_task(key, None)
        return
    text = _("%(gateway)s says that something came, and not how much (%(id)s): look there. Nothing is booked before it says so.")
    open_task(
        key,
        TaskKind.PAYMENT_ANOMALY,
        text % {"gateway": brand_of(gateway_name), "id": facts.token.payment_id},
        contract=None if payment is None else payment.charge.contract,
        payment=payment,
    )


def judge(payment: Payment, facts: GatewayPayment) -> tuple[int, Anomaly]:
    """What came, in minor units of the charge's currency, and what is odd about it.

    Paid is only what came in full, in the token of a page that we have opened for this charge, marked as ours. The frozen price
    says what an amount of the right token is worth: `floor(asked × received / due)`. What came in another way has no price of
    ours, so it is booked at the gateway's, and at one step of the currency at least.
    """
    token = facts.token
    assert token is not None
    assert token.received is not None
    received, due = token.received, token.due
    if not _is_ours(payment, facts):
        return _worth(payment, token), Anomaly.UNMARKED
    if due is None or not received.is_same_token(due):
        return _worth(payment, token), Anomaly.WRONG_ASSET
    off = abs(received.units - due.units)
    if (off == 0 and token.is_exact) or 0 < off <= settings.ICPAY_TOLERANCE_UNITS:
        return payment.amount_minor, Anomaly.NONE
    return _at_least(payment.amount_minor * received.units // due.units, payment.currency), Anomaly.WRONG_AMOUNT


def _is_ours(payment: Payment, facts: GatewayPayment) -> bool:
    """Whether it came on a page that a customer was sent to for this charge, and says so itself."""
    assert facts.token is not None
    charge = payment.charge
    pages = charge.payments.filter(gateway=payment.gateway, external_id=facts.external_id).exclude(checkout_url="")
    page = pages.values_list("public_id", flat=True).first()
    named = facts.token.contract == charge.contract.reference
    return page is not None and named and facts.charge_id in {None, charge.public_id} and facts.payment_id in {None, page}


def _worth(payment: Payment, token: TokenFacts) -> int:
    """By the gateway's price in US dollars and our frozen rate."""
    assert token.received is not None
    above, below = ((token.usd_price or Decimal(0)) / payment.token.usd_rate).as_integer_ratio()
    scale = 10**token.received.decimals
    return _at_least(token.received.units * above * currency(payment.currency).scale // (below * scale), payment.currency)


def _at_least(minor: int, code: str) -> int:
    step = currency(code).step
    return max(step, minor - minor % step)


def note_transaction(charge: Charge, transaction_id: str) -> None:
    """Keep the transaction that a browser says it has sent, beside what the gateway says, in either order. It makes nothing paid.

    The first that is told stays: what a browser says later changes nothing.
    """
    open_pages = TokenPayment.objects.filter(payment__charge=charge, browser_transaction_id="").exclude(payment__checkout_url="")
    latest = open_pages.order_by("-payment").values_list("pk", flat=True).first()
    if latest is not None:
        TokenPayment.objects.filter(pk=latest, browser_transaction_id="").update(browser_transaction_id=transaction_id)
