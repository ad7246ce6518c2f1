"""Only what all letters about a rental are made of: the news they tell, its amounts, moments, links and statements."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.letters import Letter
from billing.models import Charge, Payment, Refund
from billing.queries import order_charge, unused_of
from billing.states import Anomaly, PaymentState, RefundKind, RefundState
from contracts.models import Contract, Settlement
from contracts.pricing import fee_minor
from contracts.states import Fault
from core.formats import hours_text, minor, when
from core.models import DomainEvent
from core.money import MINUS

Line = dict[str, str]


@dataclass(frozen=True)
class Paper:
    """A file that goes with a letter."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class RentalLetter(Letter):
    """A letter with a statement that ends in a sum, and what is attached to it."""

    total: Line | None = None
    papers: tuple[Paper, ...] = ()


@dataclass(frozen=True)
class News:
    """Something that happened to a rental, with the rental as it stands now."""

    event: DomainEvent
    contract: Contract

    @property
    def names(self) -> dict[str, str]:
        """What sentences call things. All of it was typed by people: on one line, whatever they typed."""
        contract = self.contract
        return {
            "offering": one_line(contract.offering_name),
            "provider": one_line(contract.provider.name),
            "reference": contract.reference,
            "term": hours_text(contract.hours),
            "by": moment(contract.deadline_at),
            "ends": moment(contract.ends_at),
            "ended": moment(contract.ended_at),
            "reason": one_line(contract.end_reason).rstrip(". "),
        }

    @property
    def said(self) -> str:
        """Why, in the words of whoever did it; the system's reasons are words for the audit trail."""
        by_people = self.event.data.get("actor_kind") in {"customer", "provider", "staff"}
        return one_line(str(self.event.data.get("reason", ""))) if by_people else ""

    @property
    def amount(self) -> str:
        """The figure that the event carries."""
        return minor(self.event.data["amount_minor"], self.event.data["currency"])

    @property
    def payment(self) -> Payment:
        """The payment that the event is about."""
        return Payment.objects.select_related("charge").get(pk=self.event.data["payment"])


def one_line(text: str) -> str:
    """Text of people on one line, without what cannot be printed: it can neither add a header nor pass for a sentence of ours."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def moment(at: datetime | None) -> str:
    """ "19 Nov, 09:30 UTC"; empty for a moment that nobody knows."""
    return _("%(moment)s UTC") % {"moment": when(at)} if at else ""


def link(name: str, *args: object) -> str:
    """An absolute address."""
    return settings.SITE_URL + reverse(name, args=args)


def to_customer(
    news: News,
    subject: str,
    lead: str,
    *paragraphs: str,
    lines: tuple[Line, ...] = (),
    total: Line | None = None,
    action: tuple[str, str] | None = None,
    small: str = "",
    papers: tuple[Paper, ...] = (),
) -> RentalLetter:
    """A letter to the customer's side; its button leads to the rental unless `action` (address, label) says otherwise."""
    url, label = action or (link("rental", news.contract.reference), _("See your rental"))
    reason = _("You get this because of rental %(reference)s on Decent Cloud.") % news.names
    texts = tuple(text for text in paragraphs if text)
    return RentalLetter(subject, lead, texts, lines, url, label, small, reason, total, papers)


def to_provider(
    news: News,
    subject: str,
    lead: str,
    *paragraphs: str,
    lines: tuple[Line, ...] = (),
    total: Line | None = None,
    label: str = "",
) -> RentalLetter:
    """A letter to the provider's side; its button leads to the rental on the desk."""
    url = link("provider_contract", news.contract.reference)
    reason = _("You get this because you work for %(provider)s on Decent Cloud, about rental %(reference)s.") % news.names
    texts = tuple(text for text in paragraphs if text)
    return RentalLetter(subject, lead, texts, lines, url, label or _("Open it on your desk"), "", reason, total)


# Statements ---------------------------------------------------------------------------------------------------------------------


def asked(charge: Charge) -> tuple[Line, ...]:
    """Net and VAT of a charge, as lines."""
    return (
        {"label": one_line(charge.subject), "amount": minor(charge.net_minor, charge.currency)},
        {"label": _("VAT"), "amount": minor(charge.tax_minor, charge.currency)},
    )


def gross_of_order(contract: Contract) -> str:
    """What the order costs, VAT included."""
    charge = order_charge(contract)
    return minor(charge.gross_minor, charge.currency)


def paid_minor(contract: Contract) -> int:
    """What was paid for a rental in all, VAT included, in minor units; of a wrong amount that staff took, what really came."""
    return sum(min(payment.received_minor, payment.charge.gross_minor) for payment in _payments_of(contract))


def coming_back_minor(contract: Contract) -> int:
    """What an ended rental gives back, VAT included, in minor units: the refunds decided, or those that its settlement asks for."""
    owed = Refund.objects.filter(contract=contract, kind=RefundKind.UNUSED).exclude(state=RefundState.DROPPED)
    decided = {refund.segment_id: refund.amount_minor for refund in owed}
    settlements = {one.segment_id: one for one in Settlement.objects.filter(segment__contract=contract)}
    back = 0
    for payment in _payments_of(contract):
        segment_id = payment.charge.segment_id
        if segment_id in decided:
            back += decided[segment_id]
        elif segment_id in settlements:
            back += unused_of(payment, settlements[segment_id]).priced.gross.minor
    return back


def _payments_of(contract: Contract) -> QuerySet[Payment]:
    """Those that pay for the rental."""
    return Payment.objects.select_related("charge").filter(
        charge__contract=contract, state=PaymentState.SUCCEEDED, anomaly=Anomaly.NONE
    )


def statement(contract: Contract) -> tuple[tuple[Line, ...], Line]:
    """How an ended rental divides what was paid, VAT included: lines and their sum, which comes back."""
    paid, back = paid_minor(contract), coming_back_minor(contract)
    label = _("Paid, with VAT") if _payments_of(contract).filter(charge__tax_minor__gt=0).exists() else _("Paid")
    lines = [{"label": label, "amount": minor(paid, contract.currency)}]
    if contract.provisioned_at is not None:
        kept = minor(paid - back, contract.currency)
        lines.append({"label": _served(contract), "amount": f"{MINUS}{kept}" if paid > back else kept})
    return tuple(lines), {"label": _("Comes back"), "amount": minor(back, contract.currency)}


def _served(contract: Contract) -> str:
    share = share_text(contract.used_seconds(contract.ended_at) or 0 if contract.ended_at else 0, contract.term_seconds)
    if contract.setup_fee_minor and contract.fault == Fault.NOBODY:
        return _("Served, %(share)s, and the set-up fee") % {"share": share}
    return _("Served, %(share)s") % {"share": share}


def share_text(used: int, term: int) -> str:
    """ "12 of 30 days", "5 of 24 hours": seconds of service against a term."""
    unit, words = (3_600, ngettext("%(used)d of %(all)d hour", "%(used)d of %(all)d hours", term // 3_600))
    if term >= 2 * 86_400:
        unit, words = 86_400, ngettext("%(used)d of %(all)d day", "%(used)d of %(all)d days", term // 86_400)
    return words % {"used": used // unit, "all": term // unit}


def earning(contract: Contract, net_minor: int) -> tuple[tuple[Line, ...], Line]:
    """What a provider has of `net_minor` minor units, after the fee frozen in the contract: lines and their sum."""
    fee = fee_minor(net_minor, contract.fee_bp, contract.currency)
    lines = (
        {"label": _("Rent before VAT"), "amount": minor(net_minor, contract.currency)},
        {"label": _("Platform fee"), "amount": f"{MINUS if fee else ''}{minor(fee, contract.currency)}"},
    )
    return lines, {"label": _("Yours"), "amount": minor(net_minor - fee, contract.currency)}


def earned_minor(contract: Contract) -> int:
    """The net that an ended rental has earned, in minor units."""
    return sum(one.earned_minor for one in Settlement.objects.filter(segment__contract=contract))
