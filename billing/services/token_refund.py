"""Only refunds in tokens that a person pays: handed over to staff, their address frozen when one begins, written down as sent."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing import token_postings
from billing.address_queries import address_state
from billing.gateways import brand_of, gateway
from billing.models import Refund, RefundAddress
from billing.services.refund import refuse_while_disputed, required_reason, tell_of_refund
from billing.services.refund_news import confirm, lock_refund
from billing.services.task import open_task
from billing.states import AddressState, RefundState, TaskKind
from billing.tokens_back import TokensBack, tokens_back
from core import clock
from core.errors import Refused
from core.formats import money
from core.tokens import MOST_UNITS, parse_units

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

    One that is less than the smallest unit of its token asks nobody: see `_end_without_tokens`. Emits ``refund.handed_over``, or
    ``refund.succeeded``.
    """
    refund.hand_over()
    back = tokens_back(refund)
    if back is not None and not back.amount.units:
        _end_without_tokens(refund, back)
        return
    refund.save()
    tokens = back.amount.text if back is not None else money(refund.amount)
    open_task(
        f"refund:{refund.pk}",
        TaskKind.REFUND_IN_TOKENS,
        _("%(tokens)s (%(amount)s) go back to a customer: send them by hand.") % {"tokens": tokens, "amount": money(refund.amount)},
        contract=refund.contract,
        payment=refund.payment,
    )
    tell_of_refund("refund.handed_over", refund)


def _end_without_tokens(refund: Refund, back: TokensBack) -> None:
    """By running totals nothing can be sent for it yet, and nothing ever for it alone: its part of a unit comes with the refund
    that fills the unit. It is no more owed in money; the bridge `fx` holds its amount until then.
    """
    confirm(refund)
    token_postings.refund_paid_in_tokens(refund, back.amount, 0)


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


def begin_refund_in_tokens(refund_id: int, user: User, address_id: int | None) -> None:
    """Staff is about to send the tokens to the address that its page has shown (`address_id`): it is frozen with the refund,
    whatever the customer changes later, and nobody else begins.

    Raises `Refused`: decided, begun, disputed, no_address, address_held, address_changed (the page has shown another one). Emits
    ``refund.begun`` with who sends it and the address.
    """
    with transaction.atomic():
        refund, back = _lock_owed(refund_id)
        if back.is_begun:
            raise Refused(_("Somebody has begun to send it already. See its history."), code="begun")
        refuse_while_disputed(refund.payment)
        address = _usable_address(back)
        if address.pk != address_id:
            raise Refused(
                _("The customer has confirmed another address since this page was opened. Nothing is to be sent to the old one."),
                code="address_changed",
            )
        refund.sent_to = address
        refund.save()
        tell_of_refund("refund.begun", refund, actor_kind="staff", actor=user.pk, address=address.address)


def stop_refund_in_tokens(refund_id: int, user: User, reason: str) -> None:
    """Staff has begun and sent nothing: whoever begins next sends to the address that stands then.

    Raises `Refused`: required and too_long (field reason), decided, not_begun. Emits ``refund.stopped`` with who says so, and why.
    """
    reason = required_reason(reason)
    with transaction.atomic():
        refund, back = _lock_owed(refund_id)
        _refuse_unless_begun(back)
        refund.sent_to = None
        refund.save()
        tell_of_refund("refund.stopped", refund, actor_kind="staff", actor=user.pk, reason=reason)


def pay_refund_in_tokens(refund_id: int, user: User, reference: str, network_fee: str = "") -> None:
    """Staff has sent the tokens to the address that was frozen when it began; `reference` is the transaction's, `network_fee` the
    network's fee in whole tokens ("0.0001"), which is ours.

    Raises `Refused`: required and reference_used (field reference), bad_amount (field network_fee), decided, not_begun, disputed.
    Emits ``refund.succeeded`` with who sent it, the reference and the address.
    """
    reference = reference.strip()
    if not reference:
        raise Refused(_("Give the transaction’s reference."), code="required", field="reference")
    if len(reference) > LONGEST_REFERENCE:
        raise Refused(_("Keep the reference under 80 characters."), code="too_long", field="reference")
    with transaction.atomic():
        refund, back = _lock_owed(refund_id)
        address = _refuse_unless_begun(back)
        refuse_while_disputed(refund.payment)
        fee = _units(network_fee, back)
        if refund.state == RefundState.FAILED:
            refund.hand_over()
        refund.paid_by = user
        refund.reference = f"{back.amount.code}:{reference}"
        _save_once(refund)
        confirm(refund, actor_kind="staff", actor=user.pk, reference=refund.reference, address=address.address)
        token_postings.refund_paid_in_tokens(refund, back.amount, fee)


def _lock_owed(refund_id: int) -> tuple[Refund, TokensBack]:
    """A refund that a person may send, locked. Raises `Refused` (decided) for any other."""
    refund = lock_refund(refund_id)
    back = tokens_back(refund)
    if back is None or refund.state not in BY_HAND:
        raise Refused(_("This refund is not waiting to be paid in tokens."), code="decided")
    return refund, back


def _refuse_unless_begun(back: TokensBack) -> RefundAddress:
    """The frozen address. Raises `Refused` (not_begun) while there is none."""
    if back.address is None or not back.is_begun:
        raise Refused(_("Nobody has begun to send it: begin first, and its address stands still."), code="not_begun")
    return back.address


def _usable_address(back: TokensBack) -> RefundAddress:
    """The customer's address, locked, so that a change comes before or after. Raises `Refused`: no_address, address_held."""
    found = None if back.address is None else RefundAddress.objects.select_for_update(of=("self",)).get(pk=back.address.pk)
    state = None if found is None else address_state(found, clock.now())
    if found is None or state == AddressState.REMOVED:
        raise Refused(
            _("The customer has not confirmed an address for this token yet. It was asked for by mail and on the rental’s page."),
            code="no_address",
        )
    if state != AddressState.USABLE:
        raise Refused(_("The customer has changed the address. Nothing is sent to it before the day is over."), code="address_held")
    return found


def _units(typed: str, back: TokensBack) -> int:
    """Units of the network's fee as it was typed; nothing typed is none."""
    text = typed.strip()
    if not text:
        return 0
    try:
        units = parse_units(text, back.amount.decimals)
    except ValueError:
        units = MOST_UNITS
    if units > back.amount.units:
        raise Refused(
            _("Give the fee in whole tokens, such as 0.0001, with at most %(places)d places, and less than what goes back.")
            % {"places": back.amount.decimals},
            code="bad_amount",
            field="network_fee",
        )
    return units


def _save_once(refund: Refund) -> None:
    """A transaction pays one refund. A savepoint, so that a refusal leaves the connection usable."""
    try:
        with transaction.atomic():
            refund.save()
    except IntegrityError as error:
        if "refund_transfer_once" not in str(error):
            raise
        raise Refused(_("This transaction has paid another refund already."), code="reference_used", field="reference") from error
