"""Only what the system does when nobody acted in time. Run every minute; each contract by itself."""

from datetime import datetime
from typing import Any

from contracts.actors import SYSTEM
from contracts.models import Contract
from contracts.services.move import move, require_due
from contracts.states import State
from core import clock
from core.sweeps import each

BATCH = 500


def work_deadlines() -> int:
    """Move every contract whose deadline has passed; returns how many were moved.

    Unpaid orders are left to billing, which must close the gateway's page first. Safe to run twice at
    once and to be killed at any line: each contract is looked at again under its lock. One that cannot be moved
    holds up no other; its error is raised at the end.
    """
    due = (
        Contract.objects.filter(deadline_at__lte=clock.now(), paid_at__isnull=False)
        .order_by("deadline_at", "id")
        .values_list("pk", flat=True)
    )
    return each(list(due[:BATCH]), work_deadline)


def work_deadline(contract_id: int) -> Contract:
    """Do for one contract what its passed deadline asks for; raises `Refused` when it has none."""
    state = Contract.objects.values_list("state", flat=True).get(pk=contract_id)
    if state == State.REQUESTED:
        return move(contract_id, "expire", SYSTEM, reason="unanswered", prepare=_due)
    if state in {State.ACCEPTED, State.PROVISIONING}:
        return move(contract_id, "fail_provisioning", SYSTEM, reason="deadline", prepare=_due)
    if state == State.PROVISIONED:
        contract = Contract.objects.get(pk=contract_id)
        ended = contract.ends_at is not None and contract.ends_at <= clock.now()
        return move(contract_id, "complete" if ended else "activate", SYSTEM, reason="silence", prepare=_due)
    if state == State.ACTIVE:
        return move(contract_id, "complete", SYSTEM, reason="term end", prepare=_due)
    return move(contract_id, "cancel", SYSTEM, reason="suspended too long", prepare=_due)


def _due(contract: Contract, now: datetime) -> dict[str, Any]:
    require_due(contract, now)
    return {}
