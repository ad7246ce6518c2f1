"""Only reads of what VIES has said: how fresh an answer is, and what is known of an id now."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account
from billing.models import VatCheck
from billing.states import VatCheckState
from billing.vat_ids import VatId
from billing.vies_gateway import requester
from core import clock

# An answer about an id stands for a day; that VIES did not answer, for a minute.
FRESH = timedelta(days=1)
FRESH_SILENCE = timedelta(minutes=1)
# A question that is open for longer than the slowest answer takes has lost whoever asked it.
UNDER_WAY = timedelta(minutes=2)
ANSWERS = (VatCheckState.VALID, VatCheckState.INVALID)


def checks_of(vat_id: VatId) -> QuerySet[VatCheck]:
    """All questions about an id, whoever asked."""
    return VatCheck.objects.filter(country=vat_id.prefix, number=vat_id.number)


def fresh_answer(vat_id: VatId, now: datetime) -> VatCheck | None:
    """The newest "valid" or "invalid" that may still be relied on; what another requester was told proves nothing for us."""
    answered = checks_of(vat_id).filter(state__in=ANSWERS, requester=requester(), answered_at__gt=now - FRESH, answered_at__lte=now)
    return answered.order_by("-answered_at").first()


def last_answer(vat_id: VatId) -> VatCheck | None:
    """The newest "valid" or "invalid", however old: to show with its time, never to decide by."""
    return checks_of(vat_id).filter(state__in=ANSWERS).order_by("-answered_at").first()


def fresh_silence(vat_id: VatId, now: datetime) -> VatCheck | None:
    """That VIES did not answer a moment ago: asking again at once is pointless."""
    silent = checks_of(vat_id).filter(state=VatCheckState.UNAVAILABLE, answered_at__gt=now - FRESH_SILENCE)
    return silent.order_by("-answered_at").first()


def question_under_way(vat_id: VatId, now: datetime) -> VatCheck | None:
    """A question that somebody waits for an answer to."""
    return checks_of(vat_id).filter(state=VatCheckState.PENDING, created_at__gt=now - UNDER_WAY).order_by("created_at").first()


def check_state(vat_id: VatId) -> VatCheckState:
    """What may be relied on now: valid, invalid, pending, or else unavailable, an id that nobody asked about included."""
    now = clock.now()
    answer = fresh_answer(vat_id, now)
    if answer is not None:
        return VatCheckState(answer.state)
    return VatCheckState.PENDING if question_under_way(vat_id, now) else VatCheckState.UNAVAILABLE


def own_check(account: Account, public_id: UUID) -> VatCheck | None:
    """A question of this account; None for a stranger's."""
    return VatCheck.objects.filter(account=account, public_id=public_id).first()


def check_to_show(vat_id: VatId, account: Account) -> VatCheck | None:
    """The account's newest question about an id; None when it never asked."""
    return checks_of(vat_id).filter(account=account).order_by("-created_at", "-pk").first()
