"""Every mail of a rental: there, in both forms, exact, and without anything that a stranger could use."""

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils.html import strip_tags
from pytest_django import Settings

from accounts.models import User
from billing.models import Document
from billing.services import read_document
from billing.states import DocumentForm, DocumentKind
from contracts import services as contracts
from contracts.models import Contract
from core.formats import when
from core.models import DomainEvent
from decentcloud.demo import stories
from decentcloud.demo.cast import Cast
from decentcloud.demo.rental import Rental
from decentcloud.demo.simulation import Story, play
from decentcloud.reactions import EVENTS
from messaging import tasks
from messaging.letters import papers
from messaging.letters.news import News
from messaging.models import MailMessage
from messaging.plot import PLOT
from messaging.states import MailState
from providers.models import Offering
from tests.walk import START, offered_by

pytestmark = [pytest.mark.django_db, pytest.mark.paper]

Tell = Callable[..., list[EmailMultiAlternatives]]


@pytest.fixture
def told(cast: Cast, provider_user: User) -> Tell:
    """Live through a story, every reaction at its moment; the mails that were sent, by their kind."""

    def live(story: Callable[[Rental], Story], days: int = 120, **fields: object) -> dict[str, EmailMultiAlternatives]:
        offering = Offering.objects.select_related("provider__account").get(pk=offered_by(provider_user, **fields).pk)
        play([(START, story(Rental(cast, cast.customer, offering, 720, {})))], START + timedelta(days=days))
        rows = MailMessage.objects.filter(state=MailState.SENT).order_by("sent_at", "pk")
        assert rows.count() == len(mail.outbox)
        by_id = {sent.extra_headers["Message-ID"]: sent for sent in mail.outbox}
        return {row.kind: by_id[f"<mail-{row.pk}@testserver>"] for row in rows}

    return live


def html_of(sent: EmailMultiAlternatives) -> str:
    ((html, kind),) = [tuple(alternative) for alternative in sent.alternatives]
    assert kind == "text/html"
    return str(html)


def plain(text: str) -> str:
    return " ".join(text.replace("\xa0", " ").split())


def paused_and_resumed(rental: Rental) -> Story:
    yield from stories.suspended_by_staff(rental)
    yield timedelta(days=1)
    contracts.resume(rental.pk, rental.staff, "It was a false alarm")


ACCEPTED = ("to_pay", "receipt", "provider_request", "accepted", "invoice")

# Every story, and the mails that it must bring, of which kinds, in any order.
EXPECTED: list[tuple[Callable[[Rental], Story], dict[str, object], set[str]]] = [
    (stories.unpaid, {}, {"to_pay", "not_paid"}),
    (stories.paid, {}, {"to_pay", "receipt", "provider_request", "unanswered", "provider_unanswered", "refund_arrived"}),
    (
        stories.ruled,
        {"auto_accept": True},
        {
            *("to_pay", "receipt", "invoice", "accepted", "provider_accepted_by_rule"),
            *("delivered", "running", "ended", "provider_ended"),
        },
    ),
    (stories.rejected, {}, {"to_pay", "receipt", "provider_request", "declined", "refund_arrived"}),
    (
        stories.accepted,
        {},
        {*ACCEPTED, "setup_failed", "provider_not_set_up", "credit_note"},
    ),
    (stories.failed, {}, {*ACCEPTED, "setup_failed", "credit_note"}),
    (stories.cancelled_unpaid, {}, {"to_pay", "cancelled"}),
    (
        stories.cancelled_early,
        {},
        {*ACCEPTED, "cancelled", "provider_cancelled", "credit_note"},
    ),
    (
        stories.cancelled_by_provider,
        {},
        {*ACCEPTED, "delivered", "running", "cancelled", "credit_note"},
    ),
    (
        stories.not_as_described,
        {},
        {*ACCEPTED, "delivered", "cancelled", "provider_cancelled", "credit_note"},
    ),
    (
        stories.extended,
        {},
        {*ACCEPTED, "delivered", "running", "provider_extended", "ended", "provider_ended"},
    ),
    (
        paused_and_resumed,
        {},
        {
            *(*ACCEPTED, "delivered", "running"),
            *("paused", "provider_paused", "resumed", "provider_resumed", "ended", "provider_ended"),
        },
    ),
    (stories.declined, {}, {"to_pay", "payment_declined", "not_paid"}),
    (stories.mismatch_returned, {}, {"to_pay", "payment_mismatched", "not_paid", "refund_arrived"}),
    (stories.paid_late, {}, {"to_pay", "not_paid", "payment_unallocated", "refund_arrived"}),
    (
        stories.refund_failed,
        {},
        {
            *(*ACCEPTED, "delivered", "running"),
            *("cancelled", "provider_cancelled", "credit_note", "refund_trouble"),
        },
    ),
    (
        stories.refund_paid_by_hand,
        {},
        {
            *(*ACCEPTED, "delivered", "running"),
            *("cancelled", "provider_cancelled", "credit_note", "refund_trouble", "refund_arrived"),
        },
    ),
    (
        stories.dispute_won,
        {},
        {
            *(*ACCEPTED, "delivered", "running", "dispute_opened", "dispute_closed"),
            *("provider_dispute_opened", "provider_dispute_closed", "ended", "provider_ended"),
        },
    ),
    (
        stories.dispute_lost,
        {},
        {
            *(*ACCEPTED, "delivered", "running", "dispute_opened", "dispute_closed"),
            *("provider_dispute_opened", "provider_dispute_closed", "credit_note"),
        },
    ),
]


@pytest.mark.parametrize(("story", "fields", "kinds"), EXPECTED, ids=[story.__name__ for story, _fields, _kinds in EXPECTED])
def test_each_way_of_a_rental_is_told_step_by_step_in_both_forms(
    told: Tell, story: Callable[[Rental], Story], fields: dict[str, object], kinds: set[str], staff: User
) -> None:
    mails = told(story, **fields)
    assert set(mails) == kinds
    contract = Contract.objects.get()
    for kind, sent in mails.items():
        html = html_of(sent)
        for form in (sent.body, html):
            assert plain(sent.subject) in plain(strip_tags(form) if form is html else form).replace("&#x27;", "'"), kind
            assert "http://testserver/" in form
            assert contract.reference in form
            assert "None" not in form
            # How to connect, and the code names of the system, are nobody's business in a mail.
            for secret in ("203.0.113", "2001:db8", "SHA256:", "root", "/srv"):
                assert secret not in form, (kind, secret)
        assert not re.search(r"%\(|\{\{|\{%| by \.| ends \.|[^\n]  ", sent.body), "a name that nobody filled in"
        to_provider = kind.startswith("provider_")
        assert sent.to == ["provider@example.com" if to_provider else "customer@example.com"], kind
        assert staff.email not in sent.recipients()
        assert ("/dashboard/provider/" in sent.body) == to_provider


def test_together_the_ways_show_every_kind_of_mail() -> None:
    kinds = [telling.kind for tellings in PLOT.values() for telling in tellings]
    assert len(set(kinds)) == len(kinds)
    # Their ways need a VIES that is silent first and speaks later, an ICPay, and a refund made in a dashboard:
    # tests/billing/test_vat_recheck.py, tests/billing/tokens/test_refunds.py and tests/billing/test_dropped_refunds.py walk them.
    elsewhere = {"vat_goes_back", "tokens_come_back", "refund_withdrawn"}
    assert set().union(elsewhere, *(expected for _story, _fields, expected in EXPECTED)) == set(kinds)


def test_every_event_of_the_plot_reaches_it() -> None:
    assert {name for name, functions in EVENTS.items() if tasks.tell in functions} == set(PLOT)


def test_the_first_mail_says_what_is_to_be_paid_by_when_and_leads_there(told: Tell) -> None:
    mails = told(stories.unpaid, days=0)
    contract = Contract.objects.get()
    charge = contract.charges.get()
    sent = mails["to_pay"]
    assert contract.deadline_at is not None
    assert plain(sent.subject) == f"Pay € 45.70 for VPS 8 NVMe by {when(contract.deadline_at)} UTC"
    assert plain("VPS 8 NVMe, 30 days: € 38.40") in plain(sent.body)
    assert "VAT: € 7.30" in plain(sent.body)
    assert "To pay: € 45.70" in plain(sent.body)
    assert f"http://testserver/checkout/{charge.public_id}" in sent.body


def test_the_provider_reads_until_when_to_answer_and_what_it_earns(told: Tell) -> None:
    sent = told(stories.paid, days=1)["provider_request"]
    deadline = Contract.objects.get().deadline_at
    assert deadline is not None
    assert plain(sent.subject) == f"Answer by {when(deadline)} UTC: VPS 8 NVMe for 30 days"
    for line in ("Rent before VAT: € 38.40", "Platform fee: −€ 3.84", "Yours when served in full: € 34.56"):
        assert line in plain(sent.body)
    assert "customer@example.com" not in sent.body


def test_the_statement_of_a_cancellation_is_the_refund_that_follows(told: Tell) -> None:
    mails = told(stories.cancelled)
    refund = Contract.objects.get().refunds.get()
    body = plain(mails["cancelled"].body)
    back = f"€ {refund.amount_minor // 100}.{refund.amount_minor % 100:02d}"
    kept = 4570 - refund.amount_minor
    assert "Paid, with VAT: € 45.70" in body
    assert f"Served, 12 of 30 days: −€ {kept // 100}.{kept % 100:02d}" in body
    assert f"Comes back: {back}" in body
    assert f"{back} came back" in plain(mails["credit_note"].subject)
    assert "“The project ended early”" in body


def test_each_document_goes_out_once_attached_as_it_was_stored(told: Tell) -> None:
    mails = told(stories.cancelled)
    for kind in DocumentKind:
        document = Document.objects.get(kind=kind)
        ((name, data, media_type),) = [tuple(attached) for attached in mails[kind].attachments]
        assert (name, media_type) == (f"{document.number}.pdf", "application/pdf")
        assert data == read_document(document, DocumentForm.PDF)
        assert document.number in mails[kind].body
    assert "This is not a tax invoice." in mails["receipt"].body
    assert [sent for sent in mail.outbox if sent.attachments] == [mails["receipt"], mails["invoice"], mails["credit_note"]]


def test_a_note_of_what_was_paid_by_hand_says_where_to_look_for_it(told: Tell) -> None:
    told(stories.cancelled)
    contract = Contract.objects.select_related("provider").get()
    contract.refunds.update(reference="SEPA 0047-1184")
    event = DomainEvent.objects.get(name="document.stored", data__kind=DocumentKind.CREDIT_NOTE)
    letter = papers.credit_note(News(event, contract))
    assert "came back: VPS 8 NVMe" in plain(letter.subject)
    assert "We paid it from our bank account, reference SEPA 0047-1184." in letter.lead
    assert any("takes back a part of invoice INV-" in paragraph for paragraph in letter.paragraphs)


def test_what_asks_somebody_to_act_does_not_come_after_the_act(told: Tell) -> None:
    told(stories.running, days=1)
    before = len(mail.outbox)
    for name in ("contract.requested", "contract.paid", "contract.accepted", "contract.provisioned"):
        tasks.tell(DomainEvent.objects.get(name=name))
    MailMessage.objects.all().delete()
    for name in ("contract.requested", "contract.paid", "contract.accepted", "contract.provisioned"):
        tasks.tell(DomainEvent.objects.get(name=name))
    assert len(mail.outbox) == before


def test_each_reads_their_own_language(told: Tell, settings: Settings, customer: User) -> None:
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    customer.language = "de"
    customer.save()
    mails = told(stories.paid, days=1)
    assert "45,70" in mails["receipt"].body
    assert "38.40" in mails["provider_request"].body


def test_every_sentence_goes_through_gettext() -> None:
    loose = []
    for path in sorted(Path(project.BASE_DIR, "messaging", "letters").glob("*.py")):
        tree = ast.parse(path.read_text())
        fine = {
            id(part)
            for node in ast.walk(tree)
            if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"})
            or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            for part in ast.walk(node)
        }
        loose += [
            f"{path.name}:{node.lineno} {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in fine
            if re.search(r"[A-Za-z]{2,} [A-Za-z]", node.value)
        ]
    assert loose == []
