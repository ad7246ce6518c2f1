""" "Side by side": what differs comes first, what is equal last, and "best" only where something can be measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.countries import country_name
from core.money import Money, format_money, half_up_to_step
from providers.models import Offering, length
from providers.presenters.hardware import (
    Words,
    disk,
    gpu,
    memory,
    processor,
    processor_in_full,
    speed,
    traffic,
)
from providers.presenters.measured import Market, exact_percent, loaded_standing, market_position, measured_uptime
from providers.presenters.prices import PriceView
from providers.presenters.rows import stock_words

MOST_COMPARED = 4

Measure = Callable[[Offering], Decimal | int | None]
Say = Callable[[Offering], Words]


@dataclass(frozen=True, slots=True)
class Head:
    """One column: the offering, and the address of the page without it."""

    name: str
    provider: str
    url: str
    drop_url: str
    out: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One value. `market` stands only in the row of prices."""

    value: str
    note: str
    best: bool
    market: Market | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One property across all columns."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one small heading; the first group has none."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything the table shows; `width` is its number of columns."""

    title: str
    heads: tuple[Head, ...]
    price: Line
    groups: tuple[Group, ...]
    width: int


@dataclass(frozen=True)
class _Row:
    label: str
    say: Say
    measure: Measure | None = None
    low_is_best: bool = False


def comparison(offerings: Sequence[Offering], prices: PriceView) -> Comparison:
    """The table for two to four offerings (one is shown too, without a contest)."""
    same: list[Line] = []
    groups = [
        Group(title, tuple(_differing(rows, offerings, same)))
        for title, rows in (
            ("", _price_rows(prices)),
            (_("Machine"), _machine_rows()),
            (_("Measured"), _measured_rows()),
            (_("Terms"), _term_rows()),
        )
    ]
    groups.append(Group(_("The same for all"), tuple(same)))
    return Comparison(
        title=_title(len(offerings)),
        heads=tuple(_head(offering, offerings, prices) for offering in offerings),
        price=Line(prices.period_label, tuple(_price_cell(offering, prices) for offering in offerings)),
        groups=tuple(group for group in groups if group.lines),
        width=len(offerings) + 1,
    )


def _title(count: int) -> str:
    titles = {2: _("Two offerings, side by side"), 3: _("Three offerings, side by side"), 4: _("Four offerings, side by side")}
    return titles.get(count, _("One offering"))


def _head(offering: Offering, offerings: Sequence[Offering], prices: PriceView) -> Head:
    others = [("o", other.slug) for other in offerings if other.pk != offering.pk]
    return Head(
        name=offering.name,
        provider=offering.provider.name,
        url=reverse("offering", args=[offering.slug]) + prices.suffix,
        drop_url=f"{reverse('compare')}?{urlencode([*others, *prices.query])}",
        out=offering.free <= 0,
    )


def _price_cell(offering: Offering, prices: PriceView) -> Cell:
    return Cell(
        value=prices.text(offering.monthly_minor, offering.currency),
        note=prices.in_euro(offering),
        best=False,
        market=market_position(loaded_standing(offering)),
    )


def _differing(rows: Sequence[_Row], offerings: Sequence[Offering], same: list[Line]) -> list[Line]:
    """The lines that tell the offerings apart; lines that do not are put into `same`, empty ones nowhere."""
    found = []
    for row in rows:
        words = [row.say(offering) for offering in offerings]
        if not any(word.value or word.note for word in words):
            continue
        best = _best(row, offerings)
        line = Line(row.label, tuple(Cell(word.value, word.note, place == best) for place, word in enumerate(words)))
        if len(offerings) > 1 and len(set(words)) == 1:
            same.append(line)
        else:
            found.append(line)
    return found


def _best(row: _Row, offerings: Sequence[Offering]) -> int | None:
    """The column that beats every other one; none on a tie, or when fewer than two can be measured."""
    if row.measure is None:
        return None
    measured = [(value, place) for place, one in enumerate(offerings) if (value := row.measure(one)) is not None]
    if len(measured) < 2:
        return None
    ranked = sorted(measured, reverse=not row.low_is_best)
    return ranked[0][1] if ranked[0][0] != ranked[1][0] else None


def _price_rows(prices: PriceView) -> tuple[_Row, ...]:
    def per(amount: Callable[[Offering], Decimal | int]) -> tuple[Say, Measure]:
        """The price of one of something: said in the offering's currency, compared in euro."""

        def say(offering: Offering) -> Words:
            units = Decimal(amount(offering))
            if not units:
                return Words()
            numerator, denominator = units.as_integer_ratio()
            shown = prices.minor(offering.monthly_minor, offering.currency)
            return Words(format_money(Money(half_up_to_step(shown * denominator, numerator, offering.currency), offering.currency)))

        def measure(offering: Offering) -> Decimal | None:
            units = Decimal(amount(offering))
            return offering.price_eur_minor / units if units else None

        return say, measure

    say_core, core = per(lambda one: one.cores)
    say_memory, gigabyte = per(lambda one: one.memory_gb)
    say_disk, terabyte = per(lambda one: Decimal(one.disk_count * one.disk_gb) / 1000)
    say_gpu, card = per(lambda one: one.gpu_count)
    return (
        _Row(_("A core costs"), say_core, core, low_is_best=True),
        _Row(_("A GB of memory costs"), say_memory, gigabyte, low_is_best=True),
        _Row(_("A TB of disk costs"), say_disk, terabyte, low_is_best=True),
        _Row(_("A GPU costs"), say_gpu, card, low_is_best=True),
        _Row(_("Set-up fee"), lambda one: Words(_fee(one, prices))),
    )


def _fee(offering: Offering, prices: PriceView) -> str:
    return prices.text(offering.setup_fee_minor, offering.currency) if offering.setup_fee_minor else _("none")


def _machine_rows() -> tuple[_Row, ...]:
    def volume(offering: Offering) -> int | None:
        return offering.disk_count * offering.disk_gb or None

    def uplink(offering: Offering) -> Words:
        return Words(speed(offering.uplink_mbit) if offering.uplink_mbit else "")

    def flow(offering: Offering) -> Decimal | None:
        return Decimal("Infinity") if offering.traffic_unmetered else offering.traffic_tb

    return (
        _Row(_("Kind"), lambda one: Words(str(one.get_type_display()))),
        _Row(_("Processor"), lambda one: Words(processor(one).value, processor_in_full(one).rpartition(", ")[0])),
        _Row(_("GPU"), lambda one: Words(gpu(one)), lambda one: one.gpu_count * one.gpu_gb or None),
        _Row(_("Memory"), memory, lambda one: one.memory_gb or None),
        _Row(_("Disk"), disk, volume),
        _Row(
            _("Uplink"), lambda one: Words(speed(one.uplink_mbit) if one.uplink_mbit else ""), lambda one: one.uplink_mbit or None
        ),
        _Row(_("Traffic a month"), lambda one: Words(traffic(one)), flow),
        _Row(_("Place"), lambda one: Words(one.city or country_name(one.country), country_name(one.country) if one.city else "")),
        _Row(_("Virtualisation"), lambda one: Words(str(one.get_virtualisation_display()) if one.virtualisation else "")),
        _Row(_("Systems"), lambda one: Words(", ".join(one.operating_systems))),
        _Row(_("Control panel"), lambda one: Words(one.control_panel)),
        _Row(_("Features"), lambda one: Words(", ".join(one.features))),
    )


def _measured_rows() -> tuple[_Row, ...]:
    def uptime(offering: Offering) -> Decimal | None:
        return offering.uptime_percent if measured_uptime(offering).value else None

    return (_Row(_("Uptime, 90 days"), measured_uptime, uptime),)


def _term_rows() -> tuple[_Row, ...]:
    def promised(offering: Offering) -> Words:
        percent = offering.sla_uptime_percent
        return Words(exact_percent(percent) if percent is not None else _("nothing"))

    def answer(offering: Offering) -> Words:
        return Words(_("at once") if offering.auto_accept else _("by hand"))

    return (
        _Row(_("Promised uptime"), promised, lambda one: one.sla_uptime_percent),
        _Row(_("Stock"), lambda one: Words(stock_words(one.free))),
        _Row(_("Orders are accepted"), answer),
        _Row(_("Shortest term"), lambda one: Words(length(one.min_hours)), lambda one: one.min_hours, low_is_best=True),
        _Row(_("Longest term"), lambda one: Words(length(one.max_hours))),
        _Row(_("Leave at any time"), lambda _one: Words(_("yes, to the cent"))),
    )
