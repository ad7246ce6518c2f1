"""Only the rows of a customer's list of rentals, and the sentence above them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import ngettext

from contracts.states import ExtensionPrice, Shelf, State
from core.countries import country_name
from core.formats import minor, money
from core.money import Money
from core.pages import Count, Page
from core.words import gettext as _
from dashboard.figures import Split, divide
from dashboard.presenters.term import drawn, term_bar
from dashboard.presenters.words import LAST_DAYS, Outcome, badge, is_overdue, next_step
from dashboard.rental_list import Rental
from dashboard.states import RentalTab


@dataclass(frozen=True, slots=True)
class Link:
    """Where a row leads, and in which words; `strong` for what the customer has to do."""

    label: str
    url: str
    strong: bool = False


NOWHERE = Link("", "")


class RentalRow(NamedTuple):
    """One rental of the list, ready to be printed.

    `term` is the drawn bar; `extend` and `action` are words of links, empty where there is none.
    """

    reference: str
    classes: str
    name: str
    url: str
    provider: str
    country: str
    country_name: str
    badge: str
    tone: str
    who: str
    step: str
    extend: str
    extend_url: str
    term: SafeString
    amount: str
    amount_label: str
    action: str
    action_url: str
    action_class: str


def rental_rows(page: Page[Rental], now: datetime, linked: str) -> list[RentalRow]:
    """A row for each rental, in their order; the one with reference `linked` is marked."""
    base = reverse("rentals")
    return [_row(contract, now, linked, base) for contract in page]


def _row(contract: Rental, now: datetime, linked: str, base: str) -> RentalRow:
    parts = divide(contract, contract.parts, now)
    amount, amount_label = _amount(contract, parts)
    url = f"{base}/{contract.reference}"
    stands = badge(contract, "customer", now)
    step = next_step(contract, "customer", now, _outcome(contract), contract.usual_minutes)
    extend = _extend(contract, url, now)
    action = _action(contract, url, now)
    return RentalRow(
        reference=contract.reference,
        classes=_classes(contract, linked),
        name=contract.offering_name,
        url=url,
        provider=contract.provider.name,
        country=contract.country,
        country_name=country_name(contract.country),
        badge=stands.label,
        tone=stands.tone,
        who=step.who,
        step=step.text,
        extend=extend.label,
        extend_url=extend.url,
        term=drawn(term_bar(contract, parts, now)),
        amount=amount,
        amount_label=amount_label,
        action=action.label,
        action_url=action.url,
        action_class="btn btn--s btn--primary" if action.strong else "btn btn--s",
    )


def _classes(contract: Rental, linked: str) -> str:
    return f"rental{' is-linked' if contract.reference == linked else ''}{' is-over' if contract.is_final else ''}"


def _outcome(contract: Rental) -> Outcome:
    """What came back of an ended rental, in words."""
    if contract.back is None:
        return Outcome()
    amount, arrived, by_hand = contract.back
    return Outcome(minor(amount, contract.currency), arrived, by_hand)


def _amount(contract: Rental, parts: Split) -> tuple[str, str]:
    if contract.charge is not None:
        label = _("being paid") if contract.payment_processing else _("to pay")
        return minor(contract.charge[1], contract.currency), label
    if not contract.is_final:
        return minor(parts.held, contract.currency), _("held back")
    if contract.back is not None:
        amount, arrived, by_hand = contract.back
        label = _("came back") if arrived else _("paid by hand") if by_hand else _("on its way back")
        return minor(amount, contract.currency), label
    return minor(parts.served, contract.currency), _("served") if parts.paid else _("charged")


def _action(contract: Rental, url: str, now: datetime) -> Link:
    if contract.charge is not None and not contract.payment_processing and not is_overdue(contract, now):
        return Link(_("Pay"), reverse("checkout", args=[contract.charge[0]]), strong=True)
    if contract.is_final:
        if contract.offered:
            return Link(_("Rent again"), reverse("offering", args=[contract.offered]))
        return Link(_("Open"), url)
    if contract.state == State.PROVISIONED and not is_overdue(contract, now):
        return Link(_("Check"), url, strong=True)
    return Link(_("Open"), url) if contract.provisioned_at is not None else NOWHERE


def _extend(contract: Rental, url: str, now: datetime) -> Link:
    ends_at = contract.ends_at
    if contract.state != State.ACTIVE or ends_at is None or not 0 < (ends_at - now).total_seconds() < LAST_DAYS:
        return NOWHERE
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


def lede(counts: dict[RentalTab, Count], page: Page[Rental], tab: RentalTab, now: datetime) -> str:
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


def _shows_all_open(page: Page[Rental]) -> bool:
    return page.last or page.rows[-1].shelf == Shelf.ENDED


def _held(contracts: Sequence[Rental], now: datetime) -> str:
    sums: dict[str, Money] = {}
    for contract in contracts:
        if not contract.is_final:
            held = Money(divide(contract, contract.parts, now).held, contract.currency)
            sums[contract.currency] = sums.get(contract.currency, Money.zero(contract.currency)) + held
    return get_text_list([money(amount) for amount in sums.values() if amount], _("and"))


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
