"""Only payouts to providers' own accounts at Stripe: one transfer out of each card payment that they earned by."""

from collections import Counter

from django.db.models import Sum
from django.utils.translation import gettext as _

from billing import stripe_connect
from billing.ledger import Line
from billing.models import LedgerLine, Payment
from billing.queries import left_gross
from billing.released import TAKE_BACKS
from billing.states import LedgerAccount
from billing.stripe_connect import NotMade, Sending
from core import clock
from core.errors import Refused
from core.formats import minor
from payouts.models import Payout, PayoutItem, PayoutMethod, PayoutReversal, PayoutTransfer
from payouts.rail_facts import Outcome, Part, Said
from payouts.settling import Paid
from payouts.states import MethodKind, PayoutState, Rail, ReversalState, TransferState

GATEWAY = "stripe"


class StripeRail:
    """From the platform's balance at Stripe to a connected account."""

    name = Rail.STRIPE_CONNECT

    def suits(self, method: PayoutMethod, currency: str) -> bool:
        """Accounts at Stripe only."""
        return method.kind == MethodKind.STRIPE

    def plan(self, payout: Payout) -> list[Part]:
        """A part out of each card payment, less what is recovered, and one out of our balance for what no card charge has room for.

        Raises `Refused`: account_not_ready, other_balance, balance_short.
        """
        if not stripe_connect.read_account(payout.destination["address"]).can_be_paid:
            raise Refused(_("Stripe does not let this account be paid: the provider has to look there."), code="account_not_ready")
        parts = _parts(payout)
        _refuse_other_balance(payout, [part.payment for part in parts if part.payment is not None])
        if any(part.payment is None for part in parts):
            _refuse_short_balance(payout)
        return parts

    def pay(self, transfer: PayoutTransfer) -> Said:
        """Send it, or find that it was sent. A refusal is certain: Stripe was asked for it by our mark."""
        try:
            return Said(Outcome.DONE, stripe_connect.send(_sending(transfer)))
        except NotMade as error:
            return Said(Outcome.NEVER, reason=str(error))

    def look(self, transfer: PayoutTransfer) -> Said:
        """Whether Stripe has it, by our mark."""
        found = stripe_connect.find_sent(_sending(transfer))
        return Said(Outcome.DONE, found) if found else Said(Outcome.NOT_FOUND, reason="Stripe does not have it")

    def take_back(self, reversal: PayoutReversal) -> Said:
        """Take it back, as far as the account has so much."""
        transfer = reversal.transfer
        try:
            made = stripe_connect.take_back(
                transfer.external_id, str(reversal.public_id), reversal.amount_minor, transfer.payout.currency
            )
        except NotMade as error:
            return Said(Outcome.NEVER, reason=str(error))
        return Said(Outcome.DONE, made)

    def paid(self, payout: Payout, transfers: list[PayoutTransfer]) -> Paid:
        """The transfer's name, or of several the name of their group."""
        names = [transfer.external_id for transfer in transfers]
        return Paid(names[0] if len(names) == 1 else _group(payout), clock.now())


RAIL = StripeRail()


def _parts(payout: Payout) -> list[Part]:
    """The shares by payment, in the order in which they came in, less what is recovered; each out of its charge as far as that has
    room, the rest and what was paid otherwise out of our balance.
    """
    items = PayoutItem.objects.filter(payout=payout).order_by("release__payment_id", "release_id")
    rows = list(items.select_related("release__payment__charge"))
    payments = {row.release.payment_id: row.release.payment for row in rows}
    shares: Counter[int] = Counter()
    for row in rows:
        shares[row.release.payment_id] += row.release.share_minor
    kept, ours, parts = _kept(payout, shares), 0, []
    for pk, share in shares.items():
        due = share - kept[pk]
        by_charge = min(due, _room(payments[pk]))
        ours += due - by_charge
        if by_charge:
            parts.append(Part(by_charge, payments[pk]))
    return [*parts, *([Part(ours)] if ours else [])]


def _kept(payout: Payout, shares: Counter[int]) -> Counter[int]:
    """What is recovered, by the payments whose shares it is kept from: first from those that made the debt, then from the others.

    What went back to a customer has left the charge as well: it is the one that has less to send.
    """
    recovered, kept = int(payout.recovered_minor), Counter[int]()
    for most in (debts(payout, list(shares)), shares):
        for pk, share in shares.items():
            more = min(recovered, max(0, min(share, most[pk]) - kept[pk]))
            kept[pk] += more
            recovered -= more
    assert not recovered
    return kept


def debts(payout: Payout, payment_ids: list[int]) -> Counter[int]:
    """What was taken back from the payout's provider by payment, less what has come back out of its transfers. In minor units."""
    provider = Line(LedgerAccount.PROVIDER_PAYABLE, payout.provider, 0)
    taken = LedgerLine.objects.filter(
        account=provider.account,
        owner=provider.owner_name,
        currency=payout.currency,
        entry__kind__in=TAKE_BACKS,
        entry__payment__in=payment_ids,
    ).values_list("entry__payment")
    owed = Counter({pk: int(total) for pk, total in taken.annotate(total=Sum("amount"))})
    back = PayoutReversal.objects.filter(
        transfer__payment__in=payment_ids, transfer__payout__state=PayoutState.SETTLED, state=ReversalState.SUCCEEDED
    ).values_list("transfer__payment")
    owed.subtract({pk: int(total) for pk, total in back.annotate(total=Sum("amount_minor"))})
    return owed


def _room(payment: Payment) -> int:
    """How much can still be sent out of a card charge, in minor units; nothing out of what was paid otherwise.

    Stripe: the sum of the transfers may not exceed the charge. Whether what was refunded, or came back of a transfer, counts is not
    written there; here it leaves no room, and goes out of our balance, where it is.
    """
    if payment.gateway != GATEWAY or not payment.external_charge_id:
        return 0
    sent = PayoutTransfer.objects.filter(payment=payment).exclude(state=TransferState.FAILED).aggregate(total=Sum("amount_minor"))
    return max(0, left_gross(payment) - int(sent["total"] or 0))


def _refuse_other_balance(payout: Payout, payments: list[Payment]) -> None:
    """Stripe sends out of a charge only in the currency that it has settled the charge in."""
    lines = LedgerLine.objects.filter(
        account=LedgerAccount.GATEWAY_BALANCE, entry__payment__in=payments, entry__key__startswith=f"bt:{GATEWAY}:"
    )
    other = lines.exclude(currency=payout.currency).values_list("currency", flat=True).first()
    if other:
        raise Refused(
            _("Stripe has settled these payments in %(other)s: out of them nothing can be sent in %(currency)s.")
            % {"other": other, "currency": payout.currency},
            code="other_balance",
        )


def _refuse_short_balance(payout: Payout) -> None:
    """What goes out of charges that are available comes out of the same balance: it must hold all of the payout."""
    there = stripe_connect.available_minor(payout.currency)
    if there < payout.amount_minor:
        raise Refused(
            _("%(needed)s has to come out of our balance at Stripe, which has %(available)s.")
            % {"needed": minor(payout.amount_minor, payout.currency), "available": minor(there, payout.currency)},
            code="balance_short",
        )


def _sending(transfer: PayoutTransfer) -> Sending:
    payout = transfer.payout
    return Sending(
        mark=str(transfer.public_id),
        key=transfer.key,
        group=_group(payout),
        account_id=payout.destination["address"],
        amount_minor=int(transfer.amount_minor),
        currency=payout.currency,
        charge_id=transfer.payment.external_charge_id if transfer.payment else "",
    )


def _group(payout: Payout) -> str:
    return f"payout_{payout.public_id}"
