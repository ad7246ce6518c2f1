"""Measured figures in words, each honest about what it rests on: under ten samples it is no figure."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import ngettext

from core.words import gettext as _
from providers.models import Offering, Standing
from providers.presenters.hardware import Words, figure

# A figure that rests on less is no figure.
LEAST_SAMPLES = 10
# Within so many percent a price counts as the market's.
AT_MARKET = 3
FULL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Market:
    """A price against comparable offers: its class, its icon and the words."""

    tone: str
    icon: str
    text: str


class Watched(Protocol):
    """Whose uptime is measured."""

    @property
    def uptime_percent(self) -> Decimal | None: ...
    @property
    def uptime_days(self) -> int: ...


class Compared(Protocol):
    """Whose price was set against comparable offers."""

    @property
    def market_percent(self) -> Decimal | None: ...
    @property
    def market_samples(self) -> int | None: ...


def loaded_standing(offering: Offering) -> Standing | None:
    """The standing that came along with the offering; None when nothing was recorded or it was not asked for."""
    if not Offering.standing.is_cached(offering):
        return None
    try:
        return offering.standing
    except ObjectDoesNotExist:
        return None


def measured_uptime(offering: Watched) -> Words:
    """The measured uptime with the days it rests on; honest words while there is none."""
    days = offering.uptime_days
    if offering.uptime_percent is None or not days:
        return Words("", _("not yet measured"))
    if days < LEAST_SAMPLES:
        return Words("", _("too few days"))
    so_far = ngettext("%(n)d day so far", "%(n)d days so far", days) % {"n": days}
    return Words(exact_percent(offering.uptime_percent), so_far if days < FULL_DAYS else "")


def market_position(standing: Compared | None) -> Market | None:
    """The price against comparable offers; None while there are too few of them."""
    if standing is None or standing.market_percent is None or (standing.market_samples or 0) < LEAST_SAMPLES:
        return None
    percent = round(standing.market_percent)
    if percent < -AT_MARKET:
        return Market("market--below", "down", _("%(n)d %% below market") % {"n": -percent})
    if percent > AT_MARKET:
        return Market("market--above", "up", _("%(n)d %% above market") % {"n": percent})
    return Market("", "", _("At market price"))


def exact_percent(value: Decimal) -> str:
    """ "99.992 %" with as many decimals as it has."""
    return f"{figure(value)}\u00a0%"


def minutes_text(count: int) -> str:
    """A duration in minutes, in hours from one on: "11 min", "2 h 40 min", "4 h"."""
    hours, rest = divmod(count, 60)
    if not hours:
        return _("%(n)d min") % {"n": rest}
    if not rest:
        return _("%(n)d h") % {"n": hours}
    return _("%(h)d h %(n)d min") % {"h": hours, "n": rest}
