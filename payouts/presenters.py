"""Only a provider's earnings, payouts and statements as rows of ready strings."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from django.urls import reverse
from django.utils.dates import MONTHS_3
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contracts.models import Contract
from contracts.states import State
from core.formats import day, minor, money, when
from core.money import Money, format_money
from core.tokens import token_text
from payouts.earnings import MONTHS, ContractEarned, Earned
from payouts.method_rows import note, shortened
from payouts.models import Payout, PayoutMethod, Release, Statement
from payouts.states import UNSENT, MethodKind, PayoutState

Context = dict[str, object]
Cells = list[dict[str, object]]
TONES = {
    PayoutState.PROPOSED: "wait",
    PayoutState.APPROVED: "wait",
    PayoutState.SENT: "wait",
    PayoutState.SETTLED: "live",
    PayoutState.FAILED: "stop",
    PayoutState.RETURNED: "stop",
}


def state_words(state: str) -> str:
    """A payout's state as its provider reads it."""
    words = {
        PayoutState.PROPOSED: _("Being prepared"),
        PayoutState.APPROVED: _("Being prepared"),
        PayoutState.SENT: _("Sent, not yet settled"),
        PayoutState.SETTLED: _("Paid"),
        PayoutState.FAILED: _("Failed, pending again"),
        PayoutState.RETURNED: _("Came back, pending again"),
    }
    return words[PayoutState(state)]


def _total_words(state: str) -> str:
    """What became of the sum: nothing is called paid before it has arrived."""
    words = {
        PayoutState.PROPOSED: _("To be paid to you"),
        PayoutState.APPROVED: _("To be paid to you"),
        PayoutState.SENT: _("On its way to you"),
        PayoutState.SETTLED: _("Paid to you"),
        PayoutState.FAILED: _("Not paid, pending again"),
        PayoutState.RETURNED: _("Came back, pending again"),
    }
    return words[PayoutState(state)]


# Sums -----------------------------------------------------------------------------------------------------------------------------


def currencies(sums: Iterable[Earned], months: Mapping[str, Mapping[date, int]], now: datetime) -> list[Context]:
    """Each currency with its figures and its chart."""
    return [
        {
            "code": row.currency,
            "items": _figures(row),
            "debt": minor(-row.payable, row.currency) if row.payable < 0 else "",
            **_chart(row.currency, months.get(row.currency, {}), now),
        }
        for row in sums
    ]


def _figures(row: Earned) -> list[dict[str, str]]:
    def figure(label: str, amount: int, rests_on: str) -> dict[str, str]:
        return {"label": label, "value": minor(amount, row.currency), "rests_on": rests_on}

    earned = _("after the fee of %(fee)s") % {"fee": minor(row.fee, row.currency)}
    if row.taken_back:
        earned = _("%(back)s was taken back, for refunds and disputes") % {"back": minor(row.taken_back, row.currency)}
    paid = _("%(sent)s of it is on its way") % {"sent": minor(row.sent, row.currency)} if row.sent else _("all time")
    return [
        figure(_("Waiting for payout"), max(0, row.payable), _("earned up to last night, and not paid yet")),
        figure(_("Held back for you"), row.escrow, _("paid by customers, earned day by day; before the fee and VAT")),
        figure(_("Earned so far"), row.earned, earned),
        figure(_("Paid out"), row.paid, paid),
    ]


def _chart(currency: str, months: Mapping[date, int], now: datetime) -> Context:
    """Twelve months, the running one hatched; the sentence says what the bars do."""
    this = now.astimezone(UTC).date().replace(day=1)
    shown = [_months_before(this, back) for back in range(MONTHS - 1, -1, -1)]
    values = [
        {
            "label": _short(month),
            "value": months.get(month, 0),
            "text": _bare(months[month], currency) if months.get(month) else "",
            "current": month == this,
        }
        for month in shown
    ]
    best = max(shown, key=lambda month: months.get(month, 0))
    label = _("Released to you each month, at most %(most)s in %(month)s; %(current)s so far in this month") % {
        "most": minor(months.get(best, 0), currency),
        "month": f"{_short(best)} {best.year}",
        "current": minor(months.get(this, 0), currency),
    }
    return {"months": values if any(months.values()) else [], "chart_label": label}


def _short(month: date) -> str:
    return str(MONTHS_3[month.month]).title()


def _months_before(month: date, back: int) -> date:
    year, rest = divmod(month.year * 12 + month.month - 1 - back, 12)
    return date(year, rest + 1, 1)


def _bare(amount: int, currency: str) -> str:
    """An amount over a bar: the section names the currency."""
    return format_money(Money(amount, currency)).split("\u00a0", 1)[-1]


# Where it goes --------------------------------------------------------------------------------------------------------------------


def methods(found: Iterable[tuple[str, PayoutMethod | None]], now: datetime) -> list[Context]:
    """Where each currency is paid to, shortened, and since or from when; an empty place where nothing is set."""
    return [
        {
            "currency": currency,
            "place": f"{MethodKind(method.kind).label}, {shortened(method)}" if method else "",
            "note": note(method, now) if method else "",
        }
        for currency, method in found
    ]


# Rows -----------------------------------------------------------------------------------------------------------------------------


def release_headers() -> Cells:
    """Of the rows of releases."""
    return [
        {"label": _("Rental")},
        {"label": _("Up to")},
        {"label": _("Earned"), "num": True},
        {"label": _("Fee"), "num": True},
        {"label": _("Yours"), "num": True},
    ]


def contract_headers() -> Cells:
    """Of the rows of contracts."""
    return [
        {"label": _("Rental")},
        {"label": _("Held back"), "num": True},
        {"label": _("Released"), "num": True},
        {"label": _("Fee"), "num": True},
        {"label": _("Yours"), "num": True},
    ]


def releases(found: Iterable[Release]) -> list[Cells]:
    """Rows of a table: rental, day, earned, fee, yours."""
    return [
        [
            {
                "text": release.contract.offering_name,
                "sub": release.contract.reference,
                "url": reverse("provider_contract", args=[release.contract.reference]),
            },
            {"text": when(release.through), "label": _("Up to")},
            {"text": minor(release.amount_minor, release.currency), "num": True, "label": _("Earned")},
            {"text": minor(-release.fee_minor, release.currency), "num": True, "label": _("Fee")},
            {"text": minor(release.share_minor, release.currency), "num": True, "label": _("Yours")},
        ]
        for release in found
    ]


def payouts(found: Iterable[Payout]) -> list[Context]:
    """Rows of payouts."""
    return [
        {
            "day": day(payout.paid_at or payout.sent_at or payout.proposed_at),
            "url": reverse("provider_payout", args=[payout.public_id]),
            "made_of": _made_of(payout),
            "state": state_words(payout.state),
            "tone": TONES[PayoutState(payout.state)],
            "reference": payout.reference,
            "amount": money(payout.amount),
        }
        for payout in found
    ]


def _made_of(payout: Payout) -> str:
    count: int = payout.releases  # type: ignore[attr-defined] # annotated by payouts.earnings.payouts_of
    return ngettext("%(count)d release", "%(count)d releases", count) % {"count": count}


def payout_page(payout: Payout, place: str) -> Context:
    """One payout: its sum as a statement, its facts; `place` is where it goes, as whoever looks may see it."""
    lines = [{"label": _("Released to you"), "note": _made_of(payout), "amount": minor(payout.released_minor, payout.currency)}]
    if payout.recovered_minor:
        lines.append(
            {
                "label": _("Taken back before"),
                "note": _("refunds and disputes after earlier payouts"),
                "amount": minor(-payout.recovered_minor, payout.currency),
            }
        )
    facts = [
        {"label": _("To"), "value": f"{MethodKind(payout.method.kind).label}, {payout.method.holder}"},
        {"label": _("Account"), "value": place, "mono": True},
    ]
    if payout.reference:
        facts.append({"label": _("Reference"), "value": payout.reference, "mono": True})
    if payout.paid_at:
        facts.append({"label": _("Paid"), "value": f"{when(payout.paid_at)} UTC"})
    if payout.paid_units is not None:
        sent = token_text(int(payout.paid_units), payout.paid_currency)
        facts.append({"label": _("In tokens"), "value": _("%(sent)s, the network’s fee included") % {"sent": sent}})
    return {
        "title": _("Payout of %(amount)s") % {"amount": money(payout.amount)},
        "state": state_words(payout.state),
        "tone": TONES[PayoutState(payout.state)],
        "reason": payout.reason,
        "lines": lines,
        "total": {"label": _total_words(payout.state), "amount": money(payout.amount)},
        "whither": _("Where it goes") if payout.state in UNSENT else _("Where it went"),
        "facts": facts,
    }


def contracts(found: Iterable[Contract], earned: Mapping[int, ContractEarned]) -> list[Cells]:
    """Rows of a table: rental, held back, yours so far, fee."""
    return [
        [
            {
                "text": contract.offering_name,
                "sub": f"{contract.reference}, {State(contract.state).label}",
                "url": reverse("provider_contract", args=[contract.reference]),
            },
            {"text": minor(earned[contract.pk].escrow, contract.currency), "num": True, "label": _("Held back")},
            {
                "text": minor(earned[contract.pk].share + earned[contract.pk].fee, contract.currency),
                "num": True,
                "label": _("Released"),
            },
            {"text": minor(-earned[contract.pk].fee, contract.currency), "num": True, "label": _("Fee")},
            {"text": minor(earned[contract.pk].share, contract.currency), "num": True, "label": _("Yours")},
        ]
        for contract in found
    ]


def statement_rows(months: Iterable[tuple[date, str]], made: Mapping[tuple[date, str], Statement], now: datetime) -> list[Context]:
    """Months with their files; the running one has none on paper yet."""
    this = now.astimezone(UTC).date().replace(day=1)
    return [_statement_row(month, currency, made.get((month, currency)), is_running=month == this) for month, currency in months]


def _statement_row(month: date, currency: str, made: Statement | None, *, is_running: bool) -> Context:
    address = [month.year, month.month, currency]
    return {
        "month": f"{_short(month)} {month.year}",
        "currency": currency,
        "closing": minor(made.closing_minor, currency) if made else "",
        "state": _("running") if is_running else "",
        "csv": reverse("statement_csv", args=address),
        "pdf": reverse("statement_pdf", args=address) if made and made.pdf else "",
    }
