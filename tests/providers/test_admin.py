"""The admin's pages of this floor: they open, cost little, and change nothing but through a service."""

from collections.abc import Callable

from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from accounts.services import create_user, make_staff
from providers.models import Offering
from providers.previews import preview_import
from providers.services import allow_account, hold_stock, record_standing
from tests.cast import proved_browser_of
from tests.providers.test_importing import GOOD, sheet

LISTS = ("provider", "offering", "offeringaccess", "stockhold", "standing", "importpreview")


def test_every_list_and_every_object_opens(staff_client: Client, offering: Offering, customer_account: Account) -> None:
    allow_account(offering, customer_account)
    hold_stock(offering.pk, customer_account, 30)
    record_standing(offering.provider, score=1)
    preview_import(offering.provider, "x.csv", sheet(GOOD))
    for name in LISTS:
        page = staff_client.get(f"/admin/providers/{name}/?q=quiet")
        assert page.status_code == 200
        (pk,) = Offering._meta.apps.get_model("providers", name).objects.values_list("pk", flat=True)
        assert staff_client.get(f"/admin/providers/{name}/{pk}/change/").status_code == 200
        assert staff_client.get(f"/admin/providers/{name}/add/").status_code == 403
        assert staff_client.post(f"/admin/providers/{name}/{pk}/delete/", {"post": "yes"}).status_code == 403


def test_an_offering_cannot_be_edited_there(staff_client: Client, offering: Offering) -> None:
    before = Offering.objects.values().get(pk=offering.pk)
    staff_client.post(f"/admin/providers/offering/{offering.pk}/change/", {"name": "Mine", "taken": "9"})
    assert Offering.objects.values().get(pk=offering.pk) == before


def test_staff_takes_a_provider_off_the_market_by_the_service(staff_client: Client, offering: Offering) -> None:
    chosen = {"action": "deactivate", "_selected_action": offering.provider_id}
    staff_client.post("/admin/providers/provider/", chosen)
    offering.refresh_from_db()
    assert (offering.status, offering.provider.active) == ("draft", False)
    staff_client.post("/admin/providers/provider/", chosen | {"action": "activate"})
    offering.provider.refresh_from_db()
    assert offering.provider.active


def test_staff_that_may_only_look_cannot_do_it(offering: Offering) -> None:
    looker = make_staff(create_user("looker@example.com", "correct-horse-battery", verified=True), superuser=False)
    looker.user_permissions.add(Permission.objects.get(codename="view_provider"))
    TOTP.activate(looker, generate_totp_secret())
    browser = proved_browser_of(looker)
    assert browser.get("/admin/providers/offering/").status_code == 403
    browser.post("/admin/providers/provider/", {"action": "deactivate", "_selected_action": offering.provider_id})
    offering.refresh_from_db()
    assert offering.status == "published"


def test_strangers_do_not_get_in(customer_client: Client, offering: Offering) -> None:
    assert customer_client.get("/admin/providers/offering/").status_code in (302, 403, 404)


def test_the_list_of_offerings_costs_the_same_at_any_length(staff_client: Client, publish: Callable[..., Offering]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert staff_client.get("/admin/providers/offering/").status_code == 200
        return len(captured)

    publish()
    statements()
    few = statements()
    for number in range(20):
        publish(name=f"More {number}")
    assert statements() == few
