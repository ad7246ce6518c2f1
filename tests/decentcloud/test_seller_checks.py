"""A seller who is missing, a stub, or malformed is found before documents are numbered with it."""

from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from billing.models import Charge
from billing.sellers import gaps
from billing.taxation import seller
from decentcloud import seller_checks
from decentcloud.environment import BASE_DIR
from decentcloud.seller_checks import check_seller, check_sellers_documents, check_threshold
from tests.walk import offered_by, ordered

COMPLETE = {
    "NAME": "Decent Cloud Market GmbH",
    "STREET": "Am Markt 1",
    "POSTCODE": "20457",
    "CITY": "Hamburg",
    "COUNTRY": "DE",
    "VAT_ID": "DE136695976",
    "TAX_NO": "",
    "REG_ID": "HRB 12345",
    "EMAIL": "invoices@market.test",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "TIMEZONE": "Europe/Berlin",
    "VAT_SCHEME": "standard",
    "VAT_CURRENCY": "EUR",
    "OSS": True,
}


@pytest.fixture(autouse=True)
def _complete(settings: Settings) -> None:
    set_to(settings)


def set_to(settings: Settings, **changed: Any) -> None:
    for name, value in {**COMPLETE, **changed}.items():
        setattr(settings, f"INVOICE_SELLER_{name}", value)


def ids(found: list[Any]) -> set[str]:
    return {problem.id.removeprefix("decentcloud.") for problem in found}


def test_a_complete_seller_is_clean() -> None:
    assert ids(check_seller()) == ids(check_sellers_documents()) == set()
    assert gaps(seller()) == []


@pytest.mark.parametrize("name", ["NAME", "STREET", "POSTCODE", "CITY", "VAT_ID", "EMAIL"])
@pytest.mark.parametrize("stub", ["", "  ", "Example Ltd", "Musterstraße 1", "CHANGE ME"])
def test_a_missing_or_stub_value_is_found(name: str, stub: str, settings: Settings) -> None:
    set_to(settings, **{name: stub})
    (problem,) = check_sellers_documents()
    assert problem.id == "decentcloud.W020"
    assert f"INVOICE_SELLER_{name}" in problem.msg


def test_a_tax_number_may_stand_for_a_vat_id(settings: Settings) -> None:
    set_to(settings, VAT_ID="", TAX_NO="22/815/08154")
    assert ids(check_sellers_documents()) == set()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"COUNTRY": "US"}, "E020"),
        ({"COUNTRY": ""}, "E020"),
        ({"COUNTRY": "DE", "POSTCODE": "27498"}, "E020"),
        ({"VAT_ID": "DE136695977"}, "E021"),
        ({"VAT_ID": "XI110305878"}, "E021"),
        ({"VAT_ID": "DE"}, "E021"),
        ({"IBAN": "DE88370400440532013000"}, "E022"),
        ({"IBAN": "'; DROP TABLE billing_charge; --"}, "E022"),
        ({"TIMEZONE": "Europe/Nowhere"}, "E023"),
        ({"TIMEZONE": "../../etc/passwd"}, "E023"),
        ({"TIMEZONE": ""}, "E023"),
        ({"VAT_SCHEME": "none"}, "E024"),
        ({"VAT_CURRENCY": "DEM"}, "E025"),
    ],
)
def test_what_is_malformed_is_an_error(changed: dict[str, str], problem: str, settings: Settings) -> None:
    set_to(settings, **changed)
    assert ids(check_seller()) == {problem}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PAYOUT_IBAN", "DE88370400440532013000", "E026"),
        ("PAYOUT_IBAN", "DE89 3704 0044 0532 0130 00", ""),
        ("PAYOUT_BIC", "NOBANK", "E027"),
        ("PAYOUT_BIC", "COBADEFFXXX", ""),
    ],
)
def test_payouts_leave_from_an_account_that_can_exist(name: str, value: str, problem: str, settings: Settings) -> None:
    set_to(settings)
    setattr(settings, name, value)
    assert ids(check_seller()) == ({problem} if problem else set())


@pytest.mark.parametrize(("country", "vat_id"), [("GR", "EL094259216"), ("AT", "ATU13585627"), ("FR", "FR40303265045")])
def test_a_seller_of_another_state_is_as_good(country: str, vat_id: str, settings: Settings) -> None:
    set_to(settings, COUNTRY=country, VAT_ID=vat_id, POSTCODE="10434", IBAN="")
    assert ids(check_seller()) == set()


def test_a_small_business_in_the_one_stop_shop_is_asked_about(settings: Settings) -> None:
    set_to(settings, VAT_SCHEME="small_business")
    assert ids(check_sellers_documents()) == {"W021"}


def test_missing_libraries_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seller_checks, "find_library", lambda _name: None)
    assert ids(check_sellers_documents()) == {"W022"}


def test_documents_do_not_belong_into_the_programs_folder(settings: Settings) -> None:
    folder = "django.core.files.storage.FileSystemStorage"
    for location, problems in ((BASE_DIR / ".local" / "documents", {"W023"}), ("/var/lib/decentcloud", set())):
        settings.STORAGES = {**settings.STORAGES, "documents": {"BACKEND": folder, "OPTIONS": {"location": str(location)}}}
        assert ids(check_sellers_documents()) == problems


@pytest.mark.django_db
@pytest.mark.parametrize(("cents", "problems"), [(0, set()), (799_999, set()), (800_000, {"W024"}), (1_000_001, {"W025"})])
def test_the_threshold_across_borders_is_told_in_time(
    cents: int, problems: set[str], settings: Settings, customer: User, provider_user: User
) -> None:
    set_to(settings, OSS=False)
    ordered(customer, offered_by(provider_user))
    Charge.objects.update(threshold_eur_minor=cents)
    assert ids(check_threshold(databases=["default"])) == problems
    assert check_threshold(databases=None) == []
    settings.INVOICE_SELLER_OSS = True
    assert check_threshold(databases=["default"]) == []
