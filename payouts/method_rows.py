"""Only places to be paid as words and rows of ready strings: shortened on lists and in mails, whole on their own page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.formats import day, when
from payouts.models import PayoutMethod
from payouts.queries import method_state
from payouts.states import MethodKind, MethodState, Network

TONES = {
    MethodState.WAITING: "act",
    MethodState.LAPSED: "end",
    MethodState.HELD: "wait",
    MethodState.IN_USE: "live",
    MethodState.REMOVED: "end",
}
ELLIPSIS = "…"


@dataclass(frozen=True)
class MethodRow:
    """One place on a list."""

    url: str
    place: str
    kind: str
    currency: str
    label: str
    tone: str
    note: str


@dataclass(frozen=True)
class CurrencyGroup:
    """What a provider has set for one currency; `ready` when something is confirmed."""

    code: str
    rows: list[MethodRow]
    ready: bool


def shortened(method: PayoutMethod) -> str:
    """Enough to know it again, too little to use: "DE … 3000", "0x5aAe … eAed"."""
    text = str(method)
    head = 2 if method.kind == MethodKind.BANK else 6
    return f"{text[:head]} {ELLIPSIS} {text[-4:]}"


def whole(method: PayoutMethod) -> str:
    """The place for people: an IBAN in groups of four."""
    if method.kind != MethodKind.BANK:
        return str(method.address)
    return " ".join(method.iban[at : at + 4] for at in range(0, len(method.iban), 4))


def kind_words(method: PayoutMethod) -> str:
    """ "Bank account", "Ethereum and compatible chains: Base"."""
    kind = str(MethodKind(method.kind).label)
    return f"{kind}: {Network(method.network).label}" if method.network else kind


def badge(method: PayoutMethod, now: datetime) -> dict[str, str]:
    """The state in words, and its shape."""
    state = method_state(method, now)
    return {"label": str(state.label), "tone": TONES[state]}


def rows(methods: Iterable[PayoutMethod], now: datetime) -> list[MethodRow]:
    """The rows of a list."""
    return [_row(method, now) for method in methods]


def by_currency(methods: Iterable[PayoutMethod], currencies: Iterable[str], now: datetime) -> list[CurrencyGroup]:
    """What is live, currency by currency; those in which something is offered stand there even when nothing is set."""
    found: dict[str, list[PayoutMethod]] = {code: [] for code in currencies}
    for method in methods:
        found.setdefault(method.currency, []).append(method)
    return [
        CurrencyGroup(code, rows(those, now), any(method.confirmed_at for method in those)) for code, those in sorted(found.items())
    ]


def facts(method: PayoutMethod) -> list[dict[str, object]]:
    """What its own page says beside the place itself."""
    pairs: list[tuple[str, str]] = [(_("Currency"), method.currency), (_("Kind"), kind_words(method))]
    if method.kind == MethodKind.BANK:
        pairs.append((_("Account holder"), method.holder))
    if method.bic:
        pairs.append((_("BIC"), method.bic))
    pairs.append((_("Added"), _by(method.created_at, method.created_by)))
    if method.confirmed_at:
        pairs.append((_("Confirmed"), _by(method.confirmed_at, method.confirmed_by)))
    if method.usable_at and method.removed_at is None:
        pairs.append((_("Paid there from"), f"{when(method.usable_at)} UTC"))
    if method.removed_at:
        pairs.append((_("Removed"), _by(method.removed_at, method.removed_by)))
    return [{"label": label, "value": value} for label, value in pairs]


def _by(moment: datetime, user: object) -> str:
    return _("%(moment)s UTC by %(user)s") % {"moment": when(moment), "user": user}


def _row(method: PayoutMethod, now: datetime) -> MethodRow:
    state = method_state(method, now)
    return MethodRow(
        url=reverse("payout_method", args=[method.public_id]),
        place=shortened(method),
        kind=kind_words(method),
        currency=method.currency,
        label=str(state.label),
        tone=TONES[state],
        note=note(method, now),
    )


def note(method: PayoutMethod, now: datetime) -> str:
    """What follows, or since when."""
    match method_state(method, now):
        case MethodState.WAITING:
            return _("Open the link in the mail, within 24 hours.")
        case MethodState.LAPSED:
            return _("Added %(day)s; the link was not followed.") % {"day": day(method.created_at)}
        case MethodState.HELD:
            return _("Paid there from %(moment)s UTC.") % {"moment": when(method.usable_at)} if method.usable_at else ""
        case MethodState.IN_USE:
            return _("Since %(day)s.") % {"day": day(method.usable_at)} if method.usable_at else ""
        case MethodState.REMOVED:
            return day(method.removed_at) if method.removed_at else ""
