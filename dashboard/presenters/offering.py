"""Only the page of one offering shows: prices by term, what comes back when one leaves, what was measured, who may rent it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contracts.pricing import HOUR, PaidTerm, earned_minor, rent_minor
from core.charts import percent
from core.money import Money, format_money, minimum_minor, tax_on
from providers.models import Offering, Standing, length
from providers.presenters.hardware import disk, figure, gpu, memory, speed, traffic
from providers.presenters.measured import (
    LEAST_SAMPLES,
    Market,
    exact_percent,
    loaded_standing,
    market_position,
    measured_uptime,
    minutes_text,
)
from providers.presenters.prices import PriceView
from providers.presenters.rows import FEW_LEFT, stock_words
from providers.states import OfferingType

DAY = 24
# Where a term is cut for the preview; longer ones after the first day and at each quarter.
_CUTS: dict[int, tuple[int, ...]] = {24: (6, 12, 18), 168: (24, 72, 120)}
FAVOURITE_HOURS = 720


@dataclass(frozen=True, slots=True)
class Leaving:
    """One row of a preview: after how long, the part that is served (SVG percent), the part and the amount that come back."""

    after: str
    served: str
    spoken: str
    back: str


@dataclass(frozen=True, slots=True)
class TermChoice:
    """One length to pay for. Without `reason` it can be chosen."""

    hours: int
    length: str
    price: str
    reason: str
    chosen: bool
    leaving: tuple[Leaving, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of "what we measured"."""

    figure: str
    meaning: str
    measured: str
    promised: str
    rests_on: str


@dataclass(frozen=True, slots=True)
class Spec:
    """One large figure of the line of specifications."""

    label: str
    value: str
    unit: str


@dataclass(frozen=True)
class OfferingPage:
    """Ready strings for templates/dashboard/offering.html."""

    lede: str
    specs: tuple[Spec, ...]
    price: str
    period: str
    roughly: str
    setup_fee: str
    market: Market | None
    market_samples: int
    measured: tuple[Measured, ...]
    terms: tuple[TermChoice, ...]
    stock: str
    few: bool
    accepts: str


def offering_page(
    offering: Offering, provider_standing: Standing | None, prices: PriceView, tax_rate: Decimal, wanted_hours: int | None
) -> OfferingPage:
    """All of the page for one reader. `tax_rate` is what an order would be charged, whatever prices are shown;
    `wanted_hours` preselects a term.
    """
    standing = loaded_standing(offering)
    return OfferingPage(
        lede=_lede(offering),
        specs=_specs(offering),
        price=prices.text(offering.monthly_minor, offering.currency),
        period=prices.period,
        roughly=prices.in_euro(offering),
        setup_fee=prices.text(offering.setup_fee_minor, offering.currency) if offering.setup_fee_minor else "",
        market=market_position(standing),
        market_samples=standing.market_samples if standing else 0,
        measured=_measured(offering, standing, provider_standing),
        terms=term_choices(offering, prices, tax_rate, wanted_hours),
        stock=stock_words(offering.free),
        few=offering.free <= FEW_LEFT,
        accepts=_accepts(offering),
    )


# --- Terms --------------------------------------------------------------------------------------------------------------------


def term_choices(offering: Offering, prices: PriceView, tax_rate: Decimal, wanted_hours: int | None) -> tuple[TermChoice, ...]:
    """Every term of the market with its price, or with the reason why it cannot be had."""
    found = [(term.hours, term.reason or _too_small(offering, term.hours, tax_rate)) for term in offering.terms()]
    chosen = _chosen([hours for hours, reason in found if not reason], wanted_hours)
    return tuple(
        TermChoice(
            hours=hours,
            length=length(hours),
            price=prices.text(_net(offering, hours), offering.currency),
            reason=reason,
            chosen=hours == chosen,
            leaving=() if reason else _leaving(offering, hours, prices),
            caption=_("What comes back if you leave a term of %(length)s early") % {"length": length(hours)},
        )
        for hours, reason in found
    )


def _chosen(possible: Sequence[int], wanted: int | None) -> int | None:
    """The term to start with: the one asked for, else a month, else the nearest that can be had."""
    if wanted in possible:
        return wanted
    return min(possible, key=lambda hours: abs(hours - FAVOURITE_HOURS), default=None)


def _net(offering: Offering, hours: int) -> int:
    net: int = offering.setup_fee_minor + rent_minor(offering.monthly_minor, hours, offering.currency)
    return net


def _too_small(offering: Offering, hours: int, tax_rate: Decimal) -> str:
    """Why a term cannot be paid for although it is offered: nobody can charge so little."""
    net = _net(offering, hours)
    least = minimum_minor(offering.currency)
    if net + tax_on(net, tax_rate, offering.currency) >= least:
        return ""
    return _("the least payment is %(amount)s") % {"amount": format_money(Money(least, offering.currency))}


def _leaving(offering: Offering, hours: int, prices: PriceView) -> tuple[Leaving, ...]:
    cuts = _CUTS.get(hours) or (DAY, *(hours * quarter // 4 // DAY * DAY for quarter in (1, 2, 3)))
    rent = rent_minor(offering.monthly_minor, hours, offering.currency)
    term = PaidTerm(hours * HOUR, offering.setup_fee_minor, rent, offering.currency)
    rows = []
    for cut in cuts:
        back = term.net_minor - earned_minor(term, cut * HOUR)
        share = Decimal(100 * (term.net_minor - back)) / term.net_minor
        rows.append(
            Leaving(
                after=length(cut),
                served=percent(share),
                spoken=_("%(n)d percent comes back") % {"n": 100 - round(share)},
                back=prices.text(back, offering.currency),
            )
        )
    return tuple(rows)


# --- Words --------------------------------------------------------------------------------------------------------------------


def _lede(offering: Offering) -> str:
    """ "8 vCPU and 32 GB in Nuremberg." from what there is."""
    parts = [gpu(offering).partition(",")[0], *(word for word in (_cores_words(offering), memory(offering).value) if word)]
    if not any(parts):
        parts = [disk(offering).value or (speed(offering.uplink_mbit) if offering.uplink_mbit else "")]
    named = [part for part in parts if part]
    what = _(" and ").join((", ".join(named[:-1]), named[-1])) if len(named) > 1 else "".join(named)
    if not what:
        return ""
    if not offering.city:
        return _("%(what)s.") % {"what": what}
    return _("%(what)s in %(city)s.") % {"what": what, "city": offering.city}


def _cores_words(offering: Offering) -> str:
    if not offering.cores:
        return ""
    if offering.type in (OfferingType.COMPUTE, OfferingType.GPU):
        return ngettext("%(n)s virtual core", "%(n)s virtual cores", offering.cores) % {"n": figure(offering.cores)}
    return ngettext("%(n)s core", "%(n)s cores", offering.cores) % {"n": figure(offering.cores)}


def _specs(offering: Offering) -> tuple[Spec, ...]:
    virtual = offering.type in (OfferingType.COMPUTE, OfferingType.GPU)
    cores_unit = _("vCPU") if virtual else ngettext("core", "cores", offering.cores)
    disks = disk(offering)
    wanted = (
        (_("GPU"), gpu(offering).partition(",")[0], ""),
        (_("Processor"), figure(offering.cores) if offering.cores else "", cores_unit),
        (_("Memory"), *_apart(memory(offering).value)),
        (_("Disk"), *_apart(disks.value, disks.note)),
        (_("Uplink"), *_apart(speed(offering.uplink_mbit) if offering.uplink_mbit else "")),
        (_("Traffic"), *(_apart(traffic(offering), "" if offering.traffic_unmetered else _("a month")))),
    )
    return tuple(Spec(label, value, unit) for label, value, unit in wanted if value)


def _apart(text: str, more: str = "") -> tuple[str, str]:
    """ "320 GB" and "NVMe" as the figure "320" and its unit "GB NVMe"; a word without a figure stays whole."""
    value, _space, unit = text.rpartition(" ")
    return (value, f"{unit} {more}".strip()) if value else (text, more)


def _accepts(offering: Offering) -> str:
    if not offering.auto_accept:
        return _("%(provider)s answers within %(hours)d hours, or everything comes back.") % {
            "provider": offering.provider.name,
            "hours": settings.ANSWER_DEADLINE_HOURS,
        }
    most = offering.auto_accept_max_hours
    if most is None or most >= offering.max_hours:
        return _("Accepted without waiting.")
    return _("Up to %(length)s accepted without waiting.") % {"length": length(most)}


def _measured(offering: Offering, own: Standing | None, general: Standing | None) -> tuple[Measured, ...]:
    nothing = _("none")
    uptime = measured_uptime(offering)
    answers = next((one for one in (own, general) if one and one.response_minutes is not None), None)
    enough = answers is not None and answers.response_samples >= LEAST_SAMPLES
    promised = offering.sla_uptime_percent
    return (
        Measured(
            figure=_("Uptime"),
            meaning=_("share of minutes in which the server answered"),
            measured=uptime.value,
            promised=exact_percent(promised) if promised is not None else nothing,
            rests_on=_days(offering.uptime_days) if uptime.value else uptime.note,
        ),
        Measured(
            figure=_("First answer"),
            meaning=_("from paid request to accept or decline"),
            measured=minutes_text(answers.response_minutes) if enough and answers and answers.response_minutes is not None else "",
            promised=minutes_text(offering.sla_response_minutes) if offering.sla_response_minutes else nothing,
            rests_on=_requests(answers.response_samples if answers else 0),
        ),
    )


def _days(count: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", count) % {"n": count}


def _requests(count: int) -> str:
    if not count:
        return _("not yet measured")
    if count < LEAST_SAMPLES:
        return ngettext("too few: %(n)d request", "too few: %(n)d requests", count) % {"n": count}
    return ngettext("%(n)d request", "%(n)d requests", count) % {"n": count}
