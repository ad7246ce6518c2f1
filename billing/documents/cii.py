"""Only the syntax CII of EN 16931 (UN/CEFACT Cross Industry Invoice): what Factur-X and ZUGFeRD carry inside the PDF."""

from lxml import etree

from billing.documents.content import DocumentContent, Line, Party
from billing.documents.en16931 import EMAIL_SCHEME, SPECIFICATION, Facts, line_name, writable

_NAMESPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
_DAY = "102"


def write_cii(content: DocumentContent) -> bytes:
    """The invoice or credit note as XML, UTF-8."""
    content = writable(content)
    facts = Facts(content)
    root = etree.Element(_name("rsm:CrossIndustryInvoice"), nsmap=_NAMESPACES)
    context = _add(root, "rsm:ExchangedDocumentContext")
    _add(_add(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", SPECIFICATION)
    document = _add(root, "rsm:ExchangedDocument")
    _add(document, "ram:ID", content.number)
    _add(document, "ram:TypeCode", facts.type_code)
    _add_day(_add(document, "ram:IssueDateTime"), "udt:DateTimeString", content.issued_on)
    for note in facts.notes:
        _add(_add(document, "ram:IncludedNote"), "ram:Content", note)
    trade = _add(root, "rsm:SupplyChainTradeTransaction")
    for number, line in enumerate(content.lines, start=1):
        _add_line(trade, number, line, facts)
    _add_agreement(trade, facts)
    # BT-80: where a service by wire is used. The schema wants the element around it, and the rules want none empty.
    delivery = _add(_add(trade, "ram:ApplicableHeaderTradeDelivery"), "ram:ShipToTradeParty")
    _add(_add(delivery, "ram:PostalTradeAddress"), "ram:CountryID", content.buyer.country)
    _add_settlement(trade, facts)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _add_line(trade: etree._Element, number: int, line: Line, facts: Facts) -> None:
    item = _add(trade, "ram:IncludedSupplyChainTradeLineItem")
    _add(_add(item, "ram:AssociatedDocumentLineDocument"), "ram:LineID", str(number))
    product = _add(item, "ram:SpecifiedTradeProduct")
    _add(product, "ram:Name", line_name(line))
    _add_given(product, "ram:Description", line.description)
    price = _add(_add(item, "ram:SpecifiedLineTradeAgreement"), "ram:NetPriceProductTradePrice")
    _add(price, "ram:ChargeAmount", facts.amount(line.price_minor))
    _add(price, "ram:BasisQuantity", str(line.base_quantity), unitCode=line.unit)
    _add(_add(item, "ram:SpecifiedLineTradeDelivery"), "ram:BilledQuantity", str(line.quantity), unitCode=line.unit)
    settlement = _add(item, "ram:SpecifiedLineTradeSettlement")
    tax = _add(settlement, "ram:ApplicableTradeTax")
    _add(tax, "ram:TypeCode", "VAT")
    _add(tax, "ram:CategoryCode", facts.content.category)
    _add_given(tax, "ram:RateApplicablePercent", facts.percent)
    total = _add(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    _add(total, "ram:LineTotalAmount", facts.amount(line.net_minor))


def _add_agreement(trade: etree._Element, facts: Facts) -> None:
    content = facts.content
    agreement = _add(trade, "ram:ApplicableHeaderTradeAgreement")
    seller = _add(agreement, "ram:SellerTradeParty")
    _add_given(seller, "ram:ID", facts.seller_id())
    _add_party(seller, content.seller, facts)
    if content.seller.tax_no:
        _add(_add(seller, "ram:SpecifiedTaxRegistration"), "ram:ID", content.seller.tax_no, schemeID="FC")
    _add_party(_add(agreement, "ram:BuyerTradeParty"), content.buyer, facts)
    if content.contract:
        _add(_add(agreement, "ram:ContractReferencedDocument"), "ram:IssuerAssignedID", content.contract)


def _add_party(node: etree._Element, party: Party, facts: Facts) -> None:
    _add(node, "ram:Name", party.name or "–")
    if party.registration:
        _add(_add(node, "ram:SpecifiedLegalOrganization"), "ram:ID", party.registration)
    if party.contact:
        _add(_add(node, "ram:DefinedTradeContact"), "ram:PersonName", party.contact)
    address = _add(node, "ram:PostalTradeAddress")
    _add_given(address, "ram:PostcodeCode", party.postcode)
    _add_given(address, "ram:LineOne", party.street)
    _add_given(address, "ram:CityName", party.city)
    _add(address, "ram:CountryID", party.country)
    if party.email:
        _add(_add(node, "ram:URIUniversalCommunication"), "ram:URIID", party.email, schemeID=EMAIL_SCHEME)
    if vat_id := facts.vat_id(party):
        _add(_add(node, "ram:SpecifiedTaxRegistration"), "ram:ID", vat_id, schemeID="VA")


def _add_settlement(trade: etree._Element, facts: Facts) -> None:
    content, reported = facts.content, facts.reported
    settlement = _add(trade, "ram:ApplicableHeaderTradeSettlement")
    if reported:
        _add(settlement, "ram:TaxCurrencyCode", reported.currency)
    _add(settlement, "ram:InvoiceCurrencyCode", content.currency)
    means = _add(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
    _add(means, "ram:TypeCode", facts.means_code)
    _add_given(means, "ram:Information", content.paid_by)
    tax = _add(settlement, "ram:ApplicableTradeTax")
    _add(tax, "ram:CalculatedAmount", facts.amount(content.tax_minor))
    _add(tax, "ram:TypeCode", "VAT")
    _add_given(tax, "ram:ExemptionReason", facts.reason)
    _add(tax, "ram:BasisAmount", facts.amount(content.net_minor))
    _add(tax, "ram:CategoryCode", content.category)
    _add_given(tax, "ram:ExemptionReasonCode", facts.reason_code)
    _add_given(tax, "ram:RateApplicablePercent", facts.percent)
    if content.served_from or content.served_until:
        period = _add(settlement, "ram:BillingSpecifiedPeriod")
        for name, day in (("ram:StartDateTime", content.served_from), ("ram:EndDateTime", content.served_until)):
            if day:
                _add_day(_add(period, name), "udt:DateTimeString", day)
    _add(_add(settlement, "ram:SpecifiedTradePaymentTerms"), "ram:Description", facts.terms)
    _add_sums(settlement, facts)
    if facts.is_credit_note:
        corrected = _add(settlement, "ram:InvoiceReferencedDocument")
        _add(corrected, "ram:IssuerAssignedID", content.corrects_number)
        _add_day(_add(corrected, "ram:FormattedIssueDateTime"), "qdt:DateTimeString", content.corrects_issued_on)


def _add_sums(settlement: etree._Element, facts: Facts) -> None:
    content, reported = facts.content, facts.reported
    sums = _add(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    _add(sums, "ram:LineTotalAmount", facts.amount(content.net_minor))
    _add(sums, "ram:TaxBasisTotalAmount", facts.amount(content.net_minor))
    _add(sums, "ram:TaxTotalAmount", facts.amount(content.tax_minor), currencyID=content.currency)
    if reported:
        _add(sums, "ram:TaxTotalAmount", facts.amount(reported.tax_minor, reported.currency), currencyID=reported.currency)
    _add(sums, "ram:GrandTotalAmount", facts.amount(content.gross_minor))
    _add(sums, "ram:TotalPrepaidAmount", facts.amount(content.gross_minor))
    _add(sums, "ram:DuePayableAmount", facts.amount(0))


def _name(prefixed: str) -> str:
    prefix, _colon, name = prefixed.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{name}"


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    node = etree.SubElement(parent, _name(name), attributes)
    node.text = text
    return node


def _add_given(parent: etree._Element, name: str, text: str) -> None:
    """An element that is left out rather than empty."""
    if text:
        _add(parent, name, text)


def _add_day(parent: etree._Element, name: str, iso: str) -> None:
    _add(parent, name, iso.replace("-", ""), format=_DAY)
