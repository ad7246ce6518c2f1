"""The evidence of a dispute: what stands in the zip, what does not, and who gets it."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.models import Dispute, Document, StaffTask
from billing.models.document import document_storage
from billing.services import store_document
from contracts.models import Contract
from core import clock
from core.models import DomainEvent
from core.queries import timeline
from core.zip_stream import zip_stream
from messaging.services import tell
from tests.cast import browser_of, proved_browser_of

Rented = Callable[..., Contract]


@pytest.fixture
def dispute(rented: Rented) -> Dispute:
    """Of a rental that ran for some days, with all its mails sent."""
    contract = rented("suspended")
    for event in timeline(contract):
        tell(event)
    return Dispute.objects.get(payment__charge__contract=contract)


def address(dispute: Dispute) -> str:
    return reverse("dispute_evidence", args=[dispute.pk])


def unpacked(answer: Any) -> dict[str, str]:
    """The texts of the pack, by the name behind the folder."""
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as pack:
        assert pack.testzip() is None
        return {name.split("/", 1)[1]: pack.read(name).decode(errors="replace").replace("\u00a0", " ") for name in pack.namelist()}


def colleague(*permissions: str) -> Client:
    user = make_staff(create_user("look@example.com", verified=True), superuser=False)
    TOTP.activate(user, generate_totp_secret())
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return proved_browser_of(user)


def test_the_pack_tells_the_whole_story(dispute: Dispute, staff_client: Client, customer: User) -> None:
    contract = dispute.payment.charge.contract
    files = unpacked(staff_client.get(address(dispute)))
    summary, order, terms = files["1-summary.txt"], files["2-order.txt"], files["3-refund-terms-shown.txt"]
    assert contract.reference in summary
    assert "Amount: € 57.60" in summary
    assert f"Evidence is due: {dispute.evidence_due_at:%Y-%m-%d %H:%M:%S} UTC" in summary
    assert customer.email in order
    assert "Weg 1, 10115 Berlin, DE" in order
    assert "Terms accepted, start of the service asked for at once: 20" in order
    assert "cores" in order
    assert "After 1 day: €" in terms
    history, delivery = files["4-acceptance-and-history.txt"], files["5-delivery-and-use.txt"]
    for step in ("Accepted, by the operator, Quietstack", "Running, by the customer", "Paused, by the platform"):
        assert step in history
    assert "IPv4: 203.0.113.48" in delivery
    assert "Nothing was measured" in delivery
    messages = files["6-messages.txt"]
    assert all(str(sent.subject) in messages for sent in mail.outbox)
    assert mail.outbox
    assert "Payment sbx_pay_" in files["7-money.txt"]


def test_no_secret_goes_to_a_bank(rented: Rented, staff_client: Client) -> None:
    contract = rented("suspended")
    delivery = contract.delivery
    delivery.login, delivery.notes, delivery.console_url = (
        "root pw hunter2",
        "the password is hunter2",
        "https://c.example/?t=hunter2",
    )
    delivery.save()
    files = unpacked(staff_client.get(address(Dispute.objects.get())))
    assert "hunter2" not in "".join(files.values())
    assert "ssh-ed25519" not in "".join(files.values())


def test_text_of_people_cannot_pass_for_a_line_of_ours(rented: Rented, staff_client: Client) -> None:
    contract = rented("suspended", note="hello\nState of the rental: never delivered")
    assert contract.note
    files = unpacked(staff_client.get(address(Dispute.objects.get())))
    assert "\nState of the rental: never delivered" not in "".join(files.values())


def test_a_dispute_before_delivery_says_so(rented: Rented, staff_client: Client) -> None:
    rented("disputed_before_delivery")
    files = unpacked(staff_client.get(address(Dispute.objects.get())))
    assert "Nothing was delivered." in files["5-delivery-and-use.txt"]
    assert "It was not delivered so far." in files["1-summary.txt"]


def test_only_staff_with_right_and_second_factor_gets_it(
    dispute: Dispute,
    client: Client,
    customer_client: Client,
    provider_client: Client,
    stranger_client: Client,
    staff: User,
    staff_client: Client,
) -> None:
    for browser in (customer_client, provider_client, stranger_client):
        assert browser.get(address(dispute)).status_code == 404
    assert client.get(address(dispute)).status_code == 302
    assert browser_of(staff).get(address(dispute)).status_code == 302
    assert colleague("view_contract", "view_payment").get(address(dispute)).status_code == 404
    assert staff_client.get(reverse("dispute_evidence", args=[dispute.pk + 1])).status_code == 404
    assert staff_client.post(address(dispute)).status_code == 405
    assert not DomainEvent.objects.filter(name="dispute.evidence_fetched").exists()


def test_staff_without_all_rights_over_the_whole_platform_gets_it_by_the_three_that_it_shows(dispute: Dispute) -> None:
    browser = colleague("view_dispute", "view_contract", "view_payment")
    answer = browser.get(address(dispute))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert DomainEvent.objects.get(name="dispute.evidence_fetched").data["dispute"] == dispute.pk


def test_the_disputes_page_leads_to_it_and_names_the_date(dispute: Dispute, staff_client: Client) -> None:
    page = staff_client.get(reverse("admin:billing_dispute_change", args=[dispute.pk])).content.decode()
    assert address(dispute) in page
    with clock.at(clock.now() + timedelta(days=1)):
        later = Dispute.objects.get()
    assert later.evidence_due_at is not None
    assert str(later.evidence_due_at.day) in page


def test_a_zip_of_any_size_is_made_in_the_memory_of_one_piece() -> None:
    piece = bytes(range(256)) * 4096

    def many() -> Iterator[tuple[str, Iterator[bytes]]]:
        for number in range(40):
            yield f"{number}.bin", iter([piece, piece])

    tracemalloc.start()
    size = sum(len(sent) for sent in zip_stream(many()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 0
    assert peak < 8 * len(piece)


@pytest.mark.paper
def test_a_damaged_paper_is_named_and_holds_up_no_other(dispute: Dispute, staff_client: Client) -> None:
    contract = dispute.payment.charge.contract
    first, second = Document.objects.filter(contract=contract).order_by("pk")[:2]
    for document in (first, second):
        store_document(document.pk)
    first.refresh_from_db()
    document_storage().delete(first.pdf.name)
    document_storage().save(first.pdf.name, ContentFile(b"%PDF of somebody else"))
    files = unpacked(staff_client.get(address(dispute)))
    assert f"documents/{first.number}.pdf" not in files
    assert files[f"documents/{second.number}.pdf"].startswith("%PDF")
    assert files["documents/MISSING.txt"] == f"{first.number}: its file is damaged\n"
    assert StaffTask.objects.filter(key=f"damaged:{first.pk}").exists()
