"""The sales journal and the One-Stop Shop report: exact, in order, harmless in a spreadsheet, and agreeing with the ledger."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from billing.buyers import Buyer
from billing.models import Document, LedgerLine
from billing.proof import Scope, find_differences
from billing.report_forms import QuarterForm, quarters_until
from billing.reports import journal, quarter
from billing.reports.quarter import Quarter, quarter_report
from billing.reports.sheet import Cell, major, written
from billing.states import LedgerAccount
from contracts.models import Contract
from core import clock
from core.currencies import CURRENCIES
from core.rates import record_rates
from core.tasks import drain
from tests.cast import browser_of
from tests.walk import BUYER, offered_by, rented

pytestmark = pytest.mark.django_db
MARCH = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RATES = {code: Decimal(1 + number) for number, code in enumerate(CURRENCIES) if code != "EUR"}


@pytest.fixture(autouse=True)
def _one_stop_shop(settings: Settings) -> None:
    settings.INVOICE_SELLER_COUNTRY = "DE"
    settings.INVOICE_SELLER_OSS = True


def buyer_in(country: str, name: str = "Cora Customer") -> Buyer:
    return replace(BUYER, country=country, name=name, postcode="1010", city="There")


def read(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> list[dict[str, str]]:
    """What a program finds in the file."""
    text = "".join(written(columns, rows)).removeprefix("\ufeff")
    return list(csv.DictReader(StringIO(text)))


def journal_of(year: int = 2026) -> list[dict[str, str]]:
    return read(journal.COLUMNS, journal.journal(date(year, 1, 1), date(year, 12, 31)))


def quarter_of(number: int, year: int = 2026) -> list[dict[str, str]]:
    return read(quarter.COLUMNS, quarter_report(Quarter(year, number)))


@pytest.fixture
def sold(customer: User, provider_user: User) -> list[Contract]:
    """Rentals of every currency and several countries; some ended early, within the quarter and after it."""
    contracts = []
    for number, code in enumerate(CURRENCIES):
        offering = offered_by(provider_user, currency=code, name=code, monthly_minor=12_340, setup_fee_minor=770)
        for country in ("DE", "FR", "AT", "CH"):
            way = ("active", "cancelled", "cancelled_by_provider", "completed")[number % 4]
            late = MARCH + timedelta(days=27)
            contracts.append(rented(way, customer, offering, late if country == "AT" else MARCH, buyer=buyer_in(country)))
    with clock.at(MARCH + timedelta(days=90)):
        drain()
    return contracts


def ledger() -> dict[tuple[str, str], int]:
    """What is owed to tax offices, by owner and currency."""
    lines = LedgerLine.objects.filter(account=LedgerAccount.TAX_PAYABLE).values_list("owner", "currency").annotate(Sum("amount"))
    return {(owner, code): -int(total) for owner, code, total in lines if total}


def test_the_journal_agrees_with_the_ledger_to_the_last_unit(sold: list[Contract]) -> None:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in journal_of():
        assert Decimal(row["net"]) + Decimal(row["vat"]) == Decimal(row["gross"])
        if Decimal(row["vat"]):
            owner = f"{row['scheme']}:{row['tax_country']}:{row['tax_rate']}"
            sums[owner, row["currency"]] += Decimal(row["vat"])
    owed = {(owner, code): major(total, code) for (owner, code), total in ledger().items()}
    assert {key: total for key, total in sums.items() if total} == owed
    assert len({owner for owner, _code in owed}) == 3
    with clock.at(MARCH + timedelta(days=90)):
        assert [found for found in find_differences(Scope(since=MARCH)) if found.check != "bytes"] == []


def test_both_quarters_together_agree_with_the_ledger(sold: list[Contract]) -> None:
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in [*quarter_of(1), *quarter_of(2)]:
        if not row["section"].startswith("total"):
            sums[f"oss:{row['member_state']}:{row['tax_rate']}", row["currency"]] += Decimal(row["vat"])
    owed = {(owner, code): major(total, code) for (owner, code), total in ledger().items() if owner.startswith("oss:")}
    assert {key: total for key, total in sums.items() if total} == owed


def test_every_invoice_and_note_stands_in_the_journal_once_and_no_receipt(sold: list[Contract]) -> None:
    rows = journal_of()
    assert [row["number"] for row in rows] == list(
        Document.objects.exclude(kind="receipt").order_by("issued_on", "id").values_list("number", flat=True)
    )
    assert {row["kind"] for row in rows} == {"invoice", "credit_note"}
    notes = [row for row in rows if row["kind"] == "credit_note"]
    assert all(row["corrects"].startswith("INV-2026-") and Decimal(row["gross"]) < 0 for row in notes)
    assert journal_of(2025) == []


def test_a_line_says_all_that_an_accountant_asks(customer: User, provider_user: User) -> None:
    record_rates(date(2026, 3, 2), RATES, "test rates")
    contract = rented(
        "active", customer, offered_by(provider_user, currency="JPY", monthly_minor=10_000), MARCH, buyer=buyer_in("FR")
    )
    (row,) = journal_of()
    payment = contract.charges.get().payments.get()
    assert row == {
        "number": "INV-2026-000001",
        "kind": "invoice",
        "day": "2026-03-02",
        "corrects": "",
        "buyer": "Cora Customer",
        "buyer_country": "FR",
        "buyer_kind": "private",
        "buyer_vat_id": "",
        "category": "S",
        "scheme": "oss",
        "tax_country": "FR",
        "tax_rate": "0.2",
        "currency": "JPY",
        "net": "10000",
        "vat": "2000",
        "gross": "12000",
        "vat_currency": "EUR",
        "vat_in_vat_currency": str(
            major(2000 * 100 // int(RATES["JPY"]) + (2000 * 100 % int(RATES["JPY"]) * 2 >= RATES["JPY"]), "EUR")
        ),
        "exchange_rate": str(RATES["JPY"]),
        "exchange_day": "2026-03-02",
        "exchange_source": "test rates",
        "rental": contract.reference,
        "payment": str(payment.public_id),
        "gateway": "sandbox",
        "gateway_payment": payment.external_id,
        "draft": "draft",
    }


@pytest.mark.parametrize(
    ("code", "minor", "text"),
    [("EUR", 1, "0.01"), ("JPY", 4801, "4801"), ("KWD", 12_350, "12.350"), ("EUR", -5, "-0.05"), ("EUR", 0, "0.00")],
)
def test_amounts_have_all_decimals_of_their_currency(code: str, minor: int, text: str) -> None:
    assert read(["amount"], [[major(minor, code)]]) == [{"amount": text}]


@pytest.mark.parametrize(
    "name",
    [
        '=HYPERLINK("http://evil.example";"click")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1:A9)",
        "\t=1+1",
        "\r=1+1",
        " =1+1",
        "\n=1",
        "＝1+1",
        "|calc",
    ],
)
def test_no_cell_is_a_formula(name: str) -> None:
    (row,) = read(["buyer"], [[name]])
    assert row["buyer"] == f"'{name}"


@pytest.mark.parametrize("name", ['O\'Neill, "Ada"', "Łukasz; Żółć", "王小明", "a\nb", "محمد", "1-2"])
def test_names_of_every_script_come_through_as_they_are(name: str) -> None:
    (row,) = read(["buyer"], [[name]])
    assert row["buyer"] == name


def test_a_formula_for_a_name_is_harmless_in_the_journal(customer: User, provider_user: User) -> None:
    rented("accepted", customer, offered_by(provider_user), MARCH, buyer=buyer_in("DE", name="=cmd|' /C calc'!A0"))
    assert journal_of()[0]["buyer"] == "'=cmd|' /C calc'!A0"


# The One-Stop Shop --------------------------------------------------------------------------------------------------------------


def test_a_note_for_an_earlier_quarter_is_a_correction_at_that_quarters_rate(customer: User, provider_user: User) -> None:
    record_rates(date(2026, 3, 31), {**RATES, "USD": Decimal(2)}, "first")
    record_rates(date(2026, 6, 30), {**RATES, "USD": Decimal(4)}, "second")
    offering = offered_by(provider_user, currency="USD", monthly_minor=10_000)
    rented("cancelled", customer, offering, datetime(2026, 3, 28, 9, tzinfo=UTC), buyer=buyer_in("FR"))
    with clock.at(datetime(2026, 4, 20, tzinfo=UTC)):
        drain()
    first, second = quarter_of(1), quarter_of(2)
    assert [(row["section"], row["net"], row["vat"], row["net_eur"], row["vat_eur"]) for row in first] == [
        ("supplies", "100.00", "20.00", "50.00", "10.00"),
        ("total supplies", "", "", "50.00", "10.00"),
    ]
    note = Document.objects.get(kind="credit_note")
    correction, total = second
    assert (correction["section"], correction["period"], correction["corrects_period"]) == ("corrections", "2026-Q2", "2026-Q1")
    assert Decimal(correction["vat"]) == -major(note.tax_minor, "USD")
    assert correction["exchange_rate"] == "2"
    assert total["section"] == "total corrections"
    assert total["vat_eur"] == correction["vat_eur"]


def test_a_note_within_the_quarter_is_taken_off_what_was_supplied(customer: User, provider_user: User) -> None:
    rented("cancelled_early", customer, offered_by(provider_user), MARCH, buyer=buyer_in("FR"))
    (row, _total) = quarter_of(1)
    assert (row["section"], row["net"], row["vat"], row["documents"]) == ("supplies", "0.00", "0.00", "2")
    assert quarter_of(2) == []


@pytest.mark.parametrize(
    ("published", "rate", "note"),
    [
        ({date(2026, 3, 30): 9, date(2026, 3, 31): 2, date(2026, 4, 1): 8}, "2", False),
        ({date(2026, 3, 30): 9, date(2026, 4, 1): 3}, "3", False),
        ({date(2026, 3, 30): 9, date(2026, 4, 20): 3}, "1.0705", True),
        ({}, "1.0705", True),
    ],
)
def test_the_rate_is_that_of_the_last_day_or_of_the_next_publication(
    published: dict[date, int], rate: str, note: bool, customer: User, provider_user: User
) -> None:
    for day, units in published.items():
        record_rates(day, {**RATES, "USD": Decimal(units)}, "test")
    rented("accepted", customer, offered_by(provider_user, currency="USD"), MARCH, buyer=buyer_in("FR"))
    row = quarter_of(1)[0]
    assert row["exchange_rate"] == rate
    assert row["note"].startswith("provisional") == note


def test_sales_at_home_and_outside_are_no_business_of_the_one_stop_shop(customer: User, provider_user: User) -> None:
    for country in ("DE", "CH"):
        rented("accepted", customer, offered_by(provider_user), MARCH, buyer=buyer_in(country))
    assert quarter_of(1) == []


@pytest.mark.parametrize(("number", "first", "last"), [(1, (1, 1), (3, 31)), (2, (4, 1), (6, 30)), (4, (10, 1), (12, 31))])
def test_a_quarter_has_its_days(number: int, first: tuple[int, int], last: tuple[int, int]) -> None:
    one = Quarter(2026, number)
    assert (one.first, one.last) == (date(2026, *first), date(2026, *last))


def test_quarters_are_offered_newest_first_and_the_latest_that_is_over_is_chosen() -> None:
    offered = [str(one) for one in quarters_until(date(2026, 5, 1))]
    assert offered[:3] == ["2026-Q2", "2026-Q1", "2025-Q4"]
    assert offered[-1] == "2020-Q1"
    for now, chosen in ((datetime(2026, 5, 4, tzinfo=UTC), "2026-Q1"), (datetime(2026, 3, 31, tzinfo=UTC), "2025-Q4")):
        with clock.at(now):
            assert f'<option value="{chosen}" selected>' in str(QuarterForm()["quarter"])


# The pages ----------------------------------------------------------------------------------------------------------------------


def get(client: Client, page: str, **asked: str) -> Any:
    return client.get(reverse(f"admin:billing_{page}"), asked)


def body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_staff_downloads_both(staff_client: Client, sold: list[Contract]) -> None:
    answer = get(staff_client, "journal", first="2026-01-01", last="2026-12-31")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="journal-2026-01-01-2026-12-31.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert len(list(csv.reader(StringIO(body(answer))))) == 1 + len(journal_of())
    answer = get(staff_client, "quarter", quarter="2026-Q1")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="oss-2026-Q1.csv"'
    assert body(answer).startswith("section,period,corrects_period,member_state")


def test_the_page_offers_last_month_and_every_quarter(staff_client: Client) -> None:
    with clock.at(datetime(2026, 5, 4, tzinfo=UTC)):
        shown = get(staff_client, "reports").content.decode()
        assert 'value="2026-04-01"' in shown
        assert 'value="2026-04-30"' in shown
        assert '<option value="2026-Q1" selected>' in shown
    listed = staff_client.get(reverse("admin:billing_document_changelist")).content.decode()
    assert reverse("admin:billing_reports") in listed


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("journal", {}),
        ("journal", {"first": "2026-02-01", "last": "2026-01-01"}),
        ("journal", {"first": "yesterday", "last": "'; DROP TABLE billing_document; --"}),
        ("quarter", {}),
        ("quarter", {"quarter": "2026-Q5"}),
        ("quarter", {"quarter": "9999-Q1"}),
        ("quarter", {"quarter": "=1+1"}),
    ],
)
def test_nonsense_is_answered_with_the_form(page: str, asked: dict[str, str], staff_client: Client) -> None:
    answer = get(staff_client, page, **asked)
    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()


@pytest.mark.parametrize("page", ["reports", "journal", "quarter"])
def test_nobody_else_reads_them(page: str, customer: User, client: Client) -> None:
    asked = {"first": "2026-01-01", "last": "2026-12-31", "quarter": "2026-Q1"}
    assert get(browser_of(customer), page, **asked).status_code == 404
    assert get(client, page, **asked).status_code == 302
