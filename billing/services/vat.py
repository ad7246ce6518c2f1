"""Only questions to VIES: asked once a day for each id, answered while somebody waits or, if that takes too long, in the queue."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import Account
from billing import vies_gateway
from billing.models import VatCheck
from billing.states import VatCheckState
from billing.tax import TaxFacts
from billing.vat_ids import VatId, is_vies_id, split_vat_id
from billing.vat_queries import (
    UNDER_WAY,
    check_state,
    fresh_answer,
    fresh_silence,
    question_under_way,
)
from billing.vies_gateway import ViesAnswer
from core import clock
from core.errors import Refused
from core.http import OutsideError
from core.outbox import emit

# How many ids one account may have asked about in an hour, answers that are known already not counted.
QUESTIONS_AN_HOUR = 60
# How many forgotten questions one sweep asks again: each may take VIES twenty seconds, and a job has sixty.
SWEEP = 2
# Any number, the same in every process: the first half of the lock on a VAT id.
_LOCK = 720_1003


def check_vat_id(vat_id: VatId, account: Account) -> VatCheck:
    """What VIES says of an id, on behalf of an account: known from today, asked now, or pending while the queue asks on.

    Never inside a transaction. Two at once ask once: the second gets a pending check of its own, which the same answer settles.
    Raises `Refused` (too_many_checks). Emits ``vat.check_delayed`` when the answer did not come in time.
    """
    check, is_ours_to_ask = _open(vat_id, account)
    if not is_ours_to_ask:
        return check
    try:
        answer = vies_gateway.ask_quickly(vat_id)
    except OutsideError:
        with transaction.atomic():
            emit("vat.check_delayed", check)
        return check
    _settle(vat_id, answer)
    check.refresh_from_db()
    return check


def with_check(facts: TaxFacts, account: Account) -> TaxFacts:
    """The facts with what VIES says of their id, asked now if need be: never inside a transaction, but for an id that VIES was
    asked about a moment ago. Whoever asks about too many ids gets no answer, and with it no reverse charge."""
    if not needs_check(facts):
        return replace(facts, vat_check="")
    try:
        check_vat_id(split_vat_id(facts.vat_id), account)
    except Refused as refused:
        if refused.code != "too_many_checks":
            raise
    return with_known_check(facts)


def with_known_check(facts: TaxFacts) -> TaxFacts:
    """The facts with what is known of their id; VIES is not asked."""
    if not needs_check(facts):
        return replace(facts, vat_check="")
    return replace(facts, vat_check=check_state(split_vat_id(facts.vat_id)).value)


def needs_check(facts: TaxFacts) -> bool:
    """Whether VIES's word can make a difference: a business with an id that VIES knows the kind of."""
    return facts.is_business and is_vies_id(facts.vat_id)


def ask_vies(check_id: int) -> None:
    """From the queue: ask patiently about a check that is still open, and settle it. A repeat finds it settled."""
    check = VatCheck.objects.get(pk=check_id)
    if check.state != VatCheckState.PENDING:
        return
    vat_id = VatId(check.country, check.number)
    _settle(vat_id, vies_gateway.ask_patiently(vat_id))


def recheck(vat_id: VatId) -> VatCheckState:
    """From the queue: what VIES says of an id now, asked patiently unless it was answered today; kept as a check of nobody's."""
    now = clock.now()
    known = fresh_answer(vat_id, now)
    if known is not None:
        return VatCheckState(known.state)
    _new(vat_id, None, now)
    answer = vies_gateway.ask_patiently(vat_id)
    _settle(vat_id, answer)
    return answer.state


def sweep_vat_checks() -> int:
    """Ask again what somebody asked and was killed over. Returns how many."""
    lost = VatCheck.objects.filter(state=VatCheckState.PENDING, created_at__lte=clock.now() - UNDER_WAY)
    ids = list(lost.order_by("created_at").values_list("pk", flat=True)[:SWEEP])
    for check_id in ids:
        ask_vies(check_id)
    return len(ids)


def _open(vat_id: VatId, account: Account) -> tuple[VatCheck, bool]:
    """A check of the account's own, and whether it is the one to ask for. One at a time for each id."""
    with transaction.atomic():
        _lock(vat_id)
        now = clock.now()
        known = fresh_answer(vat_id, now) or fresh_silence(vat_id, now)
        if known is not None:
            return _own_copy(known, account), False
        under_way = question_under_way(vat_id, now)
        if under_way is not None:
            mine = under_way if under_way.account_id == account.pk else None
            return mine or _new(vat_id, account, now), False
        _refuse_too_many(account, now)
        return _new(vat_id, account, now), True


def _lock(vat_id: VatId) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, str(vat_id)])


def _new(vat_id: VatId, account: Account | None, now: datetime) -> VatCheck:
    return VatCheck.objects.create(
        account=account, country=vat_id.prefix, number=vat_id.number, requester=vies_gateway.requester(), created_at=now
    )


def _own_copy(known: VatCheck, account: Account) -> VatCheck:
    """The same answer as a row of this account: everybody reads only their own checks."""
    if known.account_id == account.pk:
        return known
    kept = {name: getattr(known, name) for name in ("country", "number", "requester", "state", "name", "address", "error")}
    same = {"consultation_number": known.consultation_number, "answered_at": known.answered_at}
    copies = VatCheck.objects.filter(account=account, **kept, **same)
    return copies.first() or VatCheck.objects.create(account=account, created_at=clock.now(), **kept, **same)


def _settle(vat_id: VatId, answer: ViesAnswer) -> None:
    """Write an answer into every open check of an id; one that is answered stays as it is."""
    with transaction.atomic():
        _lock(vat_id)
        for check in VatCheck.objects.filter(country=vat_id.prefix, number=vat_id.number, state=VatCheckState.PENDING):
            check.state = answer.state
            check.name, check.address = answer.name, answer.address
            check.consultation_number, check.error = answer.consultation_number, answer.error
            check.attempts += 1
            check.answered_at = clock.now()
            check.save()


def _refuse_too_many(account: Account, now: datetime) -> None:
    asked = VatCheck.objects.filter(account=account, created_at__gt=now - timedelta(hours=1))
    if asked.count() >= QUESTIONS_AN_HOUR:
        raise Refused(
            _("You have asked about %(count)d VAT ids within an hour. Wait a little.") % {"count": QUESTIONS_AN_HOUR},
            code="too_many_checks",
        )
