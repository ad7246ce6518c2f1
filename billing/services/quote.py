"""Only binding offers: what a term costs this account, with a unit of stock held for it."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, User
from accounts.queries import belongs_to, has_verified_email
from billing.models import Quote
from billing.tax import TaxFacts, price_with_tax
from billing.taxation import decide
from contracts.models import Contract
from contracts.pricing import net_price
from contracts.states import State
from contracts.terms import freeze_terms
from core import clock
from core.countries import is_country
from core.errors import Refused
from core.formats import money
from core.money import Money, minimum_minor
from providers.models import Offering, StockHold
from providers.queries import may_see
from providers.services import hold_stock
from providers.states import TERMS, OfferingStatus


def create_quote(account: Account, user: User, offering: Offering, hours: int, facts: TaxFacts) -> Quote:
    """Bind net, tax and gross of `hours` of an offering for a buyer of whom `facts` are known, and hold one unit.

    What VIES says of a VAT id stands in the facts (`services.with_check`); nobody is asked here. The hold is shared by the
    account's quotes for the same offering, so that looking twice takes one unit.
    Raises `Refused`: email_unverified, own_offering (of any account that the user belongs to), not_rentable,
    term_not_offered, below_minimum (with the shortest term that works), unknown_country, oss_needed, too_many_unpaid, sold_out.
    """
    refuse_stranger(account, user, offering)
    if belongs_to(user, offering.provider.account_id):
        raise Refused(_("You belong to this provider; its offerings can only be rented by others."), code="own_offering")
    refuse_term(offering, hours)
    if not is_country(facts.country):
        raise Refused(_("Choose the country of your billing address."), code="unknown_country", field="country")
    price = net_price(offering.monthly_minor, offering.setup_fee_minor, hours, offering.currency)
    decision = decide(facts, price.net_minor, offering.currency)
    priced = price_with_tax(price.net_minor, decision.rate, offering.currency)
    if priced.gross.minor < minimum_minor(offering.currency):
        _refuse_below_minimum(offering, decision.rate)
    now = clock.now()
    _refuse_hoarder(account, offering, now)
    with transaction.atomic():
        hold = hold_stock(offering.pk, account, settings.QUOTE_MINUTES)
        return Quote.objects.create(
            account=account,
            user=user,
            offering=offering,
            hold=hold,
            terms=freeze_terms(offering),
            hours=hours,
            country=facts.country,
            currency=offering.currency,
            monthly_minor=price.monthly_minor,
            setup_fee_minor=price.setup_fee_minor,
            rent_minor=price.rent_minor,
            net_minor=price.net_minor,
            tax_rate=decision.rate,
            tax_country=decision.country,
            tax_minor=priced.tax.minor,
            gross_minor=priced.gross.minor,
            tax_facts=facts.as_json(),
            tax_decision=decision.as_json(),
            created_at=now,
            expires_at=now + timedelta(minutes=settings.QUOTE_MINUTES),
        )


def refuse_stranger(account: Account, user: User, offering: Offering) -> None:
    """Raise `Refused` when this account may not rent this offering at all."""
    if not may_see(offering, account) or offering.status != OfferingStatus.PUBLISHED:
        raise Refused(_("This offering is not for rent any more."), code="not_rentable")
    if offering.provider.account_id == account.pk:
        raise Refused(_("This is your own offering; it cannot be rented by its provider."), code="own_offering")
    if not has_verified_email(user):
        raise Refused(
            _("Confirm your e-mail address first: the link is in your mail. Then rent."),
            code="email_unverified",
        )


def _refuse_hoarder(account: Account, offering: Offering, now: datetime) -> None:
    """Stock that waits for one account's money is out of everybody else's reach."""
    quoted = StockHold.objects.filter(account=account, released_at=None, expires_at__gt=now).exclude(offering=offering)
    ordered = Contract.objects.filter(customer=account, state=State.REQUESTED, paid_at=None)
    if quoted.count() + ordered.count() >= settings.UNPAID_UNITS_LIMIT:
        raise Refused(
            _("%(count)d servers are held for you that are not paid yet. Pay or cancel some of them first.")
            % {"count": settings.UNPAID_UNITS_LIMIT},
            code="too_many_unpaid",
        )


def refuse_term(offering: Offering, hours: int) -> None:
    """Raise `Refused` when the offering is not rented for this many hours."""
    if hours not in TERMS:
        offered = ", ".join(str(term) for term in TERMS)
        raise Refused(_("Terms are %(offered)s hours.") % {"offered": offered}, code="term_not_offered", field="hours")
    for term in offering.terms():
        if term.hours == hours and not term.allowed:
            raise Refused(term.reason, code="term_not_offered", field="hours")


def _refuse_below_minimum(offering: Offering, tax_rate: Decimal) -> None:
    minimum = minimum_minor(offering.currency)
    shortest = None
    for term in offering.terms():
        net = net_price(offering.monthly_minor, offering.setup_fee_minor, term.hours, offering.currency).net_minor
        if term.allowed and price_with_tax(net, tax_rate, offering.currency).gross.minor >= minimum:
            shortest = term.hours
            break
    words = {"minimum": money(Money(minimum, offering.currency)), "hours": shortest}
    if shortest is None:
        raise Refused(
            _("The smallest payment is %(minimum)s; no term of this offering reaches it.") % words,
            code="below_minimum",
            field="hours",
        )
    raise Refused(
        _("The smallest payment is %(minimum)s. The shortest term that reaches it is %(hours)d hours.") % words,
        code="below_minimum",
        field="hours",
        data={"shortest_hours": shortest},
    )
