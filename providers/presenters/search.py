"""The market's search page in ready strings: filters with counts, chips, sorting, what a broken query looks like."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import ngettext

from core.money import group_digits
from core.pages import Count
from core.words import gettext as _
from providers.search.asked import BOUNDS, FLAGS, MarketQuery
from providers.search.facets import FacetValue
from providers.search.finding import Suggestion
from providers.search.language import QueryError, number

# What the form of filters says itself; everything else of the search it repeats.
FILTERS = ("type", "country", "uptime", *FLAGS, *(f"{kind}_{end}" for kind in BOUNDS for end in ("min", "max")))
# How many countries stand open; the rest is folded.
COUNTRIES_SHOWN = 5
DROPS_SHOWN = 2

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FacetRow:
    """One tick box. `code` is a country's, shown before its name."""

    name: str
    value: str
    label: str
    count: str
    selected: bool
    code: str = ""


@dataclass(frozen=True, slots=True)
class BoundRow:
    """One pair of numbers with its unit, and what was wrong with the last ones."""

    legend: str
    unit: str
    low_name: str
    low: str
    low_label: str
    high_name: str
    high: str
    high_label: str
    problem: str


@dataclass(frozen=True, slots=True)
class SortChoice:
    """One order of the list."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class BrokenQuery:
    """A query that cannot be read, cut at the place, and one that can."""

    message: str
    before: str
    marked: str
    after: str
    repaired: str
    repaired_url: str


@dataclass(frozen=True, slots=True)
class ChipLink:
    """A filter that is set, and the page without it."""

    label: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Drop:
    """A filter that is in the way: its words, how much there is without it, and the button that lifts it."""

    label: str
    count: int
    found: str
    url: str
    action: str


class Links:
    """Addresses of the market that keep what is not part of the search: how prices are shown, what is picked to compare."""

    def __init__(self, asked: MarketQuery, kept: Pairs) -> None:
        self.asked = asked
        self.kept = kept

    def to(self, **changes: object) -> str:
        """The search with some fields changed."""
        return self.keeping(self.asked.url(**changes))

    def keeping(self, url: str) -> str:
        """An address of the market, with what is kept."""
        extra = urlencode(self.kept)
        if not extra:
            return url
        return f"{url}{'&' if '?' in url else '?'}{extra}"

    def hidden(self, *without: str) -> Pairs:
        """Form fields that repeat the search but for these parameters; cursors always go."""
        left_out = {*without, "after", "before"}
        return [(name, value) for name, value in [*self.asked.params(), *self.kept] if name not in left_out]


def facet_rows(name: str, values: Iterable[FacetValue], *, coded: bool = False) -> list[FacetRow]:
    """The tick boxes of one filter."""
    return [
        FacetRow(name, one.value, one.label, "" if one.count is None else str(one.count), one.selected, one.value if coded else "")
        for one in values
    ]


def flag_rows(values: Iterable[FacetValue]) -> list[FacetRow]:
    """The tick boxes that are parameters of their own."""
    return [FacetRow(one.value, "1", one.label, "" if one.count is None else str(one.count), one.selected) for one in values]


def bound_rows(asked: MarketQuery) -> list[BoundRow]:
    """The pairs of numbers, as they were sent or as they are understood."""
    words = {
        "price": (_("Price a month"), "€"),
        "cores": (_("Cores"), ""),
        "memory": (_("Memory"), _("GB")),
    }
    rows = []
    for kind in BOUNDS:
        legend, unit = words[kind]
        low, high = f"{kind}_min", f"{kind}_max"
        rows.append(
            BoundRow(
                legend=legend,
                unit=unit,
                low_name=low,
                low=_bound(asked, low),
                low_label=_("%(what)s, at least") % {"what": legend},
                high_name=high,
                high=_bound(asked, high),
                high_label=_("%(what)s, at most") % {"what": legend},
                problem=asked.problems.get(low) or asked.problems.get(high, ""),
            )
        )
    return rows


def _bound(asked: MarketQuery, name: str) -> str:
    value = getattr(asked, name)
    return "" if value is None else number(value)


def sort_choices(asked: MarketQuery) -> list[SortChoice]:
    """The orders that a list can have."""
    words = {"price": _("Price, low first"), "trust": _("Trust"), "newest": _("Newest")}
    return [SortChoice(value, label, value == asked.sort) for value, label in words.items()]


def broken_query(text: str, error: QueryError, links: Links) -> BrokenQuery:
    """Where the query breaks, and the repaired one."""
    start, end = error.position, error.position + error.length
    return BrokenQuery(
        message=error.message,
        before=text[:start],
        marked=text[start:end] or "…",
        after=text[end:],
        repaired=error.repaired,
        repaired_url=links.to(q=error.repaired) if error.repaired else "",
    )


def found_words(count: Count) -> str:
    """ "111 offerings", "1,000+ offerings"."""
    return ngettext("%(n)s offering", "%(n)s offerings", count.value + count.more) % {"n": str(count)}


def providers_words(count: int | None) -> str:
    """ "from 37 providers"; empty while nobody has counted."""
    if not count:
        return ""
    return ngettext("from %(n)s provider", "from %(n)s providers", count) % {"n": group_digits(count)}


def corrected_words(corrected: Mapping[str, tuple[str, ...]]) -> str:
    """What mistyped words were taken for; empty when none was."""
    return ", ".join(
        _("“%(meant)s” for “%(typed)s”") % {"meant": _("” or “").join(meant), "typed": typed} for typed, meant in corrected.items()
    )


def drops(suggestions: Iterable[Suggestion], links: Links) -> list[Drop]:
    """The filters to drop, the one that shows most first; two, for more would be no advice."""
    return [
        Drop(
            label=one.label,
            count=one.count.value,
            found=found_words(one.count),
            url=links.keeping(one.url),
            action=_("Drop “%(filter)s”") % {"filter": one.label},
        )
        for one in list(suggestions)[:DROPS_SHOWN]
    ]


def more_countries(count: int) -> str:
    """The name of the fold: "9 more countries"."""
    return ngettext("%(n)d more country", "%(n)d more countries", count) % {"n": count}


def elsewhere_words(count: int) -> str:
    """How many are picked that this page does not show; empty for none."""
    return ngettext("and %(n)d more from before", "and %(n)d more from before", count) % {"n": count} if count else ""


def caption(asked: MarketQuery) -> str:
    """What the table is, for those who do not see it."""
    return {
        "price": _("Offerings, cheapest first"),
        "trust": _("Offerings, most trusted first"),
        "newest": _("Offerings, newest first"),
    }[asked.sort]


def heads(links: Links) -> dict[str, dict[str, str]]:
    """The heads that sort: the price, which is the order already or one step away."""
    is_sorted = links.asked.sort == "price"
    return {"price": {"url": "" if is_sorted else links.to(sort="price"), "sort": "ascending" if is_sorted else ""}}


def filters_words(links: Links) -> str:
    """The fold's name on a narrow screen: "Filters, 3 set"."""
    count = sum(1 for _one in links.asked.removable())
    return ngettext("Filters, %(n)d set", "Filters, %(n)d set", count) % {"n": count} if count else _("Filters")


def examples() -> list[dict[str, str]]:
    """Queries to learn the language from."""
    market = reverse("marketplace")
    texts = ("cores:>=8", "memory:[16 TO 64]", "country:(DE OR NL)", "-type:gpu")
    return [{"text": text, "url": f"{market}?{urlencode({'q': text})}"} for text in texts]
