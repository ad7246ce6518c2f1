"""The provider's pages in a real browser: accessible, inside the window, within the content policy; and one import by hand."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, User
from providers.models import ImportPreview, Offering
from providers.previews import preview_import
from providers.services import allow_account, archive_offering, hold_stock
from tests.browser import barriers, complaints, sideways, sign_in
from tests.providers.test_importing import GOOD, HEADING, sheet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OFFERINGS = "/dashboard/provider/offerings"
# Where to put pictures of the pages, for somebody who wants to look at them.
PICTURES = os.environ.get("PICTURES", "")


def faults(page: Page, name: str) -> list[object]:
    """What is wrong with the page as it stands."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    return [*barriers(page), *(["runs off the side"] if sideways(page) > 0 else [])]


@pytest.mark.parametrize("width", [320, 390, 1440])
def test_every_page_is_accessible_and_fits(
    chromium: Browser,
    live_server: LiveServer,
    provider_user: User,
    customer: User,
    publish: Callable[..., Offering],
    customer_account: Account,
    width: int,
) -> None:
    offering = publish(reference="VPS-8", visibility="shared")
    archive_offering(publish(name="Rack L"))
    allow_account(offering, customer_account)
    hold_stock(offering.pk, customer_account, 30)
    rows = sheet(
        GOOD, GOOD.replace("V1", "V2").replace("EUR", "XXX"), "VPS-8,VPS 8 NVMe,compute,EUR,40,DE,8,32,1,320,1000,Debian 13,9"
    )
    preview = preview_import(offering.provider, "all-offerings.csv", rows)
    pages = {
        "offerings": OFFERINGS,
        "none": f"{OFFERINGS}?q=nothing",
        "new": f"{OFFERINGS}/new",
        "edit": f"{OFFERINGS}/{offering.slug}/edit",
        "access": f"{OFFERINGS}/{offering.slug}/access",
        "import": f"{OFFERINGS}/import",
        "preview": f"{OFFERINGS}/import/{preview.pk}",
        "profile": "/dashboard/provider/profile",
    }
    wrong: dict[str, list[object]] = {}
    for user, addresses in ((provider_user, pages), (customer, {"become": "/dashboard/provider/start"})):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        sign_in(context, live_server, user)
        page = context.new_page()
        heard = complaints(page)
        for name, address in addresses.items():
            page.goto(live_server.url + address)
            wrong[name] = [*faults(page, f"{name}-{width}"), *heard]
    assert {name: found for name, found in wrong.items() if found} == {}


def test_a_form_with_errors_is_accessible_and_leads_to_its_fields(
    chromium: Browser, live_server: LiveServer, provider_user: User, offering: Offering
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 900})
    sign_in(context, live_server, provider_user)
    page = context.new_page()
    page.goto(f"{live_server.url}{OFFERINGS}/{offering.slug}/edit")
    page.get_by_label("Price a month").fill("thirty")
    page.get_by_role("button", name="Save").click()
    assert faults(page, "errors-390") == []
    page.get_by_role("alert").get_by_role("link").first.click()
    assert page.evaluate("document.activeElement.name") == "monthly_price"


def test_a_file_is_imported_by_hand_without_script(
    chromium: Browser, live_server: LiveServer, provider_user: User, offering: Offering, tmp_path: Path
) -> None:
    file = tmp_path / "offerings.csv"
    file.write_text(f"{HEADING}\n{GOOD}\n")
    context = chromium.new_context(java_script_enabled=False)
    sign_in(context, live_server, provider_user)
    page = context.new_page()
    page.goto(f"{live_server.url}{OFFERINGS}")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Show what it would do").click()
    assert page.get_by_text("1 new offering. Nothing is changed yet.").is_visible()
    page.get_by_role("button", name="Import 1 row").click()
    assert page.get_by_text("Imported: 1 new offering.").is_visible()
    assert ImportPreview.objects.get().applied_at is not None
    assert Offering.objects.filter(reference="V1", status="draft").exists()
