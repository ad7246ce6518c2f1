"""Only the page of one contract for its provider, and the page of what was earned."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.forms import Form
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.queries import RefundPreview
from contracts.models import Contract
from core.formats import money
from dashboard.desk_queries import History
from dashboard.figures import Split, earning, split
from dashboard.forms import DeclineForm, DeliverForm, ReasonForm
from dashboard.presenters.agreed import offered_facts
from dashboard.presenters.connection import delivered_facts
from dashboard.presenters.desk import customer_words, deadline, earns, history_words, request_facts
from dashboard.presenters.money import earned_so_far, giving_up
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
