"""Staff reads the machinery and can process again, and changes nothing else."""

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client

from core import inbox, outbox, tasks
from core.admin import ReadOnlyAdmin
from core.models import ReactionRun, ScheduleRun, WebhookEvent
from core.outbox import emit
from core.states import WorkState
from tests.core.reactions import marks

pytestmark = pytest.mark.usefixtures("db", "reacting")
PAGES = ["domainevent", "reactionrun", "webhookevent", "schedulerun", "referencerates"]


@pytest.fixture
def run() -> ReactionRun:
    """A consequence that was given up."""
    with transaction.atomic():
        emit("test.one", "thing:1", n=1)
    outbox.fan_out()
    ReactionRun.objects.update(state=WorkState.FAILED, attempts=10, last_error="Traceback")
    return ReactionRun.objects.get()


def act(client: Client, page: str, pk: int) -> str:
    """Choose one row and press "process again"; what the next page says."""
    answer = client.post(f"/admin/core/{page}/", {"action": "process_again", "_selected_action": [pk]}, follow=True)
    return answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_staff_reads_lists_and_rows(staff_client: Client, run: ReactionRun, page: str) -> None:
    inbox.receive("test", "evt_1", "known", {})
    ScheduleRun.objects.create(name="x")
    assert staff_client.get(f"/admin/core/{page}/").status_code == 200
    assert staff_client.get(f"/admin/core/{page}/", {"q": "contract:1"}).status_code == 200
    if page == "reactionrun":
        assert "Traceback" in staff_client.get(f"/admin/core/{page}/{run.pk}/change/").content.decode()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("action", ["add/", "1/delete/"])
def test_nobody_adds_or_deletes(staff_client: Client, page: str, action: str) -> None:
    assert staff_client.get(f"/admin/core/{page}/{action}").status_code in {302, 403}
    assert staff_client.post(f"/admin/core/{page}/{action}", {"post": "yes"}).status_code in {302, 403}


def test_nobody_changes_a_row(staff_client: Client, run: ReactionRun) -> None:
    answer = staff_client.post(f"/admin/core/reactionrun/{run.pk}/change/", {"state": "done"})
    assert answer.status_code == 403
    run.refresh_from_db()
    assert run.state == WorkState.FAILED


def test_a_given_up_consequence_is_processed_again(staff_client: Client, run: ReactionRun) -> None:
    assert "1 is queued again" in act(staff_client, "reactionrun", run.pk)
    assert tasks.drain() == 1
    assert marks() == ["first 1"]


def test_an_event_is_fanned_out_again(staff_client: Client, run: ReactionRun) -> None:
    assert "1 is queued again" in act(staff_client, "domainevent", run.event_id)
    run.event.refresh_from_db()
    assert run.event.dispatched_at is None


def test_a_message_is_processed_again(staff_client: Client) -> None:
    event = inbox.receive("test", "evt_1", "broken", {})
    tasks.drain()
    WebhookEvent.objects.update(kind="known")
    assert "1 is queued again" in act(staff_client, "webhookevent", event.pk)
    assert tasks.drain() == 1


@pytest.mark.parametrize("page", PAGES)
def test_others_do_not_get_in(customer_client: Client, page: str) -> None:
    assert customer_client.get(f"/admin/core/{page}/").status_code in {302, 403, 404}


def test_no_page_of_the_queue_lets_anybody_schedule_a_function() -> None:
    of_the_queue = {
        model._meta.object_name: model_admin
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label == "django_q"
    }
    assert of_the_queue.keys() == {"Failure"}
    assert isinstance(of_the_queue["Failure"], ReadOnlyAdmin)
