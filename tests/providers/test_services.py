"""The life of offerings and providers: drafts, publishing, archiving, sharing, standing, prices in euros."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account, User
from accounts.services import create_organisation
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from core.rates import record_rates, to_eur
from providers.models import Offering, Provider, SearchWord, Standing
from providers.queries import may_see, rentable
from providers.services import (
    activate_provider,
    allow_account,
    archive_offering,
    become_provider,
    create_offering,
    deactivate_provider,
    disallow_account,
    duplicate_offering,
    hold_stock,
    publish_offering,
    rebuild_index,
    record_standing,
    reprice_offerings,
    update_offering,
    update_provider,
)
from providers.states import TERMS, OfferingStatus
from tests.providers.conftest import FIGURES


def events(name: str) -> int:
    return DomainEvent.objects.filter(name=name).count()


# --- Offerings ----------------------------------------------------------------------------------------------------------------


def test_a_new_offering_is_a_draft_that_nobody_else_sees(
    draft: Offering, customer_account: Account, provider_account: Account
) -> None:
    assert draft.status == OfferingStatus.DRAFT
    assert draft.slug == "vps-8-nvme-quietstack"
    assert not may_see(draft, None)
    assert not may_see(draft, customer_account)
    assert may_see(draft, provider_account)
    assert draft not in rentable(provider_account)
    assert events("offering.created") == 1


def test_publishing_puts_it_on_the_market_for_everybody(offering: Offering, customer_account: Account) -> None:
    assert may_see(offering, None)
    assert list(rentable(None)) == list(rentable(customer_account)) == [offering]
    publish_offering(offering)
    assert events("offering.published") == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"operating_systems": []}, "operating_systems"),
        ({"cores": 0}, "cores"),
        ({"memory_gb": Decimal(0)}, "memory_gb"),
        ({"disk_count": 0, "disk_gb": 0}, "disk_gb"),
        ({"uplink_mbit": 0}, "uplink_mbit"),
        ({"type": "gpu"}, "gpu_count"),
        ({"monthly_minor": 5, "max_hours": 720}, "monthly_minor"),
    ],
)
def test_what_a_customer_would_miss_keeps_it_a_draft(provider: Provider, changes: dict[str, Any], field: str) -> None:
    draft = create_offering(provider, **(FIGURES | changes))
    with pytest.raises(Refused) as refused:
        publish_offering(draft)
    assert (refused.value.code, refused.value.field) == ("incomplete", field)
    draft.refresh_from_db(fields=["status"])
    assert draft.status == OfferingStatus.DRAFT
    assert events("offering.published") == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"monthly_minor": 0}, "monthly_minor"),
        ({"monthly_minor": -1}, "monthly_minor"),
        ({"monthly_minor": 10**13}, "monthly_minor"),
        ({"currency": "KWD", "monthly_minor": 12345}, "monthly_minor"),
        ({"currency": "XYZ"}, "currency"),
        ({"min_hours": 0}, "min_hours"),
        ({"min_hours": 720, "max_hours": 24}, "max_hours"),
        ({"stock": 10**9}, "stock"),
        ({"cores": -1}, "cores"),
        ({"country": "ZZ"}, "country"),
        ({"country": "Germany"}, "country"),
        ({"traffic_tb": Decimal(10)}, "traffic_tb"),
        ({"disk_count": 2, "disk_gb": 0}, "disk_gb"),
        ({"gpu_count": 1}, "gpu_name"),
        ({"sla_uptime_percent": Decimal(101)}, "sla_uptime_percent"),
        ({"operating_systems": ["x"] * 41}, "operating_systems"),
        ({"features": ["x" * 61]}, "features"),
    ],
)
def test_a_figure_that_cannot_stand_is_refused_at_its_field(provider: Provider, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        create_offering(provider, **(FIGURES | changes))
    assert refused.value.field == field
    assert Offering.objects.count() == 0


def test_a_published_offering_cannot_lose_what_customers_need(offering: Offering) -> None:
    with pytest.raises(Refused) as refused:
        update_offering(offering, cores=0)
    assert refused.value.code == "incomplete"
    assert Offering.objects.get(pk=offering.pk).cores == 8


def test_an_update_says_what_changed_and_nothing_when_nothing_did(offering: Offering) -> None:
    update_offering(offering, **FIGURES)
    assert events("offering.updated") == 0
    update_offering(offering, monthly_minor=4000, city="Berlin")
    assert DomainEvent.objects.get(name="offering.updated").data == {"changed": ["city", "monthly_minor"]}


def test_foreign_columns_cannot_be_set(offering: Offering) -> None:
    for name in ("taken", "status", "slug", "provider_id", "trust_rank"):
        with pytest.raises(TypeError):
            update_offering(offering, **{name: 1})


def test_archiving_takes_it_off_and_publishing_brings_it_back_at_its_age(offering: Offering, customer_account: Account) -> None:
    age = offering.published_at
    archive_offering(archive_offering(offering))
    assert events("offering.archived") == 1
    assert not may_see(archive_offering(offering), customer_account)
    assert publish_offering(offering).published_at == age


def test_a_duplicate_is_a_draft_of_its_own(offering: Offering, customer_account: Account) -> None:
    update_offering(offering, reference="V8", visibility="shared")
    allow_account(offering, customer_account)
    hold_stock(offering.pk, customer_account, 30)
    copy = duplicate_offering(Offering.objects.get(pk=offering.pk))
    assert copy.slug != offering.slug
    assert (copy.status, copy.reference, copy.taken, copy.name) == ("draft", "", 0, "VPS 8 NVMe (copy)")
    assert (copy.cores, copy.monthly_minor, copy.operating_systems) == (8, 3840, ["Debian 13", "Ubuntu 24.04"])
    assert not may_see(copy, customer_account)


def test_the_same_name_gets_another_address(provider: Provider) -> None:
    slugs = [create_offering(provider, **FIGURES).slug for _copy in range(3)]
    assert slugs == ["vps-8-nvme-quietstack", "vps-8-nvme-quietstack-2", "vps-8-nvme-quietstack-3"]
    assert create_offering(provider, **(FIGURES | {"name": "云"})).slug == "offering-quietstack"


def test_a_reference_is_used_once_per_provider(provider: Provider, offering: Offering) -> None:
    update_offering(offering, reference="V8")
    with pytest.raises(Refused) as refused:
        create_offering(provider, **(FIGURES | {"reference": "V8"}))
    assert (refused.value.code, refused.value.field) == ("reference_taken", "reference")
    assert Offering.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_at_once_under_one_name_all_get_their_address(provider: Provider) -> None:
    def make(_number: int) -> str:
        try:
            return create_offering(provider, **FIGURES).slug
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        slugs = list(pool.map(make, range(4)))
    assert len(set(slugs)) == 4
    assert "busy" not in slugs


# --- Who sees it --------------------------------------------------------------------------------------------------------------


def test_the_allow_list_decides_about_a_shared_offering(
    offering: Offering, customer_account: Account, stranger_account: Account
) -> None:
    update_offering(offering, visibility="shared")
    allow_account(offering, customer_account)
    allow_account(offering, customer_account)
    shared = Offering.objects.select_related("provider").get(pk=offering.pk)
    assert may_see(shared, customer_account)
    assert not may_see(shared, stranger_account)
    assert not may_see(shared, None)
    assert list(rentable(customer_account)) == [offering]
    assert list(rentable(stranger_account)) == list(rentable(None)) == []
    assert disallow_account(offering, customer_account) is True
    assert disallow_account(offering, customer_account) is False
    assert list(rentable(customer_account)) == []
    assert (events("offering.shared"), events("offering.unshared")) == (1, 1)


def test_a_private_offering_ignores_the_allow_list(offering: Offering, customer_account: Account) -> None:
    allow_account(offering, customer_account)
    update_offering(offering, visibility="private")
    assert list(rentable(customer_account)) == []
    assert not may_see(Offering.objects.select_related("provider").get(pk=offering.pk), customer_account)


def test_a_deactivated_provider_is_off_the_market_until_it_publishes_again(offering: Offering, customer_account: Account) -> None:
    assert deactivate_provider(offering.provider) == 1
    assert list(rentable(None)) == []
    with pytest.raises(Refused) as refused:
        publish_offering(offering)
    assert refused.value.code == "provider_inactive"
    with pytest.raises(Refused):
        hold_stock(offering.pk, customer_account, 30)
    activate_provider(offering.provider)
    assert publish_offering(offering).status == OfferingStatus.PUBLISHED


# --- Terms and prices ---------------------------------------------------------------------------------------------------------


def test_terms_outside_the_limits_are_there_with_their_reason(offering: Offering) -> None:
    update_offering(offering, min_hours=168)
    terms = Offering.objects.get(pk=offering.pk).terms()
    assert [term.hours for term in terms] == list(TERMS)
    assert [term.allowed for term in terms] == [False, True, True, True, True, False]
    assert (terms[0].reason, terms[-1].reason) == ("7 days at least", "180 days at most")


def test_euro_prices_follow_the_reference_rates(publish: Callable[..., Offering]) -> None:
    dollars = publish(currency="USD", monthly_minor=4000, setup_fee_minor=1000)
    yen = publish(currency="JPY", monthly_minor=6000)
    today = clock.now().date()
    assert dollars.price_eur_minor == to_eur(4000, "USD", today)
    record_rates(date(2030, 1, 1), {"USD": Decimal("2"), "JPY": Decimal("160.7")}, "test")
    assert reprice_offerings() == 0
    with clock.at(clock.now().replace(year=2030, month=1, day=2)):
        assert reprice_offerings() == 2
        assert reprice_offerings() == 0
    dollars.refresh_from_db()
    yen.refresh_from_db()
    assert (dollars.price_eur_minor, dollars.setup_eur_minor) == (2000, 500)
    assert yen.price_eur_minor == to_eur(6000, "JPY", date(2030, 1, 2))


# --- Providers ----------------------------------------------------------------------------------------------------------------


def test_an_account_becomes_a_provider_once(provider: Provider, provider_account: Account) -> None:
    with pytest.raises(Refused) as refused:
        become_provider(provider_account, name="Again", country="DE")
    assert refused.value.code == "already_provider"
    assert Provider.objects.count() == events("provider.created") == 1


def test_a_name_that_another_provider_has_is_refused(provider: Provider, customer_account: Account) -> None:
    with pytest.raises(Refused) as refused:
        become_provider(customer_account, name="QUIETSTACK", country="DE")
    assert (refused.value.code, refused.value.field) == ("name_taken", "name")
    assert not Provider.objects.filter(account=customer_account).exists()


def test_a_renamed_provider_keeps_its_address_and_is_found_by_its_new_name(offering: Offering) -> None:
    provider = update_provider(offering.provider, name="Loudstack")
    assert provider.slug == "quietstack"
    found = Offering.objects.get(pk=offering.pk)
    assert "provider:loudstack" in found.labels
    assert "loudstack" in str(found.search)


@pytest.mark.django_db(transaction=True)
def test_two_tabs_make_one_provider(stranger: User) -> None:
    account = create_organisation(stranger, "Twice")

    def become(number: int) -> str:
        try:
            return become_provider(account, name=f"Twice {number}", country="DE").slug
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(become, range(4)))
    assert answers.count("already_provider") == 3
    assert Provider.objects.count() == 1


# --- Standing and index -------------------------------------------------------------------------------------------------------


def test_standing_is_null_until_measured_and_copied_to_where_the_market_sorts(publish: Callable[..., Offering]) -> None:
    one, other = publish(), publish(name="Other")
    provider = one.provider
    assert Standing.objects.count() == 0
    record_standing(provider, uptime_percent=Decimal("99.950"), uptime_days=90, score=7000, score_samples=40)
    record_standing(provider, other, uptime_percent=Decimal("98.100"), uptime_days=12)
    standing = record_standing(provider, response_minutes=26, response_samples=88)
    assert (standing.uptime_days, standing.response_minutes, standing.market_percent) == (90, 26, None)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.uptime_percent, one.trust_rank) == (Decimal("99.950"), 7000)
    assert (other.uptime_percent, other.uptime_days, other.trust_rank) == (Decimal("98.100"), 12, 7000)
    record_standing(provider, uptime_percent=None, uptime_days=0)
    one.refresh_from_db()
    assert one.uptime_percent is None


def test_only_public_offerings_teach_words(provider: Provider, offering: Offering) -> None:
    publish_offering(create_offering(provider, **(FIGURES | {"visibility": "private", "description": "Zebrafink"})))
    create_offering(provider, **(FIGURES | {"description": "Kolibri"}))
    words = set(SearchWord.objects.values_list("word", flat=True))
    assert "nuremberg" in words
    assert not {"zebrafink", "kolibri"} & words


def test_the_index_can_be_built_anew_for_loaded_rows(offering: Offering) -> None:
    before = Offering.objects.values("labels", "search").get(pk=offering.pk)
    Offering.objects.update(labels=[], search=None)
    SearchWord.objects.all().delete()
    assert rebuild_index() == 1
    assert Offering.objects.values("labels", "search").get(pk=offering.pk) == before
    assert SearchWord.objects.filter(word="nuremberg").exists()
