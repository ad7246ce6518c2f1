"""Only documents as staff sees them: what was issued, with its files to download, and nothing to change."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.admin_pieces import MoneyAdmin, amount_column
from billing.models import Document
from billing.presenters.documents import address_of
from billing.report_pages import ReportPages
from billing.states import DocumentForm


class DocumentAdmin(ReportPages, MoneyAdmin[Document]):
    """Receipts, invoices and credit notes."""

    list_display = ("number", "kind", "issued_on", "account", "contract", "gross", "category", "tax_country", "stored_at", "files")
    list_filter = ("kind", "year", "category", ("stored_at", admin.EmptyFieldListFilter))
    list_select_related = ("account", "contract")
    search_fields = ("number__exact", "contract__reference__exact")
    search_help_text = _("A number such as INV-2026-000001, or a contract’s reference.")
    ordering = ("-id",)
    gross = amount_column("gross_minor", _("gross"))
    exclude = ("pdf", "cii", "ubl")
    readonly_fields = ("files",)

    @admin.display(description=_("files"))
    def files(self, document: Document) -> SafeString:
        """Each with its link; nothing while they are being made."""
        there = ((address_of(document, form), str(form.label)) for form in DocumentForm if address_of(document, form))
        return format_html_join(", ", '<a href="{}">{}</a>', there)
