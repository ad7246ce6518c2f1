"""Money for staff: to look up, and to decide what only a person can decide, through the services."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from billing import services
from billing.gateway_facts import GatewayError
from billing.models import Charge, Dispute, LedgerEntry, LedgerLine, Payment, Proof, Quote, Refund, StaffTask
from billing.proof_admin import ProofAdmin
from billing.states import Anomaly, PaymentState, RefundState
from core.admin import ReadOnlyAdmin
from core.errors import Refused
from core.formats import minor, money
from core.staff_pages import ReadOnlyInline, StaffAction, StaffActions


class SureForm(forms.Form):
    """Nothing to write: the button on the page is the decision."""


class ReferenceForm(forms.Form):
    """Where the money can be found again."""

    reference = forms.CharField(label=_("Bank’s reference"), max_length=120, help_text=_("As it stands on the statement."))


def _amount(field: str, label: Any) -> Any:
    """A column of minor units as money."""

    @admin.display(description=label, ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        return minor(getattr(row, field), row.currency)

    return shown


def _unless_silent(call: Callable[[], None]) -> None:
    """A gateway that does not answer is no fault of staff: the decision stands, and the sweep sends it again."""
    try:
        call()
    except GatewayError as error:
        raise Refused(
            gettext("It is decided, but the gateway does not answer. It is sent again by itself."), code="gateway_silent"
        ) from error


# Asked for ----------------------------------------------------------------------------------------------------------------------


@admin.register(Quote)
class QuoteAdmin(ReadOnlyAdmin[Quote]):
    """Prices that were bound."""

    list_display = ("public_id", "account", "offering", "hours", "gross", "created_at", "expires_at", "contract")
    list_select_related = ("account", "offering", "contract")
    search_fields = ("public_id__exact", "contract__reference__exact")
    ordering = ("-id",)
    gross = _amount("gross_minor", _("gross"))


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin[Charge]):
    """What was asked for, with buyer, seller and tax as they were frozen."""

    list_display = ("subject", "account", "purpose", "contract", "gross", "created_at", "paid_at", "closed_at")
    list_filter = ("purpose",)
    list_select_related = ("account", "contract")
    search_fields = ("public_id__exact", "contract__reference__exact")
    search_help_text = _("A contract’s reference, or a charge’s id.")
    ordering = ("-id",)
    gross = _amount("gross_minor", _("gross"))


# Received -----------------------------------------------------------------------------------------------------------------------


def _accept(payment_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.accept_mismatch(payment_id, user_of(request))


def _return(payment_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.return_mismatch(payment_id, user_of(request))


def _is_mismatched(payment: Payment) -> bool:
    return bool(payment.state == PaymentState.MISMATCHED)


def _can_be_accepted(payment: Payment) -> bool:
    return _is_mismatched(payment) and payment.anomaly == Anomaly.WRONG_AMOUNT


def _received(payment: Payment) -> dict[str, str]:
    return {"received": minor(payment.received_minor, payment.currency), "asked": money(payment.charge.gross)}


def _explain_accept(payment: Payment) -> str:
    text = gettext("%(received)s came, %(asked)s was asked for. It counts as paid; a surplus goes back, a shortfall is our loss.")
    return text % _received(payment)


def _explain_return(payment: Payment) -> str:
    return gettext("%(received)s came, %(asked)s was asked for. All that came goes back; nothing is paid.") % _received(payment)


@admin.register(Payment)
class PaymentAdmin(StaffActions[Payment], ReadOnlyAdmin[Payment]):
    """Attempts to pay; what came wrong is decided here."""

    list_display = ("public_id", "charge", "gateway", "state", "anomaly", "asked", "received", "created_at", "succeeded_at")
    # No filter by gateway: listing a million payments to choose from costs more than finding one.
    list_filter = ("state", "anomaly")
    list_select_related = ("charge",)
    search_fields = ("public_id__exact", "external_id__exact", "charge__contract__reference__exact")
    search_help_text = _("A contract’s reference, a payment’s id, or the gateway’s id.")
    ordering = ("-id",)
    asked = _amount("amount_minor", _("asked for"))
    received = _amount("received_minor", _("received"))
    staff_actions = (
        StaffAction(
            "accept", _("Take it as payment"), _accept, _can_be_accepted, _explain_accept, _("It counts as paid."), SureForm
        ),
        StaffAction("return", _("Send it back"), _return, _is_mismatched, _explain_return, _("It goes back."), SureForm),
    )


# Given back ---------------------------------------------------------------------------------------------------------------------


def _pay_by_hand(refund_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.pay_refund_by_hand(refund_id, user_of(request), data["reference"])


def _retry(refund_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    _unless_silent(lambda: services.retry_refund(refund_id, user_of(request)))


def _approve(refund_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    _unless_silent(lambda: services.approve_refund(refund_id, user_of(request)))


def _has_failed(refund: Refund) -> bool:
    return bool(refund.state == RefundState.FAILED)


def _waits(refund: Refund) -> bool:
    return bool(refund.state == RefundState.AWAITING_APPROVAL)


def _owed(refund: Refund) -> dict[str, str]:
    return {"amount": money(refund.amount), "error": refund.last_error or gettext("no reason was given")}


def _explain_by_hand(refund: Refund) -> str:
    return gettext("%(amount)s did not arrive (%(error)s). Pay it from the bank first, then write down where.") % _owed(refund)


def _explain_retry(refund: Refund) -> str:
    return gettext("%(amount)s did not arrive (%(error)s). It is sent once more, the way it was paid.") % _owed(refund)


def _explain_approve(refund: Refund) -> str:
    return gettext("%(amount)s goes back the way it was paid. It is above the limit: you are the second to look.") % _owed(refund)


@admin.register(Refund)
class RefundAdmin(StaffActions[Refund], ReadOnlyAdmin[Refund]):
    """Decisions to give money back; what did not arrive is worked off here."""

    list_display = ("public_id", "contract", "kind", "state", "amount", "created_at", "succeeded_at", "attempts", "last_error")
    list_filter = ("state", "kind")
    list_select_related = ("contract",)
    search_fields = ("public_id__exact", "external_id__exact", "contract__reference__exact")
    search_help_text = _("A contract’s reference, a refund’s id, or the gateway’s id.")
    ordering = ("-id",)
    amount = _amount("amount_minor", _("amount"))
    staff_actions = (
        StaffAction(
            "pay-by-hand",
            _("It is paid by hand"),
            _pay_by_hand,
            _has_failed,
            _explain_by_hand,
            _("Written down as paid."),
            ReferenceForm,
        ),
        StaffAction("retry", _("Send it again"), _retry, _has_failed, _explain_retry, _("It is on its way again."), SureForm),
        StaffAction("approve", _("Let it go"), _approve, _waits, _explain_approve, _("It is on its way."), SureForm),
    )


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin[Dispute]):
    """What customers' banks say."""

    list_display = ("external_id", "payment", "state", "disputed", "evidence_due_at", "opened_at", "closed_at")
    list_filter = ("state",)
    list_select_related = ("payment",)
    search_fields = ("external_id__exact", "payment__charge__contract__reference__exact")
    ordering = ("-id",)
    disputed = _amount("amount_minor", _("disputed"))


# To look at ---------------------------------------------------------------------------------------------------------------------


def _close(task_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.close_task_by_hand(task_id, user_of(request))


def _is_open(task: StaffTask) -> bool:
    return task.closed_at is None


def _explain_close(task: StaffTask) -> str:
    return gettext("“%(text)s” is struck off the list, in your name. Nothing else happens.") % {"text": task.text}


@admin.register(StaffTask)
class StaffTaskAdmin(StaffActions[StaffTask], ReadOnlyAdmin[StaffTask]):
    """What only a person can decide. The payment or refund itself is decided on its own page, which closes its task."""

    list_display = ("text", "kind", "contract", "payment", "opened_at", "due_at", "closed_at", "closed_by")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "kind")
    list_select_related = ("contract", "payment", "closed_by")
    search_fields = ("contract__reference__exact", "key__exact")
    ordering = ("-id",)
    staff_actions = (StaffAction("close", _("Close"), _close, _is_open, _explain_close, _("Closed."), SureForm),)


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


admin.site.register(Proof, ProofAdmin)
