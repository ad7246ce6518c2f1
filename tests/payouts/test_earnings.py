"""What a provider earns: the page of sums, releases and payouts, and the statements of months."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, User
from accounts.states import Role
from billing.ledger import credit
from billing.payout_postings import payout_sent, payout_settled, share_taken_back
from billing.states import LedgerAccount
from contracts.models import Contract
from core import clock
from payouts.models import Payout, PayoutItem, PayoutMethod, Release, Statement
from payouts.presenters import payout_page
from payouts.services.release import release_contract
from payouts.services.statement import make_due_statements, make_statement, read_statement
from payouts.statements import Content
from payouts.states import MethodKind, PayoutState, Rail
from providers.models import Offering, Provider
from tests import walk
from tests.cast import browser_of

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
URL = "/dashboard/provider/earnings"
STATEMENTS = "/dashboard/provider/statements"


@pytest.fixture
def now() -> Iterator[datetime]:
    """The test's present."""
    with clock.at(NOW) as moment:
        yield moment


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """A VPS with a set-up fee of 10 and 38.40 a month."""
    return walk.offered_by(provider_user, setup_fee_minor=1000)


@pytest.fixture
def rented(customer: User, offering: Offering, now: datetime) -> Callable[..., Contract]:
    """A running contract of the customer's, as old as it is told."""

    def make(ago: timedelta = timedelta(days=15, minutes=30), of: Offering | None = None) -> Contract:
        return walk.rented("active", customer, of or offering, now - ago)

    return make


def text(client: Client, address: str = URL) -> str:
    return client.get(address).content.decode().replace("\u00a0", " ")


def figures(page: str) -> dict[str, str]:
    return dict(re.findall(r'<div class="figure"><dt>([^<]+)</dt><dd>([^<]+)</dd>', page))


def provider_of(contract: Contract) -> Provider:
    return contract.provider


def paid_to(provider: Provider, user: User, releases: list[Release], recovered: int = 0) -> Payout:
    """A settled payout of some releases, with its postings."""
    method = PayoutMethod.objects.create(
        provider=provider,
        currency="EUR",
        kind=MethodKind.BANK,
        holder="Quietstack",
        iban="DE89370400440532013000",
        created_by=user,
        created_at=NOW,
        confirmed_at=NOW,
        confirmed_by=user,
        usable_at=NOW,
    )
    total = sum(release.share_minor for release in releases)
    payout = Payout(
        provider=provider,
        currency="EUR",
        method=method,
        rail=Rail.MANUAL,
        destination={},
        released_minor=total,
        recovered_minor=recovered,
        amount_minor=total - recovered,
        proposed_by=user,
        proposed_at=clock.now(),
    )
    payout.approve(clock.now(), user.pk)
    payout.send(clock.now())
    payout.settle(clock.now(), clock.now(), "SEPA 2026052000418")
    payout.save()
    PayoutItem.objects.bulk_create(PayoutItem(payout=payout, release=release) for release in releases)
    payout_sent(payout.pk, provider, payout.amount_minor, "EUR")
    payout_settled(payout.pk, credit(LedgerAccount.BANK, "bank", payout.amount_minor), 0, payout.amount_minor, "EUR")
    return payout


# The page -------------------------------------------------------------------------------------------------------------------------


def test_who_offers_nothing_is_led_to_the_beginning(customer_client: Client, stranger_client: Client, staff_client: Client) -> None:
    for browser in (customer_client, stranger_client, staff_client):
        answer = browser.get(URL)
        assert (answer.status_code, answer["Location"]) == (302, "/dashboard/provider/start")


def test_anonymous_visitors_are_sent_to_sign_in(client: Client) -> None:
    for address in (URL, "/dashboard/provider/payouts", STATEMENTS, f"{STATEMENTS}/2026-5/EUR.csv", f"{STATEMENTS}/2026-5/EUR.pdf"):
        assert client.get(address).status_code == 302


def test_nothing_earned_says_how_it_will_be_counted(offering: object, provider_client: Client) -> None:
    assert "Nothing earned yet" in text(provider_client)


def test_the_figures_are_those_of_the_ledger(rented: Callable[..., Contract], provider_user: User, provider_client: Client) -> None:
    contract = rented()
    before = figures(text(provider_client))
    assert before == {
        "Waiting for payout": "€ 0.00",
        "Held back for you": "€ 48.40",
        "Earned so far": "€ 0.00",
        "Paid out": "€ 0.00",
    }
    # 10.00 set-up and half of 38.40, less a tenth.
    released = release_contract(contract.pk, NOW)
    page = text(provider_client)
    assert figures(page) == {
        "Waiting for payout": "€ 26.28",
        "Held back for you": "€ 19.20",
        "Earned so far": "€ 26.28",
        "Paid out": "€ 0.00",
    }
    assert "after the fee of € 2.92" in page
    paid_to(contract.provider, provider_user, released)
    page = text(provider_client)
    assert figures(page)["Waiting for payout"] == "€ 0.00"
    assert figures(page)["Paid out"] == "€ 26.28"
    assert "SEPA 2026052000418" in page
    assert "Bank account, DE … 3000" in page
    assert "at most € 26.28 in May 2026" in page
    assert "<h3>Released by month</h3>" in page


def test_a_payout_says_what_it_is_made_of(rented: Callable[..., Contract], provider_user: User, provider_client: Client) -> None:
    contract = rented()
    payout = paid_to(contract.provider, provider_user, release_contract(contract.pk, NOW), recovered=500)
    listed = text(provider_client, "/dashboard/provider/payouts")
    assert f"/dashboard/provider/payouts/{payout.public_id}" in listed
    page = text(provider_client, f"/dashboard/provider/payouts/{payout.public_id}")
    assert "Payout of € 21.28" in page
    assert "−€ 5.00" in page
    assert contract.reference in page
    assert "DE89 3704 0044 0532 0130 00" in page


@pytest.mark.parametrize(
    ("state", "total", "whither"),
    [
        (PayoutState.PROPOSED, "To be paid to you", "Where it goes"),
        (PayoutState.APPROVED, "To be paid to you", "Where it goes"),
        (PayoutState.SENT, "On its way to you", "Where it went"),
        (PayoutState.SETTLED, "Paid to you", "Where it went"),
        (PayoutState.FAILED, "Not paid, pending again", "Where it went"),
        (PayoutState.RETURNED, "Came back, pending again", "Where it went"),
    ],
)
def test_nothing_is_called_paid_before_it_has_arrived(
    rented: Callable[..., Contract], provider_user: User, provider_client: Client, state: PayoutState, total: str, whither: str
) -> None:
    contract = rented()
    payout = paid_to(contract.provider, provider_user, release_contract(contract.pk, NOW))
    other = Payout(
        provider=payout.provider, currency="EUR", method=payout.method, state=state, released_minor=2628, amount_minor=2628
    )
    other.releases = 1  # type: ignore[attr-defined] # annotated by payouts.earnings.payouts_of
    page = payout_page(other, "")
    assert page["total"] == {"label": total, "amount": "€\u00a026.28"}
    assert page["whither"] == whither
    assert ">Where it went<" in text(provider_client, f"/dashboard/provider/payouts/{payout.public_id}")


@pytest.mark.parametrize("role", [Role.MEMBER, Role.BILLING])
def test_only_owners_see_the_whole_account_that_a_payout_went_to(
    rented: Callable[..., Contract], provider_user: User, customer: User, role: Role
) -> None:
    contract = rented()
    payout = paid_to(contract.provider, provider_user, release_contract(contract.pk, NOW))
    Membership.objects.create(user=customer, account=contract.provider.account, role=role)
    browser = browser_of(customer)
    browser.post(reverse("switch_account"), {"account": contract.provider.account_id})
    page = text(browser, f"/dashboard/provider/payouts/{payout.public_id}")
    assert "DE … 3000" in page
    assert "3704" not in page


def test_somebody_elses_payout_and_statement_do_not_exist(
    rented: Callable[..., Contract], provider_user: User, stranger: User, stranger_client: Client, customer_client: Client
) -> None:
    contract = rented()
    payout = paid_to(contract.provider, provider_user, release_contract(contract.pk, NOW))
    walk.become_provider(walk.personal_account(stranger), name="Rival", country="NL")
    for browser in (stranger_client, customer_client):
        assert browser.get(f"/dashboard/provider/payouts/{payout.public_id}").status_code == 404
    assert b"SEPA" not in stranger_client.get(URL).content
    assert contract.reference.encode() not in stranger_client.get(f"{STATEMENTS}/2026-5/EUR.csv").getvalue()


def test_a_payout_that_was_dropped_before_it_left_is_no_news(
    rented: Callable[..., Contract], provider_user: User, provider_client: Client
) -> None:
    contract = rented()
    payout = paid_to(contract.provider, provider_user, release_contract(contract.pk, NOW))
    dropped = Payout.objects.create(
        provider=payout.provider,
        currency="EUR",
        method=payout.method,
        rail=Rail.MANUAL,
        destination={},
        released_minor=100,
        amount_minor=100,
        proposed_by=provider_user,
        proposed_at=NOW,
    )
    dropped.fail(NOW, "typo")
    dropped.save()
    assert dropped.state == PayoutState.FAILED
    assert str(dropped.public_id) not in text(provider_client, "/dashboard/provider/payouts")
    assert provider_client.get(f"/dashboard/provider/payouts/{dropped.public_id}").status_code == 404


def test_each_currency_stands_by_itself(rented: Callable[..., Contract], provider_user: User, provider_client: Client) -> None:
    rented()
    rented(of=walk.offered_by(provider_user, name="Tokyo", currency="JPY", monthly_minor=4800))
    page = text(provider_client)
    assert "In EUR" in page
    assert "In JPY" in page


def test_the_page_costs_the_same_statements_for_thirty_contracts(
    rented: Callable[..., Contract], provider_client: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for _count in range(3):
        release_contract(rented().pk, NOW)
    provider_client.get(URL)
    for _round in range(2):
        with django_assert_num_queries(13):
            provider_client.get(URL)
        for _count in range(14):
            release_contract(rented().pk, NOW)


# Statements -----------------------------------------------------------------------------------------------------------------------


@contextmanager
def later(months: int) -> Iterator[datetime]:
    with clock.at(datetime(2026, 5 + months, 3, tzinfo=UTC)) as moment:
        yield moment


def sheet(client: Client, month: str) -> list[dict[str, str]]:
    answer = client.get(f"{STATEMENTS}/{month}/EUR.csv")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_the_sheet_of_a_month_has_every_line_and_ends_with_the_balance(
    rented: Callable[..., Contract], provider_user: User, provider_client: Client
) -> None:
    contract = rented()
    released = release_contract(contract.pk, NOW - timedelta(days=5)) + release_contract(contract.pk, NOW)
    paid_to(contract.provider, provider_user, released)
    lines = sheet(provider_client, "2026-5")
    assert [(line["what"], line["yours"], line["balance"]) for line in lines] == [
        ("Earned", "20.52", "20.52"),
        ("Earned", "5.76", "26.28"),
        ("Paid out", "-26.28", "0.00"),
    ]
    assert {line["rental"] for line in lines} == {contract.reference, ""}
    assert lines[-1]["reference"] == "SEPA 2026052000418"
    assert [(line["earned"], line["fee"]) for line in lines[:2]] == [("22.80", "2.28"), ("6.40", "0.64")]


def test_what_came_back_of_a_payout_shows_nobody_elses_reference(
    rented: Callable[..., Contract], provider_user: User, stranger: User, stranger_client: Client, now: datetime
) -> None:
    contract = rented()
    payout = paid_to(contract.provider, provider_user, release_contract(contract.pk, NOW))
    other = walk.become_provider(walk.personal_account(stranger), name="Rival", country="NL")
    # Ways back are counted by themselves: the number is also that of somebody else's payout.
    share_taken_back(payout.pk, "stripe", other, 500, "EUR")
    (line,) = sheet(stranger_client, "2026-5")
    assert (line["what"], line["yours"], line["reference"]) == ("Settled out of an earlier payout", "5.00", "")


def test_a_month_that_is_over_gets_one_statement_that_never_changes(
    rented: Callable[..., Contract], provider_user: User, provider_client: Client, transactional_db: None
) -> None:
    contract = rented()
    release_contract(contract.pk, NOW)
    with pytest.raises(ValueError, match="2026-05 is not over"):
        make_statement(contract.provider_id, "EUR", date(2026, 5, 1))
    assert not Statement.objects.exists()
    with later(1):
        assert make_due_statements() == 2
        assert make_due_statements() == 0
        statement = Statement.objects.get()
        release_contract(contract.pk, clock.now())
        again = make_statement(contract.provider_id, "EUR", date(2026, 5, 1))
        answer = provider_client.get(f"{STATEMENTS}/2026-5/EUR.pdf")
        page = text(provider_client, STATEMENTS)
    assert (statement.opening_minor, statement.closing_minor) == (0, 2628)
    assert again.pk == statement.pk
    assert answer.content.startswith(b"%PDF-1.7")
    assert answer.content == read_statement(statement)
    assert "May 2026" in page
    assert "€ 26.28" in page
    content = Content.from_json(statement.content)
    assert [(row.rental, row.count, row.earned, row.fee, row.yours) for row in content.sums] == [
        (contract.reference, 1, 2920, 292, 2628)
    ]
    with later(2):
        make_due_statements()
        second = Statement.objects.get(month=date(2026, 6, 1))
    assert second.opening_minor == statement.closing_minor


def test_a_damaged_statement_is_given_to_nobody(
    rented: Callable[..., Contract], provider_client: Client, transactional_db: None
) -> None:
    release_contract(rented().pk, NOW)
    with later(1):
        make_due_statements()
        Statement.objects.update(pdf_sha256="0" * 64)
        answer = provider_client.get(f"{STATEMENTS}/2026-5/EUR.pdf")
    assert answer.status_code == 503
    assert b"damaged" in answer.content


@pytest.mark.parametrize("address", ["2026-0/EUR", "2026-13/EUR", "1999-5/EUR", "2027-1/EUR", "2026-5/XXX", "2026-5/eur"])
def test_a_month_or_currency_that_cannot_be_is_not_found(
    offering: object, now: datetime, provider_client: Client, address: str
) -> None:
    assert provider_client.get(f"{STATEMENTS}/{address}.csv").status_code == 404
    assert provider_client.get(f"{STATEMENTS}/{address}.pdf").status_code == 404
