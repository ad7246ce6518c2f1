"""Only what stands where on the page: a document's content as ready texts in its language. For templates/documents/."""

from dataclasses import dataclass
from textwrap import shorten

from billing.documents.content import DocumentContent, Line, Party
from billing.documents.en16931 import reasons, settled, writable
from billing.documents.words import Words
from billing.states import DocumentKind, TaxCategory
from core.money import group_digits

_HOURS = "HUR"
# Letters of the seller's name at the foot of each page; the head has all of them.
_FOOT = 80


@dataclass(frozen=True)
class Row:
    """A line of the bill."""

    name: str
    details: list[str]
    quantity: str
    price: str
    per: str
    rate: str
    amount: str


@dataclass(frozen=True)
class Sum:
    """A line under the bill; `look` is "", "total" (bold under a rule) or "due" (closed by a double rule)."""

    label: str
    amount: str
    look: str = ""


@dataclass(frozen=True)
class Page:
    """All texts of one document, in the order of the page."""

    language: str
    created: str
    heading: str
    title: str
    number: str
    draft: str
    draft_short: str
    seller: str
    seller_address: str
    seller_ids: list[str]
    addressed: str
    buyer: list[str]
    facts: list[tuple[str, str]]
    amount: str
    lede: str
    heads: dict[str, str]
    rows: list[Row]
    sums: list[Sum]
    warning: str
    law: str
    notes: list[str]
    foot: str
    iban: str
    email: str
    page: str
    of_pages: str


def lay_out(content: DocumentContent) -> Page:
    """The page of a receipt, invoice or credit note."""
    content = writable(content)
    words = Words(content.language)
    kind = words.say(content.kind)
    seller = content.seller
    ids = {"vat_id": seller.vat_id, "tax_no": seller.tax_no, "registration": seller.registration}
    return Page(
        language=content.language,
        created=content.issued_on,
        heading=kind,
        title=f"{kind} {content.number}",
        number=content.number,
        draft=words.say("draft") if content.is_draft else "",
        draft_short=words.say("draft_short") if content.is_draft else "",
        seller=seller.name,
        seller_address=", ".join(_address(seller, words)[1:]),
        seller_ids=[words.say(name, id=value) for name, value in ids.items() if value],
        addressed=words.say("received_from" if content.kind == DocumentKind.RECEIPT else "bill_to"),
        buyer=[
            *_address(content.buyer, words),
            *([words.say("vat_id", id=content.buyer.vat_id)] if content.buyer.vat_id else []),
        ],
        facts=_facts(content, words),
        amount=words.money(content.gross_minor, content.currency),
        lede=_lede(content, words),
        heads={name: words.say(name) for name in ("item", "quantity", "price", "vat", "amount")},
        rows=[_row(place, line, content, words) for place, line in enumerate(content.lines)],
        sums=_sums(content, words),
        warning=words.say("not_a_tax_invoice") if content.kind == DocumentKind.RECEIPT else "",
        law=words.law(content.category, content.seller.country),
        notes=_notes(content, words),
        foot=shorten(seller.name, _FOOT, placeholder="…"),
        iban=_iban(content, words),
        email=seller.email,
        page=words.say("page"),
        of_pages=words.say("of_pages"),
    )


def _address(party: Party, words: Words) -> list[str]:
    place = " ".join(part for part in (party.postcode, party.city) if part)
    return [line for line in (party.name, party.contact, party.street, place, words.country(party.country)) if line]


def _facts(content: DocumentContent, words: Words) -> list[tuple[str, str]]:
    found = [(words.say("number"), content.number), (words.say("date"), words.day(content.issued_on))]
    if content.corrects_number:
        figures = {"number": content.corrects_number, "day": words.short_day(content.corrects_issued_on)}
        found.append((words.say("for_invoice"), words.say("invoice_of_day", **figures)))
    if content.paid_on and content.reason != "vat":
        found.append((words.say("refunded" if _takes_back(content) else "paid"), _when_and_how(content, words)))
    if content.contract:
        found.append((words.say("rental"), content.contract))
    if content.kind != DocumentKind.RECEIPT:
        found.append((words.say("served"), _served(content, words)))
    return [pair for pair in found if pair[1]]


def _when_and_how(content: DocumentContent, words: Words) -> str:
    day = words.day(content.paid_on)
    return words.say("on_via", day=day, method=content.paid_by) if content.paid_by else day


def _served(content: DocumentContent, words: Words) -> str:
    """The days of service: German law, for one, wants them on every invoice, and before delivery says when they begin."""
    since, until = (words.short_day(day) if day else "" for day in (content.served_from, content.served_until))
    if since and until:
        return words.say("from_until", since=since, until=until)
    if since:
        return words.say("served_since", since=since)
    if until:
        return words.say("served_up_to", until=until)
    return "" if _takes_back(content) else words.say("served_later")


def _takes_back(content: DocumentContent) -> bool:
    return content.kind == DocumentKind.CREDIT_NOTE


def _lede(content: DocumentContent, words: Words) -> str:
    includes = [words.say("with_vat")] if content.category == TaxCategory.STANDARD and not content.is_business else []
    if content.kind == DocumentKind.RECEIPT:
        status = "lede_received"
    elif not _takes_back(content):
        status = "lede_paid"
    else:
        status = "lede_corrected" if content.reason in {"vat", "dispute"} else "lede_refunded"
    return ", ".join([*includes, words.say(status)])


def _row(place: int, line: Line, content: DocumentContent, words: Words) -> Row:
    details = [line.description]
    if place == 0 and content.operator:
        details.append(words.say("delivered_by", name=content.operator))
    hourly = line.unit == _HOURS
    quantity, base = (group_digits(figure, content.language) for figure in (line.quantity, line.base_quantity))
    per = words.say("per_hours" if hourly else "per_pieces", figure=base) if line.base_quantity != 1 or hourly else ""
    return Row(
        name=line.name,
        details=[detail for detail in details if detail],
        quantity=words.say("hours", figure=quantity) if hourly else quantity,
        price=words.money(line.price_minor, content.currency),
        per=per,
        rate="–" if content.category in {TaxCategory.OUT_OF_SCOPE, TaxCategory.LEFT_OUT} else words.rate(content.tax_rate),
        amount=words.money(line.net_minor, content.currency),
    )


def _vat(content: DocumentContent, words: Words) -> str:
    """ "VAT 19 % of € 115.20", with the country where it is another's."""
    if content.category == TaxCategory.REVERSE_CHARGE:
        return words.say("reverse_charge_rate")
    if content.category != TaxCategory.STANDARD:
        return words.say("no_vat")
    text = words.say("vat_on", rate=words.rate(content.tax_rate), net=words.money(content.net_minor, content.currency))
    if content.tax_country == content.seller.country:
        return text
    return words.say("vat_in_country", vat=text, country=words.country(content.tax_country))


def _sums(content: DocumentContent, words: Words) -> list[Sum]:
    """Companies read net, VAT, total; private buyers the total first and what it holds after it."""
    net, tax, gross = (
        words.money(minor, content.currency) for minor in (content.net_minor, content.tax_minor, content.gross_minor)
    )
    is_receipt = content.kind == DocumentKind.RECEIPT
    total = "total" if content.is_business or content.category != TaxCategory.STANDARD else "total_with_vat"
    closing = "due" if is_receipt else "total"
    if content.is_business:
        found = [Sum(words.say("net"), net), Sum(_vat(content, words), tax)]
        found.append(Sum(words.say(total, currency=content.currency), gross, closing))
    else:
        vat = _vat(content, words)
        inside = words.say("includes", vat=vat) if content.category == TaxCategory.STANDARD else vat
        found = [Sum(words.say(total, currency=content.currency), gross, closing), Sum(inside, tax), Sum(words.say("net"), net)]
    if is_receipt:
        return found
    nothing = words.money(0, content.currency)
    found.append(Sum(settled(content, words), words.money(-content.gross_minor, content.currency)))
    found.append(Sum(words.say("to_refund" if _takes_back(content) else "to_pay"), nothing, "due"))
    return found


def _notes(content: DocumentContent, words: Words) -> list[str]:
    said = reasons(content, words)
    if content.kind == DocumentKind.RECEIPT:
        said.append(words.say("no_invoice" if content.category == TaxCategory.LEFT_OUT else "invoice_follows"))
    if content.kind == DocumentKind.INVOICE:
        said.append(words.say("nothing_to_pay"))
        # Only what is rented by the hour can be left early.
        if any(line.unit == _HOURS for line in content.lines):
            said.append(words.say("unused_comes_back" if content.tax_minor else "unused_comes_back_net"))
    if reported := content.tax_in_sellers_currency:
        figures = {
            "currency": reported.currency,
            "amount": words.money(reported.tax_minor, reported.currency),
            "rate": words.exact(reported.rate),
            "other": content.currency,
            "source": reported.rate_source,
            "day": words.day(reported.rate_day),
        }
        said.append(words.say("reported", **figures))
    return [text for text in said if text]


def _iban(content: DocumentContent, words: Words) -> str:
    """In groups of four, as people read it aloud."""
    iban = content.seller.iban.replace(" ", "")
    groups = " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
    return words.say("iban", id=groups) if groups else ""
