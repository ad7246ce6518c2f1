"""Only what EN 16931 wants to know of a document, as texts for both syntaxes: codes, amounts, references. "BT" is its numbering."""

import re
import unicodedata
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, TypeVar

from billing.documents.content import DocumentContent, Line, Party, TaxInSellersCurrency
from billing.documents.phrases import PHRASES
from billing.documents.words import Words
from billing.states import DocumentKind, TaxCategory
from core.money import currency

SPECIFICATION = "urn:cen.eu:en16931:2017"
EMAIL_SCHEME = "EM"
_TYPE_CODES = {DocumentKind.INVOICE: "380", DocumentKind.CREDIT_NOTE: "381"}
# UNCL 4461: 68 is "online payment service". A card's number is never ours, so no code of a card is claimed; nor is a transfer (30,
# 58), which would need an IBAN. ZZZ: agreed between the two.
_MEANS = {"stripe": "68", "icpay": "68", "sandbox": "68"}
_OTHER_MEANS = "ZZZ"
_REASON_CODES = {TaxCategory.REVERSE_CHARGE: "VATEX-EU-AE", TaxCategory.OUT_OF_SCOPE: "VATEX-EU-O"}
_Texts = TypeVar("_Texts", Party, Line)
# What turns the reading direction of the text behind it, and so could make a figure read backwards.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """A text of somebody's as XML 1.0 and paper can carry it: no control characters, none that turn the text around it."""
    kept = "".join(" " if character in "\t\n\r" else character for character in _TURNING.sub("", text) if _is_writable(character))
    return " ".join(kept.split())


def writable(content: DocumentContent) -> DocumentContent:
    """The same document with every text of somebody's in a form that XML and paper can carry; what is left of blanks is empty."""
    return replace(
        content,
        seller=_plain_texts(content.seller),
        buyer=_plain_texts(content.buyer),
        lines=tuple(_plain_texts(line) for line in content.lines),
        contract=plain(content.contract),
        operator=plain(content.operator),
        paid_by=plain(content.paid_by),
    )


def _plain_texts(of: _Texts) -> _Texts:
    values = {one.name: getattr(of, one.name) for one in fields(of)}
    texts: dict[str, Any] = {name: plain(value) for name, value in values.items() if isinstance(value, str)}
    return replace(of, **texts)


def _is_writable(character: str) -> bool:
    return character in "\t\n\r" or (unicodedata.category(character) not in {"Cc", "Cs"} and character not in "\ufffe\uffff")


@dataclass(frozen=True)
class Facts:
    """One invoice or credit note for a syntax to write; its content is `writable`. Receipts have no type: raises KeyError."""

    content: DocumentContent

    @property
    def words(self) -> Words:
        """The language of the notes."""
        return Words(self.content.language)

    @property
    def type_code(self) -> str:
        """BT-3: 380 or 381."""
        return _TYPE_CODES[DocumentKind(self.content.kind)]

    @property
    def is_credit_note(self) -> bool:
        """Whether it takes back."""
        return self.type_code == "381"

    @property
    def out_of_scope(self) -> bool:
        """Category O: neither a rate nor a VAT id may stand in the XML."""
        return self.content.category == TaxCategory.OUT_OF_SCOPE

    @property
    def percent(self) -> str:
        """BT-119, BT-152: "19", "25.5"; empty where the category has none."""
        return "" if self.out_of_scope else f"{(Decimal(self.content.tax_rate) * 100).normalize():f}"

    @property
    def reason(self) -> str:
        """BT-120: why no VAT is charged."""
        return self.words.law(self.content.category, self.content.seller.country)

    @property
    def reason_code(self) -> str:
        """BT-121."""
        return _REASON_CODES.get(TaxCategory(self.content.category), "")

    @property
    def means_code(self) -> str:
        """BT-81."""
        return _MEANS.get(self.content.paid_by.casefold(), _OTHER_MEANS)

    @property
    def terms(self) -> str:
        """BT-20."""
        return settled(self.content, self.words)

    @property
    def notes(self) -> list[str]:
        """BT-22, one each: the law, the reason of a credit note, who delivers."""
        content, words = self.content, self.words
        said = [self.reason, *reasons(content, words)]
        if content.operator:
            said.append(words.say("delivered_by", name=content.operator))
        if content.is_draft:
            said.insert(0, words.say("draft"))
        return [text for text in said if text]

    @property
    def reported(self) -> TaxInSellersCurrency | None:
        """BT-6 and BT-111, where the seller reports VAT in another currency."""
        reported = self.content.tax_in_sellers_currency
        return reported if reported and reported.currency != self.content.currency else None

    def amount(self, minor: int, code: str = "") -> str:
        """An amount with the decimals of its currency, two at most: amounts of KWD go in steps of ten."""
        return amount(minor, code or self.content.currency)

    def vat_id(self, party: Party) -> str:
        """BT-31, BT-48."""
        return "" if self.out_of_scope else party.vat_id.replace(" ", "")

    def seller_id(self) -> str:
        """BT-29, only where nothing else of the seller names it to a machine."""
        seller = self.content.seller
        if seller.registration or self.vat_id(seller):
            return ""
        return seller.tax_no or seller.email or seller.name or "–"


def amount(minor: int, code: str) -> str:
    """ "1284.50", "11520", "1.23": minor units as an exact decimal. The norm knows two places, and amounts of KWD have no more."""
    exponent = currency(code).exponent
    text = f"{Decimal(minor).scaleb(-exponent):f}"
    return text[:-1] if exponent > 2 and text.endswith("0") else text


def line_name(line: Line) -> str:
    """BT-153, which must not be empty."""
    return line.name or "–"


def settled(content: DocumentContent, words: Words) -> str:
    """That nothing is owed any more, and since when: no document leaves a sum open."""
    if content.reason == "vat":
        return words.say("settled_row")
    row = "refunded_row" if content.kind == DocumentKind.CREDIT_NOTE else "paid_row"
    return words.say(row, day=words.day(content.paid_on)) if content.paid_on else words.say(f"{row}_bare")


def reasons(content: DocumentContent, words: Words) -> list[str]:
    """Of a credit note: which invoice it takes back, and why, in its language."""
    if content.kind != DocumentKind.CREDIT_NOTE:
        return []
    said = [words.say("corrects", number=content.corrects_number, day=words.day(content.corrects_issued_on))]
    if content.reason == "unused":
        hours = {"used": words.hours(content.used_seconds), "term": words.hours(content.term_seconds)}
        said.append(words.say("reason_unused", **hours) if content.term_seconds else words.say("reason_unused_bare"))
    elif f"reason_{content.reason}" in PHRASES:
        said.append(words.say(f"reason_{content.reason}"))
    if content.setup_fee_kept and content.reason == "unused":
        said.append(words.say("fee_kept"))
    return said
