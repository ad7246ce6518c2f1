"""Only staff's list: what a person must look at, filed once and closed by somebody."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from billing.models import Payment, StaffTask
from billing.states import TaskKind
from contracts.models import Contract
from core import clock
from core.errors import Refused


def open_task(
    key: str,
    kind: TaskKind,
    text: str,
    *,
    contract: Contract | None = None,
    payment: Payment | None = None,
    due_at: datetime | None = None,
) -> None:
    """File a worry once; the same `key` again changes nothing."""
    task = StaffTask(key=key, kind=kind, text=text, contract=contract, payment=payment, opened_at=clock.now(), due_at=due_at)
    StaffTask.objects.bulk_create([task], ignore_conflicts=True)


def reopen_task(key: str, kind: TaskKind, text: str) -> None:
    """File a worry that comes and goes: one that was struck off before is open again."""
    open_task(key, kind, text)
    StaffTask.objects.filter(key=key, closed_at__isnull=False).update(
        text=text, opened_at=clock.now(), closed_at=None, closed_by=None
    )


def postpone_task(key: str, due_at: datetime | None) -> None:
    """An open task is due at another moment now."""
    StaffTask.objects.filter(key=key, closed_at=None).update(due_at=due_at)


def close_task(key: str, user: User | None) -> None:
    """Strike it off, if it is open; `user` is None when it settled itself."""
    StaffTask.objects.filter(key=key, closed_at=None).update(closed_at=clock.now(), closed_by=user)


def close_task_by_hand(task_id: int, user: User) -> None:
    """Staff says it is done. Raises `Refused` when somebody said so before."""
    closed = StaffTask.objects.filter(pk=task_id, closed_at=None).update(closed_at=clock.now(), closed_by=user)
    if not closed:
        raise Refused(_("Somebody has closed this already."), code="decided")
