"""Only how a charge, a refund or a dispute becomes what a document says: all but its number and day, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from typing import Any

from django.conf import settings

from billing.documents.content import DocumentContent, Line, Party, TaxInSellersCurrency
from billing.gateways import brand_of
from billing.models import Charge, Dispute, Document, Payment, Refund
from billing.numbering import day_of
from billing.sellers import gaps
from billing.states import DocumentKind, DocumentLanguage, TaxCategory, TaxScheme
from contracts.models import Segment, Settlement
from contracts.pricing import MONTH_HOURS
from contracts.states import Fault
from core import clock
from core.money import Priced, currency, half_up
from core.rates import committed_rates, rates_on
from core.vat import vat_state

# What a line is called that the provider did not name.
SETUP_FEE = {
    DocumentLanguage.EN: "Set-up fee",
    DocumentLanguage.DE: "Einrichtungsgebühr",
    DocumentLanguage.FR: "Frais de mise en service",
    DocumentLanguage.ES: "Cuota de alta",
}
# Rates between two currencies that are both not the euro are kept to so many digits.
RATE_DIGITS = Context(prec=8)


@dataclass(frozen=True)
class Tax:
    """Under what a document's VAT is: the words of the charge's frozen decision."""

    category: TaxCategory
    scheme: TaxScheme
    country: str
    rate: Decimal

    @property
    def rate_text(self) -> str:
        """Exact, without zeros at the end: "0.19", "0.255", "0"."""
        return format(self.rate.normalize() if self.rate else Decimal(0), "f")


@dataclass(frozen=True)
class Occasion:
    """Why money goes back, as figures for the sentence on a credit note; `at` is when it did (UTC).

    `gateway` is the way that it went; empty where no gateway sent it: by hand, by a bank's decision, or no money at all.
    """

    reason: str
    at: datetime | None
    segment: Segment | None = None
    gateway: str = ""


def sellers_day(moment: datetime) -> date:
    """The day in the seller's time zone: the year of a number and every date on paper follow it."""
    return day_of(moment, settings.INVOICE_SELLER_TIMEZONE)


def language_of(charge: Charge) -> DocumentLanguage:
    """The language the buyer chose at the order."""
    return DocumentLanguage(charge.buyer.get("language") or DocumentLanguage.EN)


def tax_of(charge: Charge) -> Tax:
    """The charge's frozen decision; the rate is the one that was charged."""
    decision = charge.tax_decision
    category = TaxCategory(decision["category"])
    # The first charges were all taxed at home, and their decisions name no scheme.
    at_home = TaxScheme.LOCAL if category == TaxCategory.STANDARD else TaxScheme.NONE
    return Tax(category, TaxScheme(decision.get("scheme") or at_home), decision["country"], charge.tax_rate)


def reverse_charged(charge: Charge) -> Tax:
    """The decision that a VAT id which is confirmed later leads to: the buyer owes the tax at home."""
    buyer = charge.buyer
    return Tax(TaxCategory.REVERSE_CHARGE, TaxScheme.NONE, vat_state(buyer["country"], buyer.get("postcode", "")) or "", Decimal(0))


def order_lines(charge: Charge) -> tuple[Line, ...]:
    """What a charge is for: the rent by the hour at its monthly price, and the set-up fee."""
    contract = charge.contract
    rent = Line(
        name=contract.offering_name,
        description=_resource(contract.terms),
        quantity=charge.hours,
        unit="HUR",
        price_minor=charge.monthly_minor,
        base_quantity=MONTH_HOURS,
        net_minor=charge.rent_minor,
    )
    if not charge.setup_fee_minor:
        return (rent,)
    fee = charge.setup_fee_minor
    return rent, Line(SETUP_FEE[language_of(charge)], "", 1, "C62", fee, 1, fee)


def rest_line(charge: Charge, net_minor: int) -> tuple[Line, ...]:
    """A part of a charge in one line: what a credit note takes back, or what is left for another invoice."""
    contract = charge.contract
    return (Line(contract.offering_name, _resource(contract.terms), 1, "C62", net_minor, 1, net_minor),)


def _resource(terms: Mapping[str, Any]) -> str:
    sizes = [
        f"{terms['cores']} vCPU" if terms.get("cores") else "",
        f"{Decimal(terms['memory_gb']).normalize():f} GB" if terms.get("memory_gb") else "",
        f"{terms.get('gpu_count') or 1} × {terms['gpu_name']}" if terms.get("gpu_name") else "",
        terms.get("city") or "",
    ]
    return ", ".join(size for size in sizes if size)


def receipt_content(payment: Payment, lines: tuple[Line, ...], figures: Priced) -> DocumentContent:
    """What a receipt says. It is no tax invoice, so it states no VAT in another currency."""
    return _content(DocumentKind.RECEIPT, payment, tax_of(payment.charge), lines, figures)


def invoice_content(
    payment: Payment, tax: Tax, lines: tuple[Line, ...], figures: Priced, instead_of: Document | None = None
) -> DocumentContent:
    """What an invoice says: paid in full. One that takes another's place is for the same days, whatever was added since."""
    since, until = _served_by_extension(payment.charge)
    if instead_of is not None:
        since, until = instead_of.content["served_from"], instead_of.content["served_until"]
    return _content(
        DocumentKind.INVOICE,
        payment,
        tax,
        lines,
        figures,
        served_from=since,
        served_until=until,
        tax_in_sellers_currency=_reported_tax(figures),
    )


def note_content(invoice: Document, payment: Payment, figures: Priced, occasion: Occasion) -> DocumentContent:
    """What a credit note says of the part of `invoice` that it takes back."""
    charge = payment.charge
    tax = Tax(TaxCategory(invoice.category), TaxScheme(invoice.scheme), invoice.tax_country, invoice.tax_rate)
    return _content(
        DocumentKind.CREDIT_NOTE,
        payment,
        tax,
        rest_line(charge, figures.net.minor),
        figures,
        paid_on=_day(occasion.at),
        paid_by=brand_of(occasion.gateway),
        corrects_number=invoice.number,
        corrects_issued_on=invoice.issued_on.isoformat(),
        reason=occasion.reason,
        tax_in_sellers_currency=_reported_tax_of_note(invoice, figures.tax.minor),
        **_served(invoice, occasion.segment),
    )


def _content(
    kind: DocumentKind, payment: Payment, tax: Tax, lines: tuple[Line, ...], figures: Priced, **more: Any
) -> DocumentContent:
    charge = payment.charge
    stated: dict[str, Any] = {
        "kind": kind.value,
        "number": "",
        "language": language_of(charge).value,
        "currency": charge.currency,
        "issued_on": "",
        "seller": _seller(charge.seller),
        "buyer": _buyer(charge.buyer),
        "lines": lines,
        "category": tax.category.value,
        "tax_country": tax.country,
        "tax_rate": tax.rate_text,
        "net_minor": figures.net.minor,
        "tax_minor": figures.tax.minor,
        "gross_minor": figures.gross.minor,
        "contract": charge.contract.reference,
        "operator": charge.contract.provider.name,
        "paid_on": _day(payment.succeeded_at),
        "paid_by": brand_of(payment.gateway),
        "is_draft": bool(gaps(charge.seller)),
        "is_business": bool(charge.buyer.get("is_business")),
    }
    return DocumentContent(**{**stated, **more})


def _seller(frozen: Mapping[str, str]) -> Party:
    return Party(
        name=frozen["name"],
        street=frozen["street"],
        postcode=frozen["postcode"],
        city=frozen["city"],
        country=frozen["country"],
        email=frozen.get("email", ""),
        vat_id=frozen["vat_id"],
        tax_no=frozen.get("tax_no", ""),
        registration=frozen.get("reg_id", ""),
        iban=frozen.get("iban", ""),
    )


def _buyer(frozen: Mapping[str, Any]) -> Party:
    company = frozen.get("company", "") if frozen.get("is_business") else ""
    return Party(
        name=company or frozen["name"],
        street=frozen["street"],
        postcode=frozen.get("postcode", ""),
        city=frozen["city"],
        country=frozen["country"],
        contact=frozen["name"] if company else "",
        email=frozen["email"],
        vat_id=frozen.get("vat_id", "") if frozen.get("is_business") else "",
    )


def _day(moment: datetime | None) -> str:
    return "" if moment is None else sellers_day(moment).isoformat()


def _served_by_extension(charge: Charge) -> tuple[str, str]:
    """The days of an extension, which begin where the term ended before; an order's are not known before delivery."""
    segment = charge.segment
    if segment is None or segment.number == 1 or segment.contract.ends_at is None:
        return "", ""
    until = segment.contract.ends_at
    return _day(until - timedelta(seconds=segment.seconds)), _day(until)


def _served(invoice: Document, segment: Segment | None) -> dict[str, Any]:
    """How much of a segment was served, as its settlement says; nothing for money that went back while it runs."""
    settlement = None if segment is None else Settlement.objects.filter(segment=segment).first()
    if segment is None or settlement is None:
        return {}
    contract = segment.contract
    begun = invoice.content["served_from"] or _day(contract.provisioned_at)
    served = settlement.used_seconds > 0
    fee = segment.setup_fee_minor
    return {
        "served_from": begun if served else "",
        "served_until": _day(contract.ended_at) if served else "",
        "used_seconds": settlement.used_seconds,
        "term_seconds": segment.seconds,
        "setup_fee_kept": bool(fee) and contract.fault == Fault.NOBODY and settlement.earned_minor >= fee,
    }


def _reported_tax(figures: Priced) -> TaxInSellersCurrency | None:
    """The VAT in the currency in which the seller reports it, at the ECB's rate of the day."""
    own = settings.INVOICE_SELLER_VAT_CURRENCY
    code = figures.currency
    if code == own or not figures.tax.minor:
        return None
    rates = rates_on(sellers_day(clock.now()))
    if {code, own} - {"EUR"} - rates.per_euro.keys():
        # The ECB does not quote every currency that is sold in; the committed table says how it has those.
        rates = committed_rates()
    per_euro = {"EUR": Decimal(1), **rates.per_euro}
    rate = per_euro[code] if own == "EUR" else RATE_DIGITS.divide(per_euro[code], per_euro[own])
    tax = _at_rate(figures.tax.minor, code, own, rate)
    return TaxInSellersCurrency(own, tax, format(rate, "f"), rates.day.isoformat(), rates.source)


def _reported_tax_of_note(invoice: Document, tax_minor: int) -> TaxInSellersCurrency | None:
    """At the invoice's rate, on totals: the notes that take back all of an invoice take back its VAT in both currencies."""
    frozen = invoice.content["tax_in_sellers_currency"]
    if not frozen or not tax_minor:
        return None
    stated = TaxInSellersCurrency(**frozen)
    rate = Decimal(stated.rate)
    before, after = (
        _at_rate(total, invoice.currency, stated.currency, rate)
        for total in (invoice.credited_tax_minor, invoice.credited_tax_minor + tax_minor)
    )
    return TaxInSellersCurrency(stated.currency, after - before, stated.rate, stated.rate_day, stated.rate_source)


def _at_rate(minor: int, code: str, own: str, rate: Decimal) -> int:
    """Minor units of `own` that `minor` units of `code` are worth at `rate` (units of `code` for one of `own`), half up."""
    numerator, denominator = rate.as_integer_ratio()
    return half_up(minor * currency(own).scale * denominator, currency(code).scale * numerator)


def occasion_of_refund(refund: Refund) -> Occasion:
    """Why and when a refund went back: its kind, but `full` where nothing of a term was served."""
    reason = str(refund.kind)
    if refund.segment is not None:
        settlement = Settlement.objects.filter(segment=refund.segment).first()
        if settlement is not None and not settlement.earned_minor:
            reason = "full"
    # Only what was paid by hand, or by a bank that kept a disputed payment, has a reference.
    gateway = "" if refund.reference else refund.payment.gateway
    return Occasion(reason, refund.succeeded_at, refund.segment, gateway)


def occasion_of_dispute(dispute: Dispute) -> Occasion:
    """Money that a bank kept."""
    return Occasion("dispute", dispute.closed_at, dispute.payment.charge.segment)
