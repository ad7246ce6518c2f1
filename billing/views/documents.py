"""Only an account's receipts, invoices and credit notes: their list, each one's files, and a year of them as a zip."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.access import signed_in
from accounts.http import AccountRequest
from billing.access import readable_document
from billing.document_forms import WantedForm
from billing.document_list import documents_of_year, documents_page, years_of
from billing.models import Document
from billing.presenters.documents import document_rows
from billing.services import read_document
from billing.services.document_bytes import Damaged
from billing.states import DocumentForm
from core.zip_stream import File, zip_stream

logger = logging.getLogger(__name__)


@require_GET
@signed_in
def invoices(request: AccountRequest) -> HttpResponse:
    """The account's documents, newest first."""
    years = years_of(request.account)
    form = WantedForm(years, request.GET.dict())
    wanted = form.wanted()
    page = documents_page(request.account, wanted, request.GET.get("after"), request.GET.get("before"))
    filters = {name: str(value) for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "form": form,
        "rows": document_rows(page),
        "is_new": not years,
        "zip_year": wanted.year or (years[0] if years else None),
        "newer": _address(filters, "before", page.newer),
        "older": _address(filters, "after", page.older),
    }
    return render(request, "billing/invoices.html", context)


def _address(filters: dict[str, str], name: str, cursor: str | None) -> str:
    return f"{reverse('invoices')}?{urlencode({**filters, name: cursor})}" if cursor else ""


@never_cache
@require_GET
@signed_in
def document_file(request: AccountRequest, public_id: UUID, form: DocumentForm) -> HttpResponse:
    """One file of a document, exactly as it was stored."""
    return file_answer(request, readable_document(request, public_id), form)


def file_answer(request: HttpRequest, document: Document, form: DocumentForm) -> HttpResponse:
    """The file as an attachment; while it is being made, and when it is not what was stored, a page that says so."""
    if document.stored_at is None:
        waiting = render(request, "billing/document_waits.html", {"document": document}, status=HTTPStatus.SERVICE_UNAVAILABLE)
        waiting.headers["Retry-After"] = "60"
        return waiting
    if not getattr(document, form.value):
        raise Http404
    try:
        data = read_document(document, form)
    except Damaged:
        return render(request, "billing/document_damaged.html", {"document": document}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse(data, content_type=form.media_type, headers=_as_attachment(f"{document.number}{form.suffix}"))


def _as_attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}


@never_cache
@require_GET
@signed_in
def invoices_zip(request: AccountRequest, year: int) -> StreamingHttpResponse:
    """All files of a year, made while they are sent."""
    if year not in years_of(request.account):
        raise Http404
    files = files_of(documents_of_year(request.account, year))
    return StreamingHttpResponse(
        zip_stream(files), content_type="application/zip", headers=_as_attachment(f"decent-cloud-{year}.zip")
    )


def files_of(documents: Iterator[Document]) -> Iterator[File]:
    """Each document's files, one in memory at a time; at the end a list of those that could not be given, if there are any."""
    missing = []
    for document in documents:
        if document.stored_at is None:
            missing.append(f"{document.number}: its file is being made")
            continue
        for form in DocumentForm:
            if not getattr(document, form.value):
                continue
            try:
                data = read_document(document, form)
            except Damaged:
                missing.append(f"{document.number}{form.suffix}: its file is damaged, and we know of it")
            else:
                yield f"{document.number}{form.suffix}", (data,)
    if missing:
        yield "MISSING.txt", ("\n".join(missing).encode() + b"\n",)
