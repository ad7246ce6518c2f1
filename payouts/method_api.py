"""The machine door of payout methods: reading only. Setting one asks for a second factor, which no token has."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import account_of
from accounts.states import Scope
from core import clock
from payouts.method_rows import shortened
from payouts.models import PayoutMethod
from payouts.queries import all_methods, method_state
from payouts.states import MethodKind, MethodState
from providers.queries import provider_of


class PayoutMethodSerializer(serializers.ModelSerializer[PayoutMethod]):
    """Where a provider is paid what it earns in `currency`. Times are UTC."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    kind = serializers.ChoiceField(choices=MethodKind.choices, read_only=True)
    place = serializers.SerializerMethodField(help_text="The IBAN or address, shortened: its first and last characters.")
    network = serializers.CharField(read_only=True, help_text="The chain of an evm address; empty for other kinds.")
    state = serializers.SerializerMethodField(
        help_text="waiting for the link in the mail, lapsed without it, held until `usable_at`, in_use, removed or replaced."
    )

    class Meta:
        model = PayoutMethod
        fields = ["id", "currency", "kind", "place", "network", "state", "created_at", "confirmed_at", "usable_at", "removed_at"]
        read_only_fields = fields

    def get_place(self, method: PayoutMethod) -> str:
        """As lists show it."""
        return shortened(method)

    @extend_schema_field(serializers.ChoiceField(choices=MethodState.choices))
    def get_state(self, method: PayoutMethod) -> str:
        """At this moment."""
        return method_state(method, clock.now()).value


class PayoutMethods(GenericAPIView[PayoutMethod]):
    """Where the provider of the account in use is paid."""

    scopes = {"GET": Scope.PROVIDER_READ}
    serializer_class = PayoutMethodSerializer
    keyset_order = ("-id",)

    def get_queryset(self) -> QuerySet[PayoutMethod]:
        """Those of the account's provider; none for an account that only rents."""
        provider = provider_of(account_of(self.request))
        return PayoutMethod.objects.none() if provider is None else all_methods(provider)

    @extend_schema(operation_id="payout_methods_list", responses=PayoutMethodSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List payout methods, newest first, removed ones too.

        They are added, confirmed and removed on the site only: adding and confirming asks for a second factor, which no token has.
        """
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
