"""Only the words to the customer that go with a receipt, an invoice or a credit note; the document itself is attached.

They are also the news of what the document stands for: a receipt's mail says that it is paid and what comes next, a credit note's
that the money is back. Nobody gets a second mail about that.
"""

from django.utils.translation import gettext as _

from billing.models import Document
from billing.services import read_document
from billing.states import ChargePurpose, DocumentForm, DocumentKind, TaxCategory
from contracts.states import State
from core.formats import day, hours_text, minor
from core.models import DomainEvent
from messaging.letters.back import tokens_sent, why_back
from messaging.letters.news import Line, News, Paper, RentalLetter, link, one_line, to_customer


def paper_of(news: News) -> Document:
    """The document that the event is about."""
    return Document.objects.select_related("charge", "corrects", "refund", "dispute").get(pk=news.event.data["document"])


def is_receipt(news: News) -> bool:
    """A payment is confirmed."""
    return _is_news_of(news, DocumentKind.RECEIPT)


def is_invoice(news: News) -> bool:
    """An invoice is there."""
    return _is_news_of(news, DocumentKind.INVOICE)


def is_credit_note(news: News) -> bool:
    """A credit note is there."""
    return _is_news_of(news, DocumentKind.CREDIT_NOTE)


def _is_news_of(news: News, kind: DocumentKind) -> bool:
    """However long it had to wait for its files: a customer has no other paper. Only what was simulated is no news."""
    return news.event.data["kind"] == kind and bool(news.event.data.get("is_news", True))


def no_note_says_it(news: News) -> bool:
    """Whether nothing else tells that a refund arrived. Its credit note does, numbered when it is confirmed; but once: one that
    came back and was paid again has no second.
    """
    refund = news.event.data["refund"]
    confirmed = DomainEvent.objects.filter(name=news.event.name, subject=news.event.subject, data__refund=refund)
    again = confirmed.filter(pk__lt=news.event.pk).exists()
    return again or not Document.objects.filter(refund=refund).exists()


def receipt(news: News) -> RentalLetter:
    """Paid, and what comes next."""
    document = paper_of(news)
    charge = document.charge
    words = {**news.names, "gross": _gross(document), "number": document.number}
    if charge.purpose == ChargePurpose.EXTENSION:
        words["more"] = hours_text(charge.hours)
        subject = _("Extended by %(more)s, %(gross)s paid: %(offering)s") % words
        lead = _("Nothing to do. It ends %(ends)s now.") % words if words["ends"] else _("Nothing to do.")
        follows = _("The invoice follows by its own mail.")
    else:
        subject = _("We received %(gross)s: %(offering)s") % words
        lead = _what_next(news, words)
        follows = _("The invoice follows as soon as your order is accepted.")
    if document.category == TaxCategory.LEFT_OUT:
        follows = _("No VAT was charged, so no invoice follows.")
    return to_customer(
        news,
        subject,
        lead,
        lines=_figures(document),
        total={"label": _("Paid"), "amount": words["gross"]},
        small=_("Receipt %(number)s is attached as PDF. This is not a tax invoice.") % words + " " + follows,
        papers=_attached(document),
    )


def _what_next(news: News, words: dict[str, str]) -> str:
    contract = news.contract
    if contract.state == State.REQUESTED and not contract.is_disputed:
        return _("%(provider)s answers by %(by)s. Without an answer all of it comes back by itself.") % words
    return _("Thank you. The page of your rental says what happens next.")


def invoice(news: News) -> RentalLetter:
    """The invoice of what was paid."""
    document = paper_of(news)
    words = {**news.names, "gross": _gross(document), "number": document.number}
    return to_customer(
        news,
        _("Invoice %(number)s, %(gross)s: %(offering)s") % words,
        _("Your invoice is attached. It is paid: nothing to do."),
        lines=_figures(document),
        total={"label": _("Paid"), "amount": words["gross"]},
        action=(link("invoices"), _("See all documents")),
        small=_("The PDF carries the invoice for machines too (EN 16931). The same as XML stands on the page of documents."),
        papers=_attached(document),
    )


def credit_note(news: News) -> RentalLetter:
    """What came back, on paper."""
    document = paper_of(news)
    assert document.corrects is not None
    words = {**news.names, "gross": _gross(document), "number": document.number, "invoice": document.corrects.number}
    words["day"] = day(document.corrects.issued_on)
    if document.refund is not None:
        subject = _("%(gross)s came back: %(offering)s") % words
        lead = _("The refund is confirmed. Your bank may need a few days to show it.")
        if document.refund.token_units is not None:
            lead = tokens_sent(document.refund)
        elif document.refund.reference:
            words["reference"] = document.refund.reference
            lead = _("We paid it from our bank account, reference %(reference)s. Your bank may need a few days to show it.") % words
    else:
        subject = _("Credit note %(number)s, %(gross)s: %(offering)s") % words
        lead = _("This part of your invoice was taken back.")
    return to_customer(
        news,
        subject,
        lead,
        *(why_back(document.refund, news.contract) if document.refund is not None else ()),
        _takes_back(document, document.corrects) % words,
        lines=_figures(document),
        total={"label": _("Taken back"), "amount": words["gross"]},
        action=(link("invoices"), _("See all documents")),
        papers=_attached(document),
    )


def _takes_back(note: Document, invoice: Document) -> str:
    if note.gross_minor == invoice.gross_minor:
        return _("Credit note %(number)s is attached. It takes back all of invoice %(invoice)s of %(day)s.")
    return _("Credit note %(number)s is attached. It takes back a part of invoice %(invoice)s of %(day)s.")


def _gross(document: Document) -> str:
    return minor(document.gross_minor, document.currency)


def _figures(document: Document) -> tuple[Line, ...]:
    return (
        {"label": one_line(document.charge.subject), "amount": minor(document.net_minor, document.currency)},
        {"label": _("VAT"), "amount": minor(document.tax_minor, document.currency)},
    )


def _attached(document: Document) -> tuple[Paper, ...]:
    form = DocumentForm.PDF
    return (Paper(f"{document.number}{form.suffix}", form.media_type, read_document(document, form)),)
