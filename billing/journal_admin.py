"""Only staff's pages of journals: proposed by one, approved by a second, nothing edited by hand."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from billing.admin_pieces import SureForm, steps_taken
from billing.journal_forms import FORMS, amount_text
from billing.models import Journal
from billing.services.journal import approve_journal, drop_journal
from billing.states import JournalKind, JournalState
from core.admin import ReadOnlyAdmin
from core.errors import Refused
from core.queries import timeline
from core.staff_pages import StaffAction, StaffActions

LIST = "admin:billing_journal_changelist"
_STEPS = {"journal.proposed": _("proposed"), "journal.approved": _("approved"), "journal.dropped": _("dropped")}


def _approve(journal_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    approve_journal(journal_id, user_of(request))


def _drop(journal_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    drop_journal(journal_id, user_of(request))


def _waits(journal: Journal) -> bool:
    return journal.state == JournalState.PROPOSED


def _debit(journal: Journal) -> str:
    amount = amount_text(int(journal.debit_amount), journal.debit_currency)
    return f"{journal.get_debit_account_display()} ({journal.debit_owner}): {amount}"


def _credit(journal: Journal) -> str:
    amount = amount_text(int(journal.credit_amount), journal.credit_currency)
    return f"{journal.get_credit_account_display()} ({journal.credit_owner}): {amount}"


def _words(journal: Journal) -> dict[str, str]:
    return {
        "kind": journal.get_kind_display(),
        "debit": _debit(journal),
        "credit": _credit(journal),
        "by": str(journal.proposed_by),
        "reason": journal.reason,
    }


def _explain_approve(journal: Journal) -> str:
    text = gettext("%(kind)s. Debit: %(debit)s. Credit: %(credit)s. Proposed by %(by)s: %(reason)s. You enter it into the ledger.")
    return text % _words(journal)


def _explain_drop(journal: Journal) -> str:
    return gettext("%(kind)s. Debit: %(debit)s. Credit: %(credit)s. Nothing is entered into the ledger.") % _words(journal)


class JournalAdmin(StaffActions[Journal], ReadOnlyAdmin[Journal]):
    """What two people enter into the ledger. Looking asks for Django's right to see journals, acting for the one to change them."""

    list_display = ("__str__", "kind", "debit", "credit", "stands", "reference", "proposed_at", "proposed_by", "approved_by")
    list_filter = ("kind",)
    list_select_related = ("proposed_by", "approved_by")
    search_fields = ("reference__exact", "debit_owner__exact", "credit_owner__exact")
    search_help_text = _("A reference, or an owner in the ledger such as provider:12 or local:DE:0.19.")
    ordering = ("-id",)
    fields = readonly_fields = (
        *("kind", "stands", "debit", "credit", "reference", "reason", "proposed_by", "proposed_at"),
        *("approved_by", "approved_at", "dropped_by", "dropped_at", "history"),
    )
    change_list_template = "admin/billing/journal/change_list.html"
    staff_actions: ClassVar = (
        StaffAction("approve", _("Approve"), _approve, _waits, _explain_approve, _("It stands in the ledger."), SureForm),
        StaffAction("drop", _("Drop it"), _drop, _waits, _explain_drop, _("It is dropped."), SureForm),
    )

    def get_urls(self) -> list[URLPattern]:
        """Before Django's own, which would take the address for a journal's."""
        propose = self.admin_site.admin_view(self.propose)
        return [path("propose/<str:kind>/", propose, name="billing_journal_propose"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the ways to propose one, for those who may."""
        kinds = [(reverse("admin:billing_journal_propose", args=[kind]), kind.label) for kind in FORMS]
        proposable = kinds if self.may_act(request) else []
        return super().changelist_view(request, {**(extra_context or {}), "proposable": proposable})

    def propose(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The form of one kind; what it says waits for a second person."""
        if not self.may_act(request):
            raise PermissionDenied
        if kind not in JournalKind:
            raise Http404
        form = FORMS[JournalKind(kind)](request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            try:
                journal = form.proposed(user_of(request))
            except Refused as refused:
                form.add_error(refused.field if refused.field in form.fields else None, refused.reason)
            else:
                messages.success(request, gettext("It is proposed. A second person enters it into the ledger."))
                return HttpResponseRedirect(reverse("admin:billing_journal_change", args=[journal.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": gettext("All journals"),
            "title": JournalKind(kind).label,
            "explanation": gettext("Nothing is entered yet: a second person approves it, and the ledger is looked at again then."),
            "form": form,
            "back": reverse(LIST),
        }
        return render(request, "admin/billing/journal/propose.html", context)

    @admin.display(description=_("debit"))
    def debit(self, journal: Journal) -> str:
        """Account, owner and amount."""
        return _debit(journal)

    @admin.display(description=_("credit"))
    def credit(self, journal: Journal) -> str:
        """Account, owner and amount."""
        return _credit(journal)

    @admin.display(description=_("state"))
    def stands(self, journal: Journal) -> str:
        """In a word."""
        return str(journal.state.label)

    @admin.display(description=_("history"))
    def history(self, journal: Journal) -> SafeString:
        """Every step, with who did it."""
        return steps_taken(timeline(journal), _STEPS)
