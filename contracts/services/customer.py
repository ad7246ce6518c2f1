"""Only what the customer, or staff for it, does with a delivered or waiting contract."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contracts.actors import Actor
from contracts.models import Contract, Segment
from contracts.pricing import HOUR, NetPrice
from contracts.queries import cancel_fault, cancel_preview, extension_refusal
from contracts.services.move import lock, move
from contracts.states import ActorKind, Fault, State
from core import clock
from core.errors import Refused
from core.formats import money
from core.outbox import emit


def confirm(contract_id: int, actor: Actor) -> Contract:
    """The customer says that it works. Emits ``contract.activated``."""
    return move(contract_id, "activate", actor)


def cancel(
    contract_id: int,
    actor: Actor,
    reason: str = "",
    *,
    expected_refund_minor: int | None = None,
) -> Contract:
    """End a contract early; what is unused goes back (before delivery: everything).

    A provider that leaves does so at its own fault. `expected_refund_minor` is the net refund that the
    person saw: if less would come back now, it is refused with the new figure. Staff must give a reason.
    Emits ``contract.cancelled``.
    """
    return _end(contract_id, actor, reason, cancel_fault(actor.kind), expected_refund_minor)


def report_not_as_described(contract_id: int, actor: Actor, reason: str) -> Contract:
    """Leave during the check because it is not what was offered: the provider's fault.

    The set-up fee is prorated too. A reason is required; the provider and staff read it.
    """
    if not reason.strip():
        raise Refused(_("Say what differs from the offering."), code="required", field="reason")
    if actor.kind != ActorKind.CUSTOMER:
        raise Refused(_("This is the customer’s to say."), code="not_yours")
    with transaction.atomic():
        if lock(contract_id).state != State.PROVISIONED:
            raise Refused(_("This is possible only until you confirmed the delivery."), code="not_possible")
        return _end(contract_id, actor, reason, Fault.PROVIDER, None)


def cancel_in_full(contract_id: int, actor: Actor, reason: str) -> Contract:
    """Staff ends a contract and gives everything back, whatever was used."""
    return _end(contract_id, actor, reason, Fault.GOODWILL, None)


def _end(contract_id: int, actor: Actor, reason: str, fault: Fault, expected_refund_minor: int | None) -> Contract:
    reason = reason.strip()
    if len(reason) > 500:
        raise Refused(_("Keep the reason under 500 characters."), code="too_long", field="reason")
    if actor.kind == ActorKind.STAFF and not reason:
        raise Refused(_("Staff gives a reason for a cancellation."), code="required", field="reason")

    def prepare(contract: Contract, now: datetime) -> dict[str, Any]:
        preview = cancel_preview(contract, now, fault)
        if expected_refund_minor is not None and preview.refund_minor < expected_refund_minor:
            raise Refused(
                _("Time has passed: %(amount)s before VAT would come back now.") % {"amount": money(preview.refund)},
                code="preview_changed",
                data={"refund_minor": preview.refund_minor},
            )
        return {}

    return move(contract_id, "cancel", actor, reason=reason, prepare=prepare, fault=fault)


def extend(contract_id: int, *, hours: int, price: NetPrice, gross_minor: int) -> Segment:
    """Lengthen a running contract by a paid segment; called once its charge is paid, in the transaction of that.

    Raises `Refused` when the contract ended meanwhile: then the money pays for nothing and goes back, and nothing is changed.
    Emits ``contract.extended``.
    """
    contract = lock(contract_id)
    now = clock.now()
    refused = extension_refusal(contract, now)
    if refused is not None:
        raise refused
    segment = Segment.objects.create(
        contract=contract,
        number=contract.segments.count() + 1,
        hours=hours,
        seconds=hours * HOUR,
        setup_fee_minor=price.setup_fee_minor,
        rent_minor=price.rent_minor,
        net_minor=price.net_minor,
        paid_at=now,
    )
    contract.term_seconds += hours * HOUR
    if contract.state == State.ACTIVE:
        contract.deadline_at = contract.ends_at
    contract.save(update_fields=["term_seconds", "deadline_at"])
    emit(
        "contract.extended",
        contract,
        hours=hours,
        gross_minor=gross_minor,
        currency=contract.currency,
        segment=segment.number,
    )
    return segment
