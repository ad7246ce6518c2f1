"""The machine door of the payout console: what is pending, and payouts that are proposed or marked as paid. For staff only."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from accounts.permissions import HasStaffScope
from accounts.states import Scope
from core.api import KeysetPagination
from core.currencies import CURRENCY_CHOICES
from core.errors import Refused
from core.formats import minor
from core.idempotency import idempotent
from core.money import MAX_MINOR
from core.pages import Order, Page, page_by
from core.text import is_storable
from payouts.models import Payout, PayoutMethod
from payouts.pending import Pending, pending_releases
from payouts.services.payout import mark_paid, propose_payout
from payouts.settling import LONGEST_REFERENCE
from payouts.states import Hold, MethodKind, PayoutState
from providers.models import Provider


class PendingSerializer(serializers.Serializer[Any]):
    """What waits for a provider in one currency, in its minor units."""

    provider = serializers.SlugField(source="provider.slug")
    provider_name = serializers.CharField(source="provider.name")
    currency = serializers.ChoiceField(choices=CURRENCY_CHOICES)
    count = serializers.IntegerField(help_text="How many releases.")
    released_minor = serializers.IntegerField(help_text="The provider's shares of them.")
    recovered_minor = serializers.IntegerField(help_text="What of it makes up for what was taken back before.")
    payable_minor = serializers.IntegerField(help_text="What a payout would be; negative where the provider owes us.")
    held_minor = serializers.IntegerField(help_text="Beside it: shares of rentals that are disputed or paused; in no other figure.")
    method_kind = serializers.ChoiceField(choices=MethodKind.choices, source="method.kind", allow_null=True, default=None)
    hold = serializers.ChoiceField(choices=Hold.choices, allow_null=True, help_text="Why nothing is proposed; null: it can be.")


class PayoutSerializer(serializers.ModelSerializer[Payout]):
    """A payout as it stands."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    provider = serializers.SlugField(source="provider.slug", read_only=True)
    paid_units = serializers.CharField(read_only=True, allow_null=True, help_text="In the token's smallest units, as text.")

    class Meta:
        model = Payout
        fields = [
            *("id", "provider", "currency", "state", "released_minor", "recovered_minor", "amount_minor", "fee_minor"),
            *("paid_currency", "paid_units", "reference", "proposed_at", "approved_at", "sent_at", "paid_at", "settled_at"),
        ]
        read_only_fields = fields


class NewPayoutSerializer(serializers.Serializer[Any]):
    """A proposal; or, with `reference` and `paid_at`, the word that the approved payout of that amount is paid."""

    provider = serializers.SlugField(max_length=80)
    currency = serializers.ChoiceField(choices=CURRENCY_CHOICES)
    amount_minor = serializers.IntegerField(
        min_value=1, max_value=MAX_MINOR, help_text="As it was read: another amount by now is refused, with the new one."
    )
    reference = serializers.CharField(
        max_length=LONGEST_REFERENCE, required=False, help_text="Where the payment is found outside: a bank's reference, a hash."
    )
    paid_at = serializers.DateTimeField(required=False, help_text="When the money left. With `reference`.")
    fee_minor = serializers.IntegerField(min_value=0, max_value=MAX_MINOR, required=False, default=0, help_text="The bank's fee.")
    paid_currency = serializers.CharField(
        max_length=12, required=False, allow_blank=True, default="", help_text="The token, where it was paid in one."
    )
    paid_units = serializers.RegexField(
        r"^[0-9]{1,38}\Z",
        required=False,
        allow_null=True,
        default=None,
        help_text="In the token's smallest units, as text.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Reference and time belong together."""
        for given, missing in (("reference", "paid_at"), ("paid_at", "reference")):
            if given in attrs and missing not in attrs:
                raise serializers.ValidationError({missing: _("Where and when it was paid are given together.")})
        return attrs


class PendingPages(KeysetPagination):
    """Pages of sums: their rows are made by one statement, and cut here."""

    def page_of(self, queryset: Any, order: Order, after: str | None, before: str | None, size: int) -> Page[Any]:
        """The page of `pending_releases` that the cursor points at."""
        rows = pending_releases()

        def fetch(values: list[Any] | None, direction: Order) -> list[Pending]:
            backwards = direction[0].startswith("-")
            ordered = sorted(rows, key=_place, reverse=backwards)
            if values is not None:
                ordered = [row for row in ordered if (_place(row) < tuple(values) if backwards else _place(row) > tuple(values))]
            return ordered[: size + 1]

        return page_by(fetch, queryset.query, order, after, before, size)


def _place(row: Pending) -> tuple[str, str]:
    return row.provider.slug, row.currency


class PaymentReleases(GenericAPIView[Any]):
    """Pending releases per provider and currency."""

    permission_classes = [HasStaffScope]
    scopes = {"GET": Scope.PAYOUTS_READ}
    rights = {"GET": "payouts.view_release"}
    serializer_class = PendingSerializer
    pagination_class = PendingPages
    keyset_order = ("provider__slug", "currency")
    # Names the columns of a cursor; the rows come from the page.
    queryset = PayoutMethod.objects.none()

    @extend_schema(operation_id="payment_releases_list", responses=PendingSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What providers wait for, by provider and currency, and what holds it back. For staff."""
        rows = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(PendingSerializer(rows, many=True).data)


class Payouts(GenericAPIView[Payout]):
    """Payouts to providers."""

    permission_classes = [HasStaffScope]
    scopes = {"POST": Scope.PAYOUTS_WRITE}
    rights = {"POST": "payouts.change_payout"}
    serializer_class = PayoutSerializer

    @extend_schema(
        operation_id="payouts_create",
        request=NewPayoutSerializer,
        responses={201: PayoutSerializer, 200: PayoutSerializer},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Propose a payout, or mark the approved one as paid. For staff.

        Without `reference` all that is pending for the provider in the currency is proposed: 201. With it and `paid_at`, the
        approved payout of that provider, currency and amount is marked as paid: 200.
        """
        form = NewPayoutSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        provider = _provider(data["provider"])
        if "reference" not in data:
            payout = propose_payout(provider.pk, data["currency"], user_of(request), expected_minor=data["amount_minor"])
            location = reverse("api_payout", args=[payout.public_id])
            return Response(PayoutSerializer(payout).data, status=201, headers={"Location": location})
        units = data["paid_units"]
        payout = mark_paid(
            _approved(provider, data).pk,
            user_of(request),
            reference=data["reference"],
            paid_at=data["paid_at"],
            fee_minor=data["fee_minor"],
            paid_currency=data["paid_currency"],
            paid_units=None if units is None else int(units),
        )
        return Response(PayoutSerializer(payout).data)


class OnePayout(GenericAPIView[Payout]):
    """One payout."""

    permission_classes = [HasStaffScope]
    scopes = {"GET": Scope.PAYOUTS_READ}
    rights = {"GET": "payouts.view_payout"}
    serializer_class = PayoutSerializer

    @extend_schema(operation_id="payouts_read")
    def get(self, request: Request, payout_id: UUID) -> Response:
        """A payout as it stands. For staff."""
        payout = Payout.objects.select_related("provider").filter(public_id=payout_id).first()
        if payout is None:
            raise Http404
        return Response(PayoutSerializer(payout).data)


def _provider(slug: str) -> Provider:
    found = Provider.objects.filter(slug=slug).first() if is_storable(slug) else None
    if found is None:
        raise Refused(_("There is no such provider."), code="no_provider", field="provider")
    return found


def _approved(provider: Provider, data: dict[str, Any]) -> Payout:
    """The payout that these figures mean: what waits to be marked as paid, else what says best why it cannot be."""
    alike = Payout.objects.filter(provider=provider, currency=data["currency"], amount_minor=data["amount_minor"])
    open_ones = list(alike.filter(state__in=[PayoutState.APPROVED, PayoutState.SENT])[:2])
    if len(open_ones) > 1:
        raise Refused(_("Two payouts of this amount wait. Mark them as paid in the console."), code="ambiguous")
    if open_ones:
        return open_ones[0]
    other = alike.filter(state=PayoutState.PROPOSED).first() or alike.filter(reference=data["reference"]).first()
    if other is None:
        amount = minor(data["amount_minor"], data["currency"])
        raise Refused(_("No payout of %(amount)s waits for this provider.") % {"amount": amount}, code="no_payout")
    # The service says why.
    return other
