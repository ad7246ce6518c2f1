"""The machine door to VIES: is this a VAT id, whose is it, and what became of a question that takes longer."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from accounts.access import account_of
from accounts.states import Scope
from billing import services
from billing.buyer_api import VatCheckSerializer
from billing.models import VatCheck
from billing.states import VatCheckState
from billing.vat_ids import BadVatId, read_vat_id
from billing.vat_queries import own_check
from core.idempotency import idempotent


class VatThrottle(SimpleRateThrottle):
    """One question every two seconds for each account; VIES has many other customers."""

    rate = "30/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Who is counted; whoever is not signed in gets no further anyway."""
        return f"throttle-vat-{account_of(request).pk}" if request.user.is_authenticated else None


class VatQuestionSerializer(serializers.Serializer[Any]):
    """A VAT id in two parts."""

    country_code = serializers.RegexField(r"^[A-Za-z]{2}\Z", help_text="Of a member state; EL or GR for Greece.")
    vat_number = serializers.RegexField(
        r"^[A-Za-z0-9+* ./-]{2,40}\Z", help_text="With or without the country's letters, blanks, dots and hyphens."
    )


class VatAnswerSerializer(serializers.Serializer[Any]):
    """What is known of the id. `id` and `created_at` are null for one that cannot exist: nobody was asked."""

    id = serializers.UUIDField(allow_null=True)
    country_code = serializers.CharField()
    vat_number = serializers.CharField()
    state = serializers.ChoiceField(choices=VatCheckState.choices, help_text="unavailable is not invalid: ask again later.")
    detail = serializers.CharField(help_text="Why it cannot be an id; else empty.")
    name = serializers.CharField()
    address = serializers.CharField()
    consultation_number = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    check_url = serializers.CharField(help_text="Where the answer can be read later; empty for an id that cannot exist.")


class ValidateVat(GenericAPIView[VatCheck]):
    """Is this a VAT id?"""

    scopes = {"POST": Scope.QUOTES_WRITE}
    serializer_class = VatAnswerSerializer
    throttle_classes = [VatThrottle]

    @extend_schema(
        operation_id="vat_validate",
        request=VatQuestionSerializer,
        responses={
            200: VatAnswerSerializer,
            202: OpenApiResponse(VatAnswerSerializer, description="VIES takes longer: see `Location`."),
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask VIES about an id, once a day for each. Answers within three seconds; 202 with a link while the question goes on."""
        data = VatQuestionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            vat_id = read_vat_id(data.validated_data["country_code"], data.validated_data["vat_number"])
        except BadVatId as bad:
            return Response(_impossible(data.validated_data, bad))
        check = services.check_vat_id(vat_id, account_of(request))
        location = reverse("api_vat_check", args=[check.public_id])
        body = {**VatCheckSerializer(check).data, "detail": "", "check_url": request.build_absolute_uri(location)}
        if check.state == VatCheckState.PENDING:
            return Response(body, status=202, headers={"Location": location})
        return Response(body)


class OneVatCheck(GenericAPIView[VatCheck]):
    """One question of the account."""

    scopes = {"GET": Scope.QUOTES_WRITE}
    serializer_class = VatCheckSerializer

    @extend_schema(operation_id="vat_checks_read")
    def get(self, request: Request, check_id: UUID) -> Response:
        """What VIES has said so far."""
        check = own_check(account_of(request), check_id)
        if check is None:
            raise Http404
        return Response(self.get_serializer(check).data)


def _impossible(asked: dict[str, str], bad: BadVatId) -> dict[str, Any]:
    texts = dict.fromkeys(("name", "address", "consultation_number", "check_url"), "")
    times = dict.fromkeys(("id", "created_at", "answered_at"))
    code, number = asked["country_code"].upper(), asked["vat_number"].upper()
    return {"country_code": code, "vat_number": number, "state": VatCheckState.INVALID, "detail": bad.reason, **texts, **times}
