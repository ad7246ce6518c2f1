"""The demo market: invented providers and their offerings, always the same, put in through the services like anybody's.

Nothing in it is a measurement: standing stays empty until something was measured.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from accounts.models import Account
from accounts.services import create_organisation, create_user
from core import clock
from providers.demo_catalogue import central, east, north, west, world
from providers.demo_catalogue.shapes import Company
from providers.models import Offering, Provider
from providers.services import allow_account, archive_offering, become_provider, create_offering, publish_offering
from providers.states import TaxStatus, Visibility

COMPANIES: tuple[Company, ...] = (
    *central.COMPANIES, *north.COMPANIES, *west.COMPANIES, *east.COMPANIES, *world.COMPANIES,
)  # fmt: skip

# What does not simply stand on the market, so that every state of an offering can be looked at.
DRAFTS = frozenset({
    ("Quietstack", "VPS 16 NVMe, Helsinki"), ("Halden Metal", "Metal XL, Rjukan"), ("Prairie Iron", "Plow 64, Toronto"),
    ("Saltmarsh Storage", "Vault 320, Groningen"), ("Sumida Servers", "Kawa 16, Osaka"),
})  # fmt: skip
ARCHIVED = frozenset({
    ("Kleinbit Systems", "Werkbank S"), ("Foxglove Hosting", "Hedge 1"), ("Saltmarsh Storage", "Shelf 2, Groningen"),
})  # fmt: skip
PRIVATE = frozenset({("Alpenrechen", "Grat 32, Chur"), ("Cascade Tensor Works", "Node H200 Eight, Montréal")})
SHARED = frozenset({
    ("Saltmarsh Storage", "Vault 160, Groningen"), ("Orrery Bare Metal", "Bare A16, Marseille"),
    ("Wisła Compute", "Bastion 64, Kraków"),
})  # fmt: skip
# Every so often a company lists its next offering.
PACE = timedelta(days=5)


def load_catalogue(owners: Mapping[str, Account] | None = None, guests: Sequence[Account] = ()) -> list[Provider]:
    """Create every company that is not there yet, each in one transaction; returns all of them in the catalogue's order.

    `owners` names accounts that become a company ("Saltmarsh Storage") instead of an invented one; `guests` are put on the
    allow-list of what is shared. Emits what the services emit.
    """
    there = {provider.name: provider for provider in Provider.objects.filter(name__in=[one.name for one in COMPANIES])}
    return [there.get(company.name) or _open(company, owners or {}, guests) for company in COMPANIES]


def _open(company: Company, owners: Mapping[str, Account], guests: Sequence[Account]) -> Provider:
    since = datetime.fromisoformat(company.since).replace(hour=9, tzinfo=UTC)
    with transaction.atomic(), _at(since):
        account = owners.get(company.name) or _account_of(company)
        provider = become_provider(
            account,
            name=company.name,
            description=company.about,
            website=f"https://{slugify(company.name)}.example",
            country=company.country,
            city=company.city,
            legal_name=company.legal_name,
            legal_address=company.legal_address,
            legal_country=company.country,
            tax_status=TaxStatus.UNKNOWN,
        )
        for number, fields in enumerate(company.offerings()):
            with _at(since + number * PACE):
                _list(provider, fields, guests)
    return provider


def _at(moment: datetime) -> Any:
    """That moment, or now on a machine whose clock is behind it."""
    return clock.at(min(moment, clock.now()))


def _account_of(company: Company) -> Account:
    user = create_user(f"office@{slugify(company.name)}.example", None, name=company.name, verified=True)
    return create_organisation(user, company.name)


def _list(provider: Provider, fields: Mapping[str, Any], guests: Sequence[Account]) -> Offering:
    key = (provider.name, fields["name"])
    visibility = Visibility.PRIVATE if key in PRIVATE else Visibility.SHARED if key in SHARED else Visibility.PUBLIC
    offering = create_offering(provider, **fields, visibility=visibility)
    if key in DRAFTS:
        return offering
    offering = publish_offering(offering)
    if key in ARCHIVED:
        return archive_offering(offering)
    if key in SHARED:
        for guest in guests:
            allow_account(offering, guest)
    return offering
