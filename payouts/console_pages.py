"""Only the pages of the console that are about many: what is pending, and what is done to several payouts at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from accounts.access import user_of
from core.errors import Refused
from core.formats import minor
from payouts.console_forms import PaidRow
from payouts.exports import MOST
from payouts.models import Payout
from payouts.pending import Pending, pending_releases
from payouts.services.payout import approve_payout, export_payouts, mark_paid, propose_payout, propose_payouts
from payouts.states import ExportFormat, PayoutState

PER_PAGE = 100
PENDING = "admin:payouts_pending"
PAYOUTS = "admin:payouts_payout_changelist"
Act = Callable[[list[int], HttpRequest], str]


@dataclass(frozen=True)
class Bulk:
    """Something that is done to chosen payouts on a page of its own. `act` returns the address where its outcome is seen."""

    name: str
    label: StrOrPromise
    explanation: StrOrPromise
    act: Act


def _approve(ids: list[int], request: HttpRequest) -> str:
    done = 0
    for pk in ids:
        try:
            approve_payout(pk, user_of(request))
            done += 1
        except Refused as refused:
            messages.error(request, refused.reason)
    if done:
        messages.success(request, ngettext("%(count)d is approved.", "%(count)d are approved.", done) % {"count": done})
    return reverse(PAYOUTS)


def _export(file_format: ExportFormat, ids: list[int], request: HttpRequest) -> str:
    export = export_payouts(ids, file_format, user_of(request))
    messages.success(request, _("All of them are in this file, and count as sent. Fetch it, and take it to where they are paid."))
    return reverse("admin:payouts_payoutexport_change", args=[export.pk])


BULKS = (
    Bulk(
        "approve-many",
        gettext_lazy("Approve"),
        gettext_lazy("You let these go. Whoever proposed one cannot approve it where the settings ask for a second person."),
        _approve,
    ),
    Bulk(
        "export-pain001",
        gettext_lazy("Export as SEPA file"),
        gettext_lazy(
            "All of them go into one file (pain.001.001.09), or none. From then on they count as sent, and are in no other file; "
            "the file can be fetched again. Take it to the bank, then mark them as paid."
        ),
        partial(_export, ExportFormat.PAIN001),
    ),
    Bulk(
        "export-csv",
        gettext_lazy("Export as CSV"),
        gettext_lazy(
            "All of them go into one file, or none: for ICPay’s dashboard, and for bank accounts that SEPA does not reach. From "
            "then on they count as sent, and are in no other file; the file can be fetched again. Pay them, then mark them as paid."
        ),
        partial(_export, ExportFormat.CSV),
    ),
)


class ConsolePages(admin.ModelAdmin[Payout]):
    """Mixed into the payouts' page. Looking asks for Django's right to see payouts, acting for the one to change them."""

    change_list_template = "admin/payouts/payout/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Before Django's own, which would take the addresses for a payout's."""
        guarded = self.admin_site.admin_view
        return [
            path("pending/", guarded(self.pending), name="payouts_pending"),
            path("pending/propose/", guarded(self.propose_all), name="payouts_propose_all"),
            path("pending/<int:provider_id>/<str:currency>/", guarded(self.propose_one), name="payouts_propose"),
            path("many/mark-paid/", guarded(self.mark_many_paid), name="payouts_mark_many_paid"),
            *(path(f"many/{bulk.name}/", guarded(partial(self.many, bulk=bulk)), name=f"payouts_{bulk.name}") for bulk in BULKS),
            *super().get_urls(),
        ]

    # Chosen on the list -----------------------------------------------------------------------------------------------------

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Django asks for it before it shows the choices above the list."""
        return bool(user_of(request).has_perm("payouts.change_payout"))

    @admin.action(description=gettext_lazy("Approve…"), permissions=["act"])
    def approve_many(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse:
        """On to the page that says what it means."""
        return _on_to("payouts_approve-many", queryset)

    @admin.action(description=gettext_lazy("Export as SEPA file (pain.001)…"), permissions=["act"])
    def export_pain001(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse:
        """On to the page that says what it means."""
        return _on_to("payouts_export-pain001", queryset)

    @admin.action(description=gettext_lazy("Export as CSV…"), permissions=["act"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse:
        """On to the page that says what it means."""
        return _on_to("payouts_export-csv", queryset)

    @admin.action(description=gettext_lazy("Mark as paid…"), permissions=["act"])
    def mark_many(self, request: HttpRequest, queryset: QuerySet[Payout]) -> HttpResponse:
        """On to the page on which each gets its reference."""
        return _on_to("payouts_mark_many_paid", queryset)

    # Pending ----------------------------------------------------------------------------------------------------------------

    def pending(self, request: HttpRequest) -> HttpResponse:
        """What providers wait for; what can be proposed stands first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = sorted(pending_releases(), key=lambda row: row.hold is not None)
        page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
        context = {
            "title": _("Pending releases"),
            "rows": [_shown(row) for row in page],
            "page": page,
            "free": sum(row.hold is None for row in rows),
            "may_act": self.has_act_permission(request),
        }
        return self._drawn(request, "pending", context)

    def propose_one(self, request: HttpRequest, provider_id: int, currency: str) -> HttpResponse:
        """All that is pending for one provider in one currency."""
        self._refuse_readers(request)
        if request.method == "POST":
            return self._proposed(request, provider_id, currency)
        row = next((row for row in pending_releases(provider_id) if row.currency == currency), None)
        if row is None or row.hold is not None:
            messages.error(request, _("There is nothing to propose any more; somebody may have been faster."))
            return HttpResponseRedirect(reverse(PENDING))
        return self._drawn(request, "propose", {"title": _("Propose a payout"), "rows": [_shown(row)], "seen": row.payable_minor})

    def _proposed(self, request: HttpRequest, provider_id: int, currency: str) -> HttpResponse:
        seen = request.POST.get("seen", "")
        try:
            payout = propose_payout(provider_id, currency, user_of(request), expected_minor=int(seen) if seen.isdecimal() else -1)
        except Refused as refused:
            messages.error(request, refused.reason)
            # With the new figure, where it is about the amount.
            again = reverse("admin:payouts_propose", args=[provider_id, currency])
            return HttpResponseRedirect(again if refused.code == "amount_changed" else reverse(PENDING))
        messages.success(request, _("It is proposed. It leaves once it is approved."))
        return HttpResponseRedirect(reverse("admin:payouts_payout_change", args=[payout.pk]))

    def propose_all(self, request: HttpRequest) -> HttpResponse:
        """All that nothing holds back."""
        self._refuse_readers(request)
        if request.method == "POST":
            count = len(propose_payouts(user_of(request)))
            text = ngettext("%(count)d payout is proposed.", "%(count)d payouts are proposed.", count) % {"count": count}
            self.message_user(request, text, messages.SUCCESS if count else messages.WARNING)
            return HttpResponseRedirect(f"{reverse(PAYOUTS)}?{urlencode({'state': PayoutState.PROPOSED})}")
        free = [row for row in pending_releases() if row.hold is None]
        totals = _totals((row.payable_minor, row.currency) for row in free)
        shown = [_shown(row) for row in free[:PER_PAGE]]
        return self._drawn(request, "propose", {"title": _("Propose all"), "rows": shown, "totals": totals, "count": len(free)})

    # Several payouts --------------------------------------------------------------------------------------------------------

    def many(self, request: HttpRequest, bulk: Bulk) -> HttpResponse:
        """What is about to be done to which payouts, and, once sent, what came of it."""
        self._refuse_readers(request)
        ids = _ids(request.POST if request.method == "POST" else request.GET)
        if request.method == "POST":
            try:
                return HttpResponseRedirect(bulk.act(ids, request))
            except Refused as refused:
                messages.error(request, refused.reason)
                return HttpResponseRedirect(reverse(PAYOUTS))
        context = {"title": bulk.label, "explanation": bulk.explanation, **_chosen(ids)}
        return self._drawn(request, "many", context)

    def mark_many_paid(self, request: HttpRequest) -> HttpResponse:
        """A reference for each payout that is paid; the others are left as they are."""
        self._refuse_readers(request)
        data = request.POST if request.method == "POST" else None
        chosen = _chosen(_ids(data if data is not None else request.GET))
        rows = [PaidRow(payout, data) for payout in chosen["payouts"]]
        if data is not None:
            rows, is_done = self._marked(request, rows)
            if is_done:
                return HttpResponseRedirect(reverse(PAYOUTS))
        ids = ",".join(str(row.payout.pk) for row in rows)
        return self._drawn(request, "mark_paid", {"title": _("Mark as paid"), "ids": ids, "paid_rows": rows})

    def _marked(self, request: HttpRequest, rows: list[PaidRow]) -> tuple[list[PaidRow], bool]:
        """Mark those that are given as paid, each by itself; the rows that are left, and whether nothing is to be put right."""
        given = [row for row in rows if row.form.is_bound]
        if not given:
            messages.error(request, _("Give a reference for at least one."))
        valid = [row.form.is_valid() for row in given]
        if not given or not all(valid):
            return rows, False
        done = []
        for row in given:
            try:
                mark_paid(row.payout.pk, user_of(request), **row.form.said(row.payout))
                done.append(row)
            except Refused as refused:
                row.refuse(refused)
        if done:
            text = ngettext("%(count)d is marked as paid.", "%(count)d are marked as paid.", len(done)) % {"count": len(done)}
            messages.success(request, text)
        return [row for row in rows if row not in done], len(done) == len(given)

    # Pieces -----------------------------------------------------------------------------------------------------------------

    def _refuse_readers(self, request: HttpRequest) -> None:
        if not self.has_act_permission(request):
            raise PermissionDenied

    def _drawn(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        shown = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return render(request, f"admin/payouts/payout/{name}.html", shown)


def _shown(row: Pending) -> dict[str, Any]:
    return {
        "provider": row.provider,
        "currency": row.currency,
        "count": row.count,
        "released": minor(row.released_minor, row.currency),
        "recovered": minor(row.recovered_minor, row.currency) if row.recovered_minor else "–",
        "payable": minor(row.payable_minor, row.currency),
        "place": f"{row.method.get_kind_display()}: {row.method}" if row.method else "–",
        "hold": row.hold.label if row.hold else "",
        "held": minor(row.held_minor, row.currency) if row.held_minor else "",
        "reason": row.reason.label if row.reason else "",
    }


def _on_to(page: str, chosen: QuerySet[Payout]) -> HttpResponseRedirect:
    ids = chosen.order_by("pk").values_list("pk", flat=True)[:MOST]
    return HttpResponseRedirect(f"{reverse(f'admin:{page}')}?{urlencode({'ids': ','.join(map(str, ids))})}")


def _ids(data: Any) -> list[int]:
    """The ids in an address or a form; Http404 for anything else."""
    texts = data.get("ids", "").split(",")
    if len(texts) > MOST or not all(text.isascii() and text.isdecimal() and len(text) < 19 for text in texts):
        raise Http404
    return [int(text) for text in texts]


def _chosen(ids: list[int]) -> dict[str, Any]:
    payouts = list(Payout.objects.filter(pk__in=ids).select_related("provider", "method").order_by("pk"))
    if not payouts:
        raise Http404
    totals = _totals((payout.amount_minor, payout.currency) for payout in payouts)
    return {"payouts": payouts, "ids": ",".join(str(payout.pk) for payout in payouts), "totals": totals}


def _totals(amounts: Iterable[tuple[int, str]]) -> list[str]:
    """The sum in each currency, as money."""
    sums: dict[str, int] = defaultdict(int)
    for amount, code in amounts:
        sums[code] += amount
    return [minor(total, code) for code, total in sorted(sums.items())]
