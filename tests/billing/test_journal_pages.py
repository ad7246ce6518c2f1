"""Staff's pages of journals: proposed on one page, approved by somebody else on another, found by nobody who may not."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.journal_queries import tax_owed
from billing.ledger import balance
from billing.models import Journal, LedgerEntry
from billing.states import JournalState
from billing.states import LedgerAccount as A
from core import clock
from core.tasks import drain
from providers.models import Offering
from tests.cast import proved_browser_of
from tests.walk import START, offered_by, rented

pytestmark = pytest.mark.django_db
LIST = "/admin/billing/journal/"
KINDS = ("tax_paid", "debt_written_off", "owner_paid_in", "moved")
FUNDING = {"place": "bank", "amount": "2500.00", "currency": "EUR", "reference": "NBK 1", "reason": "Opening"}


@pytest.fixture
def colleague(db: None) -> Client:
    user = make_staff(create_user("colleague@example.com", "correct-horse-battery", verified=True), superuser=True)
    TOTP.activate(user, generate_totp_secret())
    return proved_browser_of(user)


@pytest.fixture
def offering(provider_user: User) -> Offering:
    return offered_by(provider_user)


def shown(answer: Any) -> str:
    assert answer.status_code == 200, answer
    return str(answer.content.decode().replace("\xa0", " "))


def propose(kind: str) -> str:
    return f"{LIST}propose/{kind}/"


def test_vat_is_chosen_by_its_office_and_a_second_person_enters_it(
    customer: User, offering: Offering, staff_client: Client, colleague: Client
) -> None:
    rented("active", customer, offering)
    with clock.at(START + timedelta(days=60)):
        drain()
    (owed,) = tax_owed()
    assert "VAT paid to the office…" in shown(staff_client.get(LIST))
    page = shown(staff_client.get(propose("tax_paid")))
    assert f"{owed.owner}: € {owed.amount / 100:.2f}" in page
    said = {"owed": f"{owed.owner}|EUR", "reference": "USt 11", "reason": "November"}
    for wrong in ("much", "0", f"{(owed.amount + 1) / 100:.2f}"):
        assert "errorlist" in shown(staff_client.post(propose("tax_paid"), {**said, "amount": wrong}))
    assert not Journal.objects.exists()
    answer = staff_client.post(propose("tax_paid"), {**said, "amount": f"{owed.amount / 100:.2f}"}, follow=True)
    journal = Journal.objects.get()
    assert answer.redirect_chain[-1][0] == f"{LIST}{journal.pk}/change/"
    own = staff_client.post(f"{LIST}{journal.pk}/approve/", follow=True)
    assert [str(message) for message in own.context["messages"]] == [
        "You have proposed it yourself: a second person has to approve it."
    ]
    assert "November" in shown(colleague.get(f"{LIST}{journal.pk}/approve/"))
    colleague.post(f"{LIST}{journal.pk}/approve/")
    assert Journal.objects.get().state == JournalState.POSTED
    assert tax_owed() == []
    page = shown(staff_client.get(f"{LIST}{journal.pk}/change/"))
    assert "proposed (staff@" in page
    assert "approved (colleague@" in page
    assert all(f'name="{field}"' not in page for field in ("reason", "reference", "debit_amount"))


def test_the_owners_money_and_a_transfer_are_proposed_and_dropped(staff_client: Client, colleague: Client) -> None:
    staff_client.post(propose("owner_paid_in"), FUNDING)
    journal = Journal.objects.get()
    assert "€ 2,500.00" in shown(staff_client.get(LIST))
    colleague.post(f"{LIST}{journal.pk}/approve/")
    assert balance(A.OWNER, "platform", "EUR") == -250_000
    moved = {
        "source": "bank",
        "amount": "100",
        "currency": "EUR",
        "target": "icrc1",
        "other_amount": "12.5",
        "other_currency": "ICP",
        "reference": "NBK 2",
        "reason": "For payouts",
    }
    for wrong in ({"other_amount": "1.123456789"}, {"source": "stripe"}, {"currency": "XXX"}, {"reference": "NBK 1"}):
        assert "errorlist" in shown(staff_client.post(propose("moved"), {**moved, **wrong}))
    staff_client.post(propose("moved"), moved)
    second = Journal.objects.latest("pk")
    assert int(second.debit_amount) == 1_250_000_000
    staff_client.post(f"{LIST}{second.pk}/drop/")
    assert Journal.objects.get(pk=second.pk).state == JournalState.DROPPED
    assert LedgerEntry.objects.count() == 1
    again = colleague.post(f"{LIST}{second.pk}/approve/", follow=True)
    assert "not possible any more" in str(list(again.context["messages"])[-1])


def test_one_alike_that_waits_is_said_on_the_page(staff_client: Client) -> None:
    staff_client.post(propose("owner_paid_in"), FUNDING)
    page = shown(staff_client.post(propose("owner_paid_in"), {**FUNDING, "reference": "NBK 9"}))
    assert "Such a journal waits for its approval already" in page
    assert Journal.objects.count() == 1


def test_nobody_else_finds_any_of_it(
    staff_client: Client, customer_client: Client, provider_client: Client, stranger_client: Client
) -> None:
    staff_client.post(propose("owner_paid_in"), FUNDING)
    journal = Journal.objects.get()
    pages = [LIST, f"{LIST}{journal.pk}/change/", f"{LIST}{journal.pk}/approve/", *map(propose, KINDS)]
    for client in (customer_client, provider_client, stranger_client):
        for path in pages:
            assert client.get(path).status_code == 404, path
            assert client.post(path, FUNDING).status_code == 404, path
    assert Journal.objects.get().state == JournalState.PROPOSED


def test_staff_that_may_only_look_decides_nothing(staff_client: Client) -> None:
    staff_client.post(propose("owner_paid_in"), FUNDING)
    journal = Journal.objects.get()
    reader = make_staff(create_user("reader@example.com", "correct-horse-battery", verified=True), superuser=False)
    reader.user_permissions.add(Permission.objects.get(codename="view_journal"))
    TOTP.activate(reader, generate_totp_secret())
    client = proved_browser_of(reader)
    assert "propose/" not in shown(client.get(LIST))
    shown(client.get(f"{LIST}{journal.pk}/change/"))
    for path in (f"{LIST}{journal.pk}/approve/", f"{LIST}{journal.pk}/drop/", *map(propose, KINDS)):
        assert client.get(path).status_code in {403, 404}, path
        assert client.post(path, FUNDING).status_code in {403, 404}, path
    assert Journal.objects.get().state == JournalState.PROPOSED


def test_an_unknown_kind_is_no_page_and_nothing_is_added_by_hand(staff_client: Client, staff: User) -> None:
    assert staff_client.get(propose("anything")).status_code == 404
    assert staff_client.get(f"{LIST}add/").status_code == 403
    for kind in KINDS:
        shown(staff_client.get(propose(kind)))
