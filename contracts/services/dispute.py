"""Only pauses: payment disputes, told from billing, and staff's own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from contracts.actors import SYSTEM, Actor
from contracts.models import Contract
from contracts.services.move import count_dispute, lock, move
from contracts.services.provider import confirmation_time
from contracts.states import BEFORE_DELIVERY, Fault, State, SuspendedFor
from core import clock
from core.errors import Refused


def open_dispute(contract_id: int) -> Contract:
    """A bank has taken back money of this contract until it decides.

    A running contract is suspended; before delivery "paid" is withdrawn: nothing is set up and the
    deadlines stop; a contract that has ended keeps its state. Must be called once per dispute.
    """
    with transaction.atomic():
        contract = lock(contract_id)
        count_dispute(contract, 1)
        if contract.state in {State.PROVISIONED, State.ACTIVE}:
            return move(contract_id, "suspend", SYSTEM, reason="dispute", prepare=_suspension(SuspendedFor.DISPUTE))
        if contract.state in BEFORE_DELIVERY:
            contract.deadline_at = None
            contract.save(update_fields=["deadline_at"])
        return contract


def close_dispute_won(contract_id: int) -> Contract:
    """The bank gave the money back: with no other dispute open, the clock goes on."""
    with transaction.atomic():
        contract = lock(contract_id)
        count_dispute(contract, -1)
        if contract.is_disputed or contract.is_final:
            return contract
        if contract.state == State.SUSPENDED:
            if contract.suspended_for == SuspendedFor.DISPUTE:
                return _resume(contract, SYSTEM, "dispute won")
            return contract
        answer = timedelta(hours=settings.ANSWER_DEADLINE_HOURS)
        setup = timedelta(hours=settings.PROVISIONING_DEADLINE_HOURS)
        contract.deadline_at = clock.now() + (answer if contract.state == State.REQUESTED else setup)
        contract.save(update_fields=["deadline_at"])
        return contract


def close_dispute_lost(contract_id: int, lost: Mapping[int, int]) -> Contract:
    """The bank keeps the money (`lost`: net by segment id): a contract that still stands is cancelled."""
    with transaction.atomic():
        contract = lock(contract_id)
        count_dispute(contract, -1)
        if contract.is_final:
            return contract
        return move(
            contract_id,
            "cancel",
            SYSTEM,
            reason="dispute lost",
            fault=Fault.LOST_DISPUTE,
            lost=lost,
        )


def suspend(contract_id: int, actor: Actor, reason: str) -> Contract:
    """Staff stops a delivered contract; the clock stands. A reason is required."""
    if not reason.strip():
        raise Refused(_("Staff gives a reason for a pause."), code="required", field="reason")
    return move(contract_id, "suspend", actor, reason=reason.strip(), prepare=_suspension(SuspendedFor.STAFF))


def resume(contract_id: int, actor: Actor, reason: str = "") -> Contract:
    """Staff lets a contract go on; refused while a bank has not decided."""
    with transaction.atomic():
        contract = lock(contract_id)
        if contract.state != State.SUSPENDED:
            raise Refused(_("It is not paused."), code="not_possible")
        return _resume(contract, actor, reason.strip())


def _suspension(suspended_for: SuspendedFor) -> Any:
    def prepare(_contract: Contract, now: datetime) -> dict[str, Any]:
        limit = timedelta(days=settings.SUSPENSION_LIMIT_DAYS)
        return {"deadline_at": now + limit, "suspended_for": suspended_for}

    return prepare


def _resume(contract: Contract, actor: Actor, reason: str) -> Contract:
    if contract.state_before == State.ACTIVE:
        return move(contract.pk, "resume_to_active", actor, reason=reason)

    def prepare(contract: Contract, now: datetime) -> dict[str, Any]:
        return {"deadline_at": now + confirmation_time(contract)}

    return move(contract.pk, "resume_to_provisioned", actor, reason=reason, prepare=prepare)
