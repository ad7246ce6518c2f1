"""Only what providers wait for: pending releases per provider and currency, and why nothing leaves for one of them yet.

Pending is a release that is in no payout, or only in ones that were undone. Those of a rental whose payment is disputed, or that is
paused, wait by themselves: what other rentals earned is paid meanwhile. Five statements, however many there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils.translation import gettext as _

from billing.models import Dispute
from billing.proof import is_proven
from billing.states import DisputeState, LedgerAccount
from contracts.states import State
from core import clock
from core.errors import Refused
from core.formats import minor
from payouts.models import Payout, PayoutItem, PayoutMethod, PayoutReversal, Release
from payouts.states import UNSENT, Hold, PayoutState, ReversalState
from providers.models import Provider

# A provider's id and a currency.
Key = tuple[int, str]

# One statement, so that no release arrives between the sum of the releases and what the ledger says is owed.
_FIGURES = """
    WITH doubtful AS (
        SELECT contract_id, bool_or(is_disputed) AS is_disputed FROM (
            SELECT charge.contract_id, true AS is_disputed FROM billing_dispute AS dispute
            JOIN billing_payment AS payment ON payment.id = dispute.payment_id
            JOIN billing_charge AS charge ON charge.id = payment.charge_id WHERE dispute.state = %(open)s
            UNION ALL
            SELECT id, false FROM contracts_contract WHERE state = %(paused)s
        ) AS found GROUP BY contract_id
    ), pending AS (
        SELECT release.provider_id, release.currency, count(*) FILTER (WHERE doubtful IS NULL) AS count,
            coalesce(sum(release.amount_minor - release.fee_minor) FILTER (WHERE doubtful IS NULL), 0) AS released,
            coalesce(sum(release.amount_minor - release.fee_minor) FILTER (WHERE doubtful IS NOT NULL), 0) AS held,
            bool_or(is_disputed) AS is_disputed
        FROM payouts_release AS release LEFT JOIN doubtful USING (contract_id)
        WHERE NOT EXISTS (SELECT FROM payouts_payoutitem AS item WHERE item.release_id = release.id AND item.undone_at IS NULL)
          AND (%(provider)s::bigint IS NULL OR release.provider_id = %(provider)s)
        GROUP BY release.provider_id, release.currency
    ), owed AS (
        SELECT split_part(owner, ':', 2)::bigint AS provider_id, currency, -sum(amount) AS payable FROM billing_ledgerline
        WHERE account = %(account)s AND (%(provider)s::bigint IS NULL OR owner = 'provider:' || %(provider)s)
        GROUP BY owner, currency
    ), unsent AS (
        SELECT provider_id, currency, sum(amount_minor) AS amount FROM payouts_payout
        WHERE state = ANY(%(unsent)s) GROUP BY provider_id, currency
    )
    SELECT provider_id, currency, coalesce(count, 0), coalesce(released, 0),
           coalesce(payable, 0) - coalesce(unsent.amount, 0) - coalesce(held, 0), unsent.amount IS NOT NULL, coalesce(held, 0),
           CASE WHEN is_disputed THEN 'disputed' WHEN is_disputed IS NOT NULL THEN 'suspended' END
    FROM pending FULL JOIN owed USING (provider_id, currency) LEFT JOIN unsent USING (provider_id, currency)
    WHERE pending.count IS NOT NULL OR coalesce(payable, 0) < 0
"""

# Of a release, as the statement above says it: what a bank may take back, and what stands still.
IS_DISPUTED = Exists(Dispute.objects.filter(state=DisputeState.OPEN, payment__charge__contract=OuterRef("contract")))
IS_SUSPENDED = Q(contract__state=State.SUSPENDED)
IS_IN_PAYOUT = Exists(PayoutItem.objects.filter(release=OuterRef("pk"), undone_at=None))


@dataclass(frozen=True)
class Figures:
    """What is pending of one provider in one currency, in minor units; beside a payout that has not left, what comes after it.

    `released_minor` are the provider's shares, `payable_minor` what the ledger owes for them: less by what was taken back before,
    and negative where the provider owes us. Not in them are `held_minor`, the shares of rentals that are disputed or paused, by
    `reason`: what was taken back is recovered from the others first.
    """

    count: int
    released_minor: int
    payable_minor: int
    has_unsent: bool = False
    held_minor: int = 0
    reason: Hold | None = None

    @property
    def recovered_minor(self) -> int:
        """What of the shares makes up for what was taken back."""
        return self.released_minor - self.payable_minor


@dataclass(frozen=True)
class Pending:
    """A line of the console. `method` is where the money would go, `hold` why nothing is proposed, None when it can be.

    `held_minor` waits beside it, for disputes or pauses (`reason`).
    """

    provider: Provider
    currency: str
    count: int
    released_minor: int
    recovered_minor: int
    payable_minor: int
    method: PayoutMethod | None
    hold: Hold | None
    held_minor: int = 0
    reason: Hold | None = None


@dataclass(frozen=True)
class Circumstances:
    """What speaks against money leaving, as it is now."""

    proven: bool
    coming_back: frozenset[Key]
    seasoned: frozenset[int]
    methods: Mapping[Key, PayoutMethod]

    def danger(self, key: Key) -> Hold | None:
        """What stops money that is decided on already, too: doubt about what is owed at all, and about where it goes."""
        method = self.methods.get(key)
        if not self.proven:
            return Hold.UNPROVEN
        if key in self.coming_back:
            return Hold.COMING_BACK
        if method is None:
            return Hold.NO_METHOD
        if method.usable_at is None or method.usable_at > clock.now():
            return Hold.METHOD_FRESH
        return None

    def hold(self, key: Key, figures: Figures) -> Hold | None:
        """The first reason not to propose anything. What staff can do nothing about stands first, what more releases mend last.

        An open payout comes before the amount, which is only what is left beside it.
        """
        if figures.recovered_minor < 0:
            # More is owed than was released: a fault, and the proof has just not been made yet.
            return Hold.UNPROVEN
        doubt = self.danger(key)
        if doubt == Hold.UNPROVEN:
            return doubt
        if not figures.count and figures.reason is not None and not figures.has_unsent:
            return figures.reason
        if doubt == Hold.COMING_BACK:
            return doubt
        if figures.count and key[0] not in self.seasoned:
            return Hold.NEW_PROVIDER
        if doubt is not None:
            return doubt
        if figures.has_unsent:
            return Hold.OPEN_PAYOUT
        if figures.payable_minor <= 0:
            return Hold.OWES
        minimum = settings.PAYOUT_MINIMUMS.get(key[1], 0)
        return Hold.TOO_SMALL if figures.payable_minor < minimum else None


def pending_releases(provider_id: int | None = None) -> list[Pending]:
    """What waits, of all providers or of one, by the provider's address and the currency; debts without releases as well."""
    found = figures_of(provider_id)
    providers = Provider.objects.in_bulk({key[0] for key in found})
    around = circumstances(provider_id)
    rows = [
        Pending(
            providers[key[0]],
            key[1],
            figures.count,
            figures.released_minor,
            figures.recovered_minor,
            figures.payable_minor,
            around.methods.get(key),
            around.hold(key, figures),
            figures.held_minor,
            figures.reason,
        )
        for key, figures in found.items()
    ]
    return sorted(rows, key=lambda row: (row.provider.slug, row.currency))


def figures_of(provider_id: int | None = None) -> dict[Key, Figures]:
    """The figures by provider and currency. One statement."""
    facts = {
        "provider": provider_id,
        "account": LedgerAccount.PROVIDER_PAYABLE.value,
        "unsent": [str(state) for state in UNSENT],
        "open": DisputeState.OPEN.value,
        "paused": State.SUSPENDED.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, facts)
        return {
            (provider, code): Figures(
                int(count), int(released), int(payable), has_unsent, int(held), None if reason is None else Hold(reason)
            )
            for provider, code, count, released, payable, has_unsent, held, reason in cursor.fetchall()
        }


def circumstances(provider_id: int | None = None) -> Circumstances:
    """What speaks against paying, of all providers or of one. Four statements."""
    mine = {} if provider_id is None else {"provider": provider_id}
    methods = PayoutMethod.objects.filter(**mine, confirmed_at__isnull=False, removed_at=None)
    return Circumstances(
        is_proven(),
        _coming_back(mine),
        _seasoned(provider_id),
        {(method.provider_id, method.currency): method for method in methods},
    )


def doubt_about(payout: Payout) -> Hold | None:
    """What stops a payout that is decided on already: one of its rentals is disputed, or paused."""
    paid = Release.objects.filter(items__payout=payout)
    if paid.filter(IS_DISPUTED).exists():
        return Hold.DISPUTED
    return Hold.SUSPENDED if paid.filter(IS_SUSPENDED).exists() else None


def held_minor(provider_id: int, currency: str) -> int:
    """The provider's shares of pending releases that disputes and pauses hold back: owed, and not to be paid with others."""
    pending = Release.objects.filter(~IS_IN_PAYOUT, provider=provider_id, currency=currency)
    held = pending.filter(Q(IS_DISPUTED) | IS_SUSPENDED)
    return int(held.aggregate(total=Sum(F("amount_minor") - F("fee_minor")))["total"] or 0)


def is_under_way(provider_id: int, currency: str) -> bool:
    """Whether a payout to a provider in a currency is out and may fail, or a debt is being taken out of an earlier one. With the
    provider locked it stays so.
    """
    mine: dict[str, int | str] = {"provider": provider_id, "currency": currency}
    return Payout.objects.filter(**mine, state=PayoutState.SENT).exists() or bool(_coming_back(mine))


def _coming_back(mine: Mapping[str, int | str]) -> frozenset[Key]:
    """Where a debt is being taken out of an earlier payout: kept from the next one as well, it would be recovered twice."""
    asked = PayoutReversal.objects.filter(state=ReversalState.SUBMITTING, transfer__payout__state=PayoutState.SETTLED)
    asked = asked.filter(**{f"transfer__payout__{name}": value for name, value in mine.items()})
    return frozenset(asked.order_by().values_list("transfer__payout__provider_id", "transfer__payout__currency").distinct())


def _seasoned(provider_id: int | None) -> frozenset[int]:
    """The providers whose first release is old enough."""
    since = clock.now() - timedelta(days=settings.PAYOUT_NEW_PROVIDER_DAYS)
    early = Release.objects.filter(provider=OuterRef("pk"), created_at__lte=since)
    asked = Provider.objects.all() if provider_id is None else Provider.objects.filter(pk=provider_id)
    return frozenset(asked.filter(Exists(early)).order_by().values_list("pk", flat=True))


def held_back(hold: Hold, figures: Figures, currency: str) -> Refused:
    """The refusal of a payout, in a sentence, with the hold as its code."""
    sentences = {
        Hold.UNPROVEN: _("The ledger is not proven. Make a proof, and look at what it finds, before money leaves."),
        Hold.DISPUTED: _("A payment of a rental is disputed. What it earned is paid once the bank has decided."),
        Hold.SUSPENDED: _("One of the rentals is paused. What it earned is paid when it goes on or has ended."),
        Hold.COMING_BACK: _("Money of an earlier payout is on its way back. What is owed is known when it has come."),
        Hold.NEW_PROVIDER: _("The provider is new: the first payout waits until %(days)d days after its first release."),
        Hold.NO_METHOD: _("The provider has set and confirmed no place to be paid in this currency."),
        Hold.METHOD_FRESH: _("Where the provider is paid was changed in the last hours. Nothing is paid there yet."),
        Hold.OWES: _("Nothing is owed: more was taken back than the provider has earned since."),
        Hold.TOO_SMALL: _("%(payable)s is below the smallest payout of %(minimum)s."),
        Hold.OPEN_PAYOUT: _("A payout is proposed already. Send it or drop it before the next one."),
    }
    words = {
        "days": settings.PAYOUT_NEW_PROVIDER_DAYS,
        "payable": minor(figures.payable_minor, currency),
        "minimum": minor(settings.PAYOUT_MINIMUMS.get(currency, 0), currency),
    }
    return Refused(sentences[hold] % words, code=hold.value, data={"payable_minor": figures.payable_minor, "currency": currency})
