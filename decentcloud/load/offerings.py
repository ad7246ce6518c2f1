"""Offerings by the hundred thousand: the demo catalogue's, again and again, with other names, prices, stock and ages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

from django.db import transaction

from accounts.models import Account
from core.currencies import currency
from core.rates import Rates, rates_on
from decentcloud.load.copying import copy_models, ids_for, unchecked
from decentcloud.load.people import load_people
from providers.demo_catalogue import COMPANIES
from providers.models import Offering, Provider
from providers.services.index import write_index
from providers.states import OfferingStatus, Visibility

OFFERINGS_OF_ONE = 50
_BATCH = 1000
_YEAR = 365 * 24 * 60


@dataclass(frozen=True)
class Shelves:
    """What was loaded; the n-th provider belongs to the n-th account."""

    providers: list[Provider]
    offerings: list[Offering]


def load_offerings(count: int, now: datetime) -> Shelves:
    """`count` offerings, nearly all public and published, of as many providers as that needs, ready to be found."""
    with unchecked():
        providers = _load_providers(max(1, count // OFFERINGS_OF_ONE), now)
        ids = ids_for(Offering, count)
        offerings = list(islice(_offerings(providers, now, rates_on(now.date())), count))
        for offering, pk in zip(offerings, ids, strict=True):
            offering.pk = pk
            offering.slug = f"load-{pk}"
        copy_models(Offering, offerings)
    for start in range(0, count, _BATCH):
        with transaction.atomic():
            write_index(offerings[start : start + _BATCH])
    return Shelves(providers, offerings)


def _load_providers(count: int, now: datetime) -> list[Provider]:
    people = load_people("provider", count, now)
    ids = ids_for(Provider, count)
    providers = [
        Provider(
            pk=pk,
            account_id=account,
            name=f"{company.name} {pk}",
            slug=f"load-{pk}",
            description=company.about,
            country=company.country,
            city=company.city,
            created_at=now,
        )
        for pk, account, company in zip(ids, people.accounts, cycle(COMPANIES), strict=False)
    ]
    copy_models(Provider, providers)
    accounts = Account.objects.in_bulk(people.accounts)
    for provider in providers:
        provider.account = accounts[provider.account_id]
    return providers


def _offerings(providers: list[Provider], now: datetime, rates: Rates) -> Iterator[Offering]:
    """Without end. Figures vary by fixed strides, so that two loads of one size are the same market."""
    templates = [fields for company in COMPANIES for fields in company.offerings()]
    sources = zip(cycle(templates), cycle(providers), strict=False)
    for number, (fields, provider) in enumerate(sources):
        yield _offering(number, fields, provider, now, rates)


def _offering(number: int, fields: dict[str, Any], provider: Provider, now: datetime, rates: Rates) -> Offering:
    step = currency(fields["currency"]).step
    monthly = max(step, fields["monthly_minor"] * (80 + number * 37 % 41) // 100 // step * step)
    stock = number * 7 % 40
    listed = now - timedelta(minutes=number * 7919 % _YEAR)
    draft = number % 50 == 49
    shared = number % 50 == 48
    return Offering(
        **fields
        | {
            "provider": provider,
            "name": f"{fields['name']} {number}"[:80],
            "monthly_minor": monthly,
            "price_eur_minor": rates.to_eur(monthly, fields["currency"]),
            "setup_eur_minor": rates.to_eur(fields["setup_fee_minor"], fields["currency"]),
            "stock": stock,
            "operating_systems": list(fields.get("operating_systems", ())),
            "features": list(fields.get("features", ())),
            "status": OfferingStatus.DRAFT if draft else OfferingStatus.PUBLISHED,
            "visibility": Visibility.SHARED if shared else Visibility.PUBLIC,
            "created_at": listed,
            "updated_at": listed,
            "published_at": None if draft else listed,
        }
    )
