"""Only journals: proposed by one member of staff, approved by another, who posts them once; or dropped by either.

What may be moved is a closed list (`JournalKind`), and never more than the ledger has there. It is looked at when a journal is
proposed and again when it is approved, one approval at a time.
"""

from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from billing.journal_postings import journal_approved
from billing.journal_queries import Owed, account_of, debts, provider_id_of, stands_at, tax_owed
from billing.models import Journal
from billing.states import JournalKind, JournalPlace, JournalState, LedgerAccount
from core import clock
from core.currencies import CURRENCIES
from core.errors import Refused
from core.outbox import emit
from core.registry import is_payout_under_way
from core.text import is_storable
from core.tokens import DECIMALS, MOST_UNITS
from providers.models import Provider

# Any number, the same in every process: what one approval moves, the next one finds moved.
_LOCK = 720_1003
OWNER = "platform"


@dataclass(frozen=True)
class Side:
    """One side of a journal: so many of the smallest units on an account."""

    account: LedgerAccount
    owner: str
    currency: str
    amount: int


@dataclass(frozen=True)
class Sum:
    """An amount in the smallest unit of a currency or token of the ledger."""

    amount: int
    currency: str


def propose_tax_payment(owner: str, paid: Sum, out_of_bank: Sum, user: User, *, reference: str, reason: str) -> Journal:
    """VAT of one scheme, country and rate ("local:DE:0.19") was paid to the office; `out_of_bank` left the bank for it, which is
    the same where the office takes that currency. Raises `Refused` as `_propose` does, and different.
    """
    if paid.currency == out_of_bank.currency and paid.amount != out_of_bank.amount:
        raise Refused(_("In one currency as much leaves the bank as is paid."), code="different", field="other_amount")
    return _propose(
        JournalKind.TAX_PAID,
        Side(LedgerAccount.TAX_PAYABLE, owner, paid.currency, paid.amount),
        Side(LedgerAccount.BANK, JournalPlace.BANK.value, out_of_bank.currency, out_of_bank.amount),
        user,
        reference,
        reason,
    )


def propose_write_off(owner: str, debt: Sum, user: User, *, reason: str) -> Journal:
    """What a provider ("provider:12") owes us is given up: our loss. Raises `Refused` as `_propose` does, and under_way.

    Not while money of it is being taken out of an earlier payout: come after that, it would be owed to the provider without any
    release, and no payout could carry it. Nor while a payout is out that may fail: what was given up would be paid with the next.
    """
    return _propose(
        JournalKind.DEBT_WRITTEN_OFF,
        Side(LedgerAccount.LOSSES, owner, debt.currency, debt.amount),
        Side(LedgerAccount.PROVIDER_PAYABLE, owner, debt.currency, debt.amount),
        user,
        "",
        reason,
    )


def propose_funding(place: JournalPlace, paid_in: Sum, user: User, *, reference: str, reason: str) -> Journal:
    """The owner has put money into a place of ours, or it stood there when the books were opened. See `_propose`."""
    return _propose(
        JournalKind.OWNER_PAID_IN,
        Side(account_of(place), place.value, paid_in.currency, paid_in.amount),
        Side(LedgerAccount.OWNER, OWNER, paid_in.currency, paid_in.amount),
        user,
        reference,
        reason,
    )


def propose_transfer(
    source: JournalPlace, left: Sum, target: JournalPlace, arrived: Sum, user: User, *, reference: str, reason: str
) -> Journal:
    """Money of ours went from one place to another; what gateways with a report pay to our bank is told by that. Raises `Refused`
    as `_propose` does, and same_place.
    """
    if source == target and left.currency == arrived.currency:
        raise Refused(_("That is the same place."), code="same_place", field="target")
    if left.currency == arrived.currency and arrived.amount > left.amount:
        raise Refused(_("No more arrives than has left."), code="different", field="other_amount")
    return _propose(
        JournalKind.MOVED,
        Side(account_of(target), target.value, arrived.currency, arrived.amount),
        Side(account_of(source), source.value, left.currency, left.amount),
        user,
        reference,
        reason,
    )


def _propose(kind: JournalKind, into: Side, out_of: Side, user: User, reference: str, reason: str) -> Journal:
    """Raises `Refused`: required (reference, reason), bad_currency, bad_amount, too_much (above what is owed, or there), exists
    (such a one waits), reference_used. Emits ``journal.proposed``.
    """
    reference = _tidy(reference, 120, "reference", needed=kind != JournalKind.DEBT_WRITTEN_OFF)
    reason = _tidy(reason, 500, "reason", needed=True)
    for side in (into, out_of):
        if side.currency not in CURRENCIES and side.currency not in DECIMALS:
            raise Refused(_("There is no such currency or token here."), code="bad_currency", field="currency")
        step = CURRENCIES[side.currency].step if side.currency in CURRENCIES else 1
        if not 0 < side.amount <= MOST_UNITS or side.amount % step:
            raise Refused(_("Give an amount above zero."), code="bad_amount", field="amount")
    journal = Journal(
        kind=kind,
        debit_account=into.account,
        debit_owner=into.owner,
        debit_currency=into.currency,
        debit_amount=into.amount,
        credit_account=out_of.account,
        credit_owner=out_of.owner,
        credit_currency=out_of.currency,
        credit_amount=out_of.amount,
        reference=reference,
        reason=reason,
        proposed_by=user,
        proposed_at=clock.now(),
    )
    with transaction.atomic():
        refuse_too_much(journal)
        _save_once(journal)
        _tell("proposed", journal, user)
    return journal


def approve_journal(journal_id: int, user: User) -> Journal:
    """Post what somebody else has proposed.

    Raises `Refused`: decided (posted or dropped already), own_proposal, too_much, under_way. Emits ``journal.approved``.
    """
    with transaction.atomic():
        _one_at_a_time()
        journal = _open_one(journal_id)
        if journal.proposed_by_id == user.pk:
            raise Refused(_("You have proposed it yourself: a second person has to approve it."), code="own_proposal")
        if journal.kind == JournalKind.DEBT_WRITTEN_OFF:
            # Nobody begins to take the debt back meanwhile.
            Provider.objects.select_for_update(no_key=True).get(pk=provider_id_of(journal.credit_owner))
        refuse_too_much(journal)
        journal.approved_by, journal.approved_at = user, clock.now()
        journal.save(update_fields=["approved_by", "approved_at"])
        journal_approved(journal)
        _tell("approved", journal, user)
    return journal


def drop_journal(journal_id: int, user: User) -> Journal:
    """Leave it: nothing is posted. Raises `Refused` (decided). Emits ``journal.dropped``."""
    with transaction.atomic():
        journal = _open_one(journal_id)
        journal.dropped_by, journal.dropped_at = user, clock.now()
        journal.save(update_fields=["dropped_by", "dropped_at"])
        _tell("dropped", journal, user)
    return journal


def refuse_too_much(journal: Journal) -> None:
    """Raises `Refused` (too_much) where more is moved than the ledger has: VAT that is owed, a debt, what is at a gateway; and
    under_way for a debt that is being taken out of an earlier payout, or beside a payout that has not arrived.

    The bank's own statement says what is there; the owner's pocket is its own.
    """
    if journal.kind == JournalKind.TAX_PAID:
        most = _of(tax_owed(), journal.debit_owner, journal.debit_currency)
        _refuse_above(int(journal.debit_amount), most, _("So much VAT is not owed to this office: write down at most what is."))
    elif journal.kind == JournalKind.DEBT_WRITTEN_OFF:
        most = _of(debts(), journal.credit_owner, journal.credit_currency)
        _refuse_above(int(journal.credit_amount), most, _("The provider does not owe so much: write off at most what it owes."))
        if is_payout_under_way(provider_id_of(journal.credit_owner), journal.credit_currency):
            raise Refused(
                _("A payout of the provider, or money of one, is on its way. Write off what is still owed when it has arrived."),
                code="under_way",
            )
    elif journal.credit_account == LedgerAccount.GATEWAY_BALANCE:
        most = stands_at(JournalPlace(journal.credit_owner), journal.credit_currency)
        _refuse_above(int(journal.credit_amount), most, _("The ledger does not have so much there."))


def _of(found: list[Owed], owner: str, currency: str) -> int:
    return sum(row.amount for row in found if (row.owner, row.currency) == (owner, currency))


def _refuse_above(amount: int, most: int, reason: str) -> None:
    if amount > most:
        raise Refused(reason, code="too_much", field="amount", data={"most": str(most)})


def _open_one(journal_id: int) -> Journal:
    journal = Journal.objects.select_for_update(of=("self",)).get(pk=journal_id)
    if journal.state != JournalState.PROPOSED:
        raise Refused(_("Somebody has decided it already."), code="decided")
    return journal


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _save_once(journal: Journal) -> None:
    """A savepoint, so that a refusal leaves the connection usable."""
    try:
        with transaction.atomic():
            journal.save()
    except IntegrityError as error:
        if "journal_reference_once" in str(error):
            raise Refused(
                _("This reference stands in another journal already."), code="reference_used", field="reference"
            ) from error
        if "journal_one_open" not in str(error):
            raise
        raise Refused(_("Such a journal waits for its approval already: decide about it first."), code="exists") from error


def _tidy(text: str, longest: int, field: str, *, needed: bool) -> str:
    text = " ".join(text.split())
    if (needed and not text) or len(text) > longest or not text.isprintable() or not is_storable(text):
        raise Refused(
            _("Give it on one line of at most %(longest)d characters.") % {"longest": longest}, code="required", field=field
        )
    return text


def _tell(what: str, journal: Journal, user: User) -> None:
    emit(
        f"journal.{what}",
        journal,
        kind=journal.kind,
        debit=f"{journal.debit_account} {journal.debit_owner}",
        debit_amount=str(journal.debit_amount),
        debit_currency=journal.debit_currency,
        credit=f"{journal.credit_account} {journal.credit_owner}",
        credit_amount=str(journal.credit_amount),
        credit_currency=journal.credit_currency,
        reference=journal.reference,
        reason=journal.reason,
        actor_kind="staff",
        actor=user.pk,
    )
