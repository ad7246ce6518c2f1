"""The machine door of documents: their list, and each one's files."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import account_of
from accounts.states import Scope
from billing.models import Document
from billing.services import read_document
from billing.services.document_bytes import Damaged
from billing.states import DocumentForm, DocumentKind
from core.parsers import Unacceptable

FORMS = {"pdf": DocumentForm.PDF, "cii": DocumentForm.CII, "ubl": DocumentForm.UBL}


class DocumentSerializer(serializers.ModelSerializer[Document]):
    """A receipt, invoice or credit note. Amounts are in minor units of `currency` and positive: `kind` says which way they go."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    contract = serializers.CharField(source="contract.reference", read_only=True)
    corrects = serializers.CharField(
        source="corrects.number", read_only=True, allow_null=True, default=None, help_text="Of a credit note: its invoice."
    )
    files = serializers.SerializerMethodField(help_text="Where each file is; empty while they are being made.")

    class Meta:
        model = Document
        fields = [
            "id",
            "kind",
            "number",
            "issued_at",
            "issued_on",
            "contract",
            "corrects",
            "language",
            "currency",
            "category",
            "tax_country",
            "tax_rate",
            "net_minor",
            "tax_minor",
            "gross_minor",
            "files",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_files(self, document: Document) -> dict[str, str]:
        """Addresses by form: pdf, and for invoices and credit notes cii and ubl."""
        there = [name for name, form in FORMS.items() if getattr(document, form.value)]
        return {name: reverse("api_document_file", args=[document.public_id, name]) for name in there}


class Documents(GenericAPIView[Document]):
    """The account's documents."""

    scopes = {"GET": Scope.BILLING_READ}
    serializer_class = DocumentSerializer
    keyset_order = ("-issued_at", "-id")

    def get_queryset(self) -> QuerySet[Document]:
        """Those of the account in use, by kind, year and rental where they are asked for."""
        found = Document.objects.filter(account=account_of(self.request)).select_related("contract", "corrects").defer("content")
        asked = self.request.query_params
        kind, year, rental = asked.get("kind"), asked.get("year"), asked.get("contract")
        if kind is not None:
            if kind not in DocumentKind.values:
                raise Unacceptable([{"parameter": "kind", "detail": f"One of {', '.join(DocumentKind.values)}."}])
            found = found.filter(kind=kind)
        if year is not None:
            if not (year.isascii() and year.isdecimal() and len(year) == 4):
                raise Unacceptable([{"parameter": "year", "detail": "A year such as 2026."}])
            found = found.filter(year=int(year))
        return found if rental is None else found.filter(contract__reference=rental.upper()[:20])

    @extend_schema(
        operation_id="documents_list",
        parameters=[
            OpenApiParameter("kind", str, enum=DocumentKind.values),
            OpenApiParameter("year", int, description="Of the number."),
            OpenApiParameter("contract", str, description="A rental's reference."),
        ],
        responses=DocumentSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """All documents, newest first."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


class _AsItIs(BaseContentNegotiation):
    """There is one form at each address, whatever is accepted; errors are problem+json."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class NotNow(APIException):
    """The file is being made, or cannot be given."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "not_now"
    wait = 60


class DocumentFile(GenericAPIView[Document]):
    """One file of a document."""

    scopes = {"GET": Scope.BILLING_READ}
    content_negotiation_class = _AsItIs
    serializer_class = DocumentSerializer

    @extend_schema(
        operation_id="documents_file",
        parameters=[OpenApiParameter("form", str, OpenApiParameter.PATH, enum=list(FORMS))],
        responses={
            (200, "application/pdf"): OpenApiTypes.BINARY,
            (200, "application/xml"): OpenApiTypes.BINARY,
            503: OpenApiResponse(description="It is being made, or damaged."),
        },
    )
    def get(self, request: Request, document_id: UUID, form: str) -> HttpResponse:
        """The file as it was stored: PDF, or the XML of EN 16931 as CII or UBL."""
        wanted = FORMS.get(form)
        document = Document.objects.filter(account=account_of(request), public_id=document_id).defer("content").first()
        if wanted is None or document is None:
            raise Http404
        if document.stored_at is None:
            raise NotNow("Its file is being made.", "being_made")
        if not getattr(document, wanted.value):
            raise Http404
        try:
            data = read_document(document, wanted)
        except Damaged as damage:
            raise NotNow("Its file is not the one that was stored; staff knows of it.", "damaged") from damage
        name = f"{document.number}{wanted.suffix}"
        return HttpResponse(
            data,
            content_type=wanted.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )
