"""Only what the checkout and the return page say about a charge, in each state it can be in."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.checkout_state import CheckoutStanding, CheckoutState
from billing.gateway_facts import PaymentGateway
from billing.gateways import brand_of
from billing.models import Charge
from billing.presenters.amounts import Line, statement, total
from billing.states import Anomaly, ChargePurpose
from billing.token_words import asked_text, received_text, token_of
from billing.untaxed import gross_by, table_gross_minor
from contracts.states import State
from core import clock
from core.countries import country_name
from core.formats import money, until, when
from core.money import Money


@dataclass(frozen=True)
class News:
    """One truth about the payment: a heading, sentences, how it is marked, and where one can go on."""

    title: str
    text: str
    kind: str
    label: str = ""
    url: str = ""


@dataclass(frozen=True)
class _Case:
    """What there is to be told."""

    charge: Charge
    standing: CheckoutStanding


@dataclass(frozen=True)
class Bill:
    """The charge as the pages show it."""

    lines: list[Line]
    total: Line
    gross: str
    title: str
    operator: str
    country: str
    city: str
    is_extension: bool
    buyer: list[str]


@dataclass(frozen=True)
class CheckoutPage:
    """Ready strings for templates/billing/checkout.html."""

    bill: Bill
    news: News
    also: list[str]
    methods: list[dict[str, object]]
    may_pay: bool
    has_news: bool
    news_leads_on: bool
    button: str
    deadline: str
    answer_hours: int
    step: int


@dataclass(frozen=True)
class ReturnPage:
    """Ready strings for templates/billing/checkout_return.html."""

    bill: Bill
    news: News
    also: list[str]
    polls: bool
    ask: str
    sandbox_url: str
    asks_for_transaction: bool
    step: int


def checkout_page(charge: Charge, standing: CheckoutStanding, gateways: list[PaymentGateway], chosen: str) -> CheckoutPage:
    """All of the checkout page; where nothing can be paid it says why."""
    return CheckoutPage(
        bill=bill(charge),
        news=_left_open(charge, standing) if standing.state == CheckoutState.WAITING else news(charge, standing),
        also=also(standing),
        methods=_methods(charge, gateways, chosen),
        may_pay=standing.may_pay,
        has_news=standing.state != CheckoutState.OPEN,
        news_leads_on=standing.state == CheckoutState.WAITING and _is_icpay(standing),
        button=_go_on(charge, gateways),
        deadline=deadline_text(charge),
        answer_hours=settings.ANSWER_DEADLINE_HOURS,
        step=_step(standing),
    )


def return_page(charge: Charge, standing: CheckoutStanding) -> ReturnPage:
    """All of the page that the bank leads back to."""
    latest = standing.latest
    return ReturnPage(
        bill=bill(charge),
        news=news(charge, standing),
        also=also(standing),
        polls=standing.state.may_change_by_itself,
        ask=_("Ask %(name)s now") % {"name": _asked(standing)},
        sandbox_url=latest.checkout_url if latest is not None and latest.gateway == "sandbox" else "",
        asks_for_transaction=_asks_for_transaction(standing),
        step=_step(standing),
    )


def _step(standing: CheckoutStanding) -> int:
    return 3 if standing.state == CheckoutState.PAID else 2


def bill(charge: Charge) -> Bill:
    """What is charged, and to whom."""
    buyer = charge.buyer
    return Bill(
        lines=statement(charge.price, charge.hours, charge.tax_rate, charge.tax_minor, charge.tax_decision),
        total=total(charge.gross_minor, charge.currency),
        gross=money(charge.gross),
        title=charge.contract.offering_name,
        operator=charge.contract.provider.name,
        country=charge.contract.terms["country"],
        city=charge.contract.terms["city"],
        is_extension=charge.purpose == ChargePurpose.EXTENSION,
        buyer=[
            line
            for line in (
                buyer["company"],
                buyer["name"],
                buyer["street"],
                f"{buyer['postcode']} {buyer['city']}".strip(),
                country_name(buyer["country"]),
                buyer["vat_id"],
            )
            if line
        ],
    )


def _methods(charge: Charge, gateways: list[PaymentGateway], chosen: str) -> list[dict[str, object]]:
    """The ways to pay as rows, with their amounts where these differ; the first one is chosen where nobody chose."""
    first = chosen or (gateways[0].name if gateways else "")
    return [
        {
            "value": gateway.name,
            "main": gateway.label,
            "sub": gateway.description,
            "checked": gateway.name == first,
            **(_own_amount(charge, gateway) if _amounts_differ(charge, gateways) else {}),
        }
        for gateway in gateways
    ]


def _own_amount(charge: Charge, gateway: PaymentGateway) -> dict[str, object]:
    gross = gross_by(charge, gateway.name)
    return {
        "end": money(Money(gross, charge.currency)),
        "end_sub": _("no VAT is charged") if gross < table_gross_minor(charge) else _("VAT included"),
    }


def _amounts_differ(charge: Charge, gateways: list[PaymentGateway]) -> bool:
    return len({gross_by(charge, gateway.name) for gateway in gateways}) > 1


def _go_on(charge: Charge, gateways: list[PaymentGateway]) -> str:
    """The button's words: the amount, unless it depends on what is chosen beside it."""
    if _amounts_differ(charge, gateways):
        return _("Pay the amount of the method")
    gross = gross_by(charge, gateways[0].name) if gateways else charge.gross_minor
    return _("Pay %(amount)s") % {"amount": money(Money(gross, charge.currency))}


def deadline_text(charge: Charge) -> str:
    """ "Pay within 42 min, by 18 Nov, 15:02 UTC."."""
    words = {"time": when(charge.expires_at), "left": until(charge.expires_at)}
    if charge.purpose == ChargePurpose.EXTENSION:
        return _("Pay by %(time)s UTC (%(left)s). After that nothing is charged and the rental ends when it would have.") % words
    return _("Pay by %(time)s UTC (%(left)s). After that nothing is charged and the server goes back on the market.") % words


def news(charge: Charge, standing: CheckoutStanding) -> News:
    """What is true of this payment now, in words."""
    return {
        CheckoutState.OPEN: _open,
        CheckoutState.WAITING: _waiting,
        CheckoutState.PROCESSING: _processing,
        CheckoutState.DECLINED: _declined,
        CheckoutState.MISMATCHED: _mismatched,
        CheckoutState.CLOSING: _closing,
        CheckoutState.ENDED: _ended,
        CheckoutState.PAID: _paid,
    }[standing.state](_Case(charge, standing))


def also(standing: CheckoutStanding) -> list[str]:
    """What arrived besides: it pays for nothing and goes back."""
    return [
        _("%(amount)s arrived that pays for nothing. All of it goes back the way it came.") % {"amount": received_text(payment)}
        for payment in standing.returning
    ]


def _open(case: _Case) -> News:
    return News(_("Not paid yet"), deadline_text(case.charge), "act", *_pay(case.charge))


def _left_open(charge: Charge, standing: CheckoutStanding) -> News:
    """Back at the choice with a payment page open: left on purpose, or in another tab, or paid on a page that leads nobody back."""
    assert standing.latest is not None
    if _is_icpay(standing):
        text = _(
            "A page of ICPay is open until %(time)s UTC. If you have paid there, wait here for its news; if not, choose below."
        )
        news_at = reverse("checkout_return", args=[charge.public_id])
        return News(
            _("Not paid yet"), text % {"time": when(standing.latest.expires_at)}, "act", _("I have paid: wait for news"), news_at
        )
    text = _("We know of no payment so far. A payment page is open until %(time)s UTC: go back to it, or choose another way.")
    return News(_("Not paid yet"), text % {"time": when(standing.latest.expires_at)}, "act", *_pay(charge))


def _waiting(case: _Case) -> News:
    back = reverse("checkout", args=[case.charge.public_id])
    by = {"time": when(case.charge.expires_at), "name": _asked(case.standing)}
    if _is_icpay(case.standing):
        text = _(
            "ICPay has not told us yet whether it is paid: a network takes from seconds to some minutes. This page looks again by "
            "itself; the order waits until %(time)s UTC."
        )
        return News(_("We are asking %(name)s") % by, text % by, "info", *_pages_again(case))
    if case.standing.latest is not None and case.standing.latest.gateway == "stripe":
        text = _(
            "Stripe has not told us yet whether it is paid. This page looks again by itself; the order waits until %(time)s UTC."
        )
        return News(_("We are asking %(name)s") % by, text % by, "info", _("Back to checkout"), back)
    text = _("The bank has not told us anything yet. The order waits until %(time)s UTC.")
    return News(_("Waiting for the bank"), text % by, "act", _("Back to checkout"), back)


def _pages_again(case: _Case) -> tuple[str, str]:
    """A page for tokens leads nobody back to us: the way to it, and to the others, is shown here."""
    latest = case.standing.latest
    assert latest is not None
    if latest.expires_at > clock.now():
        return _("Go to ICPay’s page again"), latest.checkout_url
    return _("Back to checkout"), reverse("checkout", args=[case.charge.public_id])


def _asked(standing: CheckoutStanding) -> str:
    """Whom we ask what became of it."""
    latest = standing.latest
    return _("the bank") if latest is None or latest.gateway == "sandbox" else brand_of(latest.gateway)


def _is_icpay(standing: CheckoutStanding) -> bool:
    return standing.latest is not None and standing.latest.gateway == "icpay"


def _asks_for_transaction(standing: CheckoutStanding) -> bool:
    """While nothing is known of tokens that may have been sent, the customer may say which transaction it was."""
    if not _is_icpay(standing) or standing.state not in {CheckoutState.WAITING, CheckoutState.PROCESSING, CheckoutState.CLOSING}:
        return False
    row = None if standing.latest is None else token_of(standing.latest)
    return row is not None and not row.browser_transaction_id


def _processing(case: _Case) -> News:
    amount = {"amount": money(case.charge.gross)}
    if _is_icpay(case.standing):
        text = _("Your transaction of %(amount)s is on its way through the network. The order waits for it.")
    else:
        text = _("The bank is moving %(amount)s. It takes as long as the bank takes; the order waits for it.")
    return News(_("Your payment is on its way"), text % amount, "info")


def _declined(case: _Case) -> News:
    if _is_icpay(case.standing):
        text = _("ICPay says that it did not work, and nothing came. Try again, or in another way, by %(time)s UTC.")
    else:
        text = _("The bank said no, and nothing was charged. Try again, or in another way, by %(time)s UTC.")
    return News(_("Declined"), text % {"time": when(case.charge.expires_at)}, "stop", *_pay(case.charge))


def _mismatched(case: _Case) -> News:
    wrong = case.standing.wrong
    assert wrong is not None
    words = {"received": received_text(wrong), "asked": asked_text(wrong)}
    if wrong.anomaly == Anomaly.WRONG_AMOUNT:
        title = _("Wrong amount, being checked")
        text = _(
            "%(received)s arrived, %(asked)s was asked for. A person looks at it: it is taken as it is, or all of it goes back. "
            "You can also pay the right amount now; then what arrived goes back."
        )
    else:
        title = _("Another payment than was asked for, being checked")
        text = _(
            "%(received)s arrived, %(asked)s was asked for in another way. A person looks at it, and it is still yours. You can "
            "also pay as asked now; then what arrived goes back."
        )
    return News(title, text % words, "act", *_pay(case.charge))


def _closing(case: _Case) -> News:
    text = _("The time to pay ended at %(time)s UTC. We ask %(name)s a last time whether anything was paid.")
    return News(_("The time is over"), text % {"time": when(case.charge.expires_at), "name": _asked(case.standing)}, "info")


def _ended(case: _Case) -> News:
    if case.standing.returning:
        text = _("The order had ended before the money came.")
    elif case.standing.wrong is not None:
        text = _("The order ended. The wrong amount that arrived is looked at by a person, and is still yours.")
    elif case.charge.contract.state == State.CANCELLED:
        text = _("The order was cancelled before it was paid. Nothing was charged.")
    else:
        text = _("The time to pay ended at %(time)s UTC. Nothing was charged.") % {"time": when(case.charge.expires_at)}
    if case.charge.purpose == ChargePurpose.EXTENSION:
        return News(_("Not extended"), text, "stop", _("Go to the rental"), rental_url(case.charge))
    slug = case.charge.contract.offering.slug
    return News(_("Not paid in time"), text, "stop", _("Look at the offering again"), reverse("offering", args=[slug]))


def _paid(case: _Case) -> News:
    contract = case.charge.contract
    text = _("%(amount)s has arrived.") % {"amount": money(case.standing.paid or case.charge.gross)}
    if case.charge.purpose == ChargePurpose.EXTENSION:
        text = f"{text} {_('The rental is extended.')}"
    elif contract.state == State.REQUESTED and contract.deadline_at is not None:
        answer = _("%(provider)s answers by %(time)s UTC; with no answer all of it comes back.")
        text = f"{text} {answer % {'provider': contract.provider.name, 'time': when(contract.deadline_at)}}"
    elif contract.state in {State.ACCEPTED, State.PROVISIONING}:
        text = f"{text} {_('%(provider)s has accepted and sets it up.') % {'provider': contract.provider.name}}"
    return News(_("Paid"), text, "good", _("Go to the rental"), rental_url(case.charge))


def _pay(charge: Charge) -> tuple[str, str]:
    return _("Pay %(amount)s") % {"amount": money(charge.gross)}, reverse("checkout", args=[charge.public_id])


def rental_url(charge: Charge) -> str:
    """The page of the rental that the charge pays for."""
    return reverse("rental", args=[charge.contract.reference])
