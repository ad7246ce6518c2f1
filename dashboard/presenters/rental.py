"""Only the page of one rental for its customer: everything it says, in the order in which it says it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Charge
from billing.presenters.documents import document_rows
from billing.queries import RefundPreview
from contracts.models import Contract
from contracts.queries import extension_refusal, is_delivered, refusal
from contracts.states import ActorKind, State
from core.countries import country_name
from core.formats import money, when
from core.money import Money
from dashboard.figures import Split, split
from dashboard.forms import CancelEarlyForm, CancelForm, ComplainForm, ExtendForm
from dashboard.presenters.connection import connection
from dashboard.presenters.money import BY_HAND, came_back, extension_choices, leaving, money_so_far
from dashboard.presenters.term import TermBar, now_mark, term_bar
from dashboard.presenters.timeline import timeline
from dashboard.presenters.tokens import token_refunds
from dashboard.presenters.words import Outcome, badge, next_step
from dashboard.queries import Papers

WITHDRAWAL = timedelta(days=14)
POLLED = frozenset({State.REQUESTED, State.ACCEPTED, State.PROVISIONING})

Context = dict[str, Any]


def rental_page(
    contract: Contract,
    papers: Papers,
    moves: frozenset[str],
    now: datetime,
    *,
    usual_minutes: int | None,
    offers: list[tuple[int, Money]],
    previews: Mapping[str, RefundPreview],
    forms: Mapping[str, Form],
    again: str | None,
) -> Context:
    """The context of dashboard/rental.html.

    `moves` are the buttons that work now; `previews` hold what ``cancel`` and ``complain`` would give back; `forms`
    are those that were sent and refused, by the same names; `again` is the offering of an ended rental, if it is
    still offered.
    """
    parts = split(contract, now)
    step = next_step(contract, "customer", now, _outcome(papers), usual_minutes)
    return {
        "contract": contract,
        "crumbs": [{"label": _("Rentals"), "url": reverse("rentals")}, {"label": contract.reference}],
        "badge": badge(contract, "customer", now),
        "step": step,
        "place": _place(contract),
        "bar": detail_bar(contract, parts, now),
        "key": _key(parts),
        "watch": _watched(contract),
        "pay": _pay(papers, contract, now),
        "can_confirm": "confirm" in moves,
        "connection": connection(contract),
        "is_delivered": is_delivered(contract),
        "is_stopped": contract.state == State.SUSPENDED,
        "complain": _complain(contract, papers, moves, previews, forms),
        "extend": _extend(contract, moves, offers, forms, now),
        "cancel": _cancel(contract, papers, moves, previews, forms, now),
        "came_back": came_back(contract, papers.refunds, parts),
        "came_back_title": _("What came back") if _outcome(papers).arrived else _("What comes back"),
        "tokens": token_refunds(papers.in_tokens),
        "again_url": reverse("offering", args=[again]) if again else "",
        "money": money_so_far(contract, parts, papers.moved, papers.given_back),
        "timeline": timeline(contract, papers.events, "customer", now),
        "terms_url": reverse("rental_terms", args=[contract.reference]),
        "frozen": when(contract.created_at),
        "documents": document_rows(papers.documents),
    }


def watch_token(contract: Contract) -> str:
    """What changes whenever the page of a rental would say something else about its state."""
    return f"{contract.state}.{int(contract.paid_at is not None)}{int(contract.payment_processing)}{contract.disputes_open}"


def _watched(contract: Contract) -> str:
    """The address that a waiting page asks; empty where nothing is awaited."""
    if contract.state not in POLLED:
        return ""
    return f"{reverse('rental_watch', args=[contract.reference])}?seen={watch_token(contract)}"


def _outcome(papers: Papers) -> Outcome:
    if not papers.refunds:
        return Outcome()
    total = Money(sum(refund.amount_minor for refund in papers.refunds), papers.refunds[0].currency)
    return Outcome(
        money(total),
        arrived=all(refund.succeeded_at for refund in papers.refunds),
        by_hand=any(refund.state in BY_HAND for refund in papers.refunds),
    )


def _place(contract: Contract) -> dict[str, str]:
    country = contract.terms.get("country", "")
    return {"country": country, "name": country_name(country), "city": contract.terms.get("city", "")}


def detail_bar(contract: Contract, parts: Split, now: datetime) -> dict[str, object]:
    """The large term bar: like the row's, with the moments of start and end at its ends."""
    bar: TermBar = term_bar(contract, parts, now)
    start, end = bar.start, bar.end
    mark = now_mark(contract, now)
    if contract.provisioned_at is not None:
        start = _("Started %(when)s UTC") % {"when": when(contract.provisioned_at)}
        if contract.ended_at is not None:
            end = _("Ended %(when)s UTC") % {"when": when(contract.ended_at)}
        elif contract.ends_at is not None:
            end = _("Ends %(when)s UTC") % {"when": when(contract.ends_at)}
        else:
            end = _("The clock stands still")
    return {
        "unpaid": bar.unpaid,
        "released": bar.released,
        "refunded": bar.refunded,
        "now": mark[0] if mark else None,
        "now_label": mark[1] if mark else "",
        "start": start,
        "end": end,
        "label": bar.label,
    }


def _key(parts: Split) -> list[dict[str, str]]:
    if not parts.paid:
        return []
    key = [
        {"label": _("Served"), "more": "", "amount": money(parts.money(parts.served)), "part": ""},
        {"label": _("Held back"), "more": _(", still yours"), "amount": money(parts.money(parts.held)), "part": "escrow"},
        {"label": _("Refunded"), "more": _(" to you"), "amount": money(parts.money(parts.refunded)), "part": "back"},
    ]
    if parts.lost:
        lost = money(parts.money(parts.lost))
        key.append({"label": _("Taken back"), "more": _(" by your bank"), "amount": lost, "part": "back"})
    return key


def _pay(papers: Papers, contract: Contract, now: datetime) -> Context | None:
    charge: Charge | None = papers.open_charge(now)
    if charge is None or contract.payment_processing or contract.is_final:
        return None
    words = {"amount": money(charge.gross), "subject": charge.subject}
    is_order = charge.segment_id is not None
    return {
        "label": _("Pay %(amount)s") % words,
        "url": reverse("checkout", args=[charge.public_id]),
        "is_order": is_order,
        "text": "" if is_order else _("The extension %(subject)s waits for your payment.") % words,
    }


def _complain(
    contract: Contract,
    papers: Papers,
    moves: frozenset[str],
    previews: Mapping[str, RefundPreview],
    forms: Mapping[str, Form],
) -> Context | None:
    if "report_not_as_described" not in moves:
        return None
    seen = leaving(contract, previews["complain"], papers.charges)
    return {"form": forms.get("complain") or ComplainForm(auto_id="complain-%s"), "is_open": "complain" in forms, "leaving": seen}


def _extend(
    contract: Contract,
    moves: frozenset[str],
    offers: list[tuple[int, Money]],
    forms: Mapping[str, Form],
    now: datetime,
) -> Context | None:
    if not is_delivered(contract):
        return None
    if "extend" not in moves or contract.ends_at is None or not offers:
        return {"form": None, "why_not": _why_not_extend(contract, now)}
    form = forms.get("extend") or ExtendForm(extension_choices(offers, contract.ends_at), usual=contract.hours)
    rule = _("at the price frozen in your contract")
    return {"form": form, "rule": rule if contract.extension_price == "frozen" else _("at the provider’s price of today")}


def _why_not_extend(contract: Contract, now: datetime) -> str:
    if contract.state == State.SUSPENDED:
        return _("While it is paused no time is used up. It can be extended when it goes on.")
    refused = extension_refusal(contract, now)
    return refused.reason if refused else _("No further term is offered for it now.")


def _cancel(
    contract: Contract,
    papers: Papers,
    moves: frozenset[str],
    previews: Mapping[str, RefundPreview],
    forms: Mapping[str, Form],
    now: datetime,
) -> Context | None:
    if "cancel" not in moves:
        why_not = _why_not_cancel(contract, now)
        return {"form": None, "why_not": why_not} if why_not else None
    paid = contract.paid_at is not None
    seen = leaving(contract, previews["cancel"], papers.charges)
    delivered = is_delivered(contract)
    withdrawing = paid and _may_withdraw(contract, papers.order, now)
    form = forms.get("cancel") or (CancelForm if delivered else CancelEarlyForm)()
    assert isinstance(form, CancelEarlyForm)
    form.carry(seen.expected_refund_minor)
    return {
        "form": form,
        "title": _("Withdraw from contract here") if withdrawing else _("Cancel"),
        "label": _cancel_label(seen.back, paid=paid, withdrawing=withdrawing),
        "paid": paid,
        "delivered": delivered,
        "withdrawing": withdrawing,
        "leaving": seen,
    }


def _why_not_cancel(contract: Contract, now: datetime) -> str:
    """The reason for a missing button; empty for what has ended anyhow."""
    if contract.is_final:
        return ""
    if contract.state == State.SUSPENDED and not contract.is_disputed:
        return _("While it is paused nothing is used up, and it cannot be cancelled. It is decided soon.")
    if contract.is_disputed:
        return _("The payment is disputed at your bank. It cannot be cancelled until the bank has decided.")
    refused = refusal(contract, "cancel", ActorKind.CUSTOMER, now)
    return refused.reason if refused else ""


def _may_withdraw(contract: Contract, order: Charge, now: datetime) -> bool:
    """A private buyer has 14 days from the moment the contract was made, which is when it was accepted."""
    return not order.buyer.get("is_business") and now < (contract.accepted_at or contract.created_at) + WITHDRAWAL


def _cancel_label(back: str, *, paid: bool, withdrawing: bool) -> str:
    if not paid:
        return _("Cancel the order")
    words = {"amount": back}
    return (_("Confirm withdrawal, %(amount)s comes back") if withdrawing else _("Cancel and refund %(amount)s")) % words
