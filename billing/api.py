"""The machine door of billing: quotes, ordering, extending, and what a cancellation would give back."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import account_of, own_ssh_key, require_role, user_of
from accounts.states import Scope
from billing import queries, services
from billing.buyer_api import BuyerSerializer, given_buyer, tidied_vat_id
from billing.buyer_queries import kept_buyer
from billing.buyers import Buyer
from billing.models import Charge, Quote
from billing.states import TaxCategory
from billing.tax import TaxFacts
from billing.tax_evidence import country_of_connection
from contracts.access import customer_contract
from contracts.api import MAY_RENT, ContractList, ContractSerializer
from contracts.models import Contract
from contracts.pricing import PaidTerm, settle
from contracts.queries import of_customer, refusal
from contracts.states import ActorKind
from core import clock
from core.errors import Refused
from core.idempotency import idempotent
from providers.access import visible_offering
from providers.states import TERMS

DAY = 86_400


class NewQuoteSerializer(serializers.Serializer[Any]):
    """What is to be rented, for how long, and where the bill goes."""

    offering = serializers.CharField(max_length=200, help_text="The slug of the offering.")
    hours = serializers.ChoiceField(choices=[(hours, str(hours)) for hours in TERMS])
    country = serializers.RegexField(r"^[A-Z]{2}\Z", help_text="ISO 3166-1 alpha-2, of the billing address.")
    postcode = serializers.CharField(
        max_length=20,
        required=False,
        allow_blank=True,
        default="",
        help_text="Some places of a country lie outside of its VAT area.",
    )
    is_business = serializers.BooleanField(required=False, help_text="Left out: whether there is a VAT id.")
    vat_id = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        default="",
        help_text="With its letters. VIES is asked about it; only a confirmed one of another member state makes a reverse charge.",
    )

    def validate_vat_id(self, value: str) -> str:
        """As it is kept; what can be no id is refused."""
        return tidied_vat_id(value)


class CancellationSerializer(serializers.Serializer[Any]):
    """What leaving after that many days would give back."""

    days = serializers.IntegerField()
    refund_net_minor = serializers.IntegerField()


class QuoteSerializer(serializers.ModelSerializer[Quote]):
    """A binding offer. Amounts are in minor units of `currency`; `tax_rate` is a fraction as text, such as 0.1900."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    offering = serializers.SlugField(source="offering.slug", read_only=True)
    tax_category = serializers.SerializerMethodField(
        help_text="Of EN 16931: S standard rate, AE reverse charge, O outside of EU VAT, E small business."
    )
    vat_check = serializers.SerializerMethodField(
        help_text="What was known of the VAT id: valid, invalid, pending, unavailable; empty without one."
    )
    cancellation = serializers.SerializerMethodField(help_text="What each day's leaving gives back, before VAT.")

    class Meta:
        model = Quote
        fields = [
            "id",
            "offering",
            "hours",
            "country",
            "currency",
            "monthly_minor",
            "setup_fee_minor",
            "rent_minor",
            "net_minor",
            "tax_rate",
            "tax_country",
            "tax_category",
            "vat_check",
            "tax_minor",
            "gross_minor",
            "created_at",
            "expires_at",
            "cancellation",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=TaxCategory.choices))
    def get_tax_category(self, quote: Quote) -> str:
        """As it was decided."""
        return str(quote.tax_decision.get("category", TaxCategory.STANDARD))

    def get_vat_check(self, quote: Quote) -> str:
        """As it was bound."""
        return str(quote.tax_facts.get("vat_check", ""))

    @extend_schema_field(CancellationSerializer(many=True))
    def get_cancellation(self, quote: Quote) -> list[dict[str, int]]:
        """One entry a day, from delivery on."""
        return [{"days": days, "refund_net_minor": refund} for days, refund in cancellation_by_day(quote)]


class OrderSerializer(serializers.Serializer[Any]):
    """An order at the quoted price."""

    quote = serializers.UUIDField()
    buyer = BuyerSerializer(required=False, help_text="Left out: the account's billing details.")
    operating_system = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    host_name = serializers.CharField(max_length=63, required=False, allow_blank=True, default="")
    ssh_key_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    accept_terms = serializers.BooleanField(
        help_text="The terms are read, the service is to start before the withdrawal period ends, and the order obliges to pay."
    )

    def validate_accept_terms(self, value: bool) -> bool:  # noqa: FBT001 -- the framework passes it so
        """Nothing is ordered without it."""
        if not value:
            raise serializers.ValidationError(_("Accept the terms to order."))
        return value


class ChargeSerializer(serializers.ModelSerializer[Charge]):
    """What is to be paid, and where: a person opens `checkout_url` and chooses how."""

    id = serializers.UUIDField(source="public_id", read_only=True)
    contract = serializers.CharField(source="contract.reference", read_only=True)
    checkout_url = serializers.SerializerMethodField()

    class Meta:
        model = Charge
        fields = [
            "id",
            "contract",
            "purpose",
            "hours",
            "currency",
            "net_minor",
            "tax_rate",
            "tax_minor",
            "gross_minor",
            "expires_at",
            "paid_at",
            "checkout_url",
        ]
        read_only_fields = fields

    def get_checkout_url(self, charge: Charge) -> str:
        """The page where it is paid."""
        request: Request = self.context["request"]
        return request.build_absolute_uri(reverse("checkout", args=[charge.public_id]))


class OrderedSerializer(serializers.Serializer[Any]):
    """The contract that was requested, and the charge that pays for it."""

    contract = ContractSerializer()
    charge = ChargeSerializer()


class ExtendSerializer(serializers.Serializer[Any]):
    """By how much."""

    hours = serializers.ChoiceField(choices=[(hours, str(hours)) for hours in TERMS])


class PreviewSerializer(serializers.Serializer[Any]):
    """What ending the contract now would give back, in minor units of `currency`."""

    at = serializers.DateTimeField()
    currency = serializers.CharField()
    used_seconds = serializers.IntegerField(allow_null=True)
    term_seconds = serializers.IntegerField()
    refund_net_minor = serializers.IntegerField()
    refund_tax_minor = serializers.IntegerField()
    refund_gross_minor = serializers.IntegerField()


def cancellation_by_day(quote: Quote) -> list[tuple[int, int]]:
    """For each day of the term: how much net would come back if one left then."""
    term = PaidTerm(quote.hours * 3600, quote.setup_fee_minor, quote.rent_minor, quote.currency)
    days = range(quote.hours // 24 + 1)
    return [(day, settle([term], day * DAY)[0].refund_minor) for day in days]


class Quotes(GenericAPIView[Quote]):
    """Binding offers."""

    scopes = {"POST": Scope.QUOTES_WRITE}
    serializer_class = QuoteSerializer

    @extend_schema(operation_id="quotes_create", request=NewQuoteSerializer, responses={201: QuoteSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Ask for a price that binds until it expires; one unit of stock is held meanwhile."""
        data = NewQuoteSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        require_role(request, *MAY_RENT)
        try:
            offering = visible_offering(request, data.validated_data["offering"])
        except Http404:
            raise Refused(_("There is no such offering."), code="not_found", field="offering") from None
        facts = services.with_check(_facts(data.validated_data), account_of(request))
        quote = services.create_quote(account_of(request), user_of(request), offering, int(data.validated_data["hours"]), facts)
        location = reverse("api_quote", args=[quote.public_id])
        return Response(QuoteSerializer(quote).data, status=201, headers={"Location": location})


class OneQuote(GenericAPIView[Quote]):
    """One binding offer of the account."""

    scopes = {"GET": Scope.QUOTES_WRITE}
    serializer_class = QuoteSerializer

    @extend_schema(operation_id="quotes_read")
    def get(self, request: Request, quote_id: UUID) -> Response:
        """The offer as it was made."""
        return Response(QuoteSerializer(_own_quote(request, quote_id)).data)


class Contracts(ContractList):
    """The account's rentals, and the way to order one."""

    @extend_schema(operation_id="contracts_create", request=OrderSerializer, responses={201: OrderedSerializer})
    @idempotent
    def post(self, request: Request) -> Response:
        """Order at the quoted price. The same quote again answers with the same contract."""
        form = OrderSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        require_role(request, *MAY_RENT)
        try:
            quote = _own_quote(request, data["quote"])
        except Http404:
            raise Refused(_("There is no such quote."), code="not_found", field="quote") from None
        charge = _order(request, quote, data)
        contract = of_customer(account_of(request)).select_related("offering").get(pk=charge.contract_id)
        body = OrderedSerializer({"contract": contract, "charge": charge}, context={"request": request}).data
        return Response(body, status=201, headers={"Location": reverse("api_contract", args=[contract.reference])})


class Extend(GenericAPIView[Charge]):
    """More time."""

    scopes = {"POST": Scope.CONTRACTS_WRITE}
    serializer_class = ChargeSerializer

    @extend_schema(operation_id="contracts_extend", request=ExtendSerializer, responses={201: ChargeSerializer})
    @idempotent
    def post(self, request: Request, reference: str) -> Response:
        """Open a charge for more time; the end moves when it is paid, not before."""
        contract = customer_contract(request, reference)
        require_role(request, *MAY_RENT)
        data = ExtendSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        hours = int(data.validated_data["hours"])
        charge = services.open_extension_charge(contract, hours, user_of(request), country_of_connection(request))
        location = reverse("api_charge", args=[charge.public_id])
        return Response(self.get_serializer(charge).data, status=201, headers={"Location": location})


class CancelPreview(GenericAPIView[Contract]):
    """What leaving would give back."""

    scopes = {"GET": Scope.CONTRACTS_READ}
    serializer_class = PreviewSerializer

    @extend_schema(operation_id="contracts_cancel_preview")
    def get(self, request: Request, reference: str) -> Response:
        """The refund if the rental ended now: the same function as the refund itself. Refused where it cannot be cancelled."""
        contract = customer_contract(request, reference)
        now = clock.now()
        if refused := refusal(contract, "cancel", ActorKind.CUSTOMER, now):
            raise refused
        preview = queries.refund_preview(contract, now)
        answer = {
            "at": preview.contract.at,
            "currency": contract.currency,
            "used_seconds": preview.contract.used_seconds,
            "term_seconds": preview.contract.term_seconds,
            "refund_net_minor": preview.priced.net.minor,
            "refund_tax_minor": preview.priced.tax.minor,
            "refund_gross_minor": preview.priced.gross.minor,
        }
        return Response(PreviewSerializer(answer).data)


class OneCharge(GenericAPIView[Charge]):
    """One charge of the account."""

    scopes = {"GET": Scope.CONTRACTS_READ}
    serializer_class = ChargeSerializer

    @extend_schema(operation_id="charges_read")
    def get(self, request: Request, charge_id: UUID) -> Response:
        """What is to be paid, or when it was."""
        charges = Charge.objects.filter(account=account_of(request)).select_related("contract")
        charge = charges.filter(public_id=charge_id).first()
        if charge is None:
            raise Http404
        return Response(self.get_serializer(charge).data)


def _own_quote(request: Request, quote_id: UUID) -> Quote:
    quotes = Quote.objects.filter(account=account_of(request)).select_related("offering", "account", "hold")
    quote = quotes.filter(public_id=quote_id).first()
    if quote is None:
        raise Http404
    return quote


def _facts(data: dict[str, Any]) -> TaxFacts:
    is_business = data.get("is_business", bool(data["vat_id"]))
    return TaxFacts(data["country"], data["postcode"], is_business, data["vat_id"] if is_business else "")


def _order(request: Request, quote: Quote, data: dict[str, Any]) -> Charge:
    buyer, ssh_key = _buyer(request, data.get("buyer")), _ssh_key(request, data["ssh_key_id"])
    wishes = {name: data[name] for name in ("operating_system", "host_name", "note")}
    where = country_of_connection(request)
    try:
        return services.order(quote, user=user_of(request), buyer=buyer, ssh_key=ssh_key, connection_country=where, **wishes)
    except Refused as refused:
        if refused.field != "country":
            raise
        # The buyer's own member, in the form as well as in our body; only here it stands one level down.
        raise Refused(refused.reason, code=refused.code, field="buyer.country") from refused


def _ssh_key(request: Request, key_id: int | None) -> Any:
    if key_id is None:
        return None
    try:
        return own_ssh_key(request, key_id)
    except Http404:
        raise Refused(_("There is no such SSH key."), code="not_found", field="ssh_key_id") from None


def _buyer(request: Request, given: dict[str, Any] | None) -> Buyer:
    email = user_of(request).email
    if given is not None:
        return given_buyer(given, email)
    kept = kept_buyer(account_of(request).pk, email)
    if kept is None:
        raise Refused(_("Say to whom the charge is addressed."), code="required", field="buyer")
    return kept
