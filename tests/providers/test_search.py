"""The market's search against the database: what each field finds, who sees what, counts, pages and their cost."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Account
from core import clock
from core.countries import CODES
from providers.models import Offering, Provider
from providers.search import facets, finding, probing
from providers.search.asked import FLAGS, SORTS, UPTIMES, MarketQuery
from providers.search.facets import refresh_facets
from providers.search.finding import search, suggest_drop
from providers.search.spelling import edits
from providers.services import (
    allow_account,
    archive_offering,
    create_offering,
    hold_stock,
    publish_offering,
    record_standing,
    update_offering,
)
from providers.states import OfferingType
from tests.providers.conftest import FIGURES

Publish = Callable[..., Offering]


def found(q: str, account: Account | None = None, **asked: Any) -> set[str]:
    return {row.name for row in search(account, MarketQuery(q=q, **asked)).rows}


@pytest.fixture
def market(publish: Publish) -> dict[str, Offering]:
    """Five offerings that differ in everything that can be asked for."""
    offerings = [
        publish(name="Mini"),
        publish(
            name="Metal", type="dedicated", cores=32, memory_gb=Decimal(256), memory_ecc=True, monthly_minor=21400, country="NO",
            city="Halden", disk_count=2, disk_gb=3840, uplink_mbit=10000, traffic_unmetered=False, traffic_tb=Decimal(50),
            virtualisation="none", cpu_brand="Intel", cpu_model="Xeon 6430", features=["IPv6", "Rescue system"], stock=1,
        ),
        publish(
            name="Brain", type="gpu", gpu_name="NVIDIA H100", gpu_count=2, gpu_gb=Decimal(80), monthly_minor=189000, country="SE",
            city="Luleå", setup_fee_minor=5000, control_panel="Proxmox VE", currency="USD", traffic_unmetered=False,
        ),
        publish(
            name="Vault", type="storage", cores=0, memory_gb=Decimal(0), disk_type="hdd", disk_count=4, disk_gb=10000,
            operating_systems=[], virtualisation="", monthly_minor=6400, country="NL", city="Vlissingen", auto_accept=True,
            description="Backups that nobody overbooks. Quiet engineers answer.",
        ),
        publish(name="Half", cores=2, memory_gb=Decimal("0.5"), monthly_minor=300, sla_uptime_percent=Decimal("99.5"), stock=0),
    ]  # fmt: skip
    return {offering.name: offering for offering in offerings}


ASKED: dict[str, set[str]] = {
    "": {"Mini", "Metal", "Brain", "Vault", "Half"},
    "cores:>=8": {"Mini", "Metal", "Brain"},
    "cores:>8": {"Metal"},
    "cores:<2.5": {"Half", "Vault"},
    "cores:<=2": {"Half", "Vault"},
    "cores:8": {"Mini", "Brain"},
    "cores:8.5": set(),
    "cores:(2 OR >=32)": {"Half", "Metal"},
    "memory:[16 TO 64]": {"Mini", "Brain"},
    "memory:0.5": {"Half"},
    "memory:>=0.25tb": {"Metal"},
    "disk:>=7tb": {"Metal", "Vault"},
    "disk_type:hdd": {"Vault"},
    "gpu:>=1": {"Brain"},
    "gpu:h100": {"Brain"},
    'gpu:"nvidia h100"': {"Brain"},
    "gpu:no cores:>2": {"Mini", "Metal"},
    "gpu:yes": {"Brain"},
    "gpu_memory:>=80": {"Brain"},
    "uplink:10gbit": {"Metal"},
    "traffic:>=20": {"Mini", "Metal", "Vault", "Half"},
    "traffic:unmetered": {"Mini", "Vault", "Half"},
    "traffic:[20 TO 60]": {"Metal"},
    "price:<=38.40": {"Mini", "Half"},
    "price:<38.40": {"Half"},
    "price:64": {"Vault"},
    "price:>1000": {"Brain"},
    "setup:>0": {"Brain"},
    "country:(no OR netherlands)": {"Metal", "Vault"},
    "-country:DE": {"Metal", "Brain", "Vault"},
    "city:lulea": {"Brain"},
    "city:Luleå": {"Brain"},
    'os:"debian 13" cores:2': {"Half"},
    "os:debian -type:compute": {"Metal", "Brain"},
    "virtualisation:none": {"Metal"},
    "panel:proxmox": {"Brain"},
    "feature:rescue": {"Metal"},
    'feature:("rescue system" OR backup)': {"Metal"},
    "cpu:xeon": {"Metal"},
    "ecc:yes": {"Metal"},
    "ecc:no type:gpu": {"Brain"},
    "ecc:(yes OR no) type:gpu": {"Brain"},
    "unmetered:yes cores:>2": {"Mini"},
    "auto:yes": {"Vault"},
    "stock:0": {"Half"},
    "stock:1": {"Metal"},
    "provider:quietstack cores:32": {"Metal"},
    "currency:usd": {"Brain"},
    "uptime:>=0": set(),
    "-uptime:>=99 cores:2": {"Half"},
    "xeon": {"Metal"},
    "halden": {"Metal"},
    "norway": {"Metal"},
    "engineer": {"Vault"},
    "overbook": {"Vault"},
    '"nobody overbooks"': {"Vault"},
    '"overbooks nobody"': set(),
    "(xeon OR nvidia)": {"Metal", "Brain"},
    "-nvme": {"Vault"},
    "vps -debian": set(),
    "h100 sweden": {"Brain"},
    "lulea": {"Brain"},
    "proxmox-ve": {"Brain"},
    "the": set(),
}


def test_each_field_finds_what_it_says(market: dict[str, Offering]) -> None:
    answers = {q: found(q) for q in ASKED}
    assert {q: names for q, names in answers.items() if names != ASKED[q]} == {}


@pytest.mark.parametrize(
    ("typed", "meant", "name"),
    [
        ("haldne", "halden", "Metal"),
        ("vlissngen", "vlissingen", "Vault"),
        ("nvidai", "nvidia", "Brain"),
        ("proxmxo", "proxmox", "Brain"),
    ],
)
def test_a_mistyped_word_is_put_right_and_said_so(market: dict[str, Offering], typed: str, meant: str, name: str) -> None:
    page = search(None, MarketQuery(q=typed))
    assert page.corrected == {typed: (meant,)}
    assert [row.name for row in page.rows] == [name]


def test_a_known_word_is_never_put_right(market: dict[str, Offering]) -> None:
    for q in ("halden", "hald", "xeon", "9354p", "qqqqqqqq"):
        assert search(None, MarketQuery(q=q)).corrected == {}


@given(st.text("abcd", max_size=7), st.text("abcd", max_size=7))
@settings(deadline=None)
def test_edits_are_a_distance(left: str, right: str) -> None:
    assert edits(left, left) == 0
    assert edits(left, right) == edits(right, left)
    assert abs(len(left) - len(right)) <= edits(left, right) <= max(len(left), len(right))


FILTERED: list[tuple[dict[str, Any], set[str]]] = [
    ({"types": ("gpu", "storage")}, {"Brain", "Vault"}),
    ({"countries": ("NO", "SE")}, {"Metal", "Brain"}),
    ({"price_min": Decimal(60), "price_max": Decimal(300)}, {"Metal", "Vault"}),
    ({"cores_min": Decimal(8), "memory_max": Decimal(64)}, {"Mini", "Brain"}),
    ({"in_stock": True, "cores_max": Decimal(8)}, {"Mini", "Brain", "Vault"}),
    ({"ecc": True}, {"Metal"}),
    ({"unmetered": True, "auto_accept": True}, {"Vault"}),
    ({"uptime": ("999",)}, set()),
    ({"uptime": ("d90",)}, set()),
    ({"q": "nvidia", "types": ("dedicated",)}, set()),
    ({"q": "xeon", "types": ("dedicated",)}, {"Metal"}),
]


def test_filters_narrow_the_query(market: dict[str, Offering]) -> None:
    wrong = [asked for asked, names in FILTERED if found(**({"q": ""} | asked)) != names]
    assert wrong == []


def test_measured_uptime_is_filtered_by_what_was_measured(market: dict[str, Offering]) -> None:
    mini = market["Mini"]
    record_standing(mini.provider, mini, uptime_percent=Decimal("99.992"), uptime_days=90)
    record_standing(mini.provider, market["Half"], uptime_percent=Decimal("99.950"), uptime_days=41)
    assert found("uptime:>=99.99") == {"Mini"}
    assert found("", uptime=("999",)) == {"Mini", "Half"}
    assert found("", uptime=("999", "d90")) == {"Mini"}
    uptime = {one.value: str(one.count) for one in search(None, MarketQuery()).facets.uptime}
    assert uptime == {"999": "2", "9999": "1", "d90": "1"}


# --- Who sees what ------------------------------------------------------------------------------------------------------------


def test_each_account_finds_exactly_what_it_may_rent(
    market: dict[str, Offering], provider: Provider, customer_account: Account, stranger_account: Account, provider_account: Account
) -> None:
    update_offering(market["Metal"], visibility="shared")
    allow_account(market["Metal"], customer_account)
    update_offering(market["Brain"], visibility="private")
    archive_offering(market["Vault"])
    create_offering(provider, **(FIGURES | {"name": "Draft"}))
    assert found("") == found("", stranger_account) == found("", provider_account) == {"Mini", "Half"}
    assert found("", customer_account) == {"Mini", "Half", "Metal"}
    assert found("xeon", customer_account) == {"Metal"}
    assert found("xeon", stranger_account) == found("h100", customer_account) == set()


def test_counts_and_corrections_tell_nothing_of_hidden_offerings(
    market: dict[str, Offering], publish: Publish, stranger_account: Account
) -> None:
    publish(name="Geheim", country="IS", visibility="private", city="Reykjavik")
    refresh_facets()
    page = search(stranger_account, MarketQuery(q="reykjavkk"))
    assert page.corrected == {}
    market_page = search(stranger_account, MarketQuery())
    assert "IS" not in [one.value for one in market_page.facets.countries]
    assert str(market_page.count) == "5"


# --- Errors -------------------------------------------------------------------------------------------------------------------


def test_a_broken_query_shows_what_was_understood_before_the_place(market: dict[str, Offering]) -> None:
    page = search(None, MarketQuery(q="cores:>=16 country:(NO OR"))
    assert [row.name for row in page.rows] == ["Metal"]
    assert page.error is not None
    assert page.error.repaired == "cores:>=16 country:NO"


@pytest.mark.parametrize(
    "q",
    [
        "\x00",
        "\ud800",
        "'; DROP TABLE",
        "a'b\\c",
        "%",
        "_",
        "cores:>=999999999",
        "price:<=999999999",
        "x" * 499,
        "é" * 300,
        "1.2.3+4#5",
        "!&|<->:*",
    ],
)
def test_odd_text_finds_nothing_and_breaks_nothing(market: dict[str, Offering], q: str) -> None:
    search(None, MarketQuery.from_params(QueryDict(mutable=True)))
    search(None, MarketQuery(q=q))


# --- Counts -------------------------------------------------------------------------------------------------------------------


def counted(values: tuple[facets.FacetValue, ...]) -> dict[str, str]:
    return {one.value: str(one.count) for one in values if one.count is None or one.count.value}


def test_a_chosen_kind_leaves_the_other_kinds_their_counts(market: dict[str, Offering]) -> None:
    page = search(None, MarketQuery(types=("gpu", "storage"), countries=("NL",)))
    assert str(page.count) == "1"
    assert counted(page.facets.types) == {"storage": "1"}
    assert counted(page.facets.countries) == {"NL": "1", "SE": "1"}
    assert counted(page.facets.flags) == {"in_stock": "1", "unmetered": "1", "auto_accept": "1"}
    assert [one.value for one in page.facets.types if one.selected] == ["gpu", "storage"]


def bound_by(monkeypatch: pytest.MonkeyPatch, bound: int, *, window: int, expected: int = 0) -> None:
    """Count up to `bound`, look through `window` rows for words, sort what the database expects to be up to `expected` matches."""
    monkeypatch.setattr(facets, "BOUND", bound)
    monkeypatch.setattr(probing, "BOUND", bound)
    monkeypatch.setattr(probing, "_SORTED", expected)
    monkeypatch.setattr(probing, "_WINDOW", window)
    monkeypatch.setattr(finding, "COUNTED_LIVE", bound)


@pytest.fixture
def small_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count no further than two, and look through one row of the sorting only, so that a handful of offerings is a large market."""
    bound_by(monkeypatch, 2, window=1)


@pytest.mark.usefixtures("small_bound")
def test_beyond_the_bound_counts_say_at_least(market: dict[str, Offering]) -> None:
    page = search(None, MarketQuery(q="cores:>=0"))
    assert str(page.count) == "2+"
    assert len(page.rows) == 5
    shown = [one.count for one in page.facets.types if one.count is not None]
    assert all(count.more for count in shown)
    assert all(one.count is None or one.count.value for one in page.facets.types)


@pytest.mark.usefixtures("small_bound")
def test_beyond_the_bound_kept_counts_are_exact(market: dict[str, Offering]) -> None:
    assert refresh_facets() == 5
    page = search(None, MarketQuery())
    assert (str(page.count), page.providers) == ("5", 1)
    assert counted(page.facets.types) == {"compute": "2", "dedicated": "1", "gpu": "1", "storage": "1"}
    page = search(None, MarketQuery(unmetered=True))
    assert str(page.count) == "3"
    assert counted(page.facets.countries) == {"DE": "2", "NL": "1"}


@pytest.mark.usefixtures("small_bound")
def test_kept_counts_that_nobody_renews_are_not_shown(market: dict[str, Offering]) -> None:
    refresh_facets()
    with clock.at(clock.now() + facets.STALE + timedelta(seconds=1)):
        assert str(search(None, MarketQuery()).count) == "2+"


def test_a_small_market_is_counted_live(market: dict[str, Offering], publish: Publish, customer_account: Account) -> None:
    refresh_facets()
    publish(name="Fresh")
    hold_stock(market["Metal"].pk, customer_account, 30)
    page = search(None, MarketQuery())
    assert str(page.count) == "6"
    assert counted(page.facets.flags)["in_stock"] == "4"


def pages_of(q: str, sort: str) -> list[finding.MarketPage]:
    pages = [search(None, MarketQuery(q=q, sort=sort), size=2)]
    while pages[-1].page.older:
        pages.append(search(None, MarketQuery(q=q, sort=sort, after=pages[-1].page.older), size=2))
    return pages


@pytest.mark.parametrize(("window", "expected"), [(1, 0), (2, 0), (4, 0), (1500, 0), (1, 3), (1, 1500)])
def test_pages_show_every_match_once_in_order(
    market: dict[str, Offering], monkeypatch: pytest.MonkeyPatch, window: int, expected: int
) -> None:
    record_standing(market["Brain"].provider, market["Brain"], score=9000, score_samples=30)
    texts = ("", "debian", "cores:>=0", "(debian OR hdd)", "debian cores:>=2", "os:debian -gpu:yes", "server")
    searches = [(q, sort) for sort in SORTS for q in texts]
    whole = {(q, sort): [row.id for row in search(None, MarketQuery(q=q, sort=sort)).rows] for q, sort in searches}
    bound_by(monkeypatch, 1, window=window, expected=expected)
    for q, sort in searches:
        pages = pages_of(q, sort)
        assert [row.id for page in pages for row in page.rows] == whole[q, sort]
        assert [page.page.first for page in pages] == [True] + [False] * (len(pages) - 1)
        back = search(None, MarketQuery(q=q, sort=sort, before=pages[-1].page.newer or ""), size=2)
        assert [row.id for row in back.rows] == [row.id for row in pages[-2].rows]


def test_sorting(market: dict[str, Offering]) -> None:
    record_standing(market["Brain"].provider, market["Brain"], score=9000, score_samples=30)
    names = {sort: [row.name for row in search(None, MarketQuery(sort=sort)).rows] for sort in SORTS}
    assert names["price"] == ["Half", "Mini", "Vault", "Metal", "Brain"]
    assert names["newest"] == ["Half", "Vault", "Brain", "Metal", "Mini"]
    assert names["trust"][0] == "Brain"


def test_an_empty_result_names_the_filter_to_drop(market: dict[str, Offering]) -> None:
    asked = MarketQuery(q="memory:>=512 cores:>=8", types=("dedicated",))
    assert search(None, asked).rows == []
    assert [(one.label, str(one.count)) for one in suggest_drop(None, asked)] == [("memory:>=512", "1")]
    drop = suggest_drop(None, asked)[0]
    assert drop.url == "/marketplace?q=cores%3A%3E%3D8&type=dedicated"


# What is asked, and the statements that it takes: kept counts and rows; two more unless kept counts do; one for letters.
STATEMENTS: list[tuple[dict[str, Any], int]] = [
    ({}, 2),
    ({"types": ("compute", "gpu"), "countries": ("DE", "SE")}, 2),
    ({"cores_min": Decimal(1)}, 4),
    ({"types": ("compute", "gpu"), "countries": ("DE", "SE"), "memory_min": Decimal(1)}, 4),
    ({"q": "cores:>=0 country:(DE OR NO)"}, 4),
    ({"q": "9354p"}, 4),
    ({"q": "os:debian cores:>=1"}, 4),
    ({"q": "debian"}, 5),
    ({"q": "debain"}, 5),
    ({"q": "debian vps", "types": ("compute", "gpu"), "countries": ("DE", "SE")}, 5),
]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize(("asked", "statements"), STATEMENTS)
def test_each_kind_of_search_takes_its_statements_however_many_match(
    market: dict[str, Offering],
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
    statements: int,
    sort: str,
) -> None:
    def taken() -> int:
        with CaptureQueriesContext(connection) as captured:
            for row in search(None, MarketQuery(**asked, sort=sort)).rows:
                assert row.provider_name == "Quietstack"
                assert row.market_percent is None
        return len(captured)

    monkeypatch.setattr(finding, "COUNTED_LIVE", 1)
    refresh_facets()
    search(None, MarketQuery())
    assert taken() == statements
    for number in range(30):
        publish(name=f"More {number}")
    refresh_facets()
    for bound, window, expected in ((1000, 1500, 5000), (2, 1500, 0), (2, 1, 0), (2, 1, 3), (2, 1, 5000)):
        bound_by(monkeypatch, bound, window=window, expected=expected)
        monkeypatch.setattr(finding, "COUNTED_LIVE", 1)
        search(None, MarketQuery())
        assert taken() == statements


def test_an_empty_result_takes_one_more_statement_whatever_may_be_dropped(market: dict[str, Offering]) -> None:
    for asked in (
        MarketQuery(q="cores:>=9000"),
        MarketQuery(q="memory:>=512 cores:8.5 halden", types=("gpu",), countries=("DE",), ecc=True, uptime=("999",)),
    ):
        with CaptureQueriesContext(connection) as captured:
            suggest_drop(None, asked)
        assert len(captured) == 1


def test_a_cursor_beyond_all_matches_begins_anew(market: dict[str, Offering]) -> None:
    last = search(None, MarketQuery(), size=4).page.older
    assert last is not None
    for q in ("hdd", "cores:<=2"):
        page = search(None, MarketQuery(q=q, after=last)).page
        assert page.first
        assert [row.id for row in page.rows] == [row.id for row in search(None, MarketQuery(q=q)).rows]


# --- Addresses ----------------------------------------------------------------------------------------------------------------

bounds = st.none() | st.decimals(0, 999_999, places=2)
asked_queries = st.builds(
    MarketQuery,
    q=st.sampled_from(["", "cores:>=4", 'a "b c" & d=é']),
    types=st.lists(st.sampled_from(OfferingType.values), unique=True).map(
        lambda one: tuple(sorted(one, key=OfferingType.values.index))
    ),
    countries=st.lists(st.sampled_from(CODES), unique=True, max_size=5).map(lambda one: tuple(sorted(one))),
    **dict.fromkeys(("price_min", "price_max", "cores_min", "cores_max", "memory_min", "memory_max"), bounds),
    uptime=st.lists(st.sampled_from(UPTIMES), unique=True).map(lambda one: tuple(sorted(one, key=UPTIMES.index))),
    **dict.fromkeys(FLAGS, st.booleans()),
    sort=st.sampled_from(sorted(SORTS)),
    after=st.sampled_from(["", "abc"]),
)


@given(asked_queries)
@settings(deadline=None)
def test_a_search_and_its_address_are_the_same(asked: MarketQuery) -> None:
    query_string = asked.url().partition("?")[2]
    assert MarketQuery.from_params(QueryDict(query_string)) == asked


def test_an_address_may_hold_anything() -> None:
    params = QueryDict(
        "type=x&type=gpu&country=de&country=QQ&price_min=abc&price_max=1,5&cores_min=-1&sort=evil&uptime=1&in_stock=maybe&memory_max=1e9"
    )
    asked = MarketQuery.from_params(params)
    assert asked == MarketQuery(types=("gpu",), countries=("DE",), price_max=Decimal("1.5"))
    assert set(asked.problems) == {"price_min", "cores_min", "memory_max"}


def test_changing_a_filter_leads_back_to_the_first_page() -> None:
    asked = MarketQuery(q="fast", sort="newest", after="abc")
    assert asked.url() == "/marketplace?q=fast&sort=newest&after=abc"
    assert asked.url(ecc=True) == "/marketplace?q=fast&ecc=1&sort=newest"
    assert MarketQuery().url() == "/marketplace"


def test_chips_say_what_is_set_and_lead_to_the_search_without_it() -> None:
    asked = MarketQuery(q="cores:>=4 -type:gpu", types=("compute",), memory_min=Decimal(8), memory_max=Decimal(512), in_stock=True)
    chips = {chip.label: chip.remove_url for chip in asked.chips()}
    assert list(chips) == ["VPS and cloud", "8 to 512 GB", "In stock", "cores:>=4", "-type:gpu"]
    assert chips["8 to 512 GB"] == "/marketplace?q=cores%3A%3E%3D4+-type%3Agpu&type=compute&in_stock=1"
    assert chips["cores:>=4"] == "/marketplace?q=-type%3Agpu&type=compute&memory_min=8&memory_max=512&in_stock=1"


def test_publishing_again_is_found_at_once(draft: Offering) -> None:
    assert found("debian") == set()
    publish_offering(draft)
    assert found("debian") == {"VPS 8 NVMe"}
