"""The list of rentals: tabs, order, counts, the way to one rental, and who sees what."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import create_organisation
from contracts.models import Contract
from core import clock
from providers.models import Offering
from tests import walk

Rented = Callable[..., Contract]
URL = "/dashboard/rentals"
# Session, user, accounts, counts, rows, and what stands beside them.
STATEMENTS = 5


def shown(client: Client, url: str = URL) -> list[str]:
    """The references of the rows, in their order."""
    return re.findall(r'<li class="rental[^"]*" id="r-([^"]+)"', client.get(url).content.decode())


def test_anonymous_visitors_are_sent_to_sign_in_and_back(client: Client) -> None:
    answer = client.get(URL)
    assert answer.status_code == 302
    assert "next=/dashboard/rentals" in answer["Location"]


def test_a_list_is_read_and_never_posted_to(customer_client: Client) -> None:
    assert customer_client.post(URL).status_code == 405


def test_new_customers_are_told_what_to_do(customer_client: Client) -> None:
    page = customer_client.get(URL).content.decode()
    assert "You rent nothing yet" in page
    assert "Find a server" in page
    assert '<ol class="rentals">' not in page


def test_nobody_sees_the_rentals_of_others(
    rented: Rented, stranger_client: Client, provider_client: Client, staff_client: Client
) -> None:
    reference = rented("active").reference
    for browser in (stranger_client, provider_client, staff_client):
        assert reference not in browser.get(URL).content.decode()


def test_what_needs_the_customer_comes_first_then_the_newest(rented: Rented, customer_client: Client) -> None:
    ended, running, older = rented("cancelled"), rented("active"), rented("active", ago=timedelta(days=7))
    paused, waiting, check, unpaid = rented("suspended"), rented("requested"), rented("provisioned"), rented("unpaid")
    expected = [unpaid, check, waiting, running, older, paused, ended]
    assert shown(customer_client) == [contract.reference for contract in expected]


@pytest.mark.parametrize(
    ("tab", "ways"),
    [
        ("needs-you", {"unpaid", "provisioned"}),
        ("on-the-way", {"processing", "requested", "accepted", "provisioning"}),
        ("running", {"active"}),
        ("paused", {"suspended", "disputed_before_delivery"}),
        ("ended", {"cancelled", "completed", "rejected", "expired_unpaid", "provisioning_failed"}),
    ],
)
def test_each_tab_shows_its_own_and_counts_it(tab: str, ways: set[str], rented: Rented, customer_client: Client) -> None:
    own = {rented(way, ago=timedelta(days=40) if way == "completed" else None).reference for way in sorted(ways)}
    rented("active" if tab != "running" else "unpaid")
    page = customer_client.get(f"{URL}?tab={tab}")
    assert set(shown(customer_client, f"{URL}?tab={tab}")) == own
    assert re.search(rf'aria-current="page">[^<]+ <span>{len(own)}</span>', page.content.decode())


def test_an_empty_tab_says_so_and_an_unknown_one_shows_all(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    assert "Nothing is paused" in customer_client.get(f"{URL}?tab=paused").content.decode()
    assert shown(customer_client, f"{URL}?tab=nonsense") == [contract.reference]


@pytest.mark.parametrize(
    ("way", "words", "step", "action"),
    [
        ("unpaid", "Waiting for your payment", "pay within 42 min, by 10:12. Then the stock is given back.", "Pay"),
        ("processing", "Payment on its way", "Your bank is still confirming the payment.", ""),
        ("requested", "Waiting for provider", "answers by 10 Mar, 06:32.", ""),
        ("accepted", "Accepted, set-up next", "delivers by 10:50. The term starts at delivery.", ""),
        ("provisioning", "Being set up", "delivers by 11:05. The term starts at delivery.", ""),
        ("provisioned", "Delivered, please check", "confirm that it works by 9 Mar, 08:00.", "Check"),
        ("active", "Running", "Nothing to do. Ends 1 Apr.", "Open"),
        ("suspended", "Paused: payment dispute", "decides by 4 Apr. The clock stands still.", "Open"),
        ("disputed_before_delivery", "Paused: payment dispute", "Until then nothing is set up", ""),
        ("completed", "Ended", "Served in full, ended 26 Feb.", "Rent again"),
        ("cancelled", "Cancelled by you", "Ended 7 Mar, after 5.03 of 30 days. € 38.06 came back.", "Rent again"),
        ("cancelled_unpaid", "Cancelled by you", "before it was delivered. Nothing was charged.", "Rent again"),
        ("cancelled_by_provider", "Cancelled by Quietstack", "€ 47.96 came back.", "Rent again"),
        ("rejected", "Declined, refunded", "Out of stock, says Quietstack. All of it came back: € 57.60.", "Rent again"),
        ("expired_unpaid", "Not paid in time", "Nothing was charged.", "Rent again"),
        ("expired_unanswered", "No answer, refunded", "All of it came back: € 57.60.", "Rent again"),
        ("provisioning_failed", "Set-up failed, refunded", "The machine does not boot, says Quietstack.", "Rent again"),
    ],
)
def test_a_row_says_where_it_stands_who_acts_and_until_when(
    way: str, words: str, step: str, action: str, rented: Rented, customer_client: Client
) -> None:
    rented(way, ago=timedelta(days=40) if way == "completed" else None)
    page = customer_client.get(URL).content.decode().replace("\u00a0", " ")
    assert f">{words}</span>" in page
    assert step in page
    found = re.search(r'rental__act">(?:<a[^>]*>([^<]+))?', page)
    assert found
    assert (found.group(1) or "") == action


def test_an_order_whose_time_to_pay_is_over_has_no_pay_button_though_the_scheduler_sleeps(
    rented: Rented, customer_client: Client, now: datetime
) -> None:
    rented("unpaid")
    with clock.at(now + timedelta(hours=2)):
        page = customer_client.get(URL).content.decode()
    assert "Not paid in time" in page
    assert "/checkout/" not in page


def test_a_short_term_is_counted_in_hours(rented: Rented, customer_client: Client) -> None:
    rented("active", ago=timedelta(hours=6), hours=24)
    page = customer_client.get(URL).content.decode()
    assert "Hour 6 of 24" in page
    assert "18 hours left" in page


def test_the_sum_above_is_what_the_rows_hold_back(rented: Rented, customer_client: Client) -> None:
    rented("requested")
    rented("accepted")
    rented("cancelled")
    page = customer_client.get(URL).content.decode().replace("\u00a0", " ")
    assert "€ 96.80 of yours is held back, before VAT." in page


def test_sums_in_several_currencies_are_told_as_people_do(
    rented: Rented, customer_client: Client, provider_user: User, now: datetime
) -> None:
    for currency in ("EUR", "CHF", "JPY"):
        rented("requested", of=walk.offered_by(provider_user, currency=currency))
    page = customer_client.get(URL).content.decode().replace("\u00a0", " ")
    told = re.search(r"([^>]*) of yours is held back, before VAT", page)
    assert told
    assert re.fullmatch(r"\S+ [\d.,]+, \S+ [\d.,]+ and \S+ [\d.,]+", told.group(1))


# ?contract= -------------------------------------------------------------------------------------------------------------------


def test_a_link_to_a_rental_leads_to_its_tab_and_row(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    answer = customer_client.get(f"{URL}?contract={contract.reference.lower()}")
    assert answer.status_code == 302
    assert answer["Location"] == f"{URL}?tab=running&at={contract.reference}#r-{contract.reference}"
    page = customer_client.get(answer["Location"].partition("#")[0]).content.decode()
    assert f'<li class="rental is-linked" id="r-{contract.reference}">' in page


def test_a_link_finds_its_page_however_far_down(rented: Rented, customer_client: Client) -> None:
    old = rented("active")
    for minutes in range(60, 60 + 26):
        rented("cancelled_unpaid", ago=timedelta(minutes=minutes))
    first, last = rented("cancelled_unpaid", ago=timedelta(days=3)), rented("cancelled_unpaid", ago=timedelta(days=5))
    for contract in (old, first, last):
        answer = customer_client.get(f"{URL}?contract={contract.reference}")
        assert contract.reference in shown(customer_client, answer["Location"].partition("#")[0])


def test_following_a_link_does_not_loop(rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    answer = customer_client.get(f"{URL}?contract={contract.reference}", follow=True)
    assert len(answer.redirect_chain) == 1


@pytest.mark.parametrize("text", ["ZZZZ-ZZZZ", "", "12", "x" * 10_000, "7Q4M-2KX'"])
def test_a_link_to_nothing_shows_the_plain_list_with_a_notice(text: str, rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    answer = customer_client.get(URL, {"contract": text}, follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    assert "That rental is not among yours." in answer.content.decode()
    assert contract.reference in answer.content.decode()


def test_a_link_to_somebody_elses_rental_reads_like_one_to_nothing(rented: Rented, stranger_client: Client) -> None:
    answer = stranger_client.get(f"{URL}?contract={rented('active').reference}", follow=True)
    assert answer.redirect_chain == [(URL, 302)]
    assert "That rental is not among yours." in answer.content.decode()


# Pages and statements ---------------------------------------------------------------------------------------------------------


def test_pages_follow_each_other_without_loss(rented: Rented, customer_client: Client) -> None:
    made = [rented("cancelled_unpaid", ago=timedelta(minutes=minutes)).reference for minutes in range(60, 60 + 30)]
    first = customer_client.get(f"{URL}?tab=ended").content.decode()
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    address = older.group(1).replace("&amp;", "&")
    assert shown(customer_client, f"{URL}?tab=ended") + shown(customer_client, address) == made


@pytest.mark.parametrize("cursor", ["nonsense", "W10", "x" * 5000])
def test_a_broken_cursor_shows_the_first_page(cursor: str, rented: Rented, customer_client: Client) -> None:
    contract = rented("active")
    page = customer_client.get(URL, {"after": cursor, "before": cursor, "at": "<script>"})
    assert page.status_code == 200
    assert contract.reference in page.content.decode()


def test_thirty_rentals_cost_as_many_statements_as_three(
    rented: Rented, customer_client: Client, django_assert_num_queries: Callable[[int], object]
) -> None:
    ways = ["unpaid", "active", "cancelled"]
    for way in ways:
        rented(way)
    customer_client.get(URL)
    with django_assert_num_queries(STATEMENTS):
        customer_client.get(URL)
    for way in ways * 9:
        rented(way)
    with django_assert_num_queries(STATEMENTS):
        customer_client.get(URL)


def test_counts_stop_at_a_thousand(monkeypatch: pytest.MonkeyPatch, rented: Rented, customer_client: Client) -> None:
    monkeypatch.setattr("dashboard.rental_list.COUNTED", 2)
    for way in ("active", "active", "active", "unpaid"):
        rented(way)
    page = customer_client.get(URL).content.decode()
    assert re.findall(r"<span>(\d\+?)</span>", page) == ["2+", "1", "0", "2+", "0", "0"]


def test_an_organisations_rentals_are_seen_by_its_members_while_they_act_for_it(
    customer: User, stranger: User, offering: Offering, rented: Rented, customer_client: Client
) -> None:
    own = rented("active")
    organisation = create_organisation(customer, "Papierboot GmbH")
    theirs = rented("active", account=organisation)
    assert shown(customer_client) == [own.reference]
    customer_client.post("/account/switch", {"account": organisation.pk})
    assert shown(customer_client) == [theirs.reference]
