"""Documents as the shop freezes them, made from rates and terms by the shop's own arithmetic."""

from dataclasses import replace
from decimal import Decimal
from itertools import product

from billing.documents.content import DocumentContent, Line, Party, TaxInSellersCurrency
from contracts.pricing import net_price
from core.money import CURRENCIES, Priced, currency, floor_share, half_up, split_net, tax_on

SELLER = Party(
    name="Decent Cloud Example UG",
    street="Musterkai 1",
    postcode="20457",
    city="Hamburg",
    country="DE",
    email="billing@decent.example",
    vat_id="DE123456788",
    tax_no="27/123/45678",
    registration="HRB 123456",
    iban="DE02120300000000202051",
)
COMPANY = Party(
    "Papierboot GmbH", "Am Alten Fährhaus 12", "20457", "Hamburg", "DE", "Ada Örtel", "ada@papierboot.example", "DE136695976"
)
PERSON = Party("Ada Örtel", "Am Alten Fährhaus 12", "20457", "Hamburg", "DE", email="ada@mail.example")
AUSTRIAN = Party("Donau Rechen GmbH", "Ringstraße 1", "1010", "Wien", "AT", "Resi Huber", "resi@donau.example", "ATU13585627")
SWISS = Party("Zuger Daten AG", "Bundesplatz 2", "6300", "Zug", "CH", "", "rechnung@zuger.example", "CHE-116.281.710 MWST")
FRENCH = Party("Zoé Lefèvre", "3 rue de l’Été", "75011", "Paris", "FR", email="zoe@mail.example")

# Category, rate, buyer, whether a business: every way in which VAT is decided.
CASES = {
    "S at home": ("S", "0.19", COMPANY, True),
    "S person": ("S", "0.19", PERSON, False),
    "S abroad": ("S", "0.2", FRENCH, False),
    "AE": ("AE", "0", AUSTRIAN, True),
    "O": ("O", "0", SWISS, True),
    "E": ("E", "0", PERSON, False),
}
MONTHLY = {"EUR": 3840, "USD": 4199, "GBP": 3305, "CHF": 3777, "PLN": 16999, "SEK": 43313, "JPY": 5877, "KWD": 12370}
# Units of the document's currency for one euro.
PER_EURO = {"USD": "1.0853", "GBP": "0.8312", "CHF": "0.9371", "PLN": "4.2911", "SEK": "11.123", "JPY": "168.42", "KWD": "0.33351"}


def invoice(
    case: str = "S at home", code: str = "EUR", language: str = "en", *, hours: int = 2160, setup_fee: int | None = None
) -> DocumentContent:
    """An invoice over a rent and a set-up fee."""
    category, rate, buyer, is_business = CASES[case]
    fee = currency(code).step * 500 if setup_fee is None else setup_fee
    cost = net_price(MONTHLY[code], fee, hours, code)
    lines = [Line("VPS 8 NVMe", "8 vCPU, 32 GB, Nuremberg", hours, "HUR", MONTHLY[code], 720, cost.rent_minor)]
    if fee:
        lines.append(Line("Set-up fee", "", 1, "C62", fee, 1, fee))
    net = cost.net_minor
    tax = tax_on(net, Decimal(rate), code)
    return DocumentContent(
        kind="invoice",
        number="INV-2026-000418",
        language=language,
        currency=code,
        issued_on="2026-10-18",
        seller=SELLER,
        buyer=buyer,
        lines=tuple(lines),
        category=category,
        tax_country=buyer.country,
        tax_rate=rate,
        net_minor=net,
        tax_minor=tax,
        gross_minor=net + tax,
        contract="7Q4M-2K",
        operator="Quietstack",
        paid_on="2026-10-18",
        paid_by="Stripe",
        is_business=is_business,
        tax_in_sellers_currency=_in_euro(tax, code),
    )


def _in_euro(tax: int, code: str) -> TaxInSellersCurrency | None:
    if code == "EUR" or not tax:
        return None
    numerator, denominator = Decimal(PER_EURO[code]).as_integer_ratio()
    euro = half_up(tax * 100 * denominator, currency(code).scale * numerator)
    return TaxInSellersCurrency("EUR", euro, PER_EURO[code], "2026-10-16", "ECB")


def receipt(of: DocumentContent) -> DocumentContent:
    """The receipt that went before an invoice."""
    return replace(of, kind="receipt", number="REC-2026-001203", tax_in_sellers_currency=None)


def credit_notes(of: DocumentContent, used: tuple[int, ...] = (1, 3)) -> list[DocumentContent]:
    """Notes that take back an invoice in pieces: a share of what is left each (in tenths), and the last one all the rest."""
    rate = Decimal(of.tax_rate)
    paid = Priced.of(of.net_minor, of.tax_minor, of.currency)
    given = Priced.zero(of.currency)
    notes = []
    for place, tenths in enumerate([*used, 10]):
        left = paid.net.minor - given.net.minor
        net = left if tenths == 10 else floor_share(left, tenths, 10, CURRENCIES[of.currency].step)
        part = split_net(net, paid=paid, given_back=given, rate=rate)
        given += part
        notes.append(
            replace(
                of,
                kind="credit_note",
                number=f"CN-2026-{place + 1:06d}",
                issued_on="2026-11-20",
                lines=(Line("VPS 8 NVMe, 90 days", "", 1, "C62", net, 1, net),),
                net_minor=part.net.minor,
                tax_minor=part.tax.minor,
                gross_minor=part.gross.minor,
                paid_on="2026-11-20",
                corrects_number=of.number,
                corrects_issued_on=of.issued_on,
                reason="unused",
                used_seconds=1_555_200 + 1_800,
                term_seconds=2160 * 3600,
                setup_fee_kept=True,
                served_from="2026-10-19",
                served_until="2026-11-06",
                tax_in_sellers_currency=_in_euro(part.tax.minor, of.currency),
            )
        )
    assert given == paid
    return notes


def matrix() -> list[DocumentContent]:
    """Every way of VAT × every currency: an invoice and three notes that take it back piece by piece."""
    found = []
    for case, code in product(CASES, CURRENCIES):
        bill = invoice(case, code, hours=168)
        found += [bill, *credit_notes(bill)]
    return found
