"""Only the proofs of the ledger as staff sees them: each with what was looked at and what does not agree, and "Prove now"."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Proof
from billing.tasks import begin_proof
from core.admin import ReadOnlyAdmin


class ProofAdmin(ReadOnlyAdmin[Proof]):
    """One row a night, and one for each "Prove now" and `manage.py prove_money`."""

    list_display = ("started_at", "finished_at", "result")
    fields = readonly_fields = ("started_at", "finished_at", "result", "looked_at", "found")
    ordering = ("-started_at",)
    change_list_template = "admin/billing/proof/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Before Django's own, which would take the address for a proof's."""
        return [path("prove/", self.admin_site.admin_view(self.prove), name="billing_proof_prove"), *super().get_urls()]

    def prove(self, request: HttpRequest) -> HttpResponse:
        """The page that begins a proof; it is made by the queue, since a large ledger takes minutes."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = reverse("admin:billing_proof_changelist")
        if request.method == "POST":
            begin_proof()
            messages.success(request, gettext("It is being made. Load this page again in a moment."))
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": gettext("All proofs"),
            "title": gettext("Prove now"),
            "explanation": gettext(
                "The ledger is compared with itself, with the gateways’ reports, with documents and with a sample of their files."
                " Nothing is changed. While something differs, no payout leaves."
            ),
            "back": back,
        }
        return render(request, "admin/staff_action.html", context)

    @admin.display(description=_("result"))
    def result(self, proof: Proof) -> str:
        """In a word."""
        if proof.finished_at is None:
            return gettext("Not finished")
        if not proof.differences:
            return gettext("Everything agrees")
        return gettext("%(count)d differences") % {"count": len(proof.differences)}

    @admin.display(description=_("looked at"))
    def looked_at(self, proof: Proof) -> SafeString:
        """How many rows of what."""
        return format_html_join(", ", "{} {}", ((count, what) for what, count in proof.checked.items()))

    @admin.display(description=_("differences"))
    def found(self, proof: Proof) -> SafeString:
        """Each difference with the rows to look at."""
        items = format_html_join(
            "",
            "<li><strong>{}</strong>: {}<br>{}</li>",
            ((found["check"], found["text"], ", ".join(found["rows"])) for found in proof.differences),
        )
        return format_html("<ul>{}</ul>", items)
