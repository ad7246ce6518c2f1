"""Invoices and credit notes stand before the official EN 16931 rules, in both syntaxes."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from billing.documents.cii import write_cii
from billing.documents.content import DocumentContent, Line, Party
from billing.documents.en16931 import Facts, amount, plain
from billing.documents.ubl import write_ubl
from billing.states import RefundKind
from core.money import CURRENCIES
from tests.billing.documents import rules
from tests.billing.documents.rules import cii_faults, ubl_faults
from tests.billing.documents.samples import CASES, credit_notes, invoice, matrix


def faults(content: DocumentContent) -> list[str]:
    return cii_faults(write_cii(content)) + ubl_faults(write_ubl(content))


def texts(xml: bytes, name: str) -> list[str]:
    return [node.text or "" for node in etree.fromstring(xml).iter(f"{{*}}{name}")]


@pytest.mark.parametrize("case", CASES)
def test_an_invoice_of_every_kind_of_vat_keeps_the_rules(case: str) -> None:
    assert faults(invoice(case)) == []


@pytest.mark.parametrize("code", CURRENCIES)
def test_an_invoice_of_every_currency_keeps_the_rules(code: str) -> None:
    assert faults(invoice("S at home", code)) == []


@pytest.mark.parametrize("case", ["S at home", "AE", "O", "E"])
def test_a_credit_note_of_every_kind_of_vat_keeps_the_rules(case: str) -> None:
    assert [found for note in credit_notes(invoice(case, "KWD")) for found in faults(note)] == []


def test_every_kind_of_vat_in_every_currency_taken_back_in_pieces_keeps_the_rules() -> None:
    documents = matrix()
    assert len(documents) == len(CASES) * len(CURRENCIES) * 4
    wrong = {f"{one.category} {one.currency} {one.number}": found for one in documents if (found := faults(one))}
    assert wrong == {}


def test_a_term_at_a_rate_with_decimals_keeps_the_rules() -> None:
    bill = replace(invoice(), tax_rate="0.255", tax_minor=3065, gross_minor=12020 + 3065)
    assert bill.net_minor == 12020
    assert faults(bill) == []
    assert set(texts(write_cii(bill), "RateApplicablePercent")) == {"25.5"}
    assert set(texts(write_ubl(bill), "Percent")) == {"25.5"}


@pytest.mark.parametrize("reason", ["", "full", "dispute", *RefundKind.values])
@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_a_credit_note_for_every_reason_keeps_the_rules(reason: str, language: str) -> None:
    note = replace(credit_notes(invoice("S at home", language=language))[0], reason=reason)
    assert faults(note) == []
    assert f"{note.corrects_number}" in " ".join(texts(write_cii(note), "Content"))


# --- The checker itself -------------------------------------------------------------------------------------------------------


def test_the_checker_sees_a_total_that_does_not_add_up() -> None:
    wrong = replace(invoice(), gross_minor=invoice().gross_minor + 1)
    assert any("BR-CO-15" in found for found in cii_faults(write_cii(wrong)))
    assert any("BR-CO-15" in found for found in ubl_faults(write_ubl(wrong)))


def test_the_checker_sees_a_vat_id_where_none_may_stand() -> None:
    xml = write_cii(replace(invoice("O"), category="O"))
    seller = b'<ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE123456788</ram:ID></ram:SpecifiedTaxRegistration>'
    wrong = re.sub(rb"(?s)<ram:SpecifiedTaxRegistration>.*?</ram:SpecifiedTaxRegistration>", seller, xml, count=1)
    assert wrong != xml
    assert any("BR-O-02" in found for found in cii_faults(wrong))


def test_the_checker_sees_a_reverse_charge_without_the_buyers_vat_id() -> None:
    wrong = replace(invoice("AE"), buyer=replace(invoice("AE").buyer, vat_id=""))
    assert any("BR-AE-02" in found for found in cii_faults(write_cii(wrong)))
    assert any("BR-AE-02" in found for found in ubl_faults(write_ubl(wrong)))


def test_the_checker_sees_what_the_schema_does_not_know() -> None:
    assert cii_faults(write_cii(invoice()).replace(b"ram:GrandTotalAmount", b"ram:GreatTotalAmount"))
    assert ubl_faults(write_ubl(invoice()).replace(b"cbc:PayableAmount", b"cbc:OwedAmount"))


def test_the_checker_does_not_take_silence_for_consent() -> None:
    assert rules._rule_faults(b"<nothing>at all</nothing>", rules._CII_RULES) == ["no rule looked at this document"]


# --- What stands where --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [write_cii, write_ubl])
def test_the_xml_says_the_amounts_of_the_content_to_the_last_cent(write: object) -> None:
    for one in matrix():
        xml = write(one)  # type: ignore[operator]
        cii = write is write_cii
        assert set(texts(xml, "GrandTotalAmount" if cii else "TaxInclusiveAmount")) == {amount(one.gross_minor, one.currency)}
        assert set(texts(xml, "TotalPrepaidAmount" if cii else "PrepaidAmount")) == {amount(one.gross_minor, one.currency)}
        assert set(texts(xml, "TaxBasisTotalAmount" if cii else "TaxExclusiveAmount")) == {amount(one.net_minor, one.currency)}
        assert set(texts(xml, "DuePayableAmount" if cii else "PayableAmount")) == {amount(0, one.currency)}
        lines = texts(xml, "LineTotalAmount" if cii else "LineExtensionAmount")
        assert sorted(lines) == sorted(
            amount(minor, one.currency) for minor in [one.net_minor, *(line.net_minor for line in one.lines)]
        )


def test_vat_in_the_sellers_currency_stands_beside_that_of_the_document() -> None:
    bill = invoice("S at home", "SEK")
    assert bill.tax_in_sellers_currency is not None
    both = {amount(bill.tax_minor, "SEK"), amount(bill.tax_in_sellers_currency.tax_minor, "EUR")}
    totals = {node.get("currencyID"): node.text for node in etree.fromstring(write_cii(bill)).iter("{*}TaxTotalAmount")}
    assert (set(totals), set(totals.values())) == ({"SEK", "EUR"}, both)
    assert texts(write_ubl(bill), "TaxCurrencyCode") == ["EUR"]


def test_a_reverse_charge_names_both_vat_ids_the_code_and_the_article() -> None:
    for xml in (write_cii(invoice("AE")), write_ubl(invoice("AE"))):
        said = xml.decode()
        assert all(word in said for word in ("DE123456788", "ATU13585627", "VATEX-EU-AE", "Article 196 of Directive 2006/112/EC"))


def test_outside_the_scope_no_rate_and_no_vat_id_is_written_and_the_register_names_the_seller() -> None:
    for xml in (write_cii(invoice("O")), write_ubl(invoice("O"))):
        said = xml.decode()
        assert "DE123456788" not in said
        assert "CHE-116" not in said
        assert not texts(xml, "RateApplicablePercent") + texts(xml, "Percent")
        assert "HRB 123456" in said
        assert "VATEX-EU-O" in said


def test_a_seller_outside_every_register_is_named_by_another_id() -> None:
    for change in ({"registration": ""}, {"registration": "", "tax_no": ""}, {"registration": "", "tax_no": "", "email": ""}):
        bill = invoice("O")
        assert faults(replace(bill, seller=replace(bill.seller, **change))) == []


def test_a_credit_note_is_381_and_names_its_invoice_and_day() -> None:
    note = credit_notes(invoice())[0]
    for xml in (write_cii(note), write_ubl(note)):
        assert set(texts(xml, "TypeCode") + texts(xml, "CreditNoteTypeCode")) >= {"381"}
        assert b"INV-2026-000418" in xml
    assert b"20261018" in write_cii(note)
    assert "2026-10-18" in texts(write_ubl(note), "IssueDate")


@pytest.mark.parametrize(
    ("minor", "code", "text"),
    [
        (13709, "EUR", "137.09"),
        (0, "EUR", "0.00"),
        (5, "USD", "0.05"),
        (11520, "JPY", "11520"),
        (0, "JPY", "0"),
        (1230, "KWD", "1.23"),
        (0, "KWD", "0.00"),
        (1235, "KWD", "1.235"),
        (10**11, "EUR", "1000000000.00"),
    ],
)
def test_amounts_are_exact_texts(minor: int, code: str, text: str) -> None:
    assert amount(minor, code) == text


ODD = "<script>alert('x')</script> & \"]]>\" \u202etxet\x00\x0b\ud800 日本語 العربية 👍"


def test_what_people_write_is_text_in_the_xml_and_breaks_nothing() -> None:
    bill = invoice("AE")
    odd = replace(
        bill,
        buyer=replace(bill.buyer, name=ODD, street=ODD, city=ODD, postcode=ODD, contact=ODD),
        lines=(*bill.lines[:1], replace(bill.lines[1], name=ODD, description=ODD)),
        operator=ODD,
        contract=ODD,
        paid_by=ODD,
    )
    assert faults(odd) == []
    for xml in (write_cii(odd), write_ubl(odd)):
        root = etree.fromstring(xml)
        assert not root.findall(".//{*}script")
        assert plain(ODD) in {node.text for node in root.iter()}
        assert "\u202e" not in xml.decode()


def test_empty_names_are_never_empty_elements() -> None:
    bill = invoice("S person")
    odd = replace(
        bill, buyer=replace(bill.buyer, name="\x00", street="", postcode="", city=" "), lines=(Line("", "", 1, "C62", 1, 1, 1),)
    )
    odd = replace(odd, net_minor=1, tax_minor=0, gross_minor=1)
    assert faults(odd) == []


def test_a_receipt_is_no_invoice() -> None:
    with pytest.raises(KeyError):
        _ = Facts(replace(invoice(), kind="receipt")).type_code


@pytest.mark.parametrize(("method", "code"), [("Stripe", "68"), ("Sandbox", "68"), ("Icpay", "68"), ("Bank", "ZZZ"), ("", "ZZZ")])
def test_the_way_of_paying_is_a_code_that_needs_no_card_number_and_no_iban(method: str, code: str) -> None:
    bill = replace(invoice(), paid_by=method)
    assert faults(bill) == []
    assert code in texts(write_ubl(bill), "PaymentMeansCode")


@st.composite
def parties(draw: st.DrawFn, country: str, vat_id: str) -> Party:
    words = st.text(max_size=40)
    return Party(
        name=draw(words),
        street=draw(words),
        postcode=draw(words),
        city=draw(words),
        country=country,
        contact=draw(words),
        email=draw(words),
        vat_id=vat_id,
        tax_no=draw(words),
        registration=draw(words),
        iban=draw(words),
    )


NOBODY = Party(name="", street="", postcode="", city="", country="DE", vat_id="DE123456788")


# A seller that nobody has configured yet, outside the scope, where a VAT id names nobody; and one of signs that nobody sees.
@example(case="O", seller=NOBODY, buyer=NOBODY, operator="", is_note=False)
@example(case="O", seller=replace(NOBODY, name="\x00", tax_no="\u202e"), buyer=NOBODY, operator="\x00", is_note=True)
@given(
    case=st.sampled_from(["S at home", "AE", "O", "E"]),
    seller=parties("DE", "DE123456788"),
    buyer=parties("AT", "ATU13585627"),
    operator=st.text(max_size=40),
    is_note=st.booleans(),
)
def test_whatever_people_call_themselves_the_rules_are_kept(
    case: str, seller: Party, buyer: Party, operator: str, is_note: bool
) -> None:
    bill = replace(invoice(case), seller=seller, buyer=buyer, operator=operator, contract=operator, paid_by=operator)
    assert faults(credit_notes(bill)[0] if is_note else bill) == []
