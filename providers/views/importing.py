"""Offerings as files: template, export, and import by a preview."""

from collections.abc import Iterable

from django.contrib import messages
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import signed_in
from accounts.http import AccountRequest
from core import clock
from core.errors import Refused
from providers import services, spreadsheet
from providers.access import own_preview, own_provider
from providers.forms import ImportForm
from providers.presenters import importing, own
from providers.previews import preview_import
from providers.queries import offerings_of
from providers.views.guard import UNPROCESSABLE, changes_offers, of_provider, see

_CHUNK = 500


@require_http_methods(["GET", "POST"])
@signed_in
@changes_offers
def offering_import(request: AccountRequest) -> HttpResponseBase:
    """Upload a file; what it would do is shown before anything is done."""
    provider = own_provider(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            preview = preview_import(provider, file.name, file.read())
        except Refused as refused:
            form.refuse(refused)
        else:
            return see("offering_preview", preview.pk)
    context = {"form": form, "columns": spreadsheet.COLUMNS, "crumbs": own.crumbs(None, _("Import"))}
    return render(request, "providers/desk/import.html", context, status=UNPROCESSABLE if form.errors else None)


@require_http_methods(["GET", "POST"])
@signed_in
@changes_offers
def offering_preview(request: AccountRequest, preview: int) -> HttpResponseBase:
    """What the file would do, row by row; sending the form does exactly that."""
    found = own_preview(request, preview)
    if request.method == "POST":
        try:
            made, changed = services.apply_import(found, keep_good="keep_good" in request.POST)
        except Refused as refused:
            messages.error(request, refused.reason)
            return see("offering_preview", found.pk) if refused.code == "has_errors" else see("offering_import")
        messages.success(request, importing.done(made, changed))
        return see("provider_offerings")
    context = {"preview": importing.preview_page(found), "crumbs": own.crumbs(None, _("Import"))}
    return render(request, "providers/desk/preview.html", context)


@require_GET
@signed_in
@of_provider
def offering_export(request: AccountRequest) -> HttpResponseBase:
    """All offerings as a file that can be imported again."""
    provider = own_provider(request)
    offerings = offerings_of(provider).order_by("created_at", "id").iterator(chunk_size=_CHUNK)
    return _file(spreadsheet.write(offerings), f"offerings-{provider.slug}-{clock.now():%Y-%m-%d}.csv")


@require_GET
@signed_in
@of_provider
def offering_template(request: AccountRequest) -> HttpResponseBase:
    """A file with every column and one example."""
    own_provider(request)
    return _file(spreadsheet.template(), "offerings-template.csv")


def _file(lines: Iterable[str], name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
