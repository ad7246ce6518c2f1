"""The landing page's strings: an example of a running rental, the story of one, figures and kinds of the market."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from core.charts import percent
from core.formats import day, minor
from core.formats import percent as percent_text
from core.money import Money, format_money, group_digits
from providers.market_figures import KindFigure, Market
from providers.presenters.market import type_url
from providers.presenters.measured import LEAST_SAMPLES
from providers.presenters.prices import NET
from providers.states import OfferingType

EURO = "EUR"
# The example: 90 days at 38.40 a month, a third of it served. The story: 90 days at 40.00, left after 45.
_DAYS = 90
_EXAMPLE_PAID, _EXAMPLE_SERVED = 115_20, 30
_STORY_MONTH, _STORY_PAID, _STORY_LEFT = 40_00, 120_00, 45


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement."""

    label: str
    amount: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Specimen:
    """The example at the top of the page, clearly named as one."""

    what: str
    released: str
    held: str
    spoken: str
    start: str
    end: str
    lines: tuple[Line, ...]
    total: Line
    tomorrow: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the four moments; `released` and `held` are SVG percentages, empty for none."""

    day: str
    title: str
    released: str
    held: str
    spoken: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """One rental from payment to refund."""

    lede: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of offering with what it costs."""

    url: str
    icon: str
    name: str
    about: str
    count: str
    counted: str
    least: str
    median: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the market; no value reads "too few"."""

    label: str
    value: str | None
    unit: str
    rests_on: str


def specimen() -> Specimen:
    """An invented rental in its second month, in today's dates."""
    today = clock.now()
    start = today - timedelta(days=_EXAMPLE_SERVED)
    served = _part(_EXAMPLE_PAID, _EXAMPLE_SERVED)
    left = _EXAMPLE_PAID - served
    tomorrow = _EXAMPLE_PAID - _part(_EXAMPLE_PAID, _EXAMPLE_SERVED + 1)
    share = Decimal(100 * _EXAMPLE_SERVED) / _DAYS
    return Specimen(
        what=_("A small server, 90 days, paid on %(day)s.") % {"day": day(start)},
        released=percent(share),
        held=percent(100 - share),
        spoken=_("%(out)d percent released, %(held)d percent still yours") % {"out": round(share), "held": 100 - round(share)},
        start=day(start),
        end=day(start + timedelta(days=_DAYS)),
        lines=(
            Line(_("Paid for 90 days"), minor(_EXAMPLE_PAID, EURO)),
            Line(_("Released for 30 days served"), minor(-served, EURO)),
        ),
        total=Line(_("Still yours today"), minor(left, EURO)),
        tomorrow=_("Tomorrow it will be %(amount)s. That is the whole trick.") % {"amount": minor(tomorrow, EURO)},
    )


def story(answer_hours: int) -> Story:
    """The four moments of one rental, their bars and amounts; `answer_hours` is how long a provider has to answer."""
    a_day, a_third, left = _part(_STORY_PAID, 1), _part(_STORY_PAID, 30), _part(_STORY_PAID, _STORY_LEFT)
    paid = minor(_STORY_PAID, EURO)
    back = _STORY_PAID - left
    return Story(
        lede=_(
            "A server for %(price)s a month, rented for 90 days. This bar follows you through the whole product: dark is what "
            "the provider has earned, green is still yours, hatched has come back to you."
        )
        % {"price": minor(_STORY_MONTH, EURO)},
        moments=(
            _moment(0, _("You pay %(amount)s") % {"amount": paid}, 0, _(
                "All of it is held back. The provider has seen nothing yet. No answer within %(n)d hours: everything comes back."
            ) % {"n": answer_hours}),
            _moment(1, _("The provider delivers"), 1, _(
                "The term starts now, not when you paid. From here %(amount)s a day is released, once that day is over."
            ) % {"amount": minor(a_day, EURO)}),
            _moment(30, _("A third is served"), 30, _(
                "%(out)s released, %(held)s still yours. Each day’s share moves the night after it was served, never before."
            ) % {"out": minor(a_third, EURO), "held": minor(_STORY_PAID - a_third, EURO)}),
            _moment(_STORY_LEFT, _("You cancel"), _STORY_LEFT, _(
                "%(amount)s goes back the way it came, with its VAT. No reason needed, no notice period."
            ) % {"amount": minor(back, EURO)}, ended=True),
        ),
    )  # fmt: skip


def _moment(number: int, title: str, served: int, text: str, *, ended: bool = False) -> Moment:
    out = Decimal(100 * served) / _DAYS
    held = Decimal(0) if ended else 100 - out
    return Moment(
        day=_("Day %(n)d") % {"n": number},
        title=title,
        released=percent(out) if out else "",
        held=percent(held) if held else "",
        spoken=_("%(out)d percent released, %(held)d percent still yours") % {"out": round(out), "held": round(held)},
        text=text,
    )


def _part(paid: int, days: int) -> int:
    """What so many of the term's days cost."""
    return paid * days // _DAYS


def offerings_words(market: Market) -> str:
    """ "all 1,284 offerings", as a link says it."""
    return ngettext("the one offering", "all %(n)s offerings", market.offerings) % {"n": group_digits(market.offerings)}


def figures(market: Market) -> tuple[Figure, ...]:
    """What the market amounts to; what was not measured often enough has no value."""
    uptime, answer = market.uptime_percent, market.response_minutes
    return (
        Figure(
            _("Offerings"),
            group_digits(market.offerings),
            "",
            _spread(market),
        ),
        Figure(_("In stock"), group_digits(market.in_stock), "", _("offerings that can be rented now")),
        Figure(_("Accepted without waiting"), group_digits(market.at_once), "", _("offerings with a rule for it")),
        Figure(
            _("Measured uptime"),
            f"{uptime:f}" if uptime is not None and market.uptime_samples >= LEAST_SAMPLES else None,
            "%",
            _median_of(market.uptime_samples, _("offerings, 90 days")),
        ),
        Figure(
            _("Provider answers in"),
            group_digits(answer) if answer is not None and market.response_samples >= LEAST_SAMPLES else None,
            _("min"),
            _median_of(market.response_samples, _("requests")),
        ),
    )


def _spread(market: Market) -> str:
    """ "from 24 providers in 26 countries"."""
    providers = ngettext("from %(n)s provider", "from %(n)s providers", market.providers)
    countries = ngettext("in %(n)s country", "in %(n)s countries", market.countries)
    return f"{providers % {'n': group_digits(market.providers)}} {countries % {'n': market.countries}}"


def _median_of(samples: int, what: str) -> str:
    if samples < LEAST_SAMPLES:
        return _("nothing to measure yet") if not samples else _("%(n)s %(what)s so far") % {"n": samples, "what": what}
    return _("median of %(n)s %(what)s") % {"n": group_digits(samples), "what": what}


def kinds(figures_by_kind: Sequence[KindFigure]) -> tuple[Kind, ...]:
    """Every kind of offering, in the market's order, with its least and its median price a month."""
    about = {
        OfferingType.COMPUTE: _("Shared hosts, ready in minutes"),
        OfferingType.DEDICATED: _("A whole machine, nobody beside you"),
        OfferingType.GPU: _("H100, L40S, A100 and smaller"),
        OfferingType.STORAGE: _("By the terabyte, with or without RAID"),
        OfferingType.NETWORK: _("Addresses, transit, private links"),
    }
    found = {one.type: one for one in figures_by_kind}
    rows = []
    for kind in OfferingType:
        figure = found.get(kind.value, KindFigure(kind.value))
        rows.append(
            Kind(
                url=type_url(kind.value),
                icon=kind.value,
                name=str(kind.label),
                about=about[kind],
                count=group_digits(figure.count),
                counted=ngettext("offering", "offerings", figure.count),
                least=_price(figure.least_minor, rough=figure.least_is_rough),
                median=_price(figure.median_minor, rough=figure.median_is_rough),
            )
        )
    return tuple(rows)


def _price(euro_minor: int | None, *, rough: bool) -> str:
    if euro_minor is None:
        return ""
    return NET.roughly_euro(euro_minor) if rough else format_money(Money(euro_minor, EURO))


def provider_lines(fee_bp: int) -> tuple[Line, ...]:
    """What being a provider costs and brings; the fee comes in hundredths of a percent."""
    fee = Decimal(fee_bp) / 100
    return (
        Line(_("Listing"), _("free"), _("as many offerings as you like, by form or CSV")),
        Line(_("Platform fee"), percent_text(fee, 0 if fee == int(fee) else 2), _("taken when money is released, not before")),
        Line(_("Paid before you set anything up"), _("always"), _("you never chase an invoice")),
        Line(_("Released to you"), _("day by day"), _("as each day is served")),
        Line(_("Your customers’ VAT"), _("ours"), _("we sell, so we file")),
    )
