"""Reads of the market's public pages: what a provider offers, what is compared, what stands on the landing page."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F

from accounts.models import Account
from core.pages import Page, keyset_as
from providers.models import Offering, Provider, Standing
from providers.offer_lines import OfferLine, offer_lines
from providers.queries import rentable
from providers.states import OfferingStatus, Visibility


@dataclass(frozen=True)
class Presence:
    """How much of a provider is on the public market, and in which countries, by code."""

    offerings: int
    countries: tuple[str, ...]


def presence_of(provider: Provider) -> Presence:
    """Public offerings of a provider; one query."""
    found = Offering.objects.filter(provider=provider, status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC).aggregate(
        offerings=Count("pk"), countries=ArrayAgg("country", distinct=True, order_by=F("country").asc(), default=[])
    )
    return Presence(found["offerings"], tuple(found["countries"]))


def general_standing(provider: Provider) -> Standing | None:
    """What was measured about the provider as a whole; None until something was."""
    return Standing.objects.filter(provider=provider, offering=None).first()


def active_provider(slug: str) -> Provider | None:
    """The provider of that address, unless it was taken off the market."""
    return Provider.objects.filter(slug=slug, active=True).first()


def compared(slugs: Sequence[str], account: Account | None) -> list[Offering]:
    """The offerings of these addresses that the account may rent, in the order asked for; one query."""
    found = {one.slug: one for one in rentable(account).filter(slug__in=slugs).select_related("standing")}
    return [found[slug] for slug in slugs if slug in found]


def on_show(ids: Sequence[int]) -> list[OfferLine]:
    """These offerings in this order, less what has left the public market since; one query."""
    found = {line.id: line for line in offer_lines(rentable(None).filter(pk__in=ids))}
    return [found[pk] for pk in ids if pk in found]


def public_offerings_of(provider: Provider, account: Account | None, after: str | None, before: str | None) -> Page[OfferLine]:
    """A page of what the account may rent of one provider, cheapest first."""
    return keyset_as(offer_lines, rentable(account).filter(provider=provider), ("price_eur_minor", "id"), after, before)
