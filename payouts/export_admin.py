"""Only staff's pages of the files that payouts left in."""

from hashlib import sha256

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core.admin import ReadOnlyAdmin
from core.formats import money
from core.staff_pages import StaffActions
from payouts.exports import file_name
from payouts.models import Payout, PayoutExport
from payouts.states import ExportFormat


class PayoutExportAdmin(StaffActions[PayoutExport], ReadOnlyAdmin[PayoutExport]):
    """The files that were made, to be fetched again as they are."""

    list_display = ("public_id", "format", "count", "created_at", "created_by", "file")
    list_filter = ("format",)
    list_select_related = ("created_by",)
    search_fields = ("public_id__exact", "payouts__public_id__exact")
    search_help_text = _("A file’s id, or that of a payout in it.")
    ordering = ("-id",)
    fields = ("public_id", "format", "created_at", "created_by", "sha256", "file", "contents")
    readonly_fields = ("file", "contents")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutExport]:
        """Without the files themselves, with what is in them."""
        payouts = Prefetch("payouts", Payout.objects.select_related("provider").order_by("pk"))
        return super().get_queryset(request).defer("content").prefetch_related(payouts)

    def get_urls(self) -> list[URLPattern]:
        """The file before Django's own pages, which would take its address for an object's."""
        guarded = self.admin_site.admin_view(self.download)
        return [path("<int:export_id>/file/", guarded, name="payouts_export_file"), *super().get_urls()]

    def links(self, found: PayoutExport) -> list[dict[str, StrOrPromise]]:
        """The file."""
        return [{"label": _("Fetch the file"), "url": reverse("admin:payouts_export_file", args=[found.pk])}]

    def download(self, request: HttpRequest, export_id: int) -> HttpResponse:
        """The file, byte for byte as it was made; Http404 for one that is none, or whose bytes have another sum."""
        found = PayoutExport.objects.filter(pk=export_id).first() if self.has_view_permission(request) else None
        content = found.content.encode() if found else b""
        if found is None or sha256(content).hexdigest() != found.sha256:
            raise Http404
        media_type = "application/xml" if found.format == ExportFormat.PAIN001 else "text/csv"
        name = file_name(found.format, found.created_at, found.public_id)
        disposition = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(content, content_type=f"{media_type}; charset=utf-8", headers=disposition)

    @admin.display(description=_("payouts"))
    def count(self, export: PayoutExport) -> int:
        """How many are in it."""
        return len(export.payouts.all())

    @admin.display(description=_("file"))
    def file(self, export: PayoutExport) -> SafeString:
        """To fetch."""
        name = file_name(export.format, export.created_at, export.public_id)
        return format_html('<a href="{}">{}</a>', reverse("admin:payouts_export_file", args=[export.pk]), name)

    @admin.display(description=_("in it"))
    def contents(self, export: PayoutExport) -> SafeString:
        """Each payout, to go to."""
        rows = (
            (
                reverse("admin:payouts_payout_change", args=[payout.pk]),
                money(payout.amount),
                payout.provider,
                payout.get_state_display(),
            )
            for payout in export.payouts.all()
        )
        return format_html_join("", '<div><a href="{}">{}</a> {}: {}</div>', rows)
