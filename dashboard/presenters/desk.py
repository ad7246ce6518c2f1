"""Only the rows of a provider's desk: requests with what they earn, contracts that run, and the sentence above them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Charge
from contracts.models import Contract
from contracts.queries import available_moves
from contracts.states import ActorKind, State
from core.countries import country_name
from core.formats import hours_text, minor, money, when
from core.pages import Count
from dashboard.desk_queries import History
from dashboard.figures import earning, split
from dashboard.forms import DeclineForm, DeliverForm
from dashboard.presenters.money import fee_text
from dashboard.presenters.term import TermBar, term_bar
from dashboard.presenters.times import is_soon, moment_text, span
from dashboard.presenters.words import Badge, Outcome, Step, badge, next_step
from dashboard.states import DeskTab


@dataclass(frozen=True)
class Known:
    """What requests need beside the contracts; see `dashboard.desk_queries` for each."""

    charges: dict[int, Charge]
    histories: dict[int, History]
    stock: dict[int, int]


@dataclass(frozen=True, slots=True)
class Earns:
    """What a contract brings the provider, after the fee."""

    own: str
    note: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when the provider acts."""

    text: str
    left: str
    machine: str
    soon: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that waits for the provider; the forms are there only where they work."""

    reference: str
    name: str
    url: str
    term: str
    badge: Badge
    customer: str
    history: str
    facts: list[dict[str, str]]
    note: str
    earns: Earns
    deadline: Deadline | None
    can_accept: bool
    can_start: bool
    decline: DeclineForm | None
    decline_label: str
    deliver: DeliverForm | None


@dataclass(frozen=True, slots=True)
class DealRow:
    """One contract of a table: running, not yet the provider's turn, or over."""

    reference: str
    name: str
    url: str
    customer: str
    badge: Badge
    step: Step
    term: TermBar
    amount: str


def customer_words(contract: Contract, charge: Charge | None) -> str:
    """ "Papierboot GmbH, Germany" for an organisation or company, "A customer in Sweden" for a person."""
    buyer = charge.buyer if charge else {}
    place = country_name(str(buyer.get("country", "")))
    name = "" if contract.customer.is_personal else contract.customer.name
    name = str(buyer.get("company") or "") or name
    if name:
        return ", ".join(filter(None, (name, place)))
    return _("A customer in %(country)s") % {"country": place} if place else _("A customer")


def earns(contract: Contract) -> Earns:
    """What the contract brings, if it runs to its end."""
    brings = earning(contract, sum(segment.net_minor for segment in contract.segments.all() if segment.paid_at))
    note = _("for you, %(net)s less %(fee)s") % {
        "net": minor(brings.net, contract.currency),
        "fee": fee_text(contract),
    }
    return Earns(money(brings.own), note)


def deadline(contract: Contract, now: datetime) -> Deadline | None:
    """By when the provider answers or delivers; None when that is not its turn."""
    moment = contract.deadline_at
    if moment is None:
        return None
    words = {"by": moment_text(moment, now)}
    text = _("Answer by %(by)s") % words if contract.state == State.REQUESTED else _("Deliver by %(by)s") % words
    left = (moment - now).total_seconds()
    after = _("in %(left)s, then all is refunded") % {"left": span(left)} if left > 0 else _("over; all is being refunded")
    return Deadline(text, after, moment.isoformat(timespec="seconds"), is_soon(moment, now))


def requests(contracts: Iterable[Contract], known: Known, now: datetime, *, may_act: bool) -> list[Request]:
    """What waits for the provider, in the order given; without buttons for members who may not act."""
    return [_request(contract, known, now, may_act=may_act) for contract in contracts]


def _request(contract: Contract, known: Known, now: datetime, *, may_act: bool) -> Request:
    moves = available_moves(contract, ActorKind.PROVIDER, now) if may_act else frozenset()
    charge = known.charges.get(contract.pk)
    back = minor(charge.gross_minor, charge.currency) if charge else ""
    ids = f"{contract.reference}-%s"
    return Request(
        reference=contract.reference,
        name=contract.offering_name,
        url=reverse("provider_contract", args=[contract.reference]),
        term=_("for %(term)s") % {"term": hours_text(contract.hours)},
        badge=badge(contract, "provider", now),
        customer=customer_words(contract, charge),
        history=history_words(known.histories.get(contract.customer_id)),
        facts=request_facts(contract, known.stock.get(contract.offering_id)),
        note=contract.note,
        earns=earns(contract),
        deadline=deadline(contract, now),
        can_accept="accept" in moves,
        can_start="start_provisioning" in moves,
        decline=DeclineForm(auto_id=ids) if "reject" in moves else None,
        decline_label=_("Decline, refund %(amount)s") % {"amount": back},
        deliver=DeliverForm(auto_id=ids) if moves & {"deliver", "start_provisioning"} else None,
    )


def history_words(history: History | None) -> str:
    """ "New to you", or what they rented before."""
    if history is None:
        return _("New to you")
    rentals = ngettext("%(n)d earlier rental with you", "%(n)d earlier rentals with you", history.rentals)
    early = ngettext("%(n)d ended early", "%(n)d ended early", history.ended_early) % {"n": history.ended_early}
    return f"{rentals % {'n': history.rentals}}, {early if history.ended_early else _('never ended early')}"


def request_facts(contract: Contract, free: int | None) -> list[dict[str, str]]:
    """What the provider must know to answer: system, key, when it was asked, what is left in stock."""
    pairs = [
        (_("System"), contract.operating_system),
        (_("SSH key"), key_words(contract.ssh_public_key)),
        (_("Host name"), contract.host_name),
        (_("Asked"), when(contract.created_at)),
        (_("Stock after"), "" if free is None else ngettext("%(n)d free", "%(n)d free", free) % {"n": free}),
    ]
    return [{"label": label, "value": value} for label, value in pairs if value]


def key_words(public_key: str) -> str:
    """ "Ed25519", "RSA": the kind of a public key in the words people use."""
    kind = public_key.split(" ", 1)[0]
    names = {"ssh-ed25519": "Ed25519", "ssh-rsa": "RSA", "sk-ssh-ed25519@openssh.com": "Ed25519, hardware"}
    return names.get(kind, "ECDSA" if kind.startswith(("ecdsa", "sk-ecdsa")) else kind)


def deal_rows(contracts: Iterable[Contract], charges: dict[int, Charge], now: datetime) -> list[DealRow]:
    """A row for each contract; the amount is what is left to earn, and what was earned once it is over."""
    rows = []
    for contract in contracts:
        parts = split(contract, now)
        so_far = earning(contract, parts.served)
        left = earning(contract, parts.served + parts.held).own - so_far.own
        rows.append(
            DealRow(
                reference=contract.reference,
                name=contract.offering_name,
                url=reverse("provider_contract", args=[contract.reference]),
                customer=customer_words(contract, charges.get(contract.pk)),
                badge=badge(contract, "provider", now),
                step=next_step(contract, "provider", now, Outcome()),
                term=term_bar(contract, parts, now),
                amount=money(so_far.own if contract.is_final else left),
            )
        )
    return rows


def tabs(counts: dict[DeskTab, Count], current: DeskTab) -> list[dict[str, object]]:
    """The tabs with their counts, for c/tabs.html."""
    page = reverse("provider_desk")
    return [
        {
            "label": tab.label,
            "url": page if tab is DeskTab.OPEN else f"{page}?tab={tab.value}",
            "count": str(counts[tab]),
            "current": tab is current,
        }
        for tab in DeskTab
    ]


def lede(waiting: Sequence[Contract], count: Count, now: datetime) -> str:
    """How much waits, and the next deadline; `waiting` is the first page, soonest first."""
    if not count.value:
        return _("Nothing waits for you.")
    text = ngettext("%(n)s contract waits for you.", "%(n)s contracts wait for you.", count.value) % {"n": str(count)}
    first = next((contract.deadline_at for contract in waiting if contract.deadline_at), None)
    if first is None:
        return text
    return f"{text} {_('The next deadline is at %(by)s UTC.') % {'by': moment_text(first, now)}}"
