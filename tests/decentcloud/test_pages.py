"""The pages of no app: rules, errors, the choice of colours, the styleguide, and the frame around all of them."""

import gzip
import json
import re

import pytest
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from accounts.services import create_organisation
from decentcloud import pages
from decentcloud.context import section

RULES = ["how", "measure", "help", "terms", "privacy", "imprint"]


@pytest.mark.parametrize("name", RULES)
@pytest.mark.django_db
def test_page_of_rules_stands_for_everybody(client: Client, name: str) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert b"Sandbox" in answer.content
    assert answer.content.count(b"<h1>") == 1


@pytest.mark.django_db
def test_rules_name_the_deadlines_that_the_code_works_with(client: Client, settings: Settings) -> None:
    settings.ANSWER_DEADLINE_HOURS = 37
    settings.PLATFORM_FEE_BP = 1250
    text = client.get(reverse("how")).content.decode()
    assert "37 hours" in text
    assert "12.5 %" in text


@pytest.mark.django_db
def test_terms_say_that_they_are_a_draft(client: Client) -> None:
    assert b"A lawyer must confirm" in client.get(reverse("terms")).content


@pytest.mark.django_db
def test_imprint_shows_the_seller_or_says_that_there_is_none(client: Client, settings: Settings) -> None:
    settings.INVOICE_SELLER_NAME = ""
    assert b"has not set its seller" in client.get(reverse("imprint")).content
    settings.INVOICE_SELLER_NAME = "Musterkai UG"
    assert b"Musterkai UG" in client.get(reverse("imprint")).content


@pytest.mark.django_db
def test_styleguide_is_there_for_builders_only(client: Client, settings: Settings) -> None:
    assert client.get(reverse("styleguide")).status_code == 404
    settings.DEBUG = True
    answer = client.get(reverse("styleguide"))
    assert answer.status_code == 200
    assert b"Waiting for your payment" in answer.content


@pytest.mark.django_db
def test_choice_of_colours_holds_for_a_visitor(client: Client) -> None:
    answer = client.post(reverse("theme"), {"theme": "dark", "next": "/terms?x=1"})
    assert (answer.status_code, answer["Location"]) == (303, "/terms?x=1")
    assert b'data-theme="dark"' in client.get(reverse("terms")).content
    client.post(reverse("theme"), {"theme": "system", "next": "/terms"})
    assert b"data-theme" not in client.get(reverse("terms")).content


def test_choice_of_colours_goes_into_the_profile(customer: User) -> None:
    client = Client()
    client.force_login(customer)
    client.post(reverse("theme"), {"theme": "light", "next": "/terms"})
    customer.refresh_from_db()
    assert customer.theme == "light"
    assert b'data-theme="light"' in client.get(reverse("terms")).content


@pytest.mark.parametrize("after", ["https://evil.test/", "//evil.test", "javascript:alert(1)", "", "\\\\evil.test"])
@pytest.mark.django_db
def test_choice_of_colours_leads_nowhere_else(client: Client, after: str) -> None:
    assert client.post(reverse("theme"), {"theme": "dark", "next": after})["Location"] == reverse("home")


@pytest.mark.django_db
def test_unknown_colours_change_nothing(client: Client) -> None:
    answer = client.post(reverse("theme"), {"theme": '"><script>', "next": "/terms"})
    assert answer.status_code == 303
    assert "theme" not in answer.cookies
    client.cookies["theme"] = '"><script>'
    assert b"<script>" not in client.get(reverse("terms")).content.replace(b"<script src", b"")


@pytest.mark.django_db
def test_colours_are_not_changed_by_following_a_link(client: Client) -> None:
    assert client.get(reverse("theme"), {"theme": "dark"}).status_code == 405


@pytest.mark.django_db
def test_missing_page_is_ours_and_says_nothing_more(client: Client) -> None:
    answer = client.get("/no-such-page")
    assert answer.status_code == 404
    assert b"There is nothing at this address." in answer.content


@pytest.mark.django_db
def test_machine_reads_a_problem_where_there_is_nothing(client: Client) -> None:
    answer = client.get("/api/v1/no-such-thing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(answer.content)["status"] == 404


@pytest.mark.django_db
def test_form_without_token_is_refused_with_a_way_back() -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(reverse("theme"), {"theme": "dark"})
    assert answer.status_code == 403
    assert b"This form is out of date." in answer.content
    assert "theme" not in answer.cookies


def test_our_mistakes_are_shown_without_a_database(settings: Settings) -> None:
    # No mark for the database: a query would fail this test.
    request = RequestFactory().get("/")
    for answer in (pages.server_error(request), pages.bad_request(request, Exception("secret"))):
        text = answer.content.decode()
        assert "Sandbox" in text
        assert "secret" not in text
        assert "Sign in" not in text
    assert answer.status_code == 400


def test_sandbox_is_labelled_only_where_it_is_on(settings: Settings) -> None:
    request = RequestFactory().get("/")
    settings.SANDBOX_ENABLED = False
    assert "Sandbox" not in pages.server_error(request).content.decode()


def test_menu_lists_the_accounts_one_may_act_for(customer: User) -> None:
    create_organisation(customer, "Papierboot GmbH")
    client = Client()
    client.force_login(customer)
    text = client.get(reverse("terms")).content.decode()
    assert "Papierboot GmbH" in text
    assert text.count("You act for") == 2
    assert reverse("account_logout") in text


def test_frame_costs_three_queries_for_somebody_signed_in(
    customer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = Client()
    client.force_login(customer)
    client.get(reverse("terms"))
    with django_assert_num_queries(3):
        client.get(reverse("terms"))


def test_frame_costs_no_query_for_a_visitor(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client = Client()
    with django_assert_num_queries(0):
        client.get(reverse("terms"))


def test_messages_become_notices_with_their_tone() -> None:
    told = [
        Message(messages.SUCCESS, "Saved."),
        Message(messages.INFO, "By the way."),
        Message(messages.WARNING, "Nearly."),
        Message(messages.ERROR, "Sold out <b>since</b> 14:02."),
    ]
    html = render_to_string("c/messages.html", {"messages": told})
    for tone in ("good", "info", "act", "stop"):
        assert html.count(f"notice--{tone}") == 1
    assert html.count('role="alert"') == 1
    assert "&lt;b&gt;since" in html


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/marketplace", "market"),
        ("/offerings/vault-40", "market"),
        ("/dashboard/rentals/7Q4M-2KXP", "rentals"),
        ("/dashboard/provider", "provide"),
        ("/how-it-works", "how"),
        ("/how-we-measure", ""),
        ("/", ""),
    ],
)
def test_top_bar_marks_the_part_of_the_site(path: str, part: str) -> None:
    assert section(path) == part


@pytest.mark.django_db
def test_page_has_one_language_one_description_and_a_way_past_the_navigation(client: Client) -> None:
    text = client.get(reverse("terms")).content.decode()
    assert '<html lang="en"' in text
    assert text.count('<meta name="description"') == 1
    assert '<a class="skip" href="#main">' in text
    assert '<main id="main" tabindex="-1">' in text


@pytest.mark.parametrize("dressed", ["mail/base.html", "mail/base.txt"])
def test_mail_says_the_same_as_text_and_dressed(dressed: str) -> None:
    mail = {
        "title": "We received €\xa0137.09",
        "lead": "Quietstack & Sons has been asked.",
        "lines": [{"label": "VAT 19 %", "amount": "€\xa021.89"}],
        "total": {"label": "Paid", "amount": "€\xa0137.09"},
        "paragraphs": ["No answer means all of it comes back."],
        "action_url": "https://example.test/dashboard/rentals/7Q4M-2KXP",
        "action_label": "See your rental",
        "small": "This is not a tax invoice.",
        "reason": "You rented a server.",
        "preferences_url": "https://example.test/account/profile",
        "site_url": settings.SITE_URL,
    }
    text = render_to_string(dressed, mail).replace("&amp;", "&")
    for said in ("€\xa021.89", "€\xa0137.09", "Quietstack & Sons", "No answer", mail["action_url"], "See your rental", "not a tax"):
        assert str(said) in text
    assert "You rented a server." in text


def test_first_visit_stays_light(client: Client, db: None) -> None:
    page = client.get(reverse("terms")).content
    folder = settings.BASE_DIR / "static"
    names = re.findall(r'(?:href|src)="/static/([^"#]+)', page.decode())
    assert {"css/tokens.css", "css/pages.css", "js/site.js", "icons.svg", "favicon.svg"} <= set(names)
    weight = len(gzip.compress(page)) + sum(len(gzip.compress((folder / name).read_bytes())) for name in set(names))
    # 60 kB are allowed; htmx takes 17 of them on pages that refresh, the market's own text about 12.
    assert weight < 30_000
