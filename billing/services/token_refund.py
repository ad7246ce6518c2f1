"""Only refunds in tokens that a person pays: handed over to staff, asked the customer's address for, and written down as sent."""

from datetime import timedelta
from decimal import Decimal, InvalidOperation

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing import token_postings
from billing.gateways import brand_of, gateway
from billing.models import Refund
from billing.services.refund import refuse_while_disputed, tell_of_refund
from billing.services.refund_news import confirm, lock_refund
from billing.services.task import open_task
from billing.states import RefundState, TaskKind
from billing.tokens_back import TokensBack, tokens_back
from core import clock
from core.errors import Refused
from core.formats import money

# What a person may have sent: decided and handed over, or tried by the gateway in vain.
BY_HAND = (RefundState.MANUAL, RefundState.FAILED)
# Half of its column, for the token's name stands before it.
LONGEST_REFERENCE = 80
SLOW = timedelta(days=1)


def goes_by_hand(refund: Refund) -> bool:
    """Whether the refund's gateway does not send it by itself."""
    return not gateway(refund.payment.gateway).refunds_by_itself(refund)


def hand_over(refund: Refund) -> None:
    """Give a locked refund that its gateway does not send to staff: a task, and word to the customer.

    Emits ``refund.handed_over``.
    """
    refund.hand_over()
    refund.save()
    back = tokens_back(refund)
    tokens = back.amount.text if back is not None else money(refund.amount)
    open_task(
        f"refund:{refund.pk}",
        TaskKind.REFUND_IN_TOKENS,
        _("%(tokens)s (%(amount)s) go back to a customer: send them by hand.") % {"tokens": tokens, "amount": money(refund.amount)},
        contract=refund.contract,
        payment=refund.payment,
    )
    tell_of_refund("refund.handed_over", refund)


def file_slow(refund: Refund) -> None:
    """Tokens that a gateway has been giving back for a day are worth a look there. Its confirmation closes the task."""
    if refund.token_units is None or refund.submitted_at is None or refund.submitted_at > clock.now() - SLOW:
        return
    if Refund.objects.filter(pk=refund.pk, state=RefundState.SUBMITTED).exists():
        open_task(
            f"refund:{refund.pk}",
            TaskKind.REFUND_IN_TOKENS,
            _("%(gateway)s was asked to give back %(amount)s a day ago and has not said that it did: look there.")
            % {"gateway": brand_of(refund.payment.gateway), "amount": money(refund.amount)},
            contract=refund.contract,
            payment=refund.payment,
        )


def pay_refund_in_tokens(refund_id: int, user: User, reference: str, network_fee: str = "") -> None:
    """Staff has sent the tokens to the customer's confirmed address; `reference` is the transaction's, `network_fee` the network's
    fee in the token ("0.0001"), which is ours.

    Raises `Refused`: required and reference_used (field reference), bad_amount (field network_fee), decided, disputed, no_address,
    address_held. Emits ``refund.succeeded`` with who sent it, the reference and the address.
    """
    reference = reference.strip()
    if not reference:
        raise Refused(_("Give the transaction’s reference."), code="required", field="reference")
    if len(reference) > LONGEST_REFERENCE:
        raise Refused(_("Keep the reference under 80 characters."), code="too_long", field="reference")
    with transaction.atomic():
        refund = lock_refund(refund_id)
        back = tokens_back(refund)
        if back is None or refund.state not in BY_HAND:
            raise Refused(_("This refund is not waiting to be paid in tokens."), code="decided")
        refuse_while_disputed(refund.payment)
        address = _usable_address(back)
        fee = _units(network_fee, back)
        if refund.state == RefundState.FAILED:
            refund.hand_over()
        refund.approved_by = user
        refund.reference = f"{back.amount.code}:{reference}"
        _save_once(refund)
        confirm(refund, actor_kind="staff", actor=user.pk, reference=refund.reference, address=address)
        token_postings.refund_paid_in_tokens(refund, back.amount, fee)


def _usable_address(back: TokensBack) -> str:
    if back.address is None:
        raise Refused(
            _("The customer has not confirmed an address for this token yet. It was asked for by mail and on the rental’s page."),
            code="no_address",
        )
    if not back.is_sendable:
        raise Refused(_("The customer has changed the address. Nothing is sent to it before the day is over."), code="address_held")
    return str(back.address.address)


def _units(typed: str, back: TokensBack) -> int:
    """Units of the network's fee as it was typed; nothing typed is none."""
    text = typed.strip()
    if not text:
        return 0
    try:
        units = Decimal(text).scaleb(back.amount.decimals)
    except InvalidOperation:
        units = Decimal(-1)
    if not units.is_finite() or units < 0 or units != units.to_integral_value() or units > back.amount.units:
        raise Refused(
            _("Give the fee in the token, such as 0.0001, with at most %(places)d places, and less than what goes back.")
            % {"places": back.amount.decimals},
            code="bad_amount",
            field="network_fee",
        )
    return int(units)


def _save_once(refund: Refund) -> None:
    """A transaction pays one refund. A savepoint, so that a refusal leaves the connection usable."""
    try:
        with transaction.atomic():
            refund.save()
    except IntegrityError as error:
        if "refund_transfer_once" not in str(error):
            raise
        raise Refused(_("This transaction has paid another refund already."), code="reference_used", field="reference") from error
