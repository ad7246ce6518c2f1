"""The provider's pages: each for the four kinds of visitor, each form's way there and back, and what odd input does."""

import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.access import CHOSEN_ACCOUNT
from accounts.models import Account, Membership, User
from accounts.services import create_organisation, create_user
from accounts.states import Role
from providers.models import ImportPreview, Offering, OfferingAccess, Provider
from providers.services import allow_account, archive_offering, create_offering, hold_stock, update_offering
from providers.states import OfferingStatus
from tests.providers.conftest import FIGURES
from tests.providers.test_importing import GOOD, sheet

OFFERINGS = "/dashboard/provider/offerings"
FILLED = {
    "name": "VPS 8",
    "type": "compute",
    "visibility": "public",
    "currency": "EUR",
    "monthly_price": "38.40",
    "country": "DE",
    "cores": "8",
    "memory_gb": "32",
    "disk_count": "1",
    "disk_gb": "320",
    "uplink_mbit": "1000",
    "operating_systems": "Debian 13\nUbuntu 24.04",
    "stock": "3",
}
PROFILE = {"name": "Newstack", "country": "NL", "tax_status": "unknown"}


def pages(offering: Offering) -> list[str]:
    own = f"{OFFERINGS}/{offering.slug}"
    return [
        OFFERINGS,
        f"{OFFERINGS}/new",
        f"{OFFERINGS}/import",
        f"{OFFERINGS}/export",
        f"{OFFERINGS}/template",
        "/dashboard/provider/profile",
        f"{own}/edit",
        f"{own}/access",
    ]


def upload(client: Client, content: bytes) -> Any:
    return client.post(f"{OFFERINGS}/import", {"file": SimpleUploadedFile("x.csv", content)})


def readable(response: Any) -> str:
    """A page without what differs from one request to the next."""
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- Who gets in --------------------------------------------------------------------------------------------------------------


def test_the_provider_sees_all_of_its_pages(provider_client: Client, offering: Offering) -> None:
    assert {page: provider_client.get(page).status_code for page in pages(offering)} == dict.fromkeys(pages(offering), 200)


def test_a_passer_by_is_asked_to_sign_in(client: Client, offering: Offering) -> None:
    for page in pages(offering):
        response = client.get(page)
        assert response.status_code == 302
        assert response["Location"].startswith("/accounts/login/")


def test_who_only_rents_is_led_to_becoming_a_provider_and_finds_no_foreign_offering(
    customer_client: Client, offering: Offering
) -> None:
    for page in pages(offering):
        response = customer_client.get(page)
        if offering.slug in page:
            assert response.status_code == 404
        else:
            assert (response.status_code, response["Location"]) == (302, "/dashboard/provider/start")


def test_another_provider_gets_404_for_what_is_not_its_own_and_changes_nothing(stranger_client: Client, offering: Offering) -> None:
    stranger_client.post("/dashboard/provider/start", PROFILE)
    before = Offering.objects.values().get(pk=offering.pk)
    for action in ("edit", "publish", "archive", "duplicate", "access"):
        assert stranger_client.post(f"{OFFERINGS}/{offering.slug}/{action}", FILLED).status_code == 404
    assert Offering.objects.values().get(pk=offering.pk) == before
    assert Offering.objects.count() == 1
    missing, foreign = (stranger_client.get(f"{OFFERINGS}/{slug}/edit") for slug in ("no-such-thing", offering.slug))
    assert readable(missing) == readable(foreign).replace(offering.slug, "no-such-thing")


def test_anothers_preview_is_404(provider_client: Client, stranger_client: Client, provider: Provider) -> None:
    upload(provider_client, sheet(GOOD))
    preview = ImportPreview.objects.get()
    stranger_client.post("/dashboard/provider/start", PROFILE)
    assert stranger_client.get(f"{OFFERINGS}/import/{preview.pk}").status_code == 404
    assert stranger_client.post(f"{OFFERINGS}/import/{preview.pk}").status_code == 404
    assert stranger_client.get(f"{OFFERINGS}/import/{10**30}").status_code == 404
    assert Offering.objects.count() == 0


def test_a_billing_member_reads_and_changes_nothing(client: Client, stranger: User) -> None:
    organisation = create_organisation(stranger, "Metal Ltd")
    biller = create_user("biller@example.com", "correct-horse-battery", verified=True)
    Membership.objects.create(user=biller, account=organisation, role=Role.BILLING)
    for user in (stranger, biller):
        client.force_login(user)
        session = client.session
        session[CHOSEN_ACCOUNT] = organisation.pk
        session.save()
        if user is stranger:
            client.post("/dashboard/provider/start", PROFILE)
            client.post(f"{OFFERINGS}/new", FILLED)
    offering = Offering.objects.get()
    assert client.get(OFFERINGS).status_code == 200
    for action in ("publish", "archive", "duplicate", "edit"):
        response = client.post(f"{OFFERINGS}/{offering.slug}/{action}", FILLED, follow=True)
        assert "Your role in Metal Ltd is Billing" in said(response)[0]
    assert list(Offering.objects.values_list("status", flat=True)) == ["draft"]


def test_what_changes_something_is_a_post(provider_client: Client, offering: Offering) -> None:
    for action in ("publish", "archive", "duplicate"):
        assert provider_client.get(f"{OFFERINGS}/{offering.slug}/{action}").status_code == 405


# --- Provider -----------------------------------------------------------------------------------------------------------------


def test_an_account_becomes_a_provider_and_goes_on_to_its_first_offering(
    customer_client: Client, customer_account: Account
) -> None:
    assert customer_client.get("/dashboard/provider/start").status_code == 200
    response = customer_client.post("/dashboard/provider/start", PROFILE)
    assert (response.status_code, response["Location"]) == (303, f"{OFFERINGS}/new")
    assert Provider.objects.get(account=customer_account).slug == "newstack"
    assert customer_client.get("/dashboard/provider/start")["Location"] == "/dashboard/provider"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Fill this in."),
        ({"name": "quietstack"}, "Another provider has this name."),
        ({"name": "x" * 81}, "at most 80"),
        ({"country": "ZZ"}, "Select a valid choice"),
        ({"website": "javascript:alert(1)"}, "valid URL"),
        ({"website": "ftp://example.com"}, "begins with https"),
        ({"description": "x" * 1_000_000}, "at most 5000"),
    ],
)
def test_a_profile_that_cannot_stand_says_so_at_the_field(
    customer_client: Client, provider: Provider, changes: dict[str, str], sentence: str
) -> None:
    response = customer_client.post("/dashboard/provider/start", PROFILE | changes)
    assert response.status_code == 422
    assert sentence in str(response.context["form"].errors)
    assert Provider.objects.count() == 1


def test_the_profile_is_changed(provider_client: Client, provider: Provider) -> None:
    response = provider_client.post(
        "/dashboard/provider/profile", PROFILE | {"legal_name": "Newstack B.V.", "website": "newstack.example"}
    )
    assert response.status_code == 303
    provider.refresh_from_db()
    assert (provider.name, provider.legal_name, provider.website) == ("Newstack", "Newstack B.V.", "https://newstack.example")


# --- Offerings ----------------------------------------------------------------------------------------------------------------


def test_an_offering_is_written_saved_and_published(provider_client: Client, provider: Provider) -> None:
    response = provider_client.post(f"{OFFERINGS}/new", FILLED, follow=True)
    offering = Offering.objects.get()
    assert response.redirect_chain == [(f"{OFFERINGS}/{offering.slug}/edit", 303)]
    assert (offering.status, offering.monthly_minor, offering.operating_systems) == ("draft", 3840, ["Debian 13", "Ubuntu 24.04"])
    assert (offering.min_hours, offering.max_hours, offering.traffic_tb) == (24, 8760, None)
    provider_client.post(f"{OFFERINGS}/{offering.slug}/edit", FILLED | {"publish": "1", "stock": "9"})
    offering.refresh_from_db()
    assert (offering.status, offering.stock) == (OfferingStatus.PUBLISHED, 9)


def test_the_form_shows_what_is_there_and_sent_back_it_changes_nothing(provider_client: Client, offering: Offering) -> None:
    form = provider_client.get(f"{OFFERINGS}/{offering.slug}/edit").context["form"]
    data = {name: form[name].value() for name in form.fields}
    sent = {name: "on" if value is True else value for name, value in data.items() if value not in (None, False)}
    sent |= {name: "\n".join(sent[name]) for name in ("operating_systems", "features") if isinstance(sent.get(name), list)}
    before = Offering.objects.values().get(pk=offering.pk)
    assert provider_client.post(f"{OFFERINGS}/{offering.slug}/edit", sent).status_code == 303
    assert Offering.objects.values().get(pk=offering.pk) == before


def test_publishing_what_is_incomplete_shows_each_missing_field(provider_client: Client, provider: Provider) -> None:
    draft = create_offering(provider, **(FIGURES | {"cores": 0, "operating_systems": []}))
    response = provider_client.post(f"{OFFERINGS}/{draft.slug}/publish")
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"cores", "operating_systems"}
    draft.refresh_from_db()
    assert draft.status == "draft"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("monthly_price", "abc"),
        ("monthly_price", "38,40"),
        ("monthly_price", "-5"),
        ("monthly_price", "9" * 100),
        ("setup_fee", "1.234"),
        ("currency", "DOGE"),
        ("type", "quantum"),
        ("cores", "-1"),
        ("cores", "9" * 4400),
        ("memory_gb", "1e9999999"),
        ("memory_gb", "nan"),
        ("stock", "2.5"),
        ("min_hours", "0"),
        ("max_hours", "1"),
        ("country", "QQ"),
        ("description", "x" * 1_000_000),
        ("operating_systems", "\n".join(map(str, range(50)))),
        ("sla_uptime_percent", "100.1"),
        ("auto_accept_max_hours", "-1"),
    ],
)
def test_odd_input_is_answered_at_its_field_and_changes_nothing(
    provider_client: Client, offering: Offering, field: str, value: str
) -> None:
    before = Offering.objects.values().get(pk=offering.pk)
    response = provider_client.post(f"{OFFERINGS}/{offering.slug}/edit", FILLED | {field: value})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert Offering.objects.values().get(pk=offering.pk) == before


def test_stock_below_what_is_rented_out_is_answered_at_the_field(
    provider_client: Client, offering: Offering, customer_account: Account
) -> None:
    hold_stock(offering.pk, customer_account, 30)
    response = provider_client.post(f"{OFFERINGS}/{offering.slug}/edit", FILLED | {"stock": "0"})
    assert "1 are rented out" in str(response.context["form"].errors["stock"])


def test_archive_publish_and_duplicate_from_the_list(provider_client: Client, offering: Offering) -> None:
    for action, status in (("archive", "archived"), ("publish", "published")):
        response = provider_client.post(f"{OFFERINGS}/{offering.slug}/{action}")
        assert (response.status_code, response["Location"]) == (303, OFFERINGS)
        offering.refresh_from_db()
        assert offering.status == status
    response = provider_client.post(f"{OFFERINGS}/{offering.slug}/duplicate")
    assert response["Location"] == f"{OFFERINGS}/vps-8-nvme-copy-quietstack/edit"


def test_the_list_filters_by_status_and_words_and_counts(
    provider_client: Client, provider: Provider, publish: Callable[..., Offering]
) -> None:
    publish(name="Alpha", reference="R-1")
    archive_offering(publish(name="Beta"))
    create_offering(provider, **(FIGURES | {"name": "Gamma"}))
    page = provider_client.get(OFFERINGS)
    assert [row.name for row in page.context["rows"]] == ["Gamma", "Beta", "Alpha"]
    assert [tab["count"] for tab in page.context["tabs"]] == ["3", "1", "1", "1"]
    assert page.context["lede"] == "1 offering is on the market, 1 draft waits for you."
    assert [row.name for row in provider_client.get(f"{OFFERINGS}?status=archived").context["rows"]] == ["Beta"]
    assert [row.name for row in provider_client.get(f"{OFFERINGS}?q=r-1").context["rows"]] == ["Alpha"]
    for odd in ("status=evil", "after=zzz", "before=%F0", "q=%25"):
        assert provider_client.get(f"{OFFERINGS}?{odd}").status_code == 200


def test_the_list_costs_the_same_at_any_length(provider_client: Client, publish: Callable[..., Offering]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert provider_client.get(OFFERINGS).status_code == 200
        return len(captured)

    publish()
    statements()
    few = statements()
    for number in range(30):
        publish(name=f"More {number}")
    assert statements() == few <= 12


def test_an_empty_list_says_what_to_do_next(provider_client: Client, provider: Provider) -> None:
    page = provider_client.get(OFFERINGS).content.decode()
    assert "You offer nothing yet" in page
    assert "/dashboard/provider/offerings/new" in page


# --- Allow-list ---------------------------------------------------------------------------------------------------------------


def test_somebody_is_put_on_the_allow_list_and_taken_off(
    provider_client: Client, offering: Offering, customer: User, customer_account: Account
) -> None:
    update_offering(offering, visibility="shared")
    url = f"{OFFERINGS}/{offering.slug}/access"
    assert provider_client.post(url, {"email": customer.email.upper()}).status_code == 303
    assert OfferingAccess.objects.get().account == customer_account
    assert customer_account.name in provider_client.get(url).content.decode()
    for odd in ("", "x", "0", "9" * 40):
        provider_client.post(url, {"remove": odd})
    assert OfferingAccess.objects.count() == 1
    provider_client.post(url, {"remove": str(customer_account.pk)})
    assert OfferingAccess.objects.count() == 0


@pytest.mark.parametrize("email", ["nobody@example.com", "no address", ""])
def test_an_address_that_nobody_has_is_answered_at_the_field(provider_client: Client, offering: Offering, email: str) -> None:
    response = provider_client.post(f"{OFFERINGS}/{offering.slug}/access", {"email": email})
    assert response.status_code == 422
    assert "email" in response.context["form"].errors
    assert OfferingAccess.objects.count() == 0


def test_the_allow_list_costs_the_same_at_any_length(provider_client: Client, offering: Offering, stranger: User) -> None:
    url = f"{OFFERINGS}/{offering.slug}/access"

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert provider_client.get(url).status_code == 200
        return len(captured)

    allow_account(offering, create_organisation(stranger, "One"))
    statements()
    few = statements()
    for number in range(12):
        allow_account(offering, create_organisation(stranger, f"More {number}"))
    assert statements() == few


# --- Files --------------------------------------------------------------------------------------------------------------------


def test_a_file_is_previewed_and_applied(provider_client: Client, provider: Provider) -> None:
    response = upload(provider_client, sheet(GOOD))
    preview = ImportPreview.objects.get()
    assert response["Location"] == f"{OFFERINGS}/import/{preview.pk}"
    page = provider_client.get(response["Location"])
    assert page.context["preview"].lede == "1 new offering. Nothing is changed yet."
    assert Offering.objects.count() == 0
    applied = provider_client.post(response["Location"], follow=True)
    assert said(applied) == ["Imported: 1 new offering."]
    assert Offering.objects.get().reference == "V1"
    assert provider_client.post(response["Location"]).status_code == 404


def test_good_rows_go_in_without_bad_ones_only_on_the_users_word(provider_client: Client, provider: Provider) -> None:
    url = upload(provider_client, sheet(GOOD, GOOD.replace("V1", "V2").replace("EUR", "XXX")))["Location"]
    page = provider_client.get(url).content.decode()
    assert "Import the 1 good row only" in page
    assert "Currency" in page
    provider_client.post(url)
    assert Offering.objects.count() == 0
    provider_client.post(url, {"keep_good": "1"})
    assert [offering.reference for offering in Offering.objects.all()] == ["V1"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01\x02",
        b"reference,name\nA,\xff\xfe",
        b"PK\x03\x04zip",
        b"x" * (2 * 1024 * 1024 + 1),
        b"reference\n\n",
        b"=1+1\nA",
    ],
)
def test_a_file_that_is_no_table_is_answered_at_the_field(provider_client: Client, provider: Provider, content: bytes) -> None:
    response = upload(provider_client, content)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["file"]
    assert ImportPreview.objects.count() == 0


def test_no_file_at_all_is_answered_at_the_field(provider_client: Client, provider: Provider) -> None:
    assert provider_client.post(f"{OFFERINGS}/import", {"file": "text"}).status_code == 422


def test_export_and_template_are_files(provider_client: Client, offering: Offering) -> None:
    update_offering(offering, reference="V8", traffic_unmetered=False, traffic_tb=Decimal(10))
    response = provider_client.get(f"{OFFERINGS}/export")
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert response["Content-Disposition"].startswith('attachment; filename="offerings-quietstack-')
    assert content.startswith("\ufeffreference,status,name".encode())
    assert b"V8,published,VPS 8 NVMe" in content
    again = provider_client.post(f"{OFFERINGS}/import", {"file": io.BytesIO(content)})
    assert again.status_code == 303
    assert ImportPreview.objects.get().rows[0]["changes"] == []
    template = provider_client.get(f"{OFFERINGS}/template")
    assert template["Content-Type"] == "text/csv; charset=utf-8"
