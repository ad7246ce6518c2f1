"""Only statements of money: what was paid, served, given back; what an end would bring; what an extension costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.models import Charge, Refund
from billing.presenters.amounts import rate_text, tax_note
from billing.queries import RefundPreview
from billing.states import RefundKind, RefundState
from contracts.models import Contract
from contracts.states import Fault
from core.formats import day, hours_text, minor, money, when
from core.money import MINUS, Money
from dashboard.figures import Split, earning
from dashboard.presenters.times import of_term, used_and_unused
from dashboard.queries import Moved

# What did not arrive, and a person pays.
BY_HAND = frozenset({RefundState.FAILED, RefundState.MANUAL})


@dataclass(frozen=True, slots=True)
class Statement:
    """Lines and total of c/statement.html, and sentences below it."""

    lines: list[dict[str, object]]
    total: dict[str, str]
    notes: list[str]


def minus(amount: Money) -> str:
    """An amount that is taken away; nothing taken away has no sign."""
    return f"{MINUS}{money(amount)}" if amount else money(amount)


# What happened -----------------------------------------------------------------------------------------------------------------


def money_so_far(contract: Contract, parts: Split, paid: Sequence[Moved], refunds: Sequence[Refund]) -> Statement:
    """The customer's account of a rental: net in the lines, what really moved with VAT in the notes."""
    lines: list[dict[str, object]] = [
        {"label": _paid_label(part.charge), "amount": minor(part.charge.net_minor, part.charge.currency)} for part in paid
    ]
    served: dict[str, object] = {
        "label": _("Served so far") if not contract.is_final else _("Served"),
        "note": _("earned by %(provider)s, to the second") % {"provider": contract.provider.name},
        "amount": minus(parts.money(parts.served)),
    }
    lines.append(served)
    if parts.lost:
        lines.append({"label": _("Taken back by your bank"), "amount": minus(parts.money(parts.lost))})
    if contract.is_final:
        lines.append({"label": _("Unused"), "amount": minus(parts.money(parts.refunded)), "back": bool(parts.refunded)})
    total = {"label": _("Held back, still yours"), "amount": money(parts.money(parts.held))}
    lost = [_lost_note(part) for part in paid if part.taken_back_minor]
    before = [_("Before VAT.")] if any(part.charge.tax_rate for part in paid) else []
    return Statement(lines, total, [*before, *map(_paid_note, paid), *map(_refund_note, refunds), *lost])


def _paid_label(charge: Charge) -> str:
    term = hours_text(charge.hours)
    return _("Paid, %(term)s") % {"term": term} if charge.purpose == "contract" else _("Paid, %(term)s more") % {"term": term}


def _paid_note(part: Moved) -> str:
    charge = part.charge
    words = {
        "rate": rate_text(charge.tax_rate),
        "tax": minor(charge.tax_minor, charge.currency),
        "gross": money(charge.gross),
        "received": minor(part.received_minor, charge.currency),
        "day": day(charge.paid_at) if charge.paid_at else "",
    }
    if part.received_minor < charge.gross_minor and not charge.tax_rate:
        return _("It is %(gross)s, without VAT; %(received)s came on %(day)s, and was taken for it.") % words
    if part.received_minor < charge.gross_minor:
        return _("With %(rate)s VAT of %(tax)s it is %(gross)s; %(received)s came on %(day)s, and was taken for it.") % words
    if not charge.tax_rate:
        return _("You paid %(gross)s on %(day)s, without VAT.") % words
    return _("With %(rate)s VAT of %(tax)s you paid %(gross)s on %(day)s.") % words


def _lost_note(part: Moved) -> str:
    return _("%(amount)s was taken back by your bank, and stays with you.") % {
        "amount": _with_vat(Money(part.taken_back_minor, part.charge.currency), part.charge.tax_rate)
    }


def _with_vat(amount: Money, vat: Decimal | int) -> str:
    """An amount, and that VAT is in it where any is: `vat` is its rate, or how much of it."""
    return _("%(amount)s with VAT") % {"amount": money(amount)} if vat else money(amount)


def _refund_note(refund: Refund) -> str:
    words = {
        "vat": money(refund.amount),
        "amount": _with_vat(refund.amount, refund.tax_minor),
        "day": day(refund.succeeded_at or refund.created_at),
    }
    if refund.kind == RefundKind.VAT and refund.state == RefundState.SUCCEEDED:
        return _("%(vat)s of VAT came back on %(day)s: it was not due.") % words
    if refund.kind == RefundKind.GOODWILL and refund.state == RefundState.SUCCEEDED:
        return _("%(amount)s came back on %(day)s, as goodwill.") % words
    if refund.state == RefundState.SUCCEEDED:
        return _("%(amount)s came back on %(day)s.") % words
    if refund.state == RefundState.MANUAL and refund.token_units is not None:
        return _("%(amount)s goes back in tokens since %(day)s.") % words
    if refund.state in BY_HAND:
        return _("%(amount)s is owed to you: it did not arrive, and we pay it by hand.") % words
    return _("%(amount)s is on its way back since %(day)s.") % words


# What an end would bring -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leaving:
    """The preview of an end: its statement, the figure on the button, and the net that the form carries."""

    statement: Statement
    back: str
    expected_refund_minor: int


def leaving(contract: Contract, preview: RefundPreview, charges: Sequence[Charge]) -> Leaving:
    """What the customer gets back if the rental ended at the preview's moment."""
    at, priced = preview.contract, preview.priced
    moment = at.at.astimezone(UTC)
    note = _("counted to the second, at %(time)s UTC") % {"time": f"{moment:%H:%M:%S}"}
    label = _unused(at.used_seconds or 0, at.term_seconds)
    if at.used_seconds is None:
        label, note = _("All that you paid"), _("nothing was delivered yet")
    lines: list[dict[str, object]] = [{"label": label, "note": note, "amount": money(priced.net)}]
    kept = sum(segment.setup_fee_minor for segment in contract.segments.all() if segment.paid_at)
    if kept and at.used_seconds is not None and at.fault != Fault.PROVIDER:
        lines[0]["note"] = _("%(note)s; the set-up fee of %(fee)s stays with the provider") % {
            "note": note,
            "fee": minor(kept, contract.currency),
        }
    if (before := at.refund_minor - priced.net.minor) > 0:
        lines[0]["note"] = f"{lines[0]['note']}; {_less(Money(before, contract.currency))}"
    lines.append({**_vat_on_it([charge for charge in charges if charge.paid_at]), "amount": money(priced.tax)})
    total = {"label": _("Comes back, the way you paid"), "amount": money(priced.gross)}
    return Leaving(Statement(lines, total, []), money(priced.gross), at.refund_minor)


def _vat_on_it(paid: Sequence[Charge]) -> dict[str, object]:
    """Which VAT comes back; where none was charged, why. An extension may have had another rate."""
    rates = {charge.tax_rate for charge in paid}
    if rates == {Decimal(0)}:
        return {"label": _("VAT"), "note": tax_note(paid[0].tax_decision)}
    if len(rates) == 1:
        return {"label": _("VAT %(rate)s on it") % {"rate": rate_text(rates.pop())}}
    return {"label": _("VAT on it")}


def came_back(contract: Contract, refunds: Sequence[Refund], parts: Split) -> Statement | None:
    """What an ended rental gave back, in the lines that its preview had; None when that was nothing."""
    if not refunds:
        return None
    net = sum(refund.net_minor for refund in refunds)
    tax = sum(refund.tax_minor for refund in refunds)
    used = contract.used_seconds(contract.ended_at) if contract.ended_at else None
    label = _("All that you paid")
    if used is not None and contract.fault != Fault.GOODWILL:
        label = _unused(used, contract.term_seconds)
    lines: list[dict[str, object]] = [{"label": label, "amount": minor(net, contract.currency)}]
    if (before := parts.refunded - net) > 0:
        lines[0]["note"] = _less(Money(before, contract.currency))
    if tax:
        lines.append({"label": _("VAT on it"), "amount": minor(tax, contract.currency)})
    return Statement(lines, {"label": _whither(refunds), "amount": minor(net + tax, contract.currency)}, [])


def _less(before: Money) -> str:
    """Why not all of the unused part comes back at the end."""
    return _("less %(part)s that was given back before") % {"part": money(before)}


def _whither(refunds: Sequence[Refund]) -> str:
    if all(refund.state == RefundState.SUCCEEDED for refund in refunds):
        # What a gateway could not send has left our bank or wallet.
        by_hand = any(refund.paid_by_id is not None for refund in refunds)
        return _("Came back, paid by hand") if by_hand else _("Came back, the way you paid")
    if any(refund.state in BY_HAND for refund in refunds):
        return _("Owed to you, and paid by hand")
    return _("On its way back, the way you paid")


def _unused(used: int, term: int) -> str:
    """ "Unused, 18.98 of 30 days"."""
    return _("Unused, %(part)s") % {"part": of_term(used_and_unused(used, term)[1], term)}


# The provider's side -----------------------------------------------------------------------------------------------------------


def fee_text(contract: Contract) -> str:
    """ "10 %"."""
    return rate_text(Decimal(contract.fee_bp) / 10_000)


def earned_so_far(contract: Contract, parts: Split) -> Statement:
    """The provider's account of a rental: what was earned by served time, less the fee, and what may still come."""
    earned, left = earning(contract, parts.served), earning(contract, parts.served + parts.held)
    lines: list[dict[str, object]] = [
        {"label": _("Earned by served time"), "amount": minor(earned.net, contract.currency)},
        {"label": _("Platform fee, %(fee)s") % {"fee": fee_text(contract)}, "amount": minus(Money(earned.fee, contract.currency))},
    ]
    notes = [_("Before your own tax. Released the night after it is served, for the next payout.")]
    if parts.held:
        still = left.own - earned.own
        notes.append(_("%(amount)s more for you, if it runs to its end.") % {"amount": money(still)})
    if parts.refunded:
        notes.append(_("%(amount)s of it went back to the customer.") % {"amount": minor(parts.refunded, contract.currency)})
    return Statement(lines, {"label": _("Yours so far"), "amount": money(earned.own)}, notes)


def giving_up(contract: Contract, own_fault: RefundPreview, parts: Split) -> Statement:
    """What it costs a provider to end a rental: at its own fault the set-up fee is prorated too."""
    kept = earning(contract, own_fault.contract.earned_minor)
    now = earning(contract, parts.served)
    lines: list[dict[str, object]] = [
        {"label": _("Yours so far"), "amount": money(now.own)},
        {
            "label": _("Unserved part of the set-up fee"),
            "note": _("an end at your side gives it back too"),
            "amount": minus(now.own - kept.own),
        },
    ]
    back = money(own_fault.priced.gross)
    notes = [_("The customer gets %(amount)s back, VAT included.") % {"amount": back}]
    return Statement(lines, {"label": _("Stays yours"), "amount": money(kept.own)}, notes)


# Extensions --------------------------------------------------------------------------------------------------------------------


def extension_choices(offers: Sequence[tuple[int, Money]], ends_at: datetime) -> list[tuple[int, str]]:
    """The terms one can add, each with its price and the end that it would bring."""
    return [
        (
            hours,
            _("%(term)s, %(price)s, until %(end)s")
            % {"term": hours_text(hours), "price": money(price), "end": when(ends_at + timedelta(hours=hours))},
        )
        for hours, price in offers
    ]
