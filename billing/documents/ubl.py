"""Only the syntax UBL 2.1 of EN 16931: the same document for those whose software reads this one."""

from lxml import etree

from billing.documents.content import DocumentContent, Line, Party
from billing.documents.en16931 import EMAIL_SCHEME, SPECIFICATION, Facts, line_name, writable

_SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"
_NAMESPACES: dict[str | None, str] = {"cac": f"{_SCHEMA}CommonAggregateComponents-2", "cbc": f"{_SCHEMA}CommonBasicComponents-2"}


def write_ubl(content: DocumentContent) -> bytes:
    """The invoice or credit note as XML, UTF-8."""
    content = writable(content)
    facts = Facts(content)
    kind = "CreditNote" if facts.is_credit_note else "Invoice"
    own = f"{_SCHEMA}{kind}-2"
    root = etree.Element(f"{{{own}}}{kind}", nsmap={None: own, **_NAMESPACES})
    _add_head(root, kind, facts)
    if content.served_from or content.served_until:
        period = _add(root, "cac:InvoicePeriod")
        _add_given(period, "cbc:StartDate", content.served_from)
        _add_given(period, "cbc:EndDate", content.served_until)
    if facts.is_credit_note:
        corrected = _add(_add(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
        _add(corrected, "cbc:ID", content.corrects_number)
        _add(corrected, "cbc:IssueDate", content.corrects_issued_on)
    if content.contract:
        _add(_add(root, "cac:ContractDocumentReference"), "cbc:ID", content.contract)
    _add_seller(_add(root, "cac:AccountingSupplierParty"), facts)
    _add_buyer(_add(root, "cac:AccountingCustomerParty"), facts)
    address = _add(_add(_add(root, "cac:Delivery"), "cac:DeliveryLocation"), "cac:Address")
    _add(_add(address, "cac:Country"), "cbc:IdentificationCode", content.buyer.country)
    means = _add(root, "cac:PaymentMeans")
    name = {"name": content.paid_by} if content.paid_by else {}
    _add(means, "cbc:PaymentMeansCode", facts.means_code, **name)
    _add(_add(root, "cac:PaymentTerms"), "cbc:Note", facts.terms)
    _add_tax(root, facts)
    _add_sums(root, facts)
    for number, line in enumerate(content.lines, start=1):
        _add_line(root, kind, number, line, facts)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _add_head(root: etree._Element, kind: str, facts: Facts) -> None:
    content, reported = facts.content, facts.reported
    _add(root, "cbc:CustomizationID", SPECIFICATION)
    _add(root, "cbc:ID", content.number)
    _add(root, "cbc:IssueDate", content.issued_on)
    _add(root, f"cbc:{kind}TypeCode", facts.type_code)
    # UBL knows one note: the sentences follow each other.
    _add_given(root, "cbc:Note", " ".join(facts.notes))
    _add(root, "cbc:DocumentCurrencyCode", content.currency)
    if reported:
        _add(root, "cbc:TaxCurrencyCode", reported.currency)


def _add_seller(node: etree._Element, facts: Facts) -> None:
    seller = facts.content.seller
    party = _add_party(node, seller, facts.seller_id())
    _add_vat_id(party, facts.vat_id(seller))
    if seller.tax_no:
        scheme = _add(party, "cac:PartyTaxScheme")
        _add(scheme, "cbc:CompanyID", seller.tax_no)
        _add(_add(scheme, "cac:TaxScheme"), "cbc:ID", "TAX")
    _add_legal(party, seller)


def _add_buyer(node: etree._Element, facts: Facts) -> None:
    buyer = facts.content.buyer
    party = _add_party(node, buyer, "")
    _add_vat_id(party, facts.vat_id(buyer))
    _add_legal(party, buyer)
    if buyer.contact:
        _add(_add(party, "cac:Contact"), "cbc:Name", buyer.contact)


def _add_party(node: etree._Element, party: Party, identifier: str) -> etree._Element:
    one = _add(node, "cac:Party")
    if party.email:
        _add(one, "cbc:EndpointID", party.email, schemeID=EMAIL_SCHEME)
    if identifier:
        _add(_add(one, "cac:PartyIdentification"), "cbc:ID", identifier)
    address = _add(one, "cac:PostalAddress")
    _add_given(address, "cbc:StreetName", party.street)
    _add_given(address, "cbc:CityName", party.city)
    _add_given(address, "cbc:PostalZone", party.postcode)
    _add(_add(address, "cac:Country"), "cbc:IdentificationCode", party.country)
    return one


def _add_vat_id(party: etree._Element, vat_id: str) -> None:
    if vat_id:
        scheme = _add(party, "cac:PartyTaxScheme")
        _add(scheme, "cbc:CompanyID", vat_id)
        _add(_add(scheme, "cac:TaxScheme"), "cbc:ID", "VAT")


def _add_legal(party: etree._Element, one: Party) -> None:
    legal = _add(party, "cac:PartyLegalEntity")
    _add(legal, "cbc:RegistrationName", one.name or "–")
    _add_given(legal, "cbc:CompanyID", one.registration)


def _add_tax(root: etree._Element, facts: Facts) -> None:
    content, reported = facts.content, facts.reported
    total = _add(root, "cac:TaxTotal")
    _add_amount(total, "cbc:TaxAmount", content.tax_minor, facts)
    part = _add(total, "cac:TaxSubtotal")
    _add_amount(part, "cbc:TaxableAmount", content.net_minor, facts)
    _add_amount(part, "cbc:TaxAmount", content.tax_minor, facts)
    category = _add(part, "cac:TaxCategory")
    _add(category, "cbc:ID", content.category)
    _add_given(category, "cbc:Percent", facts.percent)
    _add_given(category, "cbc:TaxExemptionReasonCode", facts.reason_code)
    _add_given(category, "cbc:TaxExemptionReason", facts.reason)
    _add(_add(category, "cac:TaxScheme"), "cbc:ID", "VAT")
    if reported:
        amount = facts.amount(reported.tax_minor, reported.currency)
        _add(_add(root, "cac:TaxTotal"), "cbc:TaxAmount", amount, currencyID=reported.currency)


def _add_sums(root: etree._Element, facts: Facts) -> None:
    content = facts.content
    sums = _add(root, "cac:LegalMonetaryTotal")
    _add_amount(sums, "cbc:LineExtensionAmount", content.net_minor, facts)
    _add_amount(sums, "cbc:TaxExclusiveAmount", content.net_minor, facts)
    _add_amount(sums, "cbc:TaxInclusiveAmount", content.gross_minor, facts)
    _add_amount(sums, "cbc:PrepaidAmount", content.gross_minor, facts)
    _add_amount(sums, "cbc:PayableAmount", 0, facts)


def _add_line(root: etree._Element, kind: str, number: int, line: Line, facts: Facts) -> None:
    item = _add(root, f"cac:{kind}Line")
    _add(item, "cbc:ID", str(number))
    quantity = "CreditedQuantity" if facts.is_credit_note else "InvoicedQuantity"
    _add(item, f"cbc:{quantity}", str(line.quantity), unitCode=line.unit)
    _add_amount(item, "cbc:LineExtensionAmount", line.net_minor, facts)
    product = _add(item, "cac:Item")
    _add_given(product, "cbc:Description", line.description)
    _add(product, "cbc:Name", line_name(line))
    category = _add(product, "cac:ClassifiedTaxCategory")
    _add(category, "cbc:ID", facts.content.category)
    _add_given(category, "cbc:Percent", facts.percent)
    _add(_add(category, "cac:TaxScheme"), "cbc:ID", "VAT")
    price = _add(item, "cac:Price")
    _add_amount(price, "cbc:PriceAmount", line.price_minor, facts)
    _add(price, "cbc:BaseQuantity", str(line.base_quantity), unitCode=line.unit)


def _add(parent: etree._Element, prefixed: str, text: str | None = None, **attributes: str) -> etree._Element:
    prefix, _colon, name = prefixed.partition(":")
    node = etree.SubElement(parent, f"{{{_NAMESPACES[prefix]}}}{name}", attributes)
    node.text = text
    return node


def _add_given(parent: etree._Element, name: str, text: str) -> None:
    """An element that is left out rather than empty."""
    if text:
        _add(parent, name, text)


def _add_amount(parent: etree._Element, name: str, minor: int, facts: Facts) -> None:
    _add(parent, name, facts.amount(minor), currencyID=facts.content.currency)
