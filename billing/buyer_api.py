"""The machine door of who is charged: an account's billing details, and the buyer of one order, in the same members."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import account_of, require_role, user_of
from accounts.states import Scope
from billing import services
from billing.buyer_queries import kept_buyer
from billing.buyers import Buyer
from billing.models import BillingProfile, VatCheck
from billing.postcodes import postcode_problem
from billing.services.checkout import MAY_CHANGE_BILLING
from billing.states import DocumentLanguage, VatCheckState
from billing.vat_ids import is_vies_id, split_vat_id, tidy_vat_id
from billing.vat_queries import check_to_show
from core.countries import is_country
from core.errors import Refused


def tidied_vat_id(value: str) -> str:
    """A VAT id as it is kept. Raises ValidationError for what can be none."""
    try:
        return tidy_vat_id(value)
    except Refused as refused:
        raise serializers.ValidationError(refused.reason) from refused


class BuyerSerializer(serializers.Serializer[Any]):
    """To whom a charge is addressed."""

    is_business = serializers.BooleanField(required=False, help_text="Left out: whether there is a company or a VAT id.")
    name = serializers.CharField(max_length=120)
    company = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    street = serializers.CharField(max_length=200)
    postcode = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")
    city = serializers.CharField(max_length=100)
    country = serializers.RegexField(r"^[A-Z]{2}\Z", help_text="ISO 3166-1 alpha-2.")
    vat_id = serializers.CharField(max_length=40, required=False, allow_blank=True, default="", help_text="With its letters.")
    language = serializers.ChoiceField(
        choices=DocumentLanguage.choices, required=False, default=DocumentLanguage.EN, help_text="Of receipts and invoices."
    )

    def validate_vat_id(self, value: str) -> str:
        """As it is kept; what can be no id is refused."""
        return tidied_vat_id(value)


class BillingSerializer(BuyerSerializer):
    """An account's billing details."""

    def validate_country(self, value: str) -> str:
        """A country that there is."""
        if not is_country(value):
            raise serializers.ValidationError("This is no country.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A postcode fits its country."""
        if problem := postcode_problem(attrs["country"], attrs["postcode"]):
            raise serializers.ValidationError({"postcode": [problem]})
        return attrs


class VatCheckSerializer(serializers.ModelSerializer[VatCheck]):
    """One question to VIES and its answer. `name` and `address` are as the member state tells them, if it does."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    country_code = serializers.CharField(source="country", read_only=True, help_text="As VIES writes it: EL for Greece.")
    vat_number = serializers.CharField(source="number", read_only=True, help_text="Without the country's letters.")
    state = serializers.ChoiceField(
        choices=VatCheckState.choices, read_only=True, help_text="unavailable is not invalid: ask again later."
    )

    class Meta:
        model = VatCheck
        fields = [
            "id",
            "country_code",
            "vat_number",
            "state",
            "name",
            "address",
            "consultation_number",
            "created_at",
            "answered_at",
        ]
        read_only_fields = fields


class ShownBillingSerializer(serializers.Serializer[Any]):
    """An account's billing details as they are kept; empty before they are said for the first time."""

    is_business = serializers.BooleanField()
    name = serializers.CharField()
    company = serializers.CharField()
    street = serializers.CharField()
    postcode = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField()
    vat_id = serializers.CharField()
    language = serializers.ChoiceField(choices=DocumentLanguage.choices)
    vat_check = VatCheckSerializer(allow_null=True, help_text="What VIES says of the VAT id; null when it was not asked.")


def given_buyer(data: dict[str, Any], email: str) -> Buyer:
    """The buyer of validated members. A private person has neither company nor VAT id."""
    is_business = data.get("is_business", bool(data["company"] or data["vat_id"]))
    members = {name: value for name, value in data.items() if name != "is_business"}
    if not is_business:
        members |= {"company": "", "vat_id": ""}
    return Buyer(email=email, is_business=is_business, **members)


class Billing(GenericAPIView[BillingProfile]):
    """The account's billing details."""

    scopes = {"GET": Scope.BILLING_READ, "PUT": Scope.BILLING_WRITE}
    serializer_class = ShownBillingSerializer

    @extend_schema(operation_id="billing_read")
    def get(self, request: Request) -> Response:
        """To whom the next charges are addressed, and what VIES says of the VAT id."""
        return Response(_shown(request))

    @extend_schema(operation_id="billing_write", request=BillingSerializer, responses=ShownBillingSerializer)
    def put(self, request: Request) -> Response:
        """Replace them. Past charges keep the address they were made with. VIES is asked about a VAT id; it may be pending."""
        require_role(request, *MAY_CHANGE_BILLING)
        data = BillingSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        account = account_of(request)
        buyer = given_buyer(data.validated_data, user_of(request).email)
        services.keep_billing_details(account, buyer)
        return Response(_shown(request))


def _shown(request: Request) -> dict[str, Any]:
    account = account_of(request)
    kept = kept_buyer(account.pk, "") or Buyer(name="", email="", street="", city="", country="")
    check = check_to_show(split_vat_id(kept.vat_id), account) if is_vies_id(kept.vat_id) else None
    return dict(ShownBillingSerializer({**kept.as_json(), "vat_check": check}).data)
