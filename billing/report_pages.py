"""Only the page of reports in the administration, and their downloads: CSV that is streamed as it is read."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from billing.models import Document
from billing.report_forms import JournalForm, QuarterForm, all_days, last_month
from billing.reports import exposure, journal, quarter
from billing.reports.sheet import Cell, written
from billing.taxation import sellers_today


class ReportPages(admin.ModelAdmin[Document]):
    """Mixed into the documents' page: whoever may look at documents may have them in a list."""

    change_list_template = "admin/billing/document/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        """Before Django's own, which would take the addresses for a document's."""
        guarded = self.admin_site.admin_view
        return [
            path("reports/", guarded(self.reports), name="billing_reports"),
            path("reports/journal.csv", guarded(self.journal_csv), name="billing_journal"),
            path("reports/oss.csv", guarded(self.quarter_csv), name="billing_quarter"),
            path("reports/exposure/", guarded(self.exposure), name="billing_exposure"),
            path("reports/exposure.csv", guarded(self.exposure_csv), name="billing_exposure_csv"),
            *super().get_urls(),
        ]

    def reports(self, request: HttpRequest) -> HttpResponse:
        """What there is to download."""
        return self._page(request, JournalForm(initial=last_month(sellers_today())), QuarterForm())

    def journal_csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Every invoice and credit note from one day to another."""
        form = JournalForm(request.GET)
        if not form.is_valid():
            return self._page(request, form, QuarterForm())
        first, last = form.cleaned_data["first"], form.cleaned_data["last"]
        return self._download(request, f"journal-{first}-{last}", journal.COLUMNS, journal.journal(first, last))

    def quarter_csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """VAT of other member states for the One-Stop Shop."""
        form = QuarterForm(request.GET)
        if not form.is_valid():
            return self._page(request, JournalForm(initial=last_month(sellers_today())), form)
        wanted = form.cleaned_data["quarter"]
        return self._download(request, f"oss-{wanted}", quarter.COLUMNS, quarter.quarter_report(wanted))

    def exposure(self, request: HttpRequest) -> HttpResponse:
        """VAT that was left out of payments by ICPay, in a table; any days, at first all so far."""
        self._refuse_strangers(request)
        form = JournalForm(request.GET if request.GET else all_days(sellers_today()))
        rows = exposure.exposure(form.cleaned_data["first"], form.cleaned_data["last"]) if form.is_valid() else []
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("VAT left out"),
            "form": form,
            "rows": [one.shown for one in rows],
            "query": urlencode({name: str(day) for name, day in form.cleaned_data.items()}) if form.is_valid() else "",
        }
        return render(request, "admin/billing/document/exposure.html", context, status=200 if form.is_valid() else 400)

    def exposure_csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """The same for a spreadsheet, with what was given back."""
        form = JournalForm(request.GET)
        if not form.is_valid():
            return self.exposure(request)
        first, last = form.cleaned_data["first"], form.cleaned_data["last"]
        return self._download(request, f"exposure-{first}-{last}", exposure.COLUMNS, exposure.exposure_rows(first, last))

    def _page(self, request: HttpRequest, journal_form: JournalForm, quarter_form: QuarterForm) -> HttpResponse:
        self._refuse_strangers(request)
        reports: list[dict[str, Any]] = [
            {
                "title": _("Sales journal"),
                "text": _("Every invoice and credit note of a period, one line each; credit notes are negative."),
                "form": journal_form,
                "url": reverse("admin:billing_journal"),
            },
            {
                "title": _("One-Stop Shop, by quarter"),
                "text": _(
                    "VAT by member state and rate, in euros at the ECB’s rate of the quarter’s last day; corrections of earlier"
                    " quarters by theirs."
                ),
                "form": quarter_form,
                "url": reverse("admin:billing_quarter"),
            },
            {
                "title": _("VAT left out"),
                "text": _("What the table would have charged on payments by ICPay, by country, rate and currency."),
                "form": (),
                "url": reverse("admin:billing_exposure"),
                "button": _("Look at it"),
            },
        ]
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": _("Reports"), "reports": reports}
        wrong = journal_form.is_bound or quarter_form.is_bound
        return render(request, "admin/billing/document/reports.html", context, status=400 if wrong else 200)

    def _download(
        self, request: HttpRequest, name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]
    ) -> StreamingHttpResponse:
        self._refuse_strangers(request)
        response = StreamingHttpResponse(written(columns, rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    def _refuse_strangers(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
