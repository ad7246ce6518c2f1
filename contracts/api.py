"""The machine door of contracts: list, detail, timeline, and the customer's own moves. Ordering and extending stand in billing."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import account_of, require_role, user_of
from accounts.states import Role, Scope
from contracts import actors, queries, services
from contracts.access import customer_contract
from contracts.models import Contract, Delivery, Move, Segment
from contracts.states import ActorKind, State
from core.idempotency import idempotent
from core.money import MAX_MINOR
from core.parsers import Unacceptable

MAY_RENT = (Role.OWNER, Role.MEMBER)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """What is needed to connect; empty texts are what the provider did not give."""

    console_url = serializers.CharField(read_only=True)

    class Meta:
        model = Delivery
        fields = ["login", "ipv4", "ipv6", "port", "host_key", "console_url", "notes", "delivered_at"]
        read_only_fields = fields


class SegmentSerializer(serializers.ModelSerializer[Segment]):
    """One stretch of the term; an order's is unpaid at first."""

    class Meta:
        model = Segment
        fields = ["number", "hours", "setup_fee_minor", "rent_minor", "net_minor", "paid_at"]
        read_only_fields = fields


class ContractSerializer(serializers.ModelSerializer[Contract]):
    """A rental as it stands. Amounts are net, in minor units of `currency`; times are UTC."""

    state = serializers.ChoiceField(choices=State.choices, read_only=True)
    offering = serializers.SlugField(source="offering.slug", read_only=True)
    provider = serializers.SlugField(source="provider.slug", read_only=True)
    ends_at = serializers.DateTimeField(read_only=True, allow_null=True)
    moves = serializers.SerializerMethodField(help_text="What may be done now.")

    class Meta:
        model = Contract
        fields = [
            "reference",
            "state",
            "offering",
            "offering_name",
            "provider",
            "currency",
            "monthly_minor",
            "setup_fee_minor",
            "rent_minor",
            "net_minor",
            "hours",
            "operating_system",
            "host_name",
            "ssh_fingerprint",
            "created_at",
            "paid_at",
            "accepted_at",
            "provisioned_at",
            "active_at",
            "ends_at",
            "ended_at",
            "end_reason",
            "deadline_at",
            "moves",
        ]
        read_only_fields = fields

    def get_moves(self, contract: Contract) -> list[str]:
        """The words of `available_moves`, sorted."""
        return sorted(queries.available_moves(contract, ActorKind.CUSTOMER))


class ContractDetailSerializer(ContractSerializer):
    """A rental with its terms, its paid stretches and what is needed to connect (null until delivered)."""

    terms = serializers.DictField(read_only=True, help_text="The offering as it was when it was ordered.")
    segments = SegmentSerializer(many=True, read_only=True)
    delivery = DeliverySerializer(read_only=True, allow_null=True, default=None)

    class Meta(ContractSerializer.Meta):
        fields = [*ContractSerializer.Meta.fields, "note", "terms", "segments", "delivery"]
        read_only_fields = fields


class MoveSerializer(serializers.ModelSerializer[Move]):
    """One step of a rental's history; `from_state` is empty for its beginning."""

    from_state = serializers.ChoiceField(choices=State.choices, allow_blank=True, read_only=True)

    class Meta:
        model = Move
        fields = ["from_state", "to_state", "actor_kind", "at", "reason"]
        read_only_fields = fields


class CancelSerializer(serializers.Serializer[Any]):
    """Why, and what is expected to come back."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    expected_refund_minor = serializers.IntegerField(
        min_value=0,
        max_value=MAX_MINOR,
        required=False,
        allow_null=True,
        default=None,
        help_text="Net, in minor units. If less would come back, nothing is cancelled and the answer says how much.",
    )


class ContractList(GenericAPIView[Contract]):
    """The account's rentals. Billing adds the way to order one."""

    scopes = {"GET": Scope.CONTRACTS_READ, "POST": Scope.CONTRACTS_WRITE}
    serializer_class = ContractSerializer
    keyset_order = ("-created_at", "-id")

    def get_queryset(self) -> QuerySet[Contract]:
        """Those of the account in use, by state where one is asked for."""
        contracts = queries.of_customer(account_of(self.request)).select_related("offering")
        state = self.request.query_params.get("state")
        if state is None:
            return contracts
        if state not in State.values:
            raise Unacceptable([{"parameter": "state", "detail": f"One of {', '.join(State.values)}."}])
        return contracts.filter(state=state)

    @extend_schema(
        operation_id="contracts_list",
        parameters=[OpenApiParameter("state", str, enum=State.values)],
        responses=ContractSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """All rentals, newest first."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(ContractSerializer(rows, many=True).data)


class OneContract(GenericAPIView[Contract]):
    """One rental of the account."""

    scopes = {"GET": Scope.CONTRACTS_READ}
    serializer_class = ContractDetailSerializer

    @extend_schema(operation_id="contracts_read")
    def get(self, request: Request, reference: str) -> Response:
        """The rental with its terms and connection details."""
        return Response(ContractDetailSerializer(customer_contract(request, reference)).data)


class Timeline(GenericAPIView[Move]):
    """What happened to a rental."""

    scopes = {"GET": Scope.CONTRACTS_READ}
    serializer_class = MoveSerializer
    keyset_order = ("-id",)

    @extend_schema(operation_id="contracts_timeline", responses=MoveSerializer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """Its moves, newest first."""
        contract = customer_contract(request, reference)
        rows = self.paginate_queryset(Move.objects.filter(contract=contract))
        return self.get_paginated_response(MoveSerializer(rows, many=True).data)


class Confirm(GenericAPIView[Contract]):
    """The customer's yes."""

    scopes = {"POST": Scope.CONTRACTS_WRITE}
    serializer_class = ContractDetailSerializer

    @extend_schema(operation_id="contracts_confirm", request=None, responses=ContractDetailSerializer)
    @idempotent
    def post(self, request: Request, reference: str) -> Response:
        """Say that the delivered resource works."""
        contract = customer_contract(request, reference)
        require_role(request, *MAY_RENT)
        services.confirm(contract.pk, actors.customer(user_of(request).pk))
        return Response(ContractDetailSerializer(customer_contract(request, reference)).data)


class Cancel(GenericAPIView[Contract]):
    """The customer's leave."""

    scopes = {"POST": Scope.CONTRACTS_WRITE}
    serializer_class = ContractDetailSerializer

    @extend_schema(operation_id="contracts_cancel", request=CancelSerializer, responses=ContractDetailSerializer)
    @idempotent
    def post(self, request: Request, reference: str) -> Response:
        """End the rental; what is unused comes back. Before delivery, that is all of it."""
        contract = customer_contract(request, reference)
        require_role(request, *MAY_RENT)
        data = CancelSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        services.cancel(contract.pk, actors.customer(user_of(request).pk), **data.validated_data)
        return Response(ContractDetailSerializer(customer_contract(request, reference)).data)
