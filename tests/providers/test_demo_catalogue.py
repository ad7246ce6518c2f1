"""The demo market: large, varied, always the same, and honest about what was never measured."""

import pytest

from accounts.models import Account
from accounts.queries import personal_account
from accounts.services import create_user
from providers.demo_catalogue import COMPANIES, load_catalogue
from providers.models import Offering, OfferingAccess, Provider, Standing
from providers.queries import rentable
from providers.states import OfferingStatus, OfferingType, Visibility


@pytest.fixture
def demo_provider(db: None) -> Account:
    return personal_account(create_user("saltmarsh@example.com", None, name="Saltmarsh", verified=True))


def test_names_are_unique_within_a_company_and_companies_are_unique() -> None:
    assert len({company.name for company in COMPANIES}) == len(COMPANIES)
    for company in COMPANIES:
        names = [fields["name"] for fields in company.offerings()]
        assert len(set(names)) == len(names), company.name


def test_the_market_is_large_varied_and_honest(demo_provider: Account, customer_account: Account) -> None:
    load_catalogue({"Saltmarsh Storage": demo_provider}, guests=(customer_account,))
    public = rentable(None).order_by()
    assert public.count() >= 300
    assert Provider.objects.count() >= 15
    assert Provider.objects.get(name="Saltmarsh Storage").account == demo_provider
    assert public.values("country").distinct().count() >= 12
    assert public.values("currency").distinct().count() >= 6
    assert set(public.values_list("type", flat=True).distinct()) == set(OfferingType.values)
    assert any(one.free == 0 for one in public)

    everything = Offering.objects.order_by()
    assert set(everything.values_list("status", flat=True)) == set(OfferingStatus.values)
    assert set(everything.values_list("visibility", flat=True)) == set(Visibility.values)
    shared = OfferingAccess.objects.filter(account=customer_account)
    assert shared.count() == everything.filter(visibility=Visibility.SHARED).count() > 0

    # Nothing in it claims to be measured.
    assert not Standing.objects.exists()
    assert not everything.filter(uptime_percent__isnull=False).exists()


def test_loading_again_changes_nothing(demo_provider: Account) -> None:
    first = load_catalogue({"Saltmarsh Storage": demo_provider})
    figures = sorted(Offering.objects.values_list("slug", "monthly_minor", "stock", "published_at"))
    assert load_catalogue({"Saltmarsh Storage": demo_provider}) == first
    assert sorted(Offering.objects.values_list("slug", "monthly_minor", "stock", "published_at")) == figures
