"""The public pages of the market: what stands on them, who sees it, what they cost, and that no address breaks them."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Account
from providers.market_figures import count_market, forget
from providers.models import Offering, Provider
from providers.presenters.language import EXAMPLES, rules
from providers.search.facets import refresh_facets
from providers.search.fields import FIELDS
from providers.search.language import Condition
from providers.search.parser import parse
from providers.services import allow_account, archive_offering, hold_stock, record_standing, update_offering

Publish = Callable[..., Offering]
PAGES = ("/", "/marketplace", "/compare", "/providers/quietstack")


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Figures that a process keeps for a minute belong to one test only."""
    forget()
    yield
    caches["process"].clear()


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("\u00a0", " ").split())


def html_of(client: Client, url: str) -> str:
    return unescape(client.get(url).content.decode())


# --- The landing page ---------------------------------------------------------------------------------------------------------


def test_an_empty_market_has_a_landing_page(client: Client, db: None) -> None:
    text = text_of(client, "/")
    assert "Rent servers you can walk away from." in text
    assert "too few" in text
    assert "nothing to measure yet" in text


def test_landing_page_shows_the_market_as_it_is(client: Client, offering: Offering, publish: Publish) -> None:
    publish(name="Dear GPU", type="gpu", gpu_count=1, gpu_name="H100", monthly_minor=138000, country="FI", stock=0)
    publish(name="Yen", currency="JPY", monthly_minor=1480)
    text = text_of(client, "/")
    assert "from 1 providers in 2 countries" not in text
    assert "from 1 provider in 2 countries" in text
    assert "Offerings 3" in text
    assert "In stock 2" in text
    assert "VPS and cloud Shared hosts, ready in minutes 2 offerings from ≈ € " in text
    assert "GPU H100, L40S, A100 and smaller 1 offering from € 1,380.00 median € 1,380.00" in text
    # Newest in stock, one of each provider.
    assert "Yen Quietstack" in text
    assert "Dear GPU" not in text


def test_landing_example_is_named_as_one_and_adds_up(client: Client, db: None) -> None:
    text = text_of(client, "/")
    assert "An example" in text
    assert "Paid for 90 days € 115.20" in text
    assert "−€ 38.40" in text
    assert "Still yours today € 76.80" in text
    assert "Tomorrow it will be € 75.52." in text


def test_measured_figures_appear_once_they_rest_on_enough(client: Client, offering: Offering) -> None:
    record_standing(offering.provider, response_minutes=38, response_samples=9)
    assert "9 requests so far" in text_of(client, "/")
    record_standing(offering.provider, response_minutes=38, response_samples=2140)
    forget()
    assert "Provider answers in 38 min median of 2,140 requests" in text_of(client, "/")


def test_landing_page_counts_nobody_who_is_not_on_the_market(offering: Offering, publish: Publish, draft: Offering) -> None:
    publish(name="Private", visibility="private")
    archive_offering(publish(name="Gone"))
    assert count_market().offerings == 1


def test_landing_page_costs_one_query_while_its_figures_are_kept(
    client: Client, offering: Offering, publish: Publish, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(5):
        client.get("/")
    for number in range(12):
        publish(name=f"More {number}")
    with django_assert_num_queries(1):
        client.get("/")


# --- The search ---------------------------------------------------------------------------------------------------------------


def test_a_row_says_the_value_and_what_qualifies_it(client: Client, offering: Offering) -> None:
    text = text_of(client, "/marketplace")
    assert "1 offering" in text
    row = "VPS 8 NVMe Quietstack 8 vCPU EPYC 9354P 32 GB 320 GB NVMe 1 Gbit/s unmetered DE Nuremberg not yet measured 5 free"
    assert f"{row} € 38.40 a month" in text


def test_stock_that_runs_out_is_said(client: Client, publish: Publish, stranger_account: Account) -> None:
    few = publish(name="Few", stock=3)
    publish(name="None", stock=0)
    hold_stock(few.pk, stranger_account, 30)
    text = text_of(client, "/marketplace")
    assert "2 left" in text
    assert "Sold out" in text
    assert html_of(client, "/marketplace").count("offer--out") == 1


def test_measured_uptime_says_what_it_rests_on(client: Client, offering: Offering) -> None:
    record_standing(offering.provider, offering, uptime_percent=Decimal("99.992"), uptime_days=41)
    assert "99.992 % 41 days so far" in text_of(client, "/marketplace")
    record_standing(offering.provider, offering, uptime_percent=Decimal("99.992"), uptime_days=90)
    text = text_of(client, "/marketplace")
    assert "99.992 %" in text
    assert "so far" not in text
    record_standing(offering.provider, offering, uptime_percent=Decimal("100.000"), uptime_days=9)
    assert "too few days" in text_of(client, "/marketplace")


@pytest.mark.parametrize(
    ("percent", "samples", "said"),
    [("-12.4", 325, "12 % below market"), ("9.0", 20, "9 % above market"), ("2.9", 20, "At market price"), ("-50", 9, None)],
)
def test_price_against_the_market_needs_samples(
    client: Client, offering: Offering, percent: str, samples: int, said: str | None
) -> None:
    record_standing(offering.provider, offering, market_percent=Decimal(percent), market_samples=samples)
    text = text_of(client, "/marketplace")
    if said:
        assert said in text
    else:
        assert "below market" not in text


def test_foreign_prices_are_converted_roughly_and_marked(client: Client, publish: Publish) -> None:
    publish(name="Yen", currency="JPY", monthly_minor=1480)
    text = text_of(client, "/marketplace")
    assert re.search(r"¥ 1,480 a month ≈ € \d+\.\d\d", text)
    assert "≈ is converted at the reference rate" in text


def test_filters_chips_sort_and_search_stay_in_every_form(client: Client, offering: Offering) -> None:
    page = html_of(client, "/marketplace?q=nvme&type=compute&country=DE&memory_min=16&ecc=&sort=newest&vat=1")
    assert '<input type="hidden" name="type" value="compute">' in page
    assert '<input type="hidden" name="sort" value="newest">' in page
    assert '<input type="hidden" name="vat" value="1">' in page
    assert 'name="country" value="DE" checked' in page
    assert 'value="newest" selected' in page
    assert 'href="/marketplace?q=nvme&type=compute&memory_min=16&sort=newest&vat=1"' in page
    assert 'aria-sort="ascending"' not in page


def test_a_broken_query_is_marked_and_mended(client: Client, offering: Offering) -> None:
    page = html_of(client, "/marketplace?q=cores:%3E%3D4+country:(DE+OR")
    assert "never closed" in page
    assert "<mark>(DE OR</mark>" in page
    assert "<code>cores:>=4 country:DE</code>" in page
    assert 'aria-invalid="true"' in page
    assert "VPS 8 NVMe" in page


def test_a_number_that_is_none_is_said_at_its_field(client: Client, offering: Offering) -> None:
    page = html_of(client, "/marketplace?cores_min=many")
    assert 'aria-describedby="cores_min_e"' in page
    assert "A number, such as 16." in page
    assert "VPS 8 NVMe" in page


def test_nothing_found_names_the_filter_to_drop_with_its_count(client: Client, offering: Offering) -> None:
    page = html_of(client, "/marketplace?country=DE&memory_min=512")
    assert "Nothing matches all of this" in page
    assert "Without <b>512 GB or more</b> there is 1 offering." in page
    assert 'href="/marketplace?country=DE"' in page


def test_an_empty_market_offers_a_way_out(client: Client, db: None) -> None:
    assert "Show the whole market" in text_of(client, "/marketplace?q=unicorn")


def test_pages_go_on_by_keyset_and_keep_the_search(client: Client, publish: Publish) -> None:
    for number in range(30):
        publish(name=f"Box {number}", monthly_minor=1000 + number)
    first = html_of(client, "/marketplace?type=compute&vat=1")
    older = re.search(r'href="(/marketplace\?[^"]*after=[^"]*)"', first)
    assert older is not None
    assert "type=compute" in older.group(1)
    assert "vat=1" in older.group(1)
    second = html_of(client, older.group(1))
    names = re.findall(r">(Box \d+)</a>", first) + re.findall(r">(Box \d+)</a>", second)
    assert names == [f"Box {number}" for number in range(30)]
    newer = re.search(r'href="(/marketplace\?[^"]*before=[^"]*)"', second)
    assert newer is not None
    assert "Box 0<" in html_of(client, newer.group(1))


def test_what_is_picked_stays_picked(client: Client, offering: Offering, publish: Publish) -> None:
    other = publish(name="Other")
    page = html_of(client, f"/marketplace?o={offering.slug}")
    assert f'value="{offering.slug}" aria-label="Compare VPS 8 NVMe by Quietstack" checked' in page
    assert f'value="{other.slug}" aria-label="Compare Other by Quietstack">' in page
    assert "comparebar is-on" in page
    elsewhere = html_of(client, f"/marketplace?o={offering.slug}&q=other")
    assert f'<input type="hidden" name="o" value="{offering.slug}">\n<div class="offers">' in elsewhere
    assert "and 1 more from before" in elsewhere


@pytest.mark.parametrize("sort", ["price", "newest", "trust"])
def test_market_costs_the_same_for_one_row_and_for_a_full_page(
    client: Client, publish: Publish, sort: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publish(name="First")
    refresh_facets()
    with django_assert_num_queries(3):
        client.get(f"/marketplace?sort={sort}")
    for number in range(40):
        publish(name=f"Box {number}", currency=("EUR", "JPY")[number % 2])
    refresh_facets()
    with django_assert_num_queries(3):
        client.get(f"/marketplace?sort={sort}")


def test_market_costs_three_more_for_somebody_signed_in(
    customer_client: Client, offering: Offering, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    refresh_facets()
    with django_assert_num_queries(6):
        customer_client.get("/marketplace")


def test_every_field_of_the_language_is_explained_by_an_example_that_reads(client: Client) -> None:
    page = html_of(client, "/marketplace/search")
    for field in FIELDS:
        example = EXAMPLES[field.name]
        (condition,) = parse(example).parts
        assert isinstance(condition, Condition)
        assert condition.field == field.name
        assert f"<code>{example}</code>" in page
    for rule in rules():
        assert parse(rule.example)


# --- VAT ----------------------------------------------------------------------------------------------------------------------


def test_prices_are_net_for_a_passer_by_and_with_vat_for_a_person(
    client: Client, customer_client: Client, offering: Offering
) -> None:
    text = text_of(client, "/marketplace")
    assert "€ 38.40 a month" in text
    assert "before VAT. Show them with VAT for Germany" in text
    text = text_of(customer_client, "/marketplace")
    assert "€ 45.70 a month with VAT" in text
    assert "with 19 % VAT for Germany. Show them before VAT" in text


def test_the_switch_of_vat_wins_over_the_account(client: Client, customer_client: Client, offering: Offering) -> None:
    assert "€ 45.70 a month with VAT" in text_of(client, "/marketplace?vat=1")
    assert "€ 38.40 a month" in text_of(customer_client, "/marketplace?vat=0")
    assert f'href="/offerings/{offering.slug}?vat=1"' in html_of(client, "/marketplace?vat=1")


def test_without_vat_there_is_no_switch(client: Client, offering: Offering, settings: Settings) -> None:
    settings.INVOICE_SELLER_VAT_SCHEME = "small_business"
    assert "VAT for" not in text_of(client, "/marketplace?vat=1")


# --- One provider -------------------------------------------------------------------------------------------------------------


def test_a_provider_has_a_page(client: Client, offering: Offering) -> None:
    text = text_of(client, "/providers/quietstack")
    assert "At home in Nuremberg, Germany." in text
    assert "Quiet servers." in text
    assert "VPS 8 NVMe" in text
    assert "Measured uptime too few not yet measured" in text


def test_a_provider_without_offerings_says_so(client: Client, provider: Provider) -> None:
    assert "Nothing for rent at the moment" in text_of(client, "/providers/quietstack")


def test_a_provider_off_the_market_and_a_missing_one_look_the_same(client: Client, provider: Provider) -> None:
    Provider.objects.update(active=False)
    assert client.get("/providers/quietstack").status_code == 404
    assert client.get("/providers/nobody").status_code == 404


def test_only_its_owner_may_edit_the_profile(client: Client, provider_client: Client, offering: Offering) -> None:
    assert "Edit the profile" in text_of(provider_client, "/providers/quietstack")
    assert "Edit the profile" not in text_of(client, "/providers/quietstack")


def test_a_provider_page_costs_the_same_whatever_it_offers(
    client: Client, publish: Publish, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    publish(name="First")
    with django_assert_num_queries(4):
        client.get("/providers/quietstack")
    for number in range(30):
        publish(name=f"Box {number}")
    with django_assert_num_queries(4):
        client.get("/providers/quietstack")


# --- Comparison ---------------------------------------------------------------------------------------------------------------


def test_comparison_puts_differences_first_and_marks_the_best(client: Client, offering: Offering, publish: Publish) -> None:
    cheap = publish(name="Cheap", monthly_minor=1690, cores=4, disk_gb=320, virtualisation="lxc")
    text = text_of(client, f"/compare?o={offering.slug}&o={cheap.slug}")
    assert "Two offerings, side by side" in text
    assert "A core costs € 4.80 € 4.23 best" in text
    assert "A GB of memory costs € 1.20 € 0.53 best" in text
    different, same = text.split("The same for all")
    assert "Virtualisation KVM LXC" in different
    assert "Disk 320 GB NVMe 320 GB NVMe" in same
    assert "Memory 32 GB 32 GB" in same
    assert "best" not in same


def test_comparison_measures_in_one_currency(client: Client, offering: Offering, publish: Publish) -> None:
    yen = publish(name="Yen", currency="JPY", monthly_minor=1000)
    assert "A core costs € 4.80 ¥ 125 best" in text_of(client, f"/compare?o={offering.slug}&o={yen.slug}")


def test_comparison_takes_up_to_four(client: Client, publish: Publish) -> None:
    slugs = [publish(name=f"Box {number}").slug for number in range(6)]
    page = html_of(client, "/compare?" + "&".join(f"o={slug}" for slug in slugs))
    assert page.count('class="compare__drop"') == 4
    assert "Four fit side by side" in page
    assert "Add another" not in page


def test_comparison_of_nothing_or_of_unknown_things_leads_to_the_market(client: Client, db: None) -> None:
    for url in ("/compare", "/compare?o=nobody", "/compare?o="):
        assert "Nothing to compare yet" in text_of(client, url)


def test_comparison_leaves_out_what_is_gone_and_says_so(client: Client, offering: Offering, publish: Publish) -> None:
    gone = archive_offering(publish(name="Gone"))
    text = text_of(client, f"/compare?o={offering.slug}&o={gone.slug}&o={offering.slug}")
    assert "is left out" in text
    assert "One offering" in text


def test_comparison_costs_one_query(client: Client, publish: Publish, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    slugs = [publish(name=f"Box {number}").slug for number in range(4)]
    with django_assert_num_queries(1):
        client.get("/compare?" + "&".join(f"o={slug}" for slug in slugs))


# --- Who sees what ------------------------------------------------------------------------------------------------------------


def test_a_shared_offering_is_there_for_those_on_its_list_only(
    client: Client,
    customer_client: Client,
    stranger_client: Client,
    provider_client: Client,
    staff_client: Client,
    customer_account: Account,
    publish: Publish,
) -> None:
    shared = publish(name="Secret box", visibility="shared")
    allow_account(shared, customer_account)
    urls = ("/", "/marketplace", "/providers/quietstack", f"/compare?o={shared.slug}")
    for url in urls[1:]:
        assert "Secret box" in text_of(customer_client, url), url
    for other in (client, stranger_client, staff_client, provider_client):
        for url in urls:
            assert "Secret box" not in text_of(other, url), url


@pytest.mark.parametrize("visibility", ["private", "shared"])
def test_nobody_else_sees_what_is_not_public(client: Client, stranger_client: Client, offering: Offering, visibility: str) -> None:
    update_offering(offering, visibility=visibility)
    for url in (*PAGES, f"/compare?o={offering.slug}"):
        for reader in (client, stranger_client):
            assert "VPS 8 NVMe" not in text_of(reader, url), url


# --- Bad addresses ------------------------------------------------------------------------------------------------------------

PARAMETERS = (
    "q", "type", "country", "uptime", "price_min", "price_max", "cores_min", "memory_max", "in_stock", "sort", "after",
    "before", "vat", "o", "hours",
)  # fmt: skip
VALUES = {
    "a megabyte": "x" * 1_000_000,
    "half a surrogate pair": "%ED%A0%80",
    "markup": '"><script>alert(1)</script>',
    "a huge number": "9" * 400,
    "negative": "-1",
    "not a number": "NaN",
    "brackets": "((((((((((((((((((((",
    "percent": "100%s%(x)s",
    "backslash": "\\",
    "right to left": "\u202e\u0661",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_no_parameter_breaks_a_page(client: Client, offering: Offering, value: str) -> None:
    for page in PAGES:
        for parameter in PARAMETERS:
            answer = client.get(page, {parameter: value})
            assert answer.status_code == 200, (page, parameter)
            assert b"<script>alert" not in answer.content


def test_a_nul_byte_is_a_bad_request(client: Client, offering: Offering) -> None:
    for path in PAGES:
        for parameter in PARAMETERS:
            assert client.get(path, {parameter: "a\x00b"}).status_code == 400, (path, parameter)


def test_raw_bytes_and_repeated_parameters_break_nothing(client: Client, offering: Offering) -> None:
    for query in ("q=%ff%fe&type=%ff", "&".join(["type=gpu"] * 500), "a[]=1&q[x]=2", "%ff=1", "o=" + "&o=".join("a" * 300)):
        for page in PAGES:
            assert client.get(f"{page}?{query}").status_code == 200, (page, query[:40])


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_get_and_head_only(client: Client, offering: Offering, path: str) -> None:
    assert client.head(path).status_code == 200
    for method in (client.post, client.put, client.delete):
        assert method(path).status_code == 405
