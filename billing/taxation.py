"""Only the tax decision here and now: the seller of the settings, today by its calendar, and what it sold across borders so far."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum

from billing.models import Charge
from billing.tax import NO_SALES, SalesAcrossBorders, SellerFacts, TaxDecision, TaxFacts, counts_across_borders, decide_tax
from core import clock
from core.rates import rates_on

# Any number, the same in every process: sales that count against the threshold are decided one after the other.
_LOCK = 720_1004


def seller() -> dict[str, str]:
    """Who sells, as frozen into each charge."""
    return {
        "name": settings.INVOICE_SELLER_NAME,
        "street": settings.INVOICE_SELLER_STREET,
        "postcode": settings.INVOICE_SELLER_POSTCODE,
        "city": settings.INVOICE_SELLER_CITY,
        "country": settings.INVOICE_SELLER_COUNTRY,
        "vat_id": settings.INVOICE_SELLER_VAT_ID,
        "tax_no": settings.INVOICE_SELLER_TAX_NO,
        "reg_id": settings.INVOICE_SELLER_REG_ID,
        "email": settings.INVOICE_SELLER_EMAIL,
        "iban": settings.INVOICE_SELLER_IBAN,
    }


def seller_facts() -> SellerFacts:
    """What the tax decision needs to know of the seller."""
    return SellerFacts(
        country=settings.INVOICE_SELLER_COUNTRY,
        postcode=settings.INVOICE_SELLER_POSTCODE,
        vat_scheme=settings.INVOICE_SELLER_VAT_SCHEME,
        uses_oss=settings.INVOICE_SELLER_OSS,
    )


def sellers_today() -> date:
    """Today where the seller is."""
    return clock.now().astimezone(_zone()).date()


def decide(facts: TaxFacts, net_minor: int, currency_code: str) -> TaxDecision:
    """The tax of selling `net_minor` to this buyer now. Raises `Refused` (oss_needed)."""
    sold = NO_SALES
    if counts_against_threshold(facts):
        sold = sales_across_borders(rates_on(sellers_today()).to_eur(net_minor, currency_code))
    return decide_tax(facts, seller_facts(), sellers_today(), sold)


def home_decision() -> TaxDecision:
    """The tax of a private buyer in the seller's own country: what the market's prices with VAT are shown with."""
    return decide_tax(TaxFacts(settings.INVOICE_SELLER_COUNTRY, settings.INVOICE_SELLER_POSTCODE), seller_facts(), sellers_today())


def counts_against_threshold(facts: TaxFacts) -> bool:
    """Whether the sale is to a consumer of another member state, and the seller not registered for the One-Stop Shop."""
    known = seller_facts()
    return not known.uses_oss and counts_across_borders(facts, known)


def sales_across_borders(this_sale: int) -> SalesAcrossBorders:
    """Sales to consumers of other member states, in euro cents net: paid ones and those that can still be paid. One query.

    Refunds are not taken off: it is the safe side, and a year is over soon.
    """
    now = clock.now()
    year = sellers_today().year
    this_year, last_year = _first_moment(year), _first_moment(year - 1)
    counted = Charge.objects.filter(
        Q(paid_at__isnull=False) | Q(closed_at=None, expires_at__gt=now), threshold_eur_minor__isnull=False
    )
    sums = counted.filter(created_at__gte=last_year).aggregate(
        this=Sum("threshold_eur_minor", filter=Q(created_at__gte=this_year)),
        last=Sum("threshold_eur_minor", filter=Q(created_at__lt=this_year)),
    )
    return SalesAcrossBorders(sums["this"] or 0, sums["last"] or 0, this_sale)


def one_after_the_other(facts: TaxFacts) -> None:
    """Inside the transaction of an order: let two sales that count against the threshold not both be the last one below it."""
    if counts_against_threshold(facts):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _first_moment(year: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=_zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.INVOICE_SELLER_TIMEZONE)
