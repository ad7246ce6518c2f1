"""Only the provider's moves: answer, set up, deliver, give up."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from contracts.actors import Actor
from contracts.models import Contract, Delivery
from contracts.services.move import lock, move
from contracts.states import ActorKind, State
from core.errors import Refused


def accept(contract_id: int, actor: Actor) -> Contract:
    """Say yes to a paid request. Raises `Refused`; emits ``contract.accepted``."""

    def prepare(contract: Contract, now: datetime) -> dict[str, Any]:
        if contract.paid_at is None:
            raise Refused(_("It is not paid yet."), code="unpaid")
        return {"deadline_at": now + timedelta(hours=settings.PROVISIONING_DEADLINE_HOURS)}

    reason = "rule" if actor.kind == ActorKind.SYSTEM else ""
    return move(contract_id, "accept", actor, reason=reason, prepare=prepare)


def reject(contract_id: int, actor: Actor, reason: str) -> Contract:
    """Say no to a paid request; all of the money goes back. A reason is required and shown."""
    return move(contract_id, "reject", actor, reason=_required(reason))


def start_provisioning(contract_id: int, actor: Actor) -> Contract:
    """Begin to set up an accepted contract; the deadline starts anew."""

    def prepare(_contract: Contract, now: datetime) -> dict[str, Any]:
        return {"deadline_at": now + timedelta(hours=settings.PROVISIONING_DEADLINE_HOURS)}

    return move(contract_id, "start_provisioning", actor, prepare=prepare)


def deliver(
    contract_id: int,
    actor: Actor,
    *,
    login: str,
    ipv4: str | None = None,
    ipv6: str | None = None,
    port: int | None = None,
    host_key: str = "",
    console_url: str = "",
    notes: str = "",
) -> Contract:
    """Hand the resource over with what is needed to connect; the paid term starts now.

    From `accepted` the start of the set-up is recorded too. Emits ``contract.provisioned``.
    """
    if not login.strip():
        raise Refused(_("Say how the customer logs in."), code="required", field="login")

    def prepare(contract: Contract, now: datetime) -> dict[str, Any]:
        Delivery.objects.create(
            contract=contract,
            login=login.strip(),
            ipv4=ipv4 or None,
            ipv6=ipv6 or None,
            port=port,
            host_key=host_key.strip(),
            console_url=console_url,
            notes=notes.strip(),
            delivered_at=now,
        )
        return {"deadline_at": now + confirmation_time(contract)}

    with transaction.atomic():
        if lock(contract_id).state == State.ACCEPTED:
            start_provisioning(contract_id, actor)
        return move(contract_id, "deliver", actor, prepare=prepare)


def confirmation_time(contract: Contract) -> timedelta:
    """How long the customer may check before silence counts as yes: 24 h, or a quarter of a short term."""
    quarter = timedelta(seconds=contract.term_seconds // 4)
    return min(timedelta(hours=settings.CONFIRM_DEADLINE_HOURS), quarter)


def fail_provisioning(contract_id: int, actor: Actor, reason: str) -> Contract:
    """Give up a set-up; all of the money goes back. A reason is required and shown."""
    return move(contract_id, "fail_provisioning", actor, reason=_required(reason))


def _required(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(_("Give a reason; the customer reads it."), code="required", field="reason")
    if len(reason) > 500:
        raise Refused(_("Keep the reason under 500 characters."), code="too_long", field="reason")
    return reason
