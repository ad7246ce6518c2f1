"""The machine door of the market: search and one offering, open to everybody for what is public."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from accounts.access import account_of
from accounts.models import Account
from accounts.permissions import HasScopeOrIsAnonymous
from accounts.states import Scope
from core.api import KeysetPagination
from core.countries import CODES, is_country
from core.pages import Page
from core.parsers import Unacceptable
from providers.access import visible_offering
from providers.models import Offering, Provider, Standing
from providers.queries import rentable
from providers.search.asked import FLAGS, SORTS, UPTIMES, MarketQuery
from providers.search.finding import rows_of
from providers.search.language import QueryError
from providers.search.parser import LONGEST
from providers.states import DiskType, OfferingType, Term, Virtualisation


class SearchThrottle(SimpleRateThrottle):
    """Two searches a second for each account, and for each address of those without one."""

    rate = "120/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Who is counted."""
        who = f"account-{account_of(request).pk}" if request.user.is_authenticated else self.get_ident(request)
        return f"throttle-offerings-{who}"


class StandingSerializer(serializers.ModelSerializer[Standing]):
    """What was measured, each figure with what it rests on; null until something was."""

    class Meta:
        model = Standing
        fields = [
            "uptime_percent",
            "uptime_days",
            "response_minutes",
            "response_samples",
            "market_percent",
            "market_samples",
            "score",
            "score_samples",
        ]
        read_only_fields = fields


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    """Who runs it."""

    class Meta:
        model = Provider
        fields = ["slug", "name", "country", "city"]
        read_only_fields = fields


class OfferingSerializer(serializers.ModelSerializer[Offering]):
    """One offering. Prices are net, in minor units of `currency`, `monthly_minor` for 720 hours; sizes name their unit."""

    type = serializers.ChoiceField(choices=OfferingType.choices, read_only=True)
    disk_type = serializers.ChoiceField(choices=DiskType.choices, allow_blank=True, read_only=True)
    virtualisation = serializers.ChoiceField(choices=Virtualisation.choices, allow_blank=True, read_only=True)
    provider = ProviderSerializer(read_only=True)
    free = serializers.IntegerField(read_only=True, help_text="How many can still be rented.")
    operating_systems = serializers.ListField(child=serializers.CharField(), read_only=True)
    features = serializers.ListField(child=serializers.CharField(), read_only=True)
    standing = serializers.SerializerMethodField()

    class Meta:
        model = Offering
        fields = [
            "slug",
            "name",
            "provider",
            "type",
            "currency",
            "monthly_minor",
            "setup_fee_minor",
            "min_hours",
            "max_hours",
            "extension_price",
            "free",
            "cpu_brand",
            "cpu_model",
            "cores",
            "cpu_ghz",
            "memory_gb",
            "memory_ecc",
            "disk_type",
            "disk_count",
            "disk_gb",
            "gpu_name",
            "gpu_count",
            "gpu_gb",
            "uplink_mbit",
            "traffic_tb",
            "traffic_unmetered",
            "country",
            "city",
            "operating_systems",
            "virtualisation",
            "control_panel",
            "features",
            "sla_uptime_percent",
            "sla_response_minutes",
            "auto_accept",
            "auto_accept_max_hours",
            "published_at",
            "standing",
        ]
        read_only_fields = fields

    @extend_schema_field(StandingSerializer(allow_null=True))
    def get_standing(self, offering: Offering) -> dict[str, Any] | None:
        """The offering's own figures; it is loaded along with each row."""
        return StandingSerializer(offering.standing).data if hasattr(offering, "standing") else None


class TermSerializer(serializers.Serializer[Term]):
    """One length of time, and whether it can be rented."""

    hours = serializers.IntegerField()
    allowed = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True, help_text="Why not, as a sentence; empty when it can.")


class OfferingDetailSerializer(OfferingSerializer):
    """One offering with its text and its terms."""

    terms = serializers.SerializerMethodField()

    class Meta(OfferingSerializer.Meta):
        fields = [*OfferingSerializer.Meta.fields, "description", "terms"]
        read_only_fields = fields

    @extend_schema_field(TermSerializer(many=True))
    def get_terms(self, offering: Offering) -> list[dict[str, Any]]:
        """Every term of the market."""
        return [dict(TermSerializer(term).data) for term in offering.terms()]


class SearchPagination(KeysetPagination):
    """Pages of a search, found the way the market's pages are."""

    account: Account | None
    asked: MarketQuery

    def page_of(self, queryset: Any, order: Sequence[str], after: str | None, before: str | None, size: int) -> Page[Any]:
        """The page. Raises Unacceptable for a query that cannot be read."""
        try:
            return rows_of(self.account, self.asked, size)
        except QueryError as error:
            raise Unacceptable([{"parameter": "q", "detail": _in_words(error)}]) from error


def _number(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(name, {"type": "number", "minimum": 0, "maximum": 999_999_999, "multipleOf": 0.01}, description=words)


_PARAMETERS = [
    OpenApiParameter(
        "q",
        {"type": "string", "maxLength": LONGEST},
        description='The market\'s query language: `cores:>=4 memory:[16 TO 64] country:(DE OR NL) -type:gpu "free text"`.',
    ),
    OpenApiParameter("type", OpenApiTypes.STR, many=True, enum=OfferingType.values, description="Any of these kinds."),
    OpenApiParameter("country", OpenApiTypes.STR, many=True, enum=CODES, description="Any of these countries."),
    _number("price_min", "Least price a month, net euros."),
    _number("price_max", "Highest price a month, net euros."),
    _number("cores_min", "Least number of cores."),
    _number("cores_max", "Highest number of cores."),
    _number("memory_min", "Least memory, GB."),
    _number("memory_max", "Most memory, GB."),
    OpenApiParameter(
        "uptime", OpenApiTypes.STR, many=True, enum=UPTIMES, description="Measured: 99.9 %, 99.99 %, for 90 days at least."
    ),
    *(OpenApiParameter(flag, OpenApiTypes.STR, enum=["1"], description="1: only those.") for flag in FLAGS),
    OpenApiParameter("sort", OpenApiTypes.STR, enum=list(SORTS), default="price"),
]


class Offerings(GenericAPIView[Offering]):
    """The market."""

    permission_classes = [HasScopeOrIsAnonymous]
    scopes = {"GET": Scope.OFFERINGS_READ}
    throttle_classes = [SearchThrottle]
    pagination_class = SearchPagination
    serializer_class = OfferingSerializer

    @extend_schema(operation_id="offerings_list", parameters=_PARAMETERS, responses=OfferingSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Offerings that can be rented. Everybody sees the public ones, an account also those shared with it."""
        asked = _asked(request.query_params)
        self.keyset_order = asked.order
        paginator = cast(SearchPagination, self.paginator)
        paginator.account, paginator.asked = _account(request), asked
        rows = self.paginate_queryset(rentable(paginator.account))
        return self.get_paginated_response(OfferingSerializer(rows, many=True).data)


class OneOffering(GenericAPIView[Offering]):
    """One offering."""

    permission_classes = [HasScopeOrIsAnonymous]
    scopes = {"GET": Scope.OFFERINGS_READ}
    throttle_classes = [SearchThrottle]
    serializer_class = OfferingDetailSerializer

    @extend_schema(operation_id="offerings_read")
    def get(self, request: Request, slug: str) -> Response:
        """The offering with its text and its terms."""
        return Response(OfferingDetailSerializer(visible_offering(request, slug)).data)


def _account(request: Request) -> Account | None:
    return account_of(request) if request.user.is_authenticated else None


def _asked(params: QueryDict) -> MarketQuery:
    """The search that is asked for. Raises Unacceptable for parameters that a page would pass over."""
    asked = MarketQuery.from_params(params)
    problems = dict(asked.problems)
    choices = {"type": OfferingType.values, "uptime": list(UPTIMES), "sort": list(SORTS), **{flag: ["1"] for flag in FLAGS}}
    for name, known in choices.items():
        if set(params.getlist(name)) - set(known):
            problems[name] = _("One of %(choices)s.") % {"choices": ", ".join(known)}
    if not all(is_country(code) for code in params.getlist("country")):
        problems["country"] = _("Two letters of a country, such as DE.")
    if problems:
        raise Unacceptable([{"parameter": name, "detail": sentence} for name, sentence in problems.items()])
    return asked


def _in_words(error: QueryError) -> str:
    said = {"place": error.position + 1, "message": error.message, "repaired": error.repaired}
    if error.repaired:
        return _("Character %(place)s: %(message)s Perhaps: %(repaired)s") % said
    return _("Character %(place)s: %(message)s") % said
