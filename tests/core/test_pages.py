"""Keyset pages show every row once, whatever arrives or goes meanwhile, and take no cursor from strangers."""

import base64
import json
import random
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import CharField, DecimalField, F, QuerySet, Value
from django.db.models.functions import Cast
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from core.models import DomainEvent, ReactionRun, ReferenceRates
from core.pages import Count, bounded_count, cursor_of, cursor_showing, keyset, read_cursor

pytestmark = pytest.mark.django_db

NEWEST_FIRST = ("-at", "-id")
ORDERS = [NEWEST_FIRST, ("at", "id"), ("-at", "id"), ("name", "-at", "id"), ("id",), ("-id",)]
START = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)


def make(count: int, *, seed: int = 0) -> None:
    """Events with many equal moments and names, in no order."""
    chance = random.Random(seed)
    DomainEvent.objects.bulk_create(
        DomainEvent(name=chance.choice("abc"), subject="thing:1", at=START + timedelta(minutes=chance.randrange(count // 3 + 1)))
        for _number in range(count)
    )


def walk(queryset: QuerySet[DomainEvent], order: tuple[str, ...], size: int) -> list[list[int]]:
    """All pages from the first to the last, as ids."""
    pages, after = [], None
    while True:
        page = keyset(queryset, order, after, None, size)
        pages.append([row.pk for row in page])
        if page.older is None:
            assert page.last
            return pages
        after = page.older


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("count", [0, 1, 24, 25, 26, 73])
def test_the_pages_together_are_the_list(order: tuple[str, ...], count: int) -> None:
    make(count)
    pages = walk(DomainEvent.objects.all(), order, 25)
    assert [pk for page in pages for pk in page] == list(DomainEvent.objects.order_by(*order).values_list("pk", flat=True))
    assert all(len(page) == 25 for page in pages[:-1])


@pytest.mark.parametrize("order", ORDERS)
def test_the_way_back_shows_the_same_pages(order: tuple[str, ...]) -> None:
    make(60)
    rows = DomainEvent.objects.all()
    forward = walk(rows, order, 20)
    page = keyset(rows, order, None, None, 20)
    while page.older:
        page = keyset(rows, order, page.older, None, 20)
    backward = [[row.pk for row in page]]
    while page.newer:
        page = keyset(rows, order, None, page.newer, 20)
        backward.append([row.pk for row in page])
    assert backward[::-1] == forward
    assert page.first


@pytest.mark.parametrize("order", [NEWEST_FIRST, ("-at", "id")])
def test_rows_that_arrive_or_go_shift_nobodys_page(order: tuple[str, ...]) -> None:
    make(60)
    chance = random.Random(1)
    expected = list(DomainEvent.objects.order_by(*order).values_list("pk", flat=True))
    seen: list[int] = []
    gone: set[int] = set()
    after = None
    while True:
        page = keyset(DomainEvent.objects.all(), order, after, None, 10)
        seen += [row.pk for row in page]
        if page.older is None:
            break
        after = page.older
        # One arrives on top, and one goes: one that was seen (the cursor's own row at times), or one that was not.
        DomainEvent.objects.create(name="new", subject="thing:1", at=START + timedelta(days=1))
        victim = chance.choice([seen[-1], *expected])
        DomainEvent.objects.filter(pk=victim).delete()
        gone.add(victim)
    assert len(seen) == len(set(seen))
    assert set(expected) - gone <= set(seen) <= set(expected)


def test_a_page_is_one_query_however_far_down() -> None:
    make(60)
    page = keyset(DomainEvent.objects.all(), NEWEST_FIRST, None, None, 20)
    with CaptureQueriesContext(connection) as queries:
        keyset(DomainEvent.objects.all(), NEWEST_FIRST, page.older, None, 20)
    assert len(queries) == 1
    assert '("core_domainevent"."at", "core_domainevent"."id") <' in queries[0]["sql"]


def test_a_cursor_that_points_past_all_rows_leads_to_the_first_page() -> None:
    make(30)
    rows = DomainEvent.objects.all()
    older = keyset(rows, NEWEST_FIRST, None, None, 20).older
    DomainEvent.objects.filter(pk__in=[row.pk for row in keyset(rows, NEWEST_FIRST, older, None, 20)]).delete()
    page = keyset(rows, NEWEST_FIRST, older, None, 20)
    assert len(page) == 20
    assert page.first
    assert page.last


def test_joins_annotations_and_filters_page_too() -> None:
    make(40)
    ReactionRun.objects.bulk_create(ReactionRun(event=event, reaction="r") for event in DomainEvent.objects.all())
    rows = (
        ReactionRun.objects.filter(event__name="a")
        .select_related("event")
        .annotate(rank=Cast(F("event_id") % 3, DecimalField(max_digits=9, decimal_places=2)), word=Value("x", CharField()))
    )
    order = ("-event__at", "-rank", "-word", "-id")
    seen, after = [], None
    while True:
        page = keyset(rows, order, after, None, 4)
        seen += [row.pk for row in page]
        if page.older is None:
            break
        after = page.older
    assert seen == list(rows.order_by(*order).values_list("pk", flat=True))


def test_dates_page_too() -> None:
    for day in range(1, 8):
        ReferenceRates.objects.create(day=date(2026, 1, day), per_euro={}, source="")
    page = keyset(ReferenceRates.objects.all(), ("-day",), None, None, 3)
    page = keyset(ReferenceRates.objects.all(), ("-day",), page.older, None, 3)
    assert [row.day.day for row in page] == [4, 3, 2]


@pytest.mark.parametrize("order", [NEWEST_FIRST, ("-at", "id")])
def test_a_row_finds_the_page_that_starts_with_it(order: tuple[str, ...]) -> None:
    make(30)
    rows = DomainEvent.objects.all()
    listed = list(rows.order_by(*order))
    assert cursor_showing(rows, order, listed[0]) is None
    for row in (listed[1], listed[17], listed[29]):
        assert keyset(rows, order, cursor_showing(rows, order, row), None, 5).rows[0] == row


def forged(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_a_forged_cursor_is_no_cursor() -> None:
    make(30)
    rows = DomainEvent.objects.all()
    tag = json.loads(base64.urlsafe_b64decode(cursor_of(rows[0], NEWEST_FIRST) + "=="))[0]
    moment = START.isoformat()
    first = [row.pk for row in keyset(rows, NEWEST_FIRST, None, None)]
    for cursor in [
        "",
        "x",
        "é",
        "%00",
        "A" * 5000,
        "[" * 900,
        base64.urlsafe_b64encode(b"[" * 700).decode(),
        forged(),
        forged(tag),
        forged(tag, moment),
        forged(tag, moment, 1, 2),
        forged(tag + 1, moment, 1),
        forged(tag, moment, "1"),
        forged(tag, moment, 1.5),
        forged(tag, moment, True),
        forged(tag, moment, None),
        forged(tag, moment, 2**63),
        forged(tag, moment, -(2**63) - 1),
        forged(tag, 5, 1),
        forged(tag, "yesterday", 1),
        forged(tag, "2026-11-19T09:30:00", 1),
        forged(tag, "2026-13-45T09:30:00+00:00", 1),
        forged(tag, "\x00", 1),
        forged(tag, [], {}),
        cursor_of(rows[0], ("at", "id")),
    ]:
        assert cursor == "" or read_cursor(rows, NEWEST_FIRST, cursor) is None
        assert [row.pk for row in keyset(rows, NEWEST_FIRST, cursor, None)] == first
        assert [row.pk for row in keyset(rows, NEWEST_FIRST, None, cursor)] == first


@given(st.text(max_size=60))
def test_no_text_at_all_breaks_the_reading_of_cursors(text: str) -> None:
    read_cursor(DomainEvent.objects.all(), NEWEST_FIRST, text)


@pytest.mark.parametrize("text", ["\x00", "\ud800", "0'; DROP TABLE x"])
def test_texts_in_cursors_are_only_compared(text: str) -> None:
    make(3)
    order = ("name", "id")
    tag = json.loads(base64.urlsafe_b64decode(cursor_of(DomainEvent.objects.all()[0], order) + "=="))[0]
    assert len(keyset(DomainEvent.objects.all(), order, forged(tag, text, 0), None)) == 3


@pytest.mark.parametrize("value", [None, 1.5, True, object()])
def test_what_has_no_exact_order_is_refused_when_the_cursor_is_made(value: object) -> None:
    row = DomainEvent(pk=1, at=START)
    row.rank = value  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="keyset"):
        cursor_of(row, ("rank", "id"))


def test_every_exact_kind_of_value_can_be_written() -> None:
    row = DomainEvent(pk=1, at=START)
    row.price, row.key = Decimal("1E+3"), uuid.UUID(int=5)  # type: ignore[attr-defined]
    padded = cursor_of(row, ("price", "key", "at", "name", "id")) + "=="
    assert json.loads(base64.urlsafe_b64decode(padded))[1:] == ["1000", str(uuid.UUID(int=5)), START.isoformat(), "", 1]


def test_counts_stop_at_their_limit() -> None:
    make(30)
    rows = DomainEvent.objects.order_by("name")
    assert bounded_count(rows, 29) == Count(29, more=True)
    assert bounded_count(rows, 30) == Count(30, more=False)
    assert bounded_count(rows.none()) == Count(0, more=False)
    with CaptureQueriesContext(connection) as queries:
        bounded_count(rows, 10)
    assert "LIMIT 11" in queries[0]["sql"]


@pytest.mark.parametrize(("count", "text"), [(Count(25, more=False), "25"), (Count(1000, more=True), "1,000+")])
def test_counts_read_plainly(count: Count, text: str) -> None:
    assert str(count) == text
