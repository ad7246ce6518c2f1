"""What the tests of providers start from: a provider, an offering on the market, and a way to make more of them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Account, User
from accounts.queries import personal_account
from providers.models import Offering, Provider
from providers.services import become_provider, create_offering, publish_offering

FIGURES: dict[str, Any] = {
    "name": "VPS 8 NVMe",
    "type": "compute",
    "visibility": "public",
    "currency": "EUR",
    "monthly_minor": 3840,
    "min_hours": 24,
    "max_hours": 4320,
    "stock": 5,
    "cpu_brand": "AMD",
    "cpu_model": "EPYC 9354P",
    "cores": 8,
    "memory_gb": Decimal(32),
    "disk_type": "nvme",
    "disk_count": 1,
    "disk_gb": 320,
    "uplink_mbit": 1000,
    "traffic_unmetered": True,
    "country": "DE",
    "city": "Nuremberg",
    "operating_systems": ["Debian 13", "Ubuntu 24.04"],
    "virtualisation": "kvm",
}


@pytest.fixture
def provider_account(provider_user: User) -> Account:
    """The account that the provider is."""
    return personal_account(provider_user)


@pytest.fixture
def provider(provider_account: Account) -> Provider:
    """Quietstack, of provider_user's account."""
    return become_provider(provider_account, name="Quietstack", country="DE", city="Nuremberg", description="Quiet servers.")


@pytest.fixture
def draft(provider: Provider) -> Offering:
    """Complete, and not on the market yet."""
    return create_offering(provider, **FIGURES)


@pytest.fixture
def offering(draft: Offering) -> Offering:
    """Published, public, five in stock, € 38.40 a month."""
    return publish_offering(draft)


@pytest.fixture
def publish(provider: Provider) -> Callable[..., Offering]:
    """Make and publish an offering that differs from the usual one in what is named."""

    def make(**changes: Any) -> Offering:
        return publish_offering(create_offering(provider, **(FIGURES | changes)))

    return make
