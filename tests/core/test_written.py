"""Rows read by written statements are what a query set reads, and locked as it locks them."""

import pytest
from django.db import DatabaseError, transaction
from django.db.transaction import TransactionManagementError

from core.models import WebhookEvent
from core.written import found, found_locked, locked
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def event() -> WebhookEvent:
    return WebhookEvent.objects.create(source="s", external_id="1", kind="k", payload={"a": ["ü", None, 1]}, attempts=3)


def test_a_row_is_what_a_query_set_reads_and_can_be_saved(event: WebhookEvent) -> None:
    row, same = found(WebhookEvent, "external_id = %s", ["1"]), WebhookEvent.objects.get()
    assert row is not None
    assert {**vars(row), "_state": None} == {**vars(same), "_state": None}
    assert (row._state.adding, row._state.db) == (same._state.adding, same._state.db)
    row.attempts = 4
    row.save()
    assert WebhookEvent.objects.values_list("attempts", "payload").get() == (4, event.payload)


def test_no_row_is_none_or_the_model_says_so() -> None:
    assert found(WebhookEvent, "external_id = %s", ["1"]) is None
    with transaction.atomic(), pytest.raises(WebhookEvent.DoesNotExist):
        locked(WebhookEvent, 1)


def test_a_locked_row_is_nobody_elses_until_the_transaction_ends(event: WebhookEvent) -> None:
    def blocked(_number: int) -> bool:
        try:
            with transaction.atomic():
                WebhookEvent.objects.select_for_update(nowait=True).get(pk=event.pk)
        except DatabaseError:
            return True
        return False

    with transaction.atomic():
        assert locked(WebhookEvent, event.pk) == event
        assert at_once(1, blocked) == [True]
    assert at_once(1, blocked) == [False]


def test_nothing_is_locked_outside_of_a_transaction(event: WebhookEvent) -> None:
    with pytest.raises(TransactionManagementError):
        found_locked(WebhookEvent, "external_id = %s", ["1"])
