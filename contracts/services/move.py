"""Only the door: the one place where a contract changes its state.

Lock the row, look again, make the transition, save, append history, emit, all in one transaction, with
one `now` taken under the lock. Views, tasks, webhooks, admin and agent all come through here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from contracts.actors import Actor
from contracts.models import Contract, Move, Settlement
from contracts.queries import divide, refusal
from contracts.states import Fault, State
from core import clock
from core.errors import Refused
from core.outbox import emit
from core.written import locked
from providers.services import release_hold

# What is told when a contract has arrived in a state.
EVENTS = {
    State.ACCEPTED: "contract.accepted",
    State.REJECTED: "contract.rejected",
    State.EXPIRED: "contract.expired",
    State.PROVISIONING: "contract.provisioning_started",
    State.PROVISIONED: "contract.provisioned",
    State.PROVISIONING_FAILED: "contract.provisioning_failed",
    State.ACTIVE: "contract.activated",
    State.SUSPENDED: "contract.suspended",
    State.COMPLETED: "contract.completed",
    State.CANCELLED: "contract.cancelled",
}

Prepare = Callable[[Contract, datetime], dict[str, Any]]


def lock(contract_id: int) -> Contract:
    """The contract's row, locked until the transaction ends and freshly read.

    Never by `refresh_from_db`: a protected state field would refuse it.
    """
    return locked(Contract, contract_id)


def move(
    contract_id: int,
    name: str,
    actor: Actor,
    *,
    reason: str = "",
    prepare: Prepare | None = None,
    fault: Fault = Fault.NOBODY,
    lost: Mapping[int, int] | None = None,
) -> Contract:
    """Make the transition `name` as `actor`; `prepare` adds what this move needs, under the lock.

    A final move settles every paid segment and gives the stock back. `lost` is the net that a bank
    took for good, by segment id. Raises `Refused` when the move does not exist here, is not this actor's, or is too
    late; nothing is changed then. Emits ``contract.<state>`` (``contract.resumed`` after a suspension).
    """
    with transaction.atomic():
        contract = lock(contract_id)
        now = clock.now()
        refused = refusal(contract, name, actor.kind, now)
        if refused is not None:
            raise refused
        details = prepare(contract, now) if prepare else {}
        before = State(contract.state)
        getattr(contract, name)(now, **details)
        if contract.is_final:
            contract.ended_by = actor.kind
            contract.end_reason = reason
            contract.fault = fault
            _settle(contract, now, fault, lost)
            release_hold(contract.hold)
        contract.save()
        Move.objects.create(
            contract=contract,
            from_state=before,
            to_state=contract.state,
            actor_kind=actor.kind,
            actor_id=actor.user_id,
            at=now,
            reason=reason,
        )
        resumed = before == State.SUSPENDED and not contract.is_final
        emit(
            "contract.resumed" if resumed else EVENTS[State(contract.state)],
            contract,
            actor_kind=actor.kind.value,
            actor=actor.user_id,
            reason=reason,
            paid=contract.paid_at is not None,
        )
    return contract


def _settle(contract: Contract, now: datetime, fault: Fault, lost: Mapping[int, int] | None) -> None:
    paid = list(contract.segments.filter(paid_at__isnull=False))
    Settlement.objects.bulk_create(
        Settlement(
            segment=segment,
            at=now,
            used_seconds=share.used_seconds,
            earned_minor=share.earned_minor,
            refund_minor=share.refund_minor,
            lost_minor=share.lost_minor,
        )
        for segment, share in divide(contract, paid, now, fault, lost)
    )


def require_due(contract: Contract, now: datetime) -> None:
    """Look again under the lock whether the deadline still stands; it may have been moved or answered."""
    if contract.deadline_at is None or contract.deadline_at > now:
        raise Refused(_("The deadline has not passed."), code="not_due")


def count_dispute(contract: Contract, change: int) -> None:
    """Add or take away one open dispute on a locked contract."""
    Contract.objects.filter(pk=contract.pk).update(disputes_open=F("disputes_open") + change)
    contract.disputes_open += change
