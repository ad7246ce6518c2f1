"""Money for staff: to look up, and to decide what only a person can decide, through the services."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from billing import services
from billing.address_admin import RefundAddressAdmin
from billing.admin_pieces import GoodwillForm, MoneyAdmin, SureForm, amount_column, contract_link, typed_amount
from billing.document_admin import DocumentAdmin
from billing.journal_admin import JournalAdmin
from billing.models import (
    Charge,
    Dispute,
    Document,
    Journal,
    LedgerEntry,
    LedgerLine,
    Payment,
    Proof,
    Quote,
    Refund,
    RefundAddress,
    StaffTask,
    TokenPayment,
)
from billing.money_back_admin import DisputeAdmin, RefundAdmin, StaffTaskAdmin
from billing.proof_admin import ProofAdmin
from billing.queries import is_allocated, left_gross
from billing.states import Anomaly, PaymentState, RefundState
from billing.token_words import asked_text, tokens_text, worth_text
from core.admin import ReadOnlyAdmin
from core.formats import minor
from core.staff_pages import ReadOnlyInline, StaffAction, StaffActions

# Asked for ----------------------------------------------------------------------------------------------------------------------


@admin.register(Quote)
class QuoteAdmin(MoneyAdmin[Quote]):
    """Prices that were bound."""

    list_display = ("public_id", "account", "offering", "hours", "gross", "created_at", "expires_at", "contract")
    list_select_related = ("account", "offering", "contract")
    search_fields = ("public_id__exact", "contract__reference__exact")
    ordering = ("-id",)
    gross = amount_column("gross_minor", _("gross"))


@admin.register(Charge)
class ChargeAdmin(MoneyAdmin[Charge]):
    """What was asked for, with buyer, seller and tax as they were frozen."""

    list_display = ("subject", "account", "purpose", "contract", "gross", "created_at", "paid_at", "closed_at")
    list_filter = ("purpose",)
    list_select_related = ("account", "contract")
    search_fields = ("public_id__exact", "contract__reference__exact")
    search_help_text = _("A contract’s reference, or a charge’s id.")
    ordering = ("-id",)
    gross = amount_column("gross_minor", _("gross"))


# Received -----------------------------------------------------------------------------------------------------------------------


class RefundInline(ReadOnlyInline):
    """What of a payment was given back, or is to be."""

    model = Refund
    fields = readonly_fields = ("public_id", "kind", "state", "amount", "reason", "created_at", "succeeded_at")
    show_change_link = True
    amount = amount_column("amount_minor", _("amount"))


class DisputeInline(ReadOnlyInline):
    """What the customer's bank says about it."""

    model = Dispute
    fields = readonly_fields = ("external_id", "state", "disputed", "evidence_due_at", "opened_at", "closed_at")
    show_change_link = True
    disputed = amount_column("amount_minor", _("disputed"))


def _accept(payment_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.accept_mismatch(payment_id, user_of(request))


def _return(payment_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.return_mismatch(payment_id, user_of(request))


def _is_mismatched(payment: Payment) -> bool:
    return bool(payment.state == PaymentState.MISMATCHED)


def _can_be_accepted(payment: Payment) -> bool:
    return _is_mismatched(payment) and payment.anomaly != Anomaly.WRONG_ASSET


def _received(payment: Payment) -> dict[str, str]:
    return {"received": worth_text(payment), "asked": asked_text(payment)}


def _explain_accept(payment: Payment) -> str:
    text = gettext("%(received)s came, %(asked)s was asked for. It counts as paid; a surplus goes back, a shortfall is our loss.")
    return text % _received(payment)


def _explain_return(payment: Payment) -> str:
    return gettext("%(received)s came, %(asked)s was asked for. All that came goes back; nothing is paid.") % _received(payment)


def _give_back(payment_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    payment = Payment.objects.get(pk=payment_id)
    gross = typed_amount(data["amount"], payment.currency)
    refund = services.request_goodwill_refund(payment_id, gross, data["reason"], user_of(request), data["form_key"])
    if refund.state == RefundState.AWAITING_APPROVAL:
        messages.info(request, gettext("It is above the limit: a second person lets it go."))


def _can_be_given_back(payment: Payment) -> bool:
    return is_allocated(payment) and not payment.disputed_minor and left_gross(payment) > 0


def _explain_give_back(payment: Payment) -> str:
    text = gettext(
        "%(left)s of %(received)s is left, VAT included. What you give back is borne by the platform: the rental goes on as "
        "before, and the provider earns what it would. To end the rental, cancel it instead."
    )
    return text % {"left": minor(left_gross(payment), payment.currency), **_received(payment)}


class TokenInline(ReadOnlyInline):
    """What is known of it where it was in tokens: the frozen price, what was asked for and came, and both transactions."""

    model = TokenPayment
    fields = readonly_fields = (
        "asked_for",
        "came",
        "dollars",
        "usd_rate",
        "rate_on",
        "network",
        "sender",
        "transaction_id",
        "browser_transaction_id",
    )

    @admin.display(description=_("asked for"))
    def asked_for(self, row: TokenPayment) -> str:
        """In the token that was chosen."""
        return "-" if row.due_units is None else tokens_text(row, row.due_units)

    @admin.display(description=_("received"))
    def came(self, row: TokenPayment) -> str:
        """In the token that came."""
        return tokens_text(row, row.received_units) if row.received_units else "-"

    @admin.display(description=_("asked for, in dollars"))
    def dollars(self, row: TokenPayment) -> str:
        """By the frozen rate."""
        return minor(row.usd_minor, "USD")


@admin.register(Payment)
class PaymentAdmin(StaffActions[Payment], MoneyAdmin[Payment]):
    """Attempts to pay; what came wrong is decided here."""

    list_display = ("public_id", "charge", "gateway", "state", "anomaly", "asked", "received", "created_at", "succeeded_at")
    # No filter by gateway: listing a million payments to choose from costs more than finding one.
    list_filter = ("state", "anomaly")
    list_select_related = ("charge",)
    search_fields = ("public_id__exact", "external_id__exact", "external_charge_id__exact", "charge__contract__reference__exact")
    search_help_text = _("A contract’s reference, a payment’s id, or the gateway’s id.")
    ordering = ("-id",)
    asked = amount_column("amount_minor", _("asked for"))
    received = amount_column("received_minor", _("received"))
    staff_actions = (
        StaffAction(
            "accept", _("Take it as payment"), _accept, _can_be_accepted, _explain_accept, _("It counts as paid."), SureForm
        ),
        StaffAction("return", _("Send it back"), _return, _is_mismatched, _explain_return, _("It goes back."), SureForm),
        StaffAction(
            "give-back",
            _("Give back a part"),
            _give_back,
            _can_be_given_back,
            _explain_give_back,
            _("It is decided, and goes back the way it was paid."),
            GoodwillForm,
        ),
    )
    inlines = (TokenInline, RefundInline, DisputeInline)
    readonly_fields = ("contract",)

    @admin.display(description=_("contract"))
    def contract(self, payment: Payment) -> SafeString:
        """The rental that it pays for."""
        return contract_link(payment.charge.contract)


# The ledger ---------------------------------------------------------------------------------------------------------------------


class LineInline(ReadOnlyInline):
    """Debit positive, credit negative."""

    model = LedgerLine
    fields = readonly_fields = ("account", "owner", "currency", "amount")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin[LedgerEntry]):
    """The ledger: appended to by postings, changed by nobody."""

    list_display = ("key", "kind", "at", "contract", "payment", "refund")
    list_select_related = ("contract", "payment", "refund")
    search_fields = ("key__exact", "contract__reference__exact")
    search_help_text = _("A contract’s reference, or a key such as pay:12.")
    ordering = ("-id",)
    inlines = (LineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        """With what the page links to."""
        related: tuple[str, ...] = ("contract", "segment", "payment", "refund", "dispute")
        return super().get_queryset(request).select_related(*related)


admin.site.register(Refund, RefundAdmin)
admin.site.register(RefundAddress, RefundAddressAdmin)
admin.site.register(Dispute, DisputeAdmin)
admin.site.register(StaffTask, StaffTaskAdmin)
admin.site.register(Proof, ProofAdmin)
admin.site.register(Document, DocumentAdmin)
admin.site.register(Journal, JournalAdmin)
