"""The provider's desk: what waits, in which order, what it brings; and who has one."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from accounts.models import User
from contracts.models import Contract
from core import clock
from tests import walk

Rented = Callable[..., Contract]
URL = "/dashboard/provider"


def text(client: Client, address: str = URL) -> str:
    return client.get(address).content.decode().replace("\u00a0", " ")


def asked(page: str) -> list[str]:
    """The references of what waits, in their order."""
    return re.findall(r'<li class="panel request" id="r-([^"]+)"', page)


def rows(page: str) -> list[str]:
    """The references of the rows of a table."""
    return re.findall(r'<th scope="row">.*?<span class="nowrap">([^<]+)</span>', page)


def test_anonymous_visitors_are_sent_to_sign_in(client: Client) -> None:
    assert client.get(URL).status_code == 302


def test_who_offers_nothing_is_led_to_the_beginning(customer_client: Client, stranger_client: Client, staff_client: Client) -> None:
    for browser in (customer_client, stranger_client, staff_client):
        answer = browser.get(URL)
        assert (answer.status_code, answer["Location"]) == (302, "/dashboard/provider/start")


def test_a_provider_sees_only_its_own_desk(rented: Rented, stranger: User, stranger_client: Client) -> None:
    contract = rented("requested")
    walk.become_provider(walk.personal_account(stranger), name="Rival", country="NL")
    page = text(stranger_client)
    assert contract.reference not in page
    assert "No requests" in page


def test_an_empty_desk_says_what_will_come(offering: object, provider_client: Client) -> None:
    page = text(provider_client)
    assert "Nothing waits for you." in page
    assert "No requests" in page
    assert "Nothing yet. What you deliver runs here" in page


def test_the_soonest_deadline_comes_first(rented: Rented, provider_client: Client) -> None:
    answer, set_up, deliver = rented("requested"), rented("accepted"), rented("provisioning")
    later = rented("requested", ago=timedelta(hours=1))
    page = text(provider_client)
    assert asked(page) == [contract.reference for contract in (set_up, deliver, answer, later)]
    assert "4 contracts wait for you. The next deadline is at 10:50 UTC." in page


def test_what_is_not_paid_or_disputed_asks_nothing_of_the_provider(rented: Rented, provider_client: Client) -> None:
    waiting = [rented(way).reference for way in ("unpaid", "processing", "disputed_before_delivery")]
    assert asked(text(provider_client)) == []
    page = text(provider_client, f"{URL}?tab=later")
    assert sorted(rows(page)) == sorted(waiting)
    for words in ("Not paid yet", "Payment on its way", "Paused: payment dispute"):
        assert f">{words}</span>" in page


def test_a_request_says_what_it_brings_after_the_fee_and_until_when(rented: Rented, provider_client: Client) -> None:
    rented("requested", operating_system="Debian 13", host_name="build-01", note="Could it be <b>RAID-Z2</b>?")
    page = text(provider_client)
    assert "<b>€ 43.56</b>" in page
    assert "for you, € 48.40 less 10 %" in page
    assert "Answer by 10 Mar, 06:32" in page
    assert "in 1 day 21 h, then all is refunded" in page
    assert "Decline, refund € 57.60" in page
    assert "A customer in Germany" in page
    assert "New to you" in page
    assert "Debian 13" in page
    assert "Could it be &lt;b&gt;RAID-Z2&lt;/b&gt;?" in page
    assert "Cora" not in page


def test_a_company_is_named_and_its_history_told(rented: Rented, provider_client: Client) -> None:
    company = walk.Buyer("Cora", "c@example.com", "Weg 1", "Berlin", "DE", company="Papierboot GmbH", is_business=True)
    rented("cancelled", buyer=company)
    rented("completed", buyer=company, ago=timedelta(days=40))
    rented("requested", buyer=company)
    page = text(provider_client)
    assert "Papierboot GmbH, Germany" in page
    assert "2 earlier rentals with you, 1 ended early" in page


def test_an_overdue_request_cannot_be_accepted_any_more(rented: Rented, provider_client: Client, now: datetime) -> None:
    contract = rented("requested")
    with clock.at(now + timedelta(days=3)):
        page = text(provider_client)
    assert asked(page) == [contract.reference]
    assert f"/{contract.reference}/accept" not in page
    assert "over; all is being refunded" in page


def test_tabs_hold_what_they_say(rented: Rented, provider_client: Client) -> None:
    running = {rented(way).reference for way in ("provisioned", "active", "suspended")}
    over = {rented(way).reference for way in ("cancelled", "rejected", "expired_unpaid")}
    assert set(rows(text(provider_client, f"{URL}?tab=running"))) == running
    assert set(rows(text(provider_client))) == running
    ended = text(provider_client, f"{URL}?tab=ended")
    assert set(rows(ended)) == over
    for words in ("Cancelled by customer", "Declined by you", "Not paid in time"):
        assert f">{words}</span>" in ended
    counts = re.findall(r"<span>(\d+)</span></a>", text(provider_client))
    assert counts == ["0", "3", "0", "3"]


@pytest.mark.parametrize("tab", ["running", "later", "ended"])
def test_an_empty_tab_says_why(tab: str, offering: object, provider_client: Client) -> None:
    assert "Nothing here" in text(provider_client, f"{URL}?tab={tab}")


def test_long_lists_go_on_over_pages(rented: Rented, provider_client: Client) -> None:
    made = [rented("cancelled_unpaid", ago=timedelta(minutes=minutes)).reference for minutes in range(60, 60 + 28)]
    first = text(provider_client, f"{URL}?tab=ended")
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    assert rows(first) + rows(text(provider_client, older.group(1).replace("&amp;", "&"))) == made


@pytest.mark.parametrize("query", ["tab=nonsense", "tab=open&after=xx", "tab=running&before=W10"])
def test_strange_addresses_show_a_page(query: str, rented: Rented, provider_client: Client) -> None:
    rented("active")
    assert provider_client.get(f"{URL}?{query}").status_code == 200


def test_thirty_contracts_cost_as_many_statements_as_three(
    rented: Rented, provider_client: Client, django_assert_num_queries: Callable[[int], object]
) -> None:
    ways = ["requested", "accepted", "active"]
    for way in ways:
        rented(way)
    provider_client.get(URL)
    for _round in range(2):
        with django_assert_num_queries(14):
            provider_client.get(URL)
        for way in ways * 9:
            rented(way)


def test_counts_stop_at_a_thousand(monkeypatch: pytest.MonkeyPatch, rented: Rented, provider_client: Client) -> None:
    monkeypatch.setattr("dashboard.desk_queries.COUNTED", 1)
    rented("requested")
    rented("requested")
    assert ">1+</span></a>" in text(provider_client)
