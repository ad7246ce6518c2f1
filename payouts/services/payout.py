"""Only the way of a payout: proposed, approved, sent, settled; or undone, which makes its releases pending again.

Each verb locks the provider and the payout, looks again, acts, posts and emits in one transaction. A verb without a user is done by
a rail: the caller commits it before anything is called outside.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Subquery, Sum
from django.utils.translation import gettext as _

from accounts.models import User
from billing.ledger import Line
from billing.models import LedgerLine
from billing.payout_postings import payout_failed, payout_sent
from billing.states import LedgerAccount
from core import clock
from core.errors import Refused
from core.formats import minor
from core.money import MAX_MINOR
from core.outbox import Json, emit
from payouts.exports import file_of
from payouts.models import Payout, PayoutExport, PayoutItem, PayoutMethod, Release
from payouts.pending import (
    IS_DISPUTED,
    IS_IN_PAYOUT,
    IS_SUSPENDED,
    Figures,
    circumstances,
    held_back,
    pending_releases,
)
from payouts.rails import rail_for
from payouts.services.locking import lock_payout, lock_payouts, lock_provider, look_again, refuse_other_rails, require_state
from payouts.settling import Paid, checked, checked_return, post_returned, post_settled
from payouts.states import UNSENT, ExportFormat, Hold, PayoutState, Rail
from payouts.transfers import refuse_partly_back, refuse_while_out
from providers.models import Provider

# Of a method, what a payout keeps.
FROZEN = ("kind", "holder", "iban", "bic", "address", "network")
LONGEST_REASON = 500


# Decided ------------------------------------------------------------------------------------------------------------------------


def propose_payout(provider_id: int, currency: str, user: User, *, expected_minor: int | None = None) -> Payout:
    """Propose to pay the pending releases of a provider in a currency, to where it is paid now: all but those of rentals that are
    disputed or paused.

    `expected_minor` is what whoever asks has seen. Raises `Refused` with a `Hold` as its code, or no_provider, nothing_pending,
    amount_changed (`data` has the new figure), too_much. Emits ``payout.proposed``.
    """
    with transaction.atomic():
        provider = lock_provider(provider_id)
        releases, figures = _snapshot(provider, currency)
        around = circumstances(provider.pk)
        hold = around.hold((provider.pk, currency), figures)
        if not releases and figures.reason is None and not figures.has_unsent:
            raise Refused(_("Nothing is pending for %(provider)s.") % {"provider": provider.name}, code="nothing_pending")
        if hold is not None:
            raise held_back(hold, figures, currency)
        _check_amount(figures.payable_minor, currency, expected_minor)
        method = around.methods[provider.pk, currency]
        payout = Payout.objects.create(
            provider=provider,
            currency=currency,
            method=method,
            rail=rail_for(method, currency),
            destination=_frozen(method),
            released_minor=figures.released_minor,
            recovered_minor=figures.recovered_minor,
            amount_minor=figures.payable_minor,
            proposed_by=user,
            proposed_at=clock.now(),
        )
        PayoutItem.objects.bulk_create((PayoutItem(payout=payout, release_id=pk) for pk in releases), batch_size=5_000)
        _tell("payout.proposed", payout, user)
    return payout


def propose_payouts(user: User) -> list[Payout]:
    """Propose all that nothing holds back, each by itself. What somebody else was faster with, or is held by now, is left out."""
    proposed = []
    for row in pending_releases():
        if row.hold is None:
            try:
                proposed.append(propose_payout(row.provider.pk, row.currency, user))
            except Refused:
                continue
    return proposed


def approve_payout(payout_id: int, user: User) -> Payout:
    """Let a payout go: by somebody else than who proposed it, where the settings ask for a second person.

    Raises `Refused`: own_proposal, wrong_state, paid, and what `look_again` says. Emits ``payout.approved``.
    """
    with transaction.atomic():
        payout = lock_payout(payout_id)
        require_state(payout, PayoutState.PROPOSED)
        if settings.PAYOUT_SECOND_PERSON and payout.proposed_by_id == user.pk:
            raise Refused(_("You have proposed it yourself: a second person has to approve it."), code="own_proposal")
        look_again(payout)
        payout.approve(clock.now(), user.pk)
        payout.save()
        _tell("payout.approved", payout, user)
    return payout


# Sent ---------------------------------------------------------------------------------------------------------------------------


def send_payout(payout_id: int, user: User | None = None) -> Payout:
    """It is being paid: by a rail (no user), or by the member of staff who pays it without a file. Looks again before.

    Commit it before anything outside is called. Raises `Refused`: needs_approval, wrong_state, paid, other_rail (staff, where it
    leaves by itself), and what `look_again` says. Posts payout_sent; emits ``payout.sent``.
    """
    with transaction.atomic():
        payout = lock_payout(payout_id)
        if user is not None:
            refuse_other_rails([payout], Rail.MANUAL)
        _send(payout, clock.now(), user)
    return payout


def export_payouts(payout_ids: Iterable[int], file_format: ExportFormat, user: User) -> PayoutExport:
    """Make the file that staff takes to where it pays, and send all that is in it: all of them, or none.

    Raises `Refused` as `send_payout` does, and what the format says: bad_format, too_many, no_debtor, bad_holder. Posts payout_sent
    and emits ``payout.sent`` for each.
    """
    with transaction.atomic():
        payouts = lock_payouts(payout_ids)
        refuse_other_rails(payouts, Rail.MANUAL)
        for payout in payouts:
            require_state(payout, PayoutState.APPROVED)
        now, public_id = clock.now(), uuid4()
        content = file_of(file_format, public_id, payouts, now)
        export = PayoutExport.objects.create(
            public_id=public_id,
            format=file_format,
            content=content,
            sha256=sha256(content.encode()).hexdigest(),
            created_by=user,
            created_at=now,
        )
        for payout in payouts:
            payout.export = export
            _send(payout, now, user)
    return export


def _send(payout: Payout, now: datetime, user: User | None) -> None:
    require_state(payout, PayoutState.APPROVED)
    look_again(payout)
    payout.send(now)
    payout.save()
    payout_sent(payout.pk, payout.provider, payout.amount_minor, payout.currency)
    _tell("payout.sent", payout, user, export=str(payout.export) if payout.export else "")


# Settled ------------------------------------------------------------------------------------------------------------------------


def mark_paid(
    payout_id: int,
    user: User,
    *,
    reference: str,
    paid_at: datetime,
    fee_minor: int = 0,
    paid_currency: str = "",
    paid_units: int | None = None,
    network_fee: int = 0,
) -> Payout:
    """Write down that staff has paid it: where it is found outside, and when. One that is approved is sent first, and looked at.

    `fee_minor` is the bank's, in minor units, borne by the platform; `paid_units` are the smallest units of the token
    `paid_currency`, for methods that are paid in tokens, with `network_fee` of them for the network. Raises `Refused`: paid (it is
    marked already), needs_approval, wrong_state, other_rail, reference_used, and at a field what `settling.checked` says. Emits
    ``payout.settled``.
    """
    with transaction.atomic():
        payout = lock_payout(payout_id)
        require_state(payout, PayoutState.APPROVED, PayoutState.SENT)
        refuse_other_rails([payout], Rail.MANUAL)
        now = clock.now()
        if payout.state == PayoutState.APPROVED:
            _send(payout, now, user)
        _settle(payout, Paid(reference, paid_at, fee_minor, paid_currency, paid_units, network_fee), now, user)
    return payout


def settle_payout(payout_id: int, paid: Paid) -> Payout:
    """A rail has paid what it had sent. Raises `Refused` as `mark_paid` does. Emits ``payout.settled``."""
    with transaction.atomic():
        payout = lock_payout(payout_id)
        require_state(payout, PayoutState.SENT)
        _settle(payout, paid, clock.now(), None)
    return payout


def _settle(payout: Payout, given: Paid, now: datetime, user: User | None) -> None:
    paid = checked(payout, given)
    payout.fee_minor, payout.paid_currency, payout.paid_units = paid.fee_minor, paid.token, paid.units
    payout.settle(now, paid.paid_at, paid.reference)
    try:
        with transaction.atomic():
            payout.save()
    except IntegrityError as error:
        raise Refused(
            _("Another payout was paid under this reference. Each payment has its own."), code="reference_used", field="reference"
        ) from error
    post_settled(payout, paid)
    _tell("payout.settled", payout, user, reference=paid.reference, paid_at=paid.paid_at.isoformat())


# Undone -------------------------------------------------------------------------------------------------------------------------


def fail_payout(payout_id: int, user: User | None, reason: str) -> Payout:
    """Drop what has not left, or write down that what was sent did not leave: its releases are pending again.

    Raises `Refused`: required (no reason), wrong_state, paid, under_way (a rail has not said what became of it). Posts
    payout_failed if it was sent; emits ``payout.failed``.
    """
    reason = _tidy(reason)
    with transaction.atomic():
        payout = lock_payout(payout_id)
        require_state(payout, *UNSENT, PayoutState.SENT)
        if user is not None:
            refuse_while_out(payout)
        was_sent, now = payout.state == PayoutState.SENT, clock.now()
        payout.fail(now, reason)
        payout.save()
        _release_again(payout, now)
        if was_sent:
            payout_failed(payout.pk, payout.provider, payout.amount_minor, payout.currency)
        _tell("payout.failed", payout, user, sent=was_sent, reason=reason)
    return payout


def return_payout(payout_id: int, user: User | None, reason: str, *, units: int | None = None) -> Payout:
    """The money came back after it had left: it is owed again, and its releases are pending again.

    Of one that was paid in a token, `units` of its smallest came back; left out, what the provider had got, which is without the
    network's fee. All of the payout is owed again either way. Raises `Refused`: required (no reason), wrong_state, partly_back,
    no_token, bad_units. Posts payout_returned; emits ``payout.returned``.
    """
    reason = _tidy(reason)
    with transaction.atomic():
        payout = lock_payout(payout_id)
        require_state(payout, PayoutState.SETTLED)
        refuse_partly_back(payout)
        back, now = checked_return(payout, units), clock.now()
        payout.come_back(now, reason)
        payout.save()
        _release_again(payout, now)
        post_returned(payout, back)
        _tell("payout.returned", payout, user, reason=reason, units=None if back is None else str(back))
    return payout


def _release_again(payout: Payout, now: datetime) -> None:
    payout.items.filter(undone_at=None).update(undone_at=now)


def _tidy(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason:
        raise Refused(_("Give a reason."), code="required", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Refused(_("Keep the reason under 500 characters."), code="too_long", field="reason")
    return reason


# Pieces -------------------------------------------------------------------------------------------------------------------------


def _snapshot(provider: Provider, currency: str) -> tuple[Sequence[int], Figures]:
    """The pending releases that can be paid, and what the ledger owes for them: one statement, so that none arrives in between."""
    owner = Line(LedgerAccount.PROVIDER_PAYABLE, provider, 0).owner_name
    lines = LedgerLine.objects.filter(account=LedgerAccount.PROVIDER_PAYABLE, owner=owner, currency=currency)
    owed = lines.order_by().values("account").annotate(total=Sum("amount")).values("total")
    rows = (
        Release.objects.filter(~IS_IN_PAYOUT, provider=provider, currency=currency)
        .annotate(owed=Subquery(owed), is_disputed=IS_DISPUTED, is_suspended=IS_SUSPENDED)
        .values_list("pk", "is_disputed", "is_suspended", F("amount_minor") - F("fee_minor"), "owed")
    )
    found = list(rows.order_by("pk"))
    free = {pk: share for pk, disputed, suspended, share, _owed in found if not disputed and not suspended}
    held = sum(share for pk, _disputed, _suspended, share, _owed in found if pk not in free)
    reason = Hold.DISPUTED if any(row[1] for row in found) else Hold.SUSPENDED if len(free) < len(found) else None
    unsent = Payout.objects.filter(provider=provider, currency=currency, state__in=UNSENT).first()
    beside = unsent.amount_minor if unsent else 0
    payable = -int(found[0][4] or 0) - beside - held if found else 0
    return list(free), Figures(len(free), sum(free.values()), payable, unsent is not None, held, reason)


def _check_amount(payable: int, currency: str, expected: int | None) -> None:
    if payable >= MAX_MINOR:
        raise Refused(_("No single payout may be so large."), code="too_much")
    if expected is not None and expected != payable:
        raise Refused(
            _("It is %(payable)s now: something was released or taken back since.") % {"payable": minor(payable, currency)},
            code="amount_changed",
            data={"amount_minor": payable, "currency": currency},
        )


def _frozen(method: PayoutMethod) -> dict[str, str]:
    return {name: str(getattr(method, name)) for name in FROZEN}


def _tell(name: str, payout: Payout, user: User | None, **more: Json) -> None:
    """Emit an event about a payout, with what the audit trail and the provider's mail want to know of it."""
    emit(
        name,
        payout,
        provider=payout.provider_id,
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        released_minor=payout.released_minor,
        recovered_minor=payout.recovered_minor,
        place=str(payout.destination["iban"] or payout.destination["address"])[-4:],
        kind=str(payout.destination["kind"]),
        actor_kind="system" if user is None else "staff",
        actor=None if user is None else user.pk,
        **more,
    )
