"""Only the rows of a customer's list of rentals, and the sentence above them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import Charge
from contracts.models import Contract
from contracts.states import ExtensionPrice, Shelf, State
from core.countries import country_name
from core.formats import minor, money
from core.money import Money
from core.pages import Count, Page
from dashboard.figures import Split, split
from dashboard.presenters.term import TermBar, term_bar
from dashboard.presenters.words import LAST_DAYS, Badge, Outcome, Step, badge, is_overdue, next_step
from dashboard.queries import GivenBack
from dashboard.states import RentalTab


@dataclass(frozen=True, slots=True)
class Link:
    """Where a row leads, and in which words; `strong` for what the customer has to do."""

    label: str
    url: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class RentalRow:
    """One rental of the list, ready to be printed."""

    reference: str
    name: str
    url: str
    provider: str
    country: str
    country_name: str
    badge: Badge
    step: Step
    extend: Link | None
    term: TermBar
    amount: str
    amount_label: str
    action: Link | None
    is_over: bool
    is_linked: bool


@dataclass(frozen=True)
class Beside:
    """What the rows of one page need beside the rentals themselves; see `dashboard.queries` for each."""

    given_back: dict[int, GivenBack]
    charges: dict[int, Charge]
    usual_answers: dict[int, int]
    offered: dict[int, str]

    def outcome(self, contract: Contract) -> Outcome:
        """What came back of an ended rental, in words."""
        back = self.given_back.get(contract.pk)
        if back is None:
            return Outcome()
        return Outcome(minor(back.gross_minor, contract.currency), back.arrived)


def rental_rows(contracts: Iterable[Contract], beside: Beside, now: datetime, linked: str) -> list[RentalRow]:
    """A row for each rental, in their order; the one with reference `linked` is marked."""
    return [_row(contract, beside, now, linked) for contract in contracts]


def _row(contract: Contract, beside: Beside, now: datetime, linked: str) -> RentalRow:
    parts = split(contract, now)
    amount, amount_label = _amount(contract, parts, beside)
    country = contract.terms.get("country", "")
    url = reverse("rental", args=[contract.reference])
    return RentalRow(
        reference=contract.reference,
        name=contract.offering_name,
        url=url,
        provider=contract.provider.name,
        country=country,
        country_name=country_name(country),
        badge=badge(contract, "customer", now),
        step=next_step(contract, "customer", now, beside.outcome(contract), beside.usual_answers.get(contract.provider_id)),
        extend=_extend(contract, url, now),
        term=term_bar(contract, parts, now),
        amount=amount,
        amount_label=amount_label,
        action=_action(contract, url, beside, now),
        is_over=contract.is_final,
        is_linked=contract.reference == linked,
    )


def _amount(contract: Contract, parts: Split, beside: Beside) -> tuple[str, str]:
    charge = beside.charges.get(contract.pk)
    if charge is not None:
        return money(charge.gross), _("being paid") if contract.payment_processing else _("to pay")
    if not contract.is_final:
        return money(parts.money(parts.held)), _("held back")
    back = beside.given_back.get(contract.pk)
    if back is not None:
        return minor(back.gross_minor, contract.currency), _("came back") if back.arrived else _("on its way back")
    return money(parts.money(parts.served)), _("served") if parts.paid else _("charged")


def _action(contract: Contract, url: str, beside: Beside, now: datetime) -> Link | None:
    charge = beside.charges.get(contract.pk)
    if charge is not None and not contract.payment_processing and not is_overdue(contract, now):
        return Link(_("Pay"), reverse("checkout", args=[charge.public_id]), strong=True)
    if contract.is_final:
        slug = beside.offered.get(contract.offering_id)
        return Link(_("Rent again"), reverse("offering", args=[slug])) if slug else Link(_("Open"), url)
    if contract.state == State.PROVISIONED and not is_overdue(contract, now):
        return Link(_("Check"), url, strong=True)
    return Link(_("Open"), url) if contract.provisioned_at is not None else None


def _extend(contract: Contract, url: str, now: datetime) -> Link | None:
    ends_at = contract.ends_at
    if contract.state != State.ACTIVE or ends_at is None or not 0 < (ends_at - now).total_seconds() < LAST_DAYS:
        return None
    if contract.extension_price == ExtensionPrice.CURRENT:
        return Link(_("Extend"), f"{url}#extend")
    price = minor(contract.monthly_minor, contract.currency)
    return Link(_("Extend at %(price)s a month") % {"price": price}, f"{url}#extend")


# The page around the rows ------------------------------------------------------------------------------------------------------


def tabs(counts: dict[RentalTab, Count], current: RentalTab) -> list[dict[str, object]]:
    """The tabs with their counts, for c/tabs.html."""
    page = reverse("rentals")
    return [
        {
            "label": tab.label,
            "url": page if tab is RentalTab.ALL else f"{page}?tab={tab.value}",
            "count": str(counts[tab]),
            "current": tab is current,
        }
        for tab in RentalTab
    ]


def lede(counts: dict[RentalTab, Count], page: Page[Contract], tab: RentalTab, now: datetime) -> str:
    """What is held back in all, where this page shows every open rental; and how many wait for the customer."""
    sentences = []
    if tab is RentalTab.ALL and page.first and _shows_all_open(page):
        held = _held(page.rows, now)
        if held:
            sentences.append(_("%(amounts)s of yours is held back, before VAT.") % {"amounts": held})
    waiting = counts[RentalTab.NEEDS_YOU]
    if waiting.value:
        text = ngettext("%(n)s rental waits for you.", "%(n)s rentals wait for you.", waiting.value)
        sentences.append(text % {"n": str(waiting)})
    elif counts[RentalTab.ALL].value:
        sentences.append(_("Nothing waits for you."))
    return " ".join(sentences)


def _shows_all_open(page: Page[Contract]) -> bool:
    return page.last or page.rows[-1].shelf == Shelf.ENDED


def _held(contracts: Sequence[Contract], now: datetime) -> str:
    sums: dict[str, Money] = {}
    for contract in contracts:
        if not contract.is_final:
            held = Money(split(contract, now).held, contract.currency)
            sums[contract.currency] = sums.get(contract.currency, Money.zero(contract.currency)) + held
    return _(" and ").join(money(amount) for amount in sums.values() if amount)


def empty_words(tab: RentalTab) -> tuple[str, str]:
    """Why a tab is empty, as a title and a sentence."""
    return {
        RentalTab.ALL: (_("No rentals on this page"), _("They have moved since you opened the list.")),
        RentalTab.NEEDS_YOU: (_("Nothing waits for you"), _("Payments to make and deliveries to check appear here.")),
        RentalTab.ON_THE_WAY: (_("Nothing is on the way"), _("What you paid for and wait for appears here.")),
        RentalTab.RUNNING: (_("Nothing is running"), _("Rentals that you use appear here.")),
        RentalTab.PAUSED: (_("Nothing is paused"), _("A rental whose payment is disputed would appear here.")),
        RentalTab.ENDED: (_("Nothing has ended"), _("Rentals that are over stay here, with what came back.")),
    }[tab]
