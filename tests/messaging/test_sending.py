"""To whom a mail goes, that it goes once, and what happens when it does not go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from pytest_django import Settings

from accounts.models import Membership, User
from accounts.services import create_user
from billing.services import store_document
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from core import clock
from core.models import DomainEvent, ReactionRun
from core.tasks import drain
from messaging.models import MailMessage
from messaging.services import CLAIM, NotAllSent, tell
from messaging.states import MailState
from providers.models import Offering, Provider
from tests.messaging.backends import Stubborn
from tests.messaging.conftest import Town
from tests.walk import START, ordered, pay_order

pytestmark = [pytest.mark.django_db, pytest.mark.paper]


@pytest.fixture
def contract(town: Town, town_offering: Offering) -> Contract:
    """Ordered by the customer's member and paid, the receipt is printed; nothing told yet."""
    with clock.at(START):
        contract = ordered(town.people["customer_member"], town_offering, account=town.accounts["customer"])
        pay_order(contract)
        store_document(contract.documents.get().pk)
    return contract


@pytest.fixture
def at_start(contract: Contract) -> Iterator[None]:
    with clock.at(START + timedelta(minutes=1)):
        yield


def event_of(name: str) -> DomainEvent:
    return DomainEvent.objects.get(name=name)


def told() -> set[str]:
    """Addresses without the ending they share."""
    return {address.removesuffix("@example.com") for sent in mail.outbox for address in sent.recipients()}


@pytest.mark.usefixtures("at_start")
def test_money_is_told_to_those_who_look_after_it_and_to_who_ordered(town: Town, stranger: User, staff: User) -> None:
    other = create_user("other@example.com", verified=True)
    Membership.objects.create(user=other, account=town.accounts["customer"], role="member")
    assert tell(event_of("document.stored")) == 3
    assert told() == {"customer.owner", "customer.billing", "customer.member"}
    assert tell(event_of("contract.paid")) == 2
    assert told() == {"customer.owner", "customer.billing", "customer.member", "provider.owner", "provider.member"}
    assert all(len(sent.recipients()) == 1 for sent in mail.outbox), "nobody learns who else was told"


@pytest.mark.usefixtures("at_start")
def test_the_way_of_a_rental_is_told_to_who_ordered(contract: Contract, owner: actors.Actor) -> None:
    contracts.accept(contract.pk, owner)
    tell(event_of("contract.accepted"))
    assert told() == {"customer.member"}


@pytest.mark.usefixtures("at_start")
def test_who_has_left_the_account_hears_nothing_and_its_owners_do(town: Town, contract: Contract, owner: actors.Actor) -> None:
    Membership.objects.filter(user=town.people["customer_member"], account=town.accounts["customer"]).delete()
    contracts.accept(contract.pk, owner)
    tell(event_of("contract.accepted"))
    assert told() == {"customer.owner"}


@pytest.mark.usefixtures("at_start")
def test_closed_people_and_unconfirmed_addresses_get_no_mail(town: Town) -> None:
    User.objects.filter(pk=town.people["customer_owner"].pk).update(is_active=False)
    EmailAddress.objects.filter(user=town.people["customer_billing"]).update(verified=False)
    tell(event_of("document.stored"))
    tell(event_of("contract.paid"))
    assert told() == {"customer.member", "provider.owner", "provider.member"}


@pytest.mark.usefixtures("at_start")
def test_telling_again_sends_nothing_again() -> None:
    event = event_of("document.stored")
    assert (tell(event), tell(event)) == (3, 0)
    assert len(mail.outbox) == MailMessage.objects.count() == 3
    assert set(MailMessage.objects.values_list("state", "attempts")) == {(MailState.SENT, 1)}


@pytest.mark.django_db(transaction=True)
def test_eight_workers_send_each_mail_once(contract: Contract) -> None:
    event = event_of("document.stored")

    def work(_number: int) -> None:
        try:
            with clock.at(START + timedelta(minutes=1)):
                tell(event)
        except NotAllSent:
            pass  # Somebody else has it in hand.
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, number) for number in range(8)]:
            done.result()
    assert len(mail.outbox) == 3
    assert set(MailMessage.objects.values_list("state", "attempts")) == {(MailState.SENT, 1)}


@pytest.mark.usefixtures("contract")
def test_an_address_that_fails_is_tried_again_and_holds_up_nobody(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "tests.messaging.backends.Stubborn"
    monkeypatch.setattr(Stubborn, "refused", {"customer.owner@example.com"})
    with clock.at(START + timedelta(minutes=1)):
        drain()
        assert told() == {"customer.billing", "customer.member", "provider.owner", "provider.member"}
        row = MailMessage.objects.get(recipient__email="customer.owner@example.com")
        assert (row.state, row.attempts, row.sent_at) == (MailState.FAILED, 1, None)
        assert "421" in row.last_error
        run = ReactionRun.objects.get(event=event_of("document.stored"))
        assert (run.state, run.attempts) == ("pending", 1)
    monkeypatch.setattr(Stubborn, "refused", set())
    with clock.at(START + timedelta(minutes=5)):
        drain()
    assert len(mail.outbox) == 5
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == (MailState.SENT, 2, "")
    run.refresh_from_db()
    assert run.state == "done"


@pytest.mark.usefixtures("contract")
def test_a_mail_in_a_dead_workers_hands_goes_out_when_its_claim_has_ended() -> None:
    event = event_of("document.stored")
    with clock.at(START + timedelta(minutes=1)):
        tell(event)
    row = MailMessage.objects.earliest("pk")
    row.state, row.sent_at = MailState.SENDING, None
    row.save()
    first = next(sent for sent in mail.outbox if sent.to == [row.address])
    mail.outbox.clear()
    assert row.claimed_at is not None
    with clock.at(row.claimed_at + CLAIM - timedelta(seconds=1)), pytest.raises(NotAllSent):
        tell(event)
    assert mail.outbox == []
    with clock.at(row.claimed_at + CLAIM):
        assert tell(event) == 1
    assert mail.outbox[0].extra_headers["Message-ID"] == first.extra_headers["Message-ID"], "known as the same mail"


@pytest.mark.usefixtures("at_start")
def test_nothing_that_people_type_can_add_a_header_or_markup(contract: Contract, owner: actors.Actor) -> None:
    evil = "VPS\r\nBcc: victim@example.com\r\n\r\n<b>Hello</b>\x07"
    Contract.objects.filter(pk=contract.pk).update(offering_name=evil)
    Provider.objects.update(name="Quiet\nTo: victim@example.com")
    contracts.reject(contract.pk, owner, "No\r\nBcc: victim@example.com <script>alert(1)</script>")
    tell(event_of("contract.rejected"))
    assert mail.outbox
    for sent in mail.outbox:
        parsed = message_from_bytes(sent.message().as_bytes(), policy=policy.default)
        assert parsed["Bcc"] is None
        assert "victim" not in parsed["To"]
        assert parsed["Auto-Submitted"] == "auto-generated"
        html = str(sent.alternatives[0][0])
        assert "<b>Hello" not in html
        assert "<script" not in html
        assert "\nBcc:" not in sent.body


@pytest.mark.usefixtures("at_start")
def test_staff_reads_the_mails_in_the_admin_and_changes_none(staff_client: Client, customer_client: Client) -> None:
    tell(event_of("contract.paid"))
    row = MailMessage.objects.earliest("pk")
    listing = staff_client.get("/admin/messaging/mailmessage/")
    assert row.address in listing.content.decode()
    page = f"/admin/messaging/mailmessage/{row.pk}/change/"
    assert staff_client.get(page).status_code == 200
    assert staff_client.post(page, {"state": "pending"}).status_code == 403
    assert customer_client.get(page).status_code in {302, 404}
    row.refresh_from_db()
    assert row.state == MailState.SENT
