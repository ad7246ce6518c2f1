"""Import and export: what is shown is what is done, bad rows keep out of the way, and no cell computes anything."""

import csv
import io
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import Account
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from providers.models import ImportPreview, Offering, Provider
from providers.previews import preview_import
from providers.search.asked import MarketQuery
from providers.search.finding import search
from providers.services import (
    apply_import,
    become_provider,
    create_offering,
    deactivate_provider,
    forget_previews,
    hold_stock,
    update_offering,
)
from providers.spreadsheet import COLUMNS, MOST_ROWS, read, template, write
from tests.providers.conftest import FIGURES

HEADING = (
    "reference,name,type,currency,monthly_price,country,cores,memory_gb,disk_count,disk_gb,uplink_mbit,operating_systems,stock"
)
GOOD = "V1,VPS 1,compute,EUR,4.90,DE,1,2,1,20,1000,Debian 13|Ubuntu 24.04,7"


def sheet(*lines: str, heading: str = HEADING) -> bytes:
    return "\n".join([heading, *lines]).encode()


def rows_of(preview: ImportPreview) -> dict[str, dict[str, str]]:
    return {row["reference"]: row["errors"] for row in preview.rows}


# --- Reading ------------------------------------------------------------------------------------------------------------------


def test_the_template_is_a_file_that_can_be_imported(provider: Provider) -> None:
    preview = preview_import(provider, "template.csv", "".join(template()).encode())
    assert (preview.good, preview.bad) == (1, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_spreadsheets_save_can_be_read(encoding: str, separator: str, ending: str) -> None:
    text = ending.join(["Reference,Name,City", 'A,"Zwei, drei",Köln', "", ",,"]).replace(",", separator)
    lines = read(text.replace(f"Zwei{separator} drei", "Zwei, drei").encode(encoding))
    assert [(line.number, line.cells) for line in lines] == [(2, {"reference": "A", "name": "Zwei, drei", "city": "Köln"})]


def test_a_line_is_numbered_as_an_editor_counts() -> None:
    lines = read(b'reference,description\nA,"two\nlines"\n\nB,one\n')
    assert [(line.number, line.cells["reference"]) for line in lines] == [(2, "A"), (5, "B")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "reference"),
        (HEADING.encode(), "Nothing stands below"),
        (b"name,type\nx,gpu", "reference is missing"),
        (b"reference,nmae\nA,x", "Unknown columns: nmae"),
        (b"reference,name,Name\nA,x,y", "twice: name"),
        (b"reference,name\nA,x,y", "Line 2 has more cells"),
        (b"reference,name\nA,K\xf6ln", "Line 2 is not UTF-8"),
        (b"reference,name\nA,x\x00y", "Line 2 holds a NUL"),
        (b'reference,name\nA,"open\n', "cannot be read"),
        (b"reference,name\nA," + b"x" * 7000, "cannot be read"),
        (b"reference\n" + b"A\n" * (MOST_ROWS + 1), "More than 5,000 rows"),
    ],
)
def test_what_is_no_such_table_is_refused_with_its_place(content: bytes, said: str) -> None:
    with pytest.raises(Refused) as refused:
        read(content)
    assert (refused.value.code, refused.value.field) == ("unreadable", "file")
    assert said in refused.value.reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name," * 200_000, "twice: name"),
        (b"reference\n" + b"\n" * 600_000, "Nothing stands below"),
        (b"reference\n" + b"A\n" * 600_000, "More than 5,000 rows"),
    ],
)
def test_a_file_made_to_exhaust_the_reader_is_refused_soon_and_in_little_memory(content: bytes, said: str) -> None:
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(Refused) as refused:
        read(content)
    spent, (_now, most) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said in refused.value.reason
    assert spent < 20
    assert most < 50 * 1024 * 1024


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
@settings(max_examples=300, deadline=None)
def test_nothing_but_a_refusal_comes_of_any_bytes(content: bytes) -> None:
    for prefix in (b"", b"reference,name\n", b"reference;monthly_price\n"):
        try:
            read(prefix + content)
        except Refused as refused:
            assert refused.code == "unreadable"  # noqa: PT017 -- either outcome is right


# --- Preview ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        ("name", "", "name"),
        ("name", "x" * 81, "name"),
        ("type", "server", "type"),
        ("currency", "XXX", "currency"),
        ("monthly_price", "free", "monthly_price"),
        ("monthly_price", "4.905", "monthly_price"),
        ("monthly_price", "1,284", "monthly_price"),
        ("monthly_price", "-1", "monthly_price"),
        ("monthly_price", "0", "monthly_price"),
        ("monthly_price", "1e5", "monthly_price"),
        ("monthly_price", "99999999999999999999", "monthly_price"),
        ("country", "Germany", "country"),
        ("cores", "four", "cores"),
        ("cores", "1.5", "cores"),
        ("cores", "9" * 30, "cores"),
        ("cores", "9" * 5000, "cores"),
        ("memory_gb", "NaN", "memory_gb"),
        ("memory_gb", "Infinity", "memory_gb"),
        ("memory_gb", "1e400", "memory_gb"),
        ("memory_gb", "-1", "memory_gb"),
        ("disk_count", "0", "disk_count"),
        ("stock", "-1", "stock"),
        ("operating_systems", "x" * 61, "operating_systems"),
        ("operating_systems", "|".join(f"os{n}" for n in range(41)), "operating_systems"),
        ("reference", "", "reference"),
    ],
)
def test_a_bad_cell_is_named_and_its_row_stays_out(provider: Provider, column: str, cell: str, field: str) -> None:
    cells = dict(zip(HEADING.split(","), GOOD.split(","), strict=True)) | {column: cell}
    line = io.StringIO()
    csv.writer(line).writerow(cells.values())
    preview = preview_import(provider, "x.csv", sheet(line.getvalue().strip()))
    assert (preview.good, preview.bad) == (0, 1)
    assert list(preview.rows[0]["errors"]) == [field]
    assert preview.rows[0]["line"] == 2
    with pytest.raises(Refused):
        apply_import(preview, keep_good=True)
    assert Offering.objects.count() == 0


def test_a_reference_that_stands_there_twice_is_an_error_of_both_rows(provider: Provider) -> None:
    preview = preview_import(provider, "x.csv", sheet(GOOD, GOOD))
    assert [list(row["errors"]) for row in preview.rows] == [["reference"], ["reference"]]


def test_a_semicolon_file_may_have_decimal_commas(provider: Provider) -> None:
    preview = preview_import(provider, "x.csv", (HEADING + "\n" + GOOD).replace(",", ";").replace("4.90", "4,90").encode())
    assert preview.rows[0]["values"]["monthly_minor"] == 490
    preview = preview_import(provider, "x.csv", (HEADING + "\n" + GOOD).replace(",", ";").replace("4.90", "1,284").encode())
    assert list(preview.rows[0]["errors"]) == ["monthly_price"]


def test_a_preview_changes_nothing_and_replaces_the_one_before(provider: Provider) -> None:
    preview_import(provider, "x.csv", sheet(GOOD))
    latest = preview_import(provider, "y.csv", sheet(GOOD))
    assert list(ImportPreview.objects.all()) == [latest]
    assert Offering.objects.count() == 0


def test_rows_published_at_once_need_what_a_customer_needs(provider: Provider) -> None:
    heading = HEADING + ",status"
    preview = preview_import(
        provider,
        "x.csv",
        sheet(GOOD + ",published", "V2,VPS 2,compute,EUR,9,DE,,,,,,,,published", "V3,X,gpu,EUR,9,DE,,,,,,,,gone", heading=heading),
    )
    assert list(rows_of(preview)["V2"]) == ["cores", "memory_gb", "operating_systems", "disk_gb", "uplink_mbit"]
    assert list(rows_of(preview)["V3"]) == ["status"]
    assert apply_import(preview, keep_good=True) == (1, 0)
    assert [row.name for row in search(None, MarketQuery(q="debian")).rows] == ["VPS 1"]


# --- Applying -----------------------------------------------------------------------------------------------------------------


def test_new_rows_become_drafts_and_known_ones_change(provider: Provider, offering: Offering) -> None:
    update_offering(offering, reference="V8", description="Stays.")
    preview = preview_import(provider, "x.csv", sheet(GOOD, "V8,VPS eight,compute,EUR,40,DE,8,32,1,320,1000,Debian 13,9"))
    assert [change[0] for change in preview.rows[1]["changes"]] == ["name", "monthly_price", "stock", "operating_systems"]
    assert apply_import(preview, keep_good=False) == (1, 1)
    made = Offering.objects.get(reference="V1")
    assert (made.status, made.slug, made.monthly_minor, made.price_eur_minor) == ("draft", "vps-1-quietstack", 490, 490)
    assert (made.operating_systems, made.memory_gb) == (["Debian 13", "Ubuntu 24.04"], Decimal(2))
    offering.refresh_from_db()
    assert (offering.name, offering.monthly_minor, offering.stock, offering.status) == ("VPS eight", 4000, 9, "published")
    assert (offering.description, offering.cpu_model, offering.traffic_unmetered) == ("Stays.", "EPYC 9354P", True)
    assert offering.slug == "vps-8-nvme-quietstack"
    assert "eight" in str(offering.search)
    event = DomainEvent.objects.get(name="offerings.imported")
    assert event.data == {"made": [made.pk], "changed": [offering.pk]}


def test_many_rows_of_one_name_each_get_an_address(provider: Provider) -> None:
    lines = [GOOD.replace("V1,", f"R{number},") for number in range(4)]
    apply_import(preview_import(provider, "x.csv", sheet(*lines[:2])), keep_good=False)
    apply_import(preview_import(provider, "x.csv", sheet(*lines[2:])), keep_good=False)
    slugs = Offering.objects.order_by("id").values_list("slug", flat=True)
    assert list(slugs) == ["vps-1-quietstack", *(f"vps-1-quietstack-{number}" for number in (2, 3, 4))]


def test_importing_the_same_file_again_changes_nothing(provider: Provider) -> None:
    apply_import(preview_import(provider, "x.csv", sheet(GOOD)), keep_good=False)
    again = preview_import(provider, "x.csv", sheet(GOOD))
    assert again.rows[0]["changes"] == []
    assert apply_import(again, keep_good=False) == (0, 0)
    assert Offering.objects.count() == 1


def test_good_rows_are_kept_only_when_the_user_says_so(provider: Provider) -> None:
    preview = preview_import(provider, "x.csv", sheet(GOOD, "V2,,compute,EUR,1,DE,1,1,1,1,1,Debian,1"))
    with pytest.raises(Refused) as refused:
        apply_import(preview, keep_good=False)
    assert refused.value.code == "has_errors"
    assert Offering.objects.count() == 0
    assert apply_import(preview, keep_good=True) == (1, 0)
    assert list(Offering.objects.values_list("reference", flat=True)) == ["V1"]


def test_a_preview_is_applied_once_and_not_after_an_hour(provider: Provider) -> None:
    preview = preview_import(provider, "x.csv", sheet(GOOD))
    with clock.at(clock.now() + timedelta(minutes=61)):
        with pytest.raises(Refused) as refused:
            apply_import(preview, keep_good=False)
        assert refused.value.code == "expired"
    apply_import(preview, keep_good=False)
    with pytest.raises(Refused) as refused:
        apply_import(preview, keep_good=False)
    assert refused.value.code == "applied"
    with clock.at(clock.now() + timedelta(minutes=61)):
        assert forget_previews() == 1
    assert Offering.objects.count() == 1


def test_what_changed_since_the_preview_is_not_overwritten(provider: Provider, offering: Offering) -> None:
    update_offering(offering, reference="V8")
    preview = preview_import(provider, "x.csv", sheet(GOOD, "V8,Other,compute,EUR,40,DE,8,32,1,320,1000,Debian 13,9"))
    update_offering(offering, name="Mine")
    with pytest.raises(Refused) as refused:
        apply_import(preview, keep_good=False)
    assert refused.value.code == "changed"
    assert "Line 3" in refused.value.reason
    assert list(Offering.objects.values_list("name", flat=True)) == ["Mine"]


def test_stock_taken_since_the_preview_refuses_the_whole_import(
    provider: Provider, offering: Offering, customer_account: Account
) -> None:
    update_offering(offering, reference="V8")
    preview = preview_import(provider, "x.csv", sheet(GOOD, "V8,VPS 8 NVMe,compute,EUR,38.40,DE,8,32,1,320,1000,Debian 13,0"))
    assert preview.bad == 0
    hold_stock(offering.pk, customer_account, 30)
    with pytest.raises(Refused, match="Line 3"):
        apply_import(preview, keep_good=False)
    offering.refresh_from_db(fields=["stock", "taken"])
    assert (offering.stock, offering.taken, Offering.objects.count()) == (5, 1, 1)


def test_another_providers_reference_is_not_touched(provider: Provider, offering: Offering, customer_account: Account) -> None:
    update_offering(offering, reference="V1")
    other = become_provider(customer_account, name="Other", country="NL")
    assert apply_import(preview_import(other, "x.csv", sheet(GOOD)), keep_good=False) == (1, 0)
    assert Offering.objects.get(provider=provider).name == "VPS 8 NVMe"


def test_a_deactivated_provider_publishes_nothing_by_import(provider: Provider) -> None:
    preview = preview_import(provider, "x.csv", sheet(GOOD + ",published", heading=HEADING + ",status"))
    deactivate_provider(provider)
    with pytest.raises(Refused):
        apply_import(preview, keep_good=True)
    assert Offering.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_clicks_apply_once(provider: Provider) -> None:
    preview = preview_import(provider, "x.csv", sheet(GOOD))

    def click(_number: int) -> str:
        try:
            return str(apply_import(preview, keep_good=False))
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(click, range(4)))
    assert answers == ["(1, 0)", "applied", "applied", "applied"]
    assert Offering.objects.count() == 1


# --- Export -------------------------------------------------------------------------------------------------------------------


def test_an_export_imports_as_no_change(provider: Provider, publish: Callable[..., Offering]) -> None:
    publish(reference="A", description='Two\nlines, "quotes"; and ; more', traffic_unmetered=False, traffic_tb=Decimal("2.50"))
    publish(reference="B", currency="JPY", monthly_minor=6000, name="=1+1", features=["IPv6", "-x"])
    publish(reference="C", currency="KWD", monthly_minor=12340, city="@home")
    text = "".join(write(Offering.objects.filter(provider=provider)))
    preview = preview_import(provider, "x.csv", text.encode())
    assert [(row["errors"], row["changes"]) for row in preview.rows] == [({}, [])] * 3


@pytest.mark.parametrize("evil", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "=HYPERLINK(1)"])
def test_no_cell_of_an_export_is_a_formula(provider: Provider, evil: str) -> None:
    create_offering(provider, **(FIGURES | {"name": evil, "city": evil, "reference": "A", "features": [evil]}))
    rows = list(csv.DictReader(io.StringIO("".join(write(Offering.objects.all())).removeprefix("\ufeff"))))
    assert not [cell for cell in rows[0].values() if cell[:1] in "=+-@\t\r" and cell]


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20), min_size=1, max_size=4))
@example(["'="])
@example(["''+1"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_survives_export_and_reading(names: list[str]) -> None:
    offering = Offering(**FIGURES, reference="A", description="|".join(names).strip())
    (line,) = read("".join(write([offering])).encode())
    assert line.cells["description"] == offering.description
    assert set(line.cells) == set(COLUMNS)


# --- Size ---------------------------------------------------------------------------------------------------------------------


def test_the_number_of_statements_grows_with_batches_not_with_rows(provider: Provider) -> None:
    def statements(count: int) -> int:
        lines = [GOOD.replace("V1,VPS 1", f"{count}-{number},VPS {number}") for number in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert apply_import(preview_import(provider, "x.csv", sheet(*lines)), keep_good=False) == (count, 0)
        return len(captured)

    assert statements(2) == statements(60)


@pytest.mark.soak
def test_five_thousand_rows_take_less_than_a_workers_patience(provider: Provider) -> None:
    lines = [GOOD.replace("V1,VPS 1", f"R{number},VPS {number}") for number in range(MOST_ROWS)]
    begun = time.perf_counter()
    apply_import(preview_import(provider, "x.csv", sheet(*lines)), keep_good=False)
    apply_import(preview_import(provider, "x.csv", sheet(*[line.replace("4.90", "5.90") for line in lines])), keep_good=False)
    assert Offering.objects.filter(monthly_minor=590).count() == MOST_ROWS
    assert time.perf_counter() - begun < 60
