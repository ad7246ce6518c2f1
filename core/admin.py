"""What staff sees of the machinery: outbox, reactions, inbox, schedules, rates. Read only, but for "process again"."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core import inbox, outbox
from core.models import DomainEvent, ReactionRun, ReferenceRates, ScheduleRun, WebhookEvent
from core.staff_pages import BoundedPaginator

Row = TypeVar("Row", bound=Model)


class ReadOnlyAdmin(admin.ModelAdmin[Row]):
    """An admin page that shows and changes nothing: every change goes through a service."""

    # Counting a million rows to say "1,000,000" is what makes admin lists slow.
    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _again(model_admin: ReadOnlyAdmin[Any], request: HttpRequest, queryset: QuerySet[Any], service: Callable[[int], bool]) -> None:
    """Call the service for each chosen row and say for how many it did something."""
    count = sum(service(pk) for pk in queryset.order_by("pk").values_list("pk", flat=True))
    text = ngettext("%(count)d is queued again.", "%(count)d are queued again.", count) % {"count": count}
    model_admin.message_user(request, text, messages.SUCCESS if count else messages.WARNING)


@admin.register(DomainEvent)
class DomainEventAdmin(ReadOnlyAdmin[DomainEvent]):
    """The outbox: everything that happened."""

    list_display = ("id", "name", "subject", "at", "dispatched_at")
    # No filter by name: listing a million events' names to choose from costs more than finding one.
    search_fields = ("subject__exact", "name__exact")
    search_help_text = _('A subject such as "contract:12", or a name such as "contract.paid".')
    ordering = ("-id",)
    actions = ("process_again",)

    @admin.action(description=_("Process again"), permissions=["view"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[DomainEvent]) -> None:
        """Fan out again: reactions that are new in the table get their run, the others keep theirs."""
        _again(self, request, queryset, outbox.dispatch_again)


@admin.register(ReactionRun)
class ReactionRunAdmin(ReadOnlyAdmin[ReactionRun]):
    """The consequences, and what became of them."""

    list_display = ("id", "event", "reaction", "state", "attempts", "next_at", "done_at")
    list_filter: ClassVar = ["state"]
    list_select_related = ("event",)
    search_fields = ("event__subject__exact", "reaction__exact")
    ordering = ("-id",)
    actions = ("process_again",)

    @admin.action(description=_("Process again"), permissions=["view"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[ReactionRun]) -> None:
        """Due now, with all attempts before it; not while somebody works on it."""
        _again(self, request, queryset, outbox.react_again)


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin[WebhookEvent]):
    """The inbox: what outside services told us."""

    list_display = ("id", "source", "kind", "external_id", "state", "attempts", "received_at", "processed_at")
    list_filter: ClassVar = ["state"]
    search_fields = ("external_id__exact", "source__exact", "kind__exact")
    ordering = ("-id",)
    actions = ("process_again",)

    @admin.action(description=_("Process again"), permissions=["view"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        """Due now, with all attempts before it; not while somebody works on it."""
        _again(self, request, queryset, inbox.process_again)


@admin.register(ScheduleRun)
class ScheduleRunAdmin(ReadOnlyAdmin[ScheduleRun]):
    """When each schedule ran, and how it failed."""

    list_display = ("name", "started_at", "finished_at", "last_error")
    ordering = ("name",)


@admin.register(ReferenceRates)
class ReferenceRatesAdmin(ReadOnlyAdmin[ReferenceRates]):
    """The ECB's rates by day."""

    list_display = ("day", "source")
    ordering = ("-day",)


for _name in ("Schedule", "Success", "Failure", "OrmQ"):
    admin.site.unregister(apps.get_model("django_q", _name))


@admin.register(apps.get_model("django_q", "Failure"))
class FailedJobAdmin(ReadOnlyAdmin[Any]):
    """Jobs of the queue that ended in an error of their own: the machinery's faults, not those of reactions."""

    list_display = ("name", "func", "started", "stopped")
    fields = ("name", "func", "started", "stopped", "result")
    ordering = ("-stopped",)
