"""The pieces of admin pages on which staff acts: one object, one form, one service call; and bounded counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar, Generic, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core.errors import Refused

Row = TypeVar("Row", bound=Model)

COUNTED = 10_000
REASON_LENGTH = 500


class BoundedPaginator(Paginator[Any]):
    """Counts ten thousand rows and no further: what lies beyond is found by searching, not by turning pages."""

    @cached_property
    def count(self) -> int:
        """How many rows the pages hold, at most COUNTED."""
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())


class ReasonForm(forms.Form):
    """Why staff does it; kept in the history."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=_("Kept in the history."),
    )


def _nothing(_row: Any) -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class StaffAction(Generic[Row]):
    """One thing that staff may do to an object, on a page of its own.

    `run` gets the object's id, the request and the cleaned form, and raises `Refused` when it is too late; `offered` says
    whether there is a button at all; `explain` what will happen, as a sentence with its figures; `initial` what the form is told of
    the object before anybody types.
    """

    name: str
    label: StrOrPromise
    run: Callable[[int, HttpRequest, Mapping[str, Any]], object]
    offered: Callable[[Row], bool]
    explain: Callable[[Row], str]
    done: StrOrPromise
    form: type[forms.Form] = field(default=ReasonForm)
    initial: Callable[[Row], Mapping[str, Any]] = field(default=_nothing)


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to an object, to read."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StaffActions(admin.ModelAdmin[Row]):
    """Mixed into a ReadOnlyAdmin: buttons on an object's page, each leading to its own form. Needs Django's right to change it."""

    staff_actions: ClassVar[tuple[StaffAction[Any], ...]] = ()
    change_form_template = "admin/staff_object.html"

    def get_urls(self) -> list[URLPattern]:
        """The pages of the actions before Django's own, which would take their addresses for an object's."""
        return [
            *(
                path(
                    f"<path:object_id>/{action.name}/",
                    self.admin_site.admin_view(partial(self.act, action=action)),
                    name=self._page(action),
                )
                for action in self.staff_actions
            ),
            *super().get_urls(),
        ]

    def _page(self, action: StaffAction[Row]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{action.name}"

    def links(self, found: Row) -> list[dict[str, StrOrPromise]]:
        """Addresses beside the buttons, each with a label: what can be fetched of an object."""
        return []

    def may_act(self, request: HttpRequest) -> bool:
        """Whether this member of staff may change such objects; looking is not enough."""
        user: Any = request.user
        return bool(user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The object's page with the buttons that work now."""
        found = self.get_object(request, unquote(object_id))
        offered: list[dict[str, StrOrPromise]] = [
            {"label": action.label, "url": reverse(f"admin:{self._page(action)}", args=[found.pk])}
            for action in self.staff_actions
            if found is not None and self.may_act(request) and action.offered(found)
        ]
        if found is not None:
            offered += self.links(found)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "staff_actions": offered})

    def act(self, request: HttpRequest, object_id: str, action: StaffAction[Row]) -> HttpResponse:
        """The page of one action: what it means, its form, and, once sent, what came of it."""
        found = self.get_object(request, unquote(object_id))
        if found is None or not self.may_act(request):
            raise Http404
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[found.pk])
        if not action.offered(found):
            messages.error(request, gettext("This is not possible any more; somebody may have been faster. See the history below."))
            return HttpResponseRedirect(back)
        form = action.form(request.POST if request.method == "POST" else None, initial={**action.initial(found)})
        if request.method == "POST" and form.is_valid():
            try:
                action.run(found.pk, request, form.cleaned_data)
            except Refused as refused:
                if refused.field not in form.fields:
                    messages.error(request, refused.reason)
                    return HttpResponseRedirect(back)
                # Something to put right: what was typed stays.
                form.add_error(refused.field, refused.reason)
            else:
                messages.success(request, str(action.done))
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": found,
            "title": action.label,
            "explanation": action.explain(found),
            "form": form,
            "back": back,
        }
        return render(request, "admin/staff_action.html", context)
