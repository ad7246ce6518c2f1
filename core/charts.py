"""Where the parts of a drawn thing stand: percent across, pixels up. No template computes, no style is written.

Everything comes out as text with a point as decimal mark, so that no locale can break an SVG attribute.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

Number = int | float | Decimal | str | None

# Under this distance from an end a centred label would stand outside of the bar.
EDGE = Decimal(8)


@dataclass(frozen=True)
class Bar:
    """One bar of a drawing; `tone` is its class, `y` and `height` are pixels."""

    x: str
    width: str
    tone: str
    middle: str = ""
    y: int = 0
    height: int = 0
    label: str = ""
    value: str = ""


@dataclass(frozen=True)
class Drawing:
    """Bars on a base line: where the line stands, how tall all of it is, where its labels stand."""

    bars: tuple[Bar, ...]
    height: int
    base: str
    text: int
    mark: str = ""
    mark_anchor: str = "start"
    mark_text: str = ""


def _share(value: Number) -> Decimal:
    """A percentage within 0 and 100; nothing is 0."""
    return min(Decimal(100), max(Decimal(0), Decimal(str(value or 0))))


def percent(value: Number) -> str:
    """`33.57%`: at most two decimals, a point whatever the locale."""
    text = f"{Decimal(str(value or 0)):.2f}".rstrip("0").rstrip(".")
    return f"{text or '0'}%"


def _anchor(at: Decimal) -> str:
    """How a label is tied to its place, so that it stays inside of the drawing."""
    if at < EDGE:
        return "start"
    return "end" if at > 100 - EDGE else "middle"


def now_mark(now: Number) -> tuple[str, str]:
    """Where "now" stands over a term bar and how its label is tied to it; nothing without a place."""
    if now is None or now == "":
        return "", ""
    return percent(_share(now)), _anchor(_share(now))


def term_svg(released: Number = 0, refunded: Number = 0, label: str = "") -> SafeString:
    """The bar of one term, ready to stand in a page: what is neither released nor refunded is held back, so no gap can show.

    `released` and `refunded` are percent of what was paid. `label` is spoken instead of the three shares.
    """
    out = _share(released)
    back = min(_share(refunded), 100 - out)
    held = 100 - out - back
    parts = []
    if out:
        parts.append(f'<rect class="released" width="{percent(out)}" height="100%"/>')
    if held:
        parts.append(f'<rect class="escrow" x="{percent(out)}" width="{percent(held)}" height="100%"/>')
    if 0 < out < 100:
        parts.append(f'<rect class="cut" x="{percent(out)}" width="2" height="100%"/>')
    if held and back:
        parts.append(f'<rect class="cut" x="{percent(out + held)}" width="2" height="100%"/>')
    spoken = label or _("%(out)s percent released, %(held)s percent held back, %(back)s percent refunded") % {
        "out": round(out),
        "held": 100 - round(out) - round(back),
        "back": round(back),
    }
    # Only numbers of ours stand in the parts.
    drawn = SafeString("".join(parts))
    return format_html('<svg class="term__bar" role="img" aria-label="{}">{}</svg>', spoken, drawn)


def day_strip(days: Sequence[Mapping[str, str]]) -> tuple[Bar, ...]:
    """One bar a day, oldest first. A day is {"tone": ok | part | down | none, "label": what happened}."""
    if not days:
        return ()
    width = Decimal(100) / len(days)
    return tuple(
        Bar(
            x=percent(width * place),
            width=percent(width),
            tone=day.get("tone") or "ok",
            label=day.get("label") or "",
        )
        for place, day in enumerate(days)
    )


def bins(counts: Sequence[int], mine: int | None = None, median: Number = None, height: int = 132) -> Drawing:
    """A histogram: one bar a bin, the highest as tall as there is room. `median` is percent across."""
    room, top = height - 24, 16
    tallest = max([*counts, 1])
    step = Decimal(100) / max(len(counts), 1)
    bars = []
    for place, count in enumerate(counts):
        # A bin with anything in it is always seen.
        tall = max(2, round((room - top) * count / tallest)) if count else 0
        bars.append(
            Bar(
                x=percent(step * place + step * Decimal("0.07")),
                width=percent(step * Decimal("0.86")),
                tone="mine" if place == mine else "",
                y=room - tall,
                height=tall,
            )
        )
    has_mark = median is not None and median != ""
    at = _share(median)
    # The label stands on the side that has more room.
    side = Decimal("0.6") if at <= 60 else Decimal("-0.6")
    return Drawing(
        bars=tuple(bars),
        height=height,
        base=f"{room}.5",
        text=height - 6,
        mark=percent(at) if has_mark else "",
        mark_anchor="start" if at <= 60 else "end",
        mark_text=percent(at + side) if has_mark else "",
    )


def months(values: Sequence[Mapping[str, object]], height: int = 210) -> Drawing:
    """Bars by month, oldest first. A month is {"label": "Oct", "value": number, "text": "3,610"}.

    With {"current": True} a month is not over yet and is drawn hatched.
    """
    room, top = height - 22, 18
    amounts = [max(Decimal(0), Decimal(str(month.get("value") or 0))) for month in values]
    tallest = max([*amounts, Decimal(1)])
    step = Decimal(100) / max(len(amounts), 1)
    bars = []
    for place, (month, amount) in enumerate(zip(values, amounts, strict=True)):
        tall = max(2, round((room - top) * amount / tallest)) if amount else 0
        bars.append(
            Bar(
                x=percent(step * place + step * Decimal("0.1")),
                width=percent(step * Decimal("0.8")),
                tone="hatch" if month.get("current") else "mine",
                middle=percent(step * place + step / 2),
                y=room - tall,
                height=tall,
                label=str(month.get("label") or ""),
                value=str(month.get("text") or ""),
            )
        )
    return Drawing(bars=tuple(bars), height=height, base=f"{room}.5", text=height - 4)
