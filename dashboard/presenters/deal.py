"""Only the page of one contract for its provider, and the page of what was earned."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.queries import RefundPreview
from contracts.models import Contract
from core.formats import minor, money
from dashboard.desk_queries import Earnings, History
from dashboard.figures import Split, earning, split
from dashboard.forms import DeclineForm, DeliverForm, ReasonForm
from dashboard.presenters.agreed import offered_facts
from dashboard.presenters.connection import delivered_facts
from dashboard.presenters.desk import customer_words, deadline, earns, history_words, request_facts
from dashboard.presenters.money import earned_so_far, fee_text, giving_up
from dashboard.presenters.rental import detail_bar
from dashboard.presenters.timeline import timeline
from dashboard.presenters.words import Outcome, badge, next_step
from dashboard.queries import Papers

Context = dict[str, Any]


def deal_page(
    contract: Contract,
    papers: Papers,
    moves: frozenset[str],
    now: datetime,
    *,
    history: History | None,
    free: int | None,
    preview: RefundPreview | None,
    forms: Mapping[str, Form],
) -> Context:
    """The context of dashboard/deal.html.

    `moves` are the buttons that work now, `preview` what an end at the provider's own fault gives back, `forms` those
    that were sent and refused, by name: decline, deliver, fail, cancel.
    """
    parts = split(contract, now)
    return {
        "contract": contract,
        "crumbs": [{"label": _("Desk"), "url": reverse("provider_desk")}, {"label": contract.reference}],
        "badge": badge(contract, "provider", now),
        "step": next_step(contract, "provider", now, Outcome()),
        "customer": customer_words(contract, papers.order),
        "history": history_words(history),
        "facts": request_facts(contract, free),
        "earns": earns(contract) if contract.paid_at else None,
        "deadline": deadline(contract, now) if moves & {"accept", "reject", "deliver", "start_provisioning"} else None,
        "bar": detail_bar(contract, parts, now),
        "key": _key(contract, parts),
        "can_accept": "accept" in moves,
        "can_start": "start_provisioning" in moves,
        "decline": _form("reject" in moves, forms, "decline", DeclineForm),
        "deliver": _form(bool(moves & {"deliver", "start_provisioning"}), forms, "deliver", DeliverForm),
        "fail": _form("fail_provisioning" in moves, forms, "fail", ReasonForm),
        "cancel": _cancel(contract, moves, preview, parts, forms),
        "delivered": delivered_facts(contract),
        "ssh_public_key": contract.ssh_public_key,
        "offered": offered_facts(contract),
        "money": earned_so_far(contract, parts) if parts.paid else None,
        "timeline": timeline(contract, papers.events, "provider", now),
    }


def _form(works: bool, forms: Mapping[str, Form], name: str, kind: type[Form]) -> Context | None:  # noqa: FBT001 (the button's own condition)
    if not works:
        return None
    return {"form": forms.get(name) or kind(auto_id=f"{name}-%s"), "is_open": name in forms}


def _key(contract: Contract, parts: Split) -> list[dict[str, str]]:
    if not parts.paid:
        return []
    so_far = earning(contract, parts.served)
    left = earning(contract, parts.served + parts.held).own - so_far.own
    key = [
        {"label": _("Earned"), "more": _(", after the fee"), "amount": money(so_far.own), "part": ""},
        {"label": _("Still to earn"), "more": _(", after the fee"), "amount": money(left), "part": "escrow"},
        {
            "label": _("Refunded"),
            "more": _(" to the customer, before VAT"),
            "amount": money(parts.money(parts.refunded)),
            "part": "back",
        },
    ]
    if parts.lost:
        lost = money(parts.money(parts.lost))
        key.append({"label": _("Taken back"), "more": _(" by the customer’s bank"), "amount": lost, "part": "back"})
    return key


def _cancel(
    contract: Contract,
    moves: frozenset[str],
    preview: RefundPreview | None,
    parts: Split,
    forms: Mapping[str, Form],
) -> Context | None:
    if "cancel" not in moves or preview is None:
        return None
    return {
        "form": forms.get("cancel") or ReasonForm(auto_id="cancel-%s"),
        "statement": giving_up(contract, preview, parts),
        "label": _("End it and refund %(amount)s") % {"amount": money(preview.priced.gross)},
    }


# Earnings -----------------------------------------------------------------------------------------------------------------------


def earnings_page(sums: list[Earnings], rows: Iterable[Contract], now: datetime) -> Context:
    """The context of dashboard/earnings.html: figures for each currency, then contract by contract."""
    return {
        "currencies": [_figures(row) for row in sums],
        "headers": [
            {"label": _("Contract")},
            {"label": _("Served"), "num": True},
            {"label": _("Fee"), "num": True},
            {"label": _("Yours"), "num": True},
            {"label": _("Still to earn"), "num": True},
        ],
        "rows": [_earning_row(contract, now) for contract in rows],
    }


def _figures(row: Earnings) -> Context:
    def figure(label: str, amount: int, rests_on: str) -> dict[str, str]:
        return {"label": label, "value": minor(amount, row.currency), "rests_on": rests_on}

    return {
        "code": row.currency,
        "items": [
            figure(_("Yours so far"), row.own, _("earned by served time, after the fee")),
            figure(_("Still to earn"), row.still_own, _("if all of it runs to its end, after the fee")),
            figure(_("Platform fee so far"), row.fee, _("of %(earned)s served") % {"earned": minor(row.earned, row.currency)}),
            figure(_("Held back in all"), row.held, _("by the ledger, before VAT and before the fee")),
        ],
    }


def _earning_row(contract: Contract, now: datetime) -> list[dict[str, object]]:
    parts = split(contract, now)
    so_far = earning(contract, parts.served)
    left = earning(contract, parts.served + parts.held).own - so_far.own
    state = badge(contract, "provider", now).label
    return [
        {
            "text": contract.offering_name,
            "sub": f"{contract.reference}, {state}",
            "url": reverse("provider_contract", args=[contract.reference]),
        },
        {"text": minor(so_far.net, contract.currency), "num": True, "label": _("Served")},
        {"text": minor(so_far.fee, contract.currency), "sub": fee_text(contract), "num": True, "label": _("Fee")},
        {"text": money(so_far.own), "num": True, "label": _("Yours")},
        {"text": money(left), "num": True, "label": _("Still to earn")},
    ]
