"""Only issuing: receipts, invoices and credit notes get their number and are frozen, in the transaction of what they are about.

Everybody calls with charge, payment, refund and contract locked already; an invoice's row and the counter's come last, and of
several counters the receipts' before the invoices' before the credit notes'. Each function is a no-op when what it issues is there.
"""

from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from billing import document_postings as postings
from billing.documents.content import DocumentContent
from billing.documents.freezing import (
    Occasion,
    Tax,
    invoice_content,
    language_of,
    note_content,
    occasion_of_dispute,
    occasion_of_refund,
    order_lines,
    receipt_content,
    rest_line,
    reverse_charged,
    sellers_day,
    tax_of,
)
from billing.models import Charge, Dispute, Document, DocumentCounter, Payment, Refund
from billing.numbering import number_after
from billing.queries import given_back, paid_of, received_of
from billing.states import Anomaly, ChargePurpose, DocumentKind, PaymentState, RefundKind, RefundState, TaxCategory, TaxScheme
from billing.untaxed import is_left_out
from contracts.actors import Actor
from contracts.models import Contract, Segment
from contracts.services import accept
from core import clock
from core.errors import Refused
from core.money import Priced
from core.outbox import emit
from core.written import found, found_locked

# Refunds of money that an invoice stands for. VAT that was not due has its note from `correct_vat`; a return paid for nothing.
NOTED = (RefundKind.UNUSED, RefundKind.GOODWILL, RefundKind.IMPORTED)


def accept_contract(contract_id: int, actor: Actor) -> Contract:
    """Say yes to a paid request, and issue its invoice: both or neither. Raises `Refused`; emits ``contract.accepted``."""
    with transaction.atomic():
        charges = Charge.objects.select_for_update(of=("self",)).filter(contract=contract_id, purpose=ChargePurpose.CONTRACT)
        charge = charges.get()
        list(Payment.objects.select_for_update(of=("self",)).filter(charge=charge).order_by("id"))
        contract = charge.contract = accept(contract_id, actor)
        issue_invoice(charge)
    return contract


def issue_receipt(payment: Payment) -> Document:
    """Confirm what was received of a payment that pays for something. Emits ``document.issued``."""
    key = f"receipt:{payment.pk}"
    charge = payment.charge
    figures = received_of(payment)
    lines = order_lines(charge) if figures == paid_of(charge) else rest_line(charge, figures.net.minor)
    return _issued(key) or _issue(key, payment, tax_of(charge), figures, receipt_content(payment, lines, figures))


def issue_invoice(charge: Charge) -> Document | None:
    """Invoice a charge that is paid and, if it is an order's, accepted; None while it is not. Emits ``document.issued``.

    One whose VAT was left out has a receipt and no invoice. What was given back of it before gets its credit notes now.
    """
    if charge.purpose == ChargePurpose.CONTRACT and not _is_accepted(charge.contract_id):
        return None
    key = f"invoice:{charge.pk}"
    there = _issued(key)
    payment = _settling_payment(charge)
    if there is not None or payment is None or is_left_out(charge):
        return there
    figures = paid_of(charge)
    tax = tax_of(charge)
    invoice = _issue(key, payment, tax, figures, invoice_content(payment, tax, order_lines(charge), figures))
    for refund in payment.refunds.filter(state=RefundState.SUCCEEDED).select_related("segment__contract").order_by("id"):
        refund.payment = payment
        issue_credit_note_for_refund(refund)
    return invoice


def issue_credit_note_for_refund(refund: Refund) -> Document | None:
    """Take back the part of an invoice that a confirmed refund gave back; None when its payment has none.

    Emits ``document.issued``. A refund that fails after it was confirmed keeps its note, and has no second one when paid again.
    """
    if refund.kind not in NOTED:
        return None
    priced = Priced.of(refund.net_minor, refund.tax_minor, refund.currency)
    return _issue_note(f"note:refund:{refund.pk}", refund.payment, priced, occasion_of_refund(refund), refund=refund)


def issue_credit_note_for_dispute(dispute: Dispute) -> Document | None:
    """Take back the part of an invoice that a bank took for good; None when the payment has none. Emits ``document.issued``."""
    priced = Priced.of(dispute.lost_net_minor, dispute.lost_tax_minor, dispute.currency)
    return _issue_note(f"note:dispute:{dispute.pk}", dispute.payment, priced, occasion_of_dispute(dispute), dispute=dispute)


def issue_credit_note_for_shortfall(payment: Payment, segment: Segment, regained: Priced) -> Document | None:
    """Take back what an end would have given back of an invoice, had it ever come in: staff took less, and no money follows.

    `regained` is what the ledger takes back into the losses; the part of it that was given back before has its note already.
    Called when the refund of the end is decided. Emits ``document.issued``.
    """
    never_came = min(regained.net.minor, (paid_of(payment.charge) - given_back(payment)).net.minor)
    part = Priced.of(max(0, never_came), regained.tax.minor, regained.currency)
    occasion = Occasion(str(RefundKind.UNUSED), None, segment)
    return _issue_note(f"note:shortfall:{segment.pk}", payment, part, occasion)


def correct_vat(charge: Charge) -> tuple[Document, Document]:
    """VIES has confirmed late: a credit note over all that is left of the invoice, and a new one (AE) over the same net.

    Raises `Refused`: not_invoiced while there is no invoice, nothing_left when all of it was given back already.
    Emits ``document.issued`` for each.
    """
    note, invoice = _issued(f"note:vat:{charge.pk}"), _issued(f"invoice:{charge.pk}:vat")
    if note is not None and invoice is not None:
        return note, invoice
    old = Document.objects.select_for_update(of=("self",)).filter(key=f"invoice:{charge.pk}").first()
    if old is None:
        raise Refused(_("There is no invoice to correct yet."), code="not_invoiced")
    payment = _with_charge(old.payment, charge)
    left = _left_of(old)
    if not left.net:
        raise Refused(_("All of this invoice was given back already."), code="nothing_left")
    tax = reverse_charged(charge)
    figures = Priced.of(left.net.minor, 0, charge.currency)
    lines = order_lines(charge) if left.net == paid_of(charge).net else rest_line(charge, left.net.minor)
    invoice = _issue(f"invoice:{charge.pk}:vat", payment, tax, figures, invoice_content(payment, tax, lines, figures, old))
    note = _credit(f"note:vat:{charge.pk}", old, payment, left, Occasion("vat", clock.now()))
    return note, invoice


def _issue_note(
    key: str,
    payment: Payment,
    priced: Priced,
    occasion: Occasion,
    *,
    refund: Refund | None = None,
    dispute: Dispute | None = None,
) -> Document | None:
    there = _issued(key)
    if there is not None:
        return there
    invoices = Document.objects.select_for_update(of=("self",)).filter(payment=payment, kind=DocumentKind.INVOICE)
    invoice = invoices.order_by("-id").first()
    if invoice is None:
        return None
    left = _left_of(invoice)
    # VAT that a correction has taken back with its own note is not on the invoice that took the old one's place.
    net, tax = min(priced.net.minor, left.net.minor), min(priced.tax.minor, left.tax.minor)
    if not net + tax:
        return None
    figures = Priced.of(net, tax, payment.charge.currency)
    return _credit(key, invoice, payment, figures, occasion, refund=refund, dispute=dispute)


def _credit(
    key: str,
    invoice: Document,
    payment: Payment,
    figures: Priced,
    occasion: Occasion,
    *,
    refund: Refund | None = None,
    dispute: Dispute | None = None,
) -> Document:
    content = note_content(invoice, payment, figures, occasion)
    tax = Tax(TaxCategory(invoice.category), TaxScheme(invoice.scheme), invoice.tax_country, invoice.tax_rate)
    invoice.credited_net_minor += figures.net.minor
    invoice.credited_tax_minor += figures.tax.minor
    invoice.save(update_fields=["credited_net_minor", "credited_tax_minor"])
    return _issue(key, payment, tax, figures, content, corrects=invoice, refund=refund, dispute=dispute)


def _issue(
    key: str,
    payment: Payment,
    tax: Tax,
    figures: Priced,
    content: DocumentContent,
    *,
    corrects: Document | None = None,
    refund: Refund | None = None,
    dispute: Dispute | None = None,
) -> Document:
    charge = payment.charge
    document = Document(
        key=key,
        kind=content.kind,
        account_id=charge.account_id,
        contract=charge.contract,
        charge=charge,
        payment=payment,
        refund=refund,
        dispute=dispute,
        corrects=corrects,
        language=language_of(charge),
        currency=charge.currency,
        category=tax.category,
        scheme=tax.scheme,
        tax_country=tax.country,
        tax_rate=tax.rate,
        net_minor=figures.net.minor,
        tax_minor=figures.tax.minor,
        gross_minor=figures.gross.minor,
    )
    _number(document, DocumentKind(content.kind))
    document.content = replace(content, number=document.number, issued_on=document.issued_on.isoformat()).as_json()
    document.save(force_insert=True)
    if document.kind == DocumentKind.INVOICE:
        postings.invoice_issued(document)
    elif document.kind == DocumentKind.CREDIT_NOTE:
        postings.credit_note_issued(document)
    emit("document.issued", charge.contract, document=document.pk, kind=document.kind, number=document.number)
    return document


def _number(document: Document, kind: DocumentKind) -> None:
    """The next number of its kind and year; the counter stays locked until the end of the transaction, so that none is left out."""
    year = sellers_day(clock.now()).year
    counter = _lock_counter(kind, year)
    now = clock.now()
    while sellers_day(now).year != year:
        # The year has ended while somebody else was numbering.
        year = sellers_day(now).year
        counter = _lock_counter(kind, year)
        now = clock.now()
    number = number_after(kind, year, counter.last)
    counter.last = number.sequence
    counter.save(update_fields=["last"])
    document.year, document.sequence = number.year, number.sequence
    document.number = str(number)
    document.issued_at, document.issued_on = now, sellers_day(now)


def _lock_counter(kind: DocumentKind, year: int) -> DocumentCounter:
    known = "kind = %s AND year = %s", [kind.value, year]
    counter = found_locked(DocumentCounter, *known)
    if counter is None:
        # Two that begin a year at once: the second waits here for the first, and then finds its row.
        DocumentCounter.objects.bulk_create([DocumentCounter(kind=kind, year=year)], ignore_conflicts=True)
        counter = DocumentCounter.objects.select_for_update().get(kind=kind, year=year)
    return counter


def _issued(key: str) -> Document | None:
    return found(Document, "key = %s", [key])


def _settling_payment(charge: Charge) -> Payment | None:
    """The payment that pays for a charge, if one does."""
    payment = charge.payments.filter(state=PaymentState.SUCCEEDED, anomaly=Anomaly.NONE).first()
    return None if payment is None or charge.paid_at is None else _with_charge(payment, charge)


def _with_charge(payment: Payment, charge: Charge) -> Payment:
    payment.charge = charge
    return payment


def _is_accepted(contract_id: int) -> bool:
    return Contract.objects.filter(pk=contract_id, accepted_at__isnull=False).exists()


def _left_of(invoice: Document) -> Priced:
    net, tax = invoice.net_minor - invoice.credited_net_minor, invoice.tax_minor - invoice.credited_tax_minor
    return Priced.of(net, tax, invoice.currency)
