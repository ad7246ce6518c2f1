"""Only the evidence pack of a dispute: what a bank is shown, file by file, each made when it is its turn.

In English, which every card network reads. No secret goes in: not how one logs in, no notes of the delivery, no console, no key
but its fingerprint.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.utils import translation

from billing.gateways import brand_of
from billing.leaving import key_moments, leaving_after
from billing.models import Charge, Dispute, Document, Payment, Quote, Refund
from billing.services import read_document
from billing.services.document_bytes import Damaged
from billing.states import ChargePurpose, DisputeState, DocumentForm, PaymentState, RefundKind, RefundState
from billing.token_words import worth_text
from contracts.models import Contract, Move
from contracts.states import ActorKind, State
from core import clock
from core.formats import hours_text, minor, money
from core.outbox import subject_of
from core.queries import timeline
from core.zip_stream import File
from dashboard.presenters.agreed import agreed_terms, offered_facts
from messaging.models import MailMessage

NOT_KNOWN = "not known"
SYSTEM = "the platform, by its rules"


def evidence_files(dispute: Dispute) -> Iterator[File]:
    """The files of the pack, in the order in which one reads them."""
    contract = dispute.payment.charge.contract
    order = contract.charges.get(purpose=ChargePurpose.CONTRACT)
    texts: tuple[tuple[str, Callable[[], Iterable[str]]], ...] = (
        ("1-summary.txt", lambda: _summary(dispute, contract, order)),
        ("2-order.txt", lambda: _order(contract, order)),
        ("3-refund-terms-shown.txt", lambda: _refund_terms(contract, order)),
        ("4-acceptance-and-history.txt", lambda: _history(contract)),
        ("5-delivery-and-use.txt", lambda: _delivery(contract)),
        ("6-messages.txt", lambda: _messages(contract)),
        ("7-money.txt", lambda: _money(contract)),
    )
    for name, lines in texts:
        yield f"{contract.reference}/{name}", _written(lines)
    damaged = []
    for document in Document.objects.filter(contract=contract, stored_at__isnull=False).order_by("id").iterator():
        try:
            data = read_document(document, DocumentForm.PDF)
        except Damaged:
            damaged.append(f"{document.number}: its file is damaged")
        else:
            yield f"{contract.reference}/documents/{document.number}.pdf", (data,)
    if damaged:
        yield f"{contract.reference}/documents/MISSING.txt", _written(lambda: damaged)


def _written(lines: Callable[[], Iterable[str]]) -> Iterator[bytes]:
    with translation.override("en"):
        text = "\n".join(lines())
    yield f"{text}\n".encode()


# Words --------------------------------------------------------------------------------------------------------------------------


def _at(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else NOT_KNOWN


def _one_line(text: str) -> str:
    """Text of people, on one line: it cannot pass for a line of ours."""
    return " ".join(text.split())


def _facts(*pairs: tuple[str, object]) -> list[str]:
    return [f"{label}: {_one_line(str(value))}" for label, value in pairs if value not in ("", None)]


def _part(title: str, lines: Iterable[str]) -> list[str]:
    return [title, "-" * len(title), *lines, ""]


def _pairs(rows: Iterable[dict[str, Any]]) -> list[str]:
    return _facts(*((str(row["label"]), row.get("value", row.get("amount", ""))) for row in rows))


# What happened ------------------------------------------------------------------------------------------------------------------


def _summary(dispute: Dispute, contract: Contract, order: Charge) -> Iterator[str]:
    payment = dispute.payment
    yield from _part(
        f"Dispute {dispute.external_id}",
        _facts(
            ("Amount", money(dispute.amount)),
            ("The bank's reason", dispute.reason.replace("_", " ") or NOT_KNOWN),
            ("Opened", _at(dispute.opened_at)),
            ("Evidence is due", _at(dispute.evidence_due_at)),
            ("State", DisputeState(dispute.state).label),
            ("Payment", f"{payment.external_id} of {_at(payment.succeeded_at)}, {minor(payment.received_minor, payment.currency)}"),
        ),
    )
    seller = order.seller.get("name") or "Decent Cloud"
    yield from _part(
        "What was paid for",
        _facts(
            ("Rental", f"{contract.reference}, {contract.offering_name}, {hours_text(contract.hours)}"),
            ("Sold by", seller),
            ("Operated by", contract.provider.name),
            ("Customer", order.buyer.get("company") or order.buyer.get("name", "")),
            ("State of the rental", State(contract.state).label),
        ),
    )
    yield from _part("In short", _story(contract))
    yield f"Made on {_at(clock.now())} from the records of {seller}. Amounts include VAT unless they say net."


def _story(contract: Contract) -> list[str]:
    used = contract.used_seconds(clock.now())
    steps = (
        ("Ordered", contract.created_at),
        ("Paid", contract.paid_at),
        ("Accepted by the operator", contract.accepted_at),
        ("Delivered; the paid term began", contract.provisioned_at),
        ("Confirmed to work, or taken as working when nobody said otherwise in time", contract.active_at),
        ("Ended", contract.ended_at),
    )
    lines = [f"{_at(moment)}  {what}" for what, moment in steps if moment]
    if used is None:
        return [*lines, "It was not delivered so far."]
    return [*lines, f"Used so far: {used // 3600} of {contract.term_seconds // 3600} hours; pauses do not count."]


def _order(contract: Contract, order: Charge) -> Iterator[str]:
    quote = Quote.objects.filter(contract=contract).select_related("user").first()
    buyer = order.buyer
    address = f"{buyer.get('street', '')}, {buyer.get('postcode', '')} {buyer.get('city', '')}, {buyer.get('country', '')}"
    yield from _part(
        "Who ordered",
        _facts(
            ("Signed in as", contract.ordered_by.email),
            ("Account", contract.customer.name),
            ("Name", buyer.get("name", "")),
            ("Company", buyer.get("company", "")),
            ("Billing address", address),
            ("E-mail on the bill", buyer.get("email", "")),
            ("VAT id", buyer.get("vat_id", "")),
            ("Country of the connection", order.tax_evidence.get("connection_country") or NOT_KNOWN),
            ("Country of the card", _card_countries(contract) or NOT_KNOWN),
        ),
    )
    yield from _part(
        "When",
        _facts(
            ("Price quoted", f"{_at(quote.created_at)}, binding until {_at(quote.expires_at)}" if quote else NOT_KNOWN),
            ("Ordered", _at(contract.created_at)),
            ("Terms accepted, start of the service asked for at once", _at(order.terms_accepted_at)),
        ),
    )
    agreed = agreed_terms(contract, order)
    yield from _part("Price as agreed", [*_pairs(agreed["price"]), *_pairs([agreed["total"]])])
    yield from _part("What was offered, frozen at the order", [*_pairs(offered_facts(contract)), *_description(contract)])
    chosen = _facts(("System", contract.operating_system), ("Host name", contract.host_name), ("SSH key", contract.ssh_fingerprint))
    yield from _part("What the customer chose", chosen or ["Nothing beyond the offer."])
    for extension in contract.charges.filter(purpose=ChargePurpose.EXTENSION, paid_at__isnull=False).order_by("id"):
        yield from _part(
            f"Extended by {hours_text(extension.hours)}",
            _facts(("Asked for", _at(extension.created_at)), ("Paid", _at(extension.paid_at)), ("Price", money(extension.gross))),
        )


def _description(contract: Contract) -> list[str]:
    text = contract.terms.get("description", "")
    return [f"Description: {_one_line(text)}"] if text else []


def _card_countries(contract: Contract) -> str:
    paid = Payment.objects.filter(charge__contract=contract, state=PaymentState.SUCCEEDED).exclude(card_country="")
    return ", ".join(sorted(set(paid.values_list("card_country", flat=True))))


def _refund_terms(contract: Contract, order: Charge) -> Iterator[str]:
    yield from _part("What was agreed", (f"- {rule}" for rule in agreed_terms(contract, order)["rules"]))
    shown = [leaving_after(order.price, order.hours, order.tax_rate, after) for after in key_moments(order.hours)]
    yield from _part(
        "What leaving early gives back, as the order page showed it before the button",
        (f"After {hours_text(row.hours)}: {money(row.gross)} of {money(order.gross)}" for row in shown),
    )


def _history(contract: Contract) -> Iterator[str]:
    moves = Move.objects.filter(contract=contract).select_related("actor").order_by("id")
    yield from _part("Every step of the rental", (_step(move, contract) for move in moves))
    yield from _part("Everything recorded about it", (f"{_at(event.at)}  {event.name}" for event in timeline(contract)))


def _step(move: Move, contract: Contract) -> str:
    who = {
        ActorKind.CUSTOMER: f"the customer ({move.actor.email})" if move.actor else "the customer",
        ActorKind.PROVIDER: f"the operator, {contract.provider.name}",
        ActorKind.AGENT: f"the machine of the operator, {contract.provider.name}",
        ActorKind.STAFF: "our staff",
        ActorKind.SYSTEM: SYSTEM,
    }[ActorKind(move.actor_kind)]
    reason = f" ({_one_line(move.reason)})" if move.reason else ""
    return f"{_at(move.at)}  {State(move.to_state).label}, by {who}{reason}"


def _delivery(contract: Contract) -> Iterator[str]:
    delivery = contract.delivery if hasattr(contract, "delivery") else None
    if delivery is None:
        yield from _part("Delivery", ["Nothing was delivered."])
    else:
        yield from _part(
            "Delivery",
            [
                *_facts(
                    ("Handed over", _at(delivery.delivered_at)),
                    ("IPv4", delivery.ipv4),
                    ("IPv6", delivery.ipv6),
                    ("Port", delivery.port),
                    ("Host key", delivery.host_key),
                    ("Opened by the customer's own SSH key", contract.ssh_fingerprint),
                    ("System", contract.operating_system),
                ),
                "How one logs in was shown to the customer alone, and stands nowhere here.",
            ],
        )
    used = contract.used_seconds(clock.now())
    yield from _part(
        "Use",
        _facts(
            ("Term paid for", f"{contract.term_seconds} seconds"),
            ("Served so far", "nothing" if used is None else f"{used} seconds"),
            ("Paused", f"{contract.suspended_seconds} seconds, given back"),
        ),
    )
    yield from _part("Health", ["Nothing was measured: this platform does not check rented machines yet, and invents no figure."])


def _messages(contract: Contract) -> Iterator[str]:
    mails = MailMessage.objects.filter(event__subject=subject_of(contract), sent_at__isnull=False).order_by("sent_at", "id")
    sent = (f"{_at(mail.sent_at)}  to {mail.address}: {_one_line(mail.subject)}" for mail in mails.iterator())
    yield from _part("Mails that were sent about it", list(sent) or ["None so far."])
    yield from _part("Note of the customer to the operator", [_one_line(contract.note) or "None."])


def _money(contract: Contract) -> Iterator[str]:
    for payment in Payment.objects.filter(charge__contract=contract).select_related("charge").order_by("id"):
        yield from _part(f"Payment {payment.external_id or payment.public_id}", _payment(payment))
        for refund in payment.refunds.order_by("id"):
            yield from _part(f"Refund {refund.external_id or refund.public_id}", _refund(refund))
        for dispute in payment.disputes.order_by("id"):
            yield from _part(f"Dispute {dispute.external_id}", _dispute(dispute))
    issued = Document.objects.filter(contract=contract).order_by("id")
    lines = [f"{document.number} of {document.issued_on}, {_gross(document)}{_missing(document)}" for document in issued]
    yield from _part("Documents", lines or ["None was issued."])


def _payment(payment: Payment) -> list[str]:
    return _facts(
        ("For", payment.charge.subject),
        ("Way", brand_of(payment.gateway)),
        ("Asked for", money(payment.amount)),
        ("Received", worth_text(payment)),
        ("State", PaymentState(payment.state).label),
        ("Begun", _at(payment.created_at)),
        ("Succeeded", _at(payment.succeeded_at) if payment.succeeded_at else ""),
    )


def _refund(refund: Refund) -> list[str]:
    return _facts(
        ("Why", RefundKind(refund.kind).label),
        ("Amount", money(refund.amount)),
        ("State", RefundState(refund.state).label),
        ("Decided", _at(refund.created_at)),
        ("Confirmed", _at(refund.succeeded_at) if refund.succeeded_at else ""),
    )


def _dispute(dispute: Dispute) -> list[str]:
    return _facts(
        ("Amount", money(dispute.amount)),
        ("State", DisputeState(dispute.state).label),
        ("Opened", _at(dispute.opened_at)),
        ("Decided", _at(dispute.closed_at) if dispute.closed_at else ""),
    )


def _gross(document: Document) -> str:
    return minor(document.gross_minor, document.currency)


def _missing(document: Document) -> str:
    return "" if document.stored_at else " (its PDF is not made yet)"
