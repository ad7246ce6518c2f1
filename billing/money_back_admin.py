"""Only staff's pages of money that goes back: refunds, disputes, and the list of what a person must look at."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.access import user_of
from billing import services
from billing.admin_pieces import MoneyAdmin, ReferenceForm, SureForm, amount_column, contract_link, steps_taken, unless_silent
from billing.gateway_facts import GatewayError
from billing.models import Dispute, Refund, StaffTask
from billing.services.refund_dropping import is_droppable
from billing.services.token_refund import BY_HAND
from billing.states import RefundState
from billing.token_admin import (
    BeginForm,
    TransactionForm,
    address_text,
    explain_begin,
    explain_stop,
    explain_tokens,
    network_text,
    shown_address,
    shown_token,
    tokens_text,
    units_text,
)
from core.admin import ReadOnlyAdmin
from core.errors import Refused
from core.formats import money, when
from core.queries import timeline
from core.staff_pages import StaffAction, StaffActions

# The page on which each kind of task is decided, by the first word of its key.
PLACES = {"refund": "billing_refund", "payment": "billing_payment", "dispute": "billing_dispute", "inquiry": "billing_dispute"}


# Given back ---------------------------------------------------------------------------------------------------------------------


def _pay_by_hand(refund_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.pay_refund_by_hand(refund_id, user_of(request), data["reference"])


def _retry(refund_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    unless_silent(lambda: services.retry_refund(refund_id, user_of(request)))


def _approve(refund_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    unless_silent(lambda: services.approve_refund(refund_id, user_of(request)))


def _begin_in_tokens(refund_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.begin_refund_in_tokens(refund_id, user_of(request), data["address"])


def _stop_in_tokens(refund_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.stop_refund_in_tokens(refund_id, user_of(request), data["reason"])


def _pay_in_tokens(refund_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.pay_refund_in_tokens(refund_id, user_of(request), data["reference"], data["network_fee"])


def _drop(refund_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.drop_refund(refund_id, user_of(request), data["reason"])


def _has_failed(refund: Refund) -> bool:
    return refund.state == RefundState.FAILED and refund.sent_to_id is None


def _waits_for_bank(refund: Refund) -> bool:
    return _has_failed(refund) and refund.token_units is None


def _waits_for_tokens(refund: Refund) -> bool:
    return refund.token_units is not None and refund.state in BY_HAND and refund.sent_to_id is None


def _has_begun(refund: Refund) -> bool:
    return refund.state in BY_HAND and refund.sent_to_id is not None


def _waits(refund: Refund) -> bool:
    return bool(refund.state == RefundState.AWAITING_APPROVAL)


def _owed(refund: Refund) -> dict[str, str]:
    return {"amount": money(refund.amount), "error": refund.last_error.rstrip(".") or gettext("no reason was given")}


def _explain_by_hand(refund: Refund) -> str:
    return gettext("%(amount)s did not arrive (%(error)s). Pay it from the bank first, then write down where.") % _owed(refund)


def _explain_retry(refund: Refund) -> str:
    return gettext("%(amount)s did not arrive (%(error)s). It is sent once more, the way it was paid.") % _owed(refund)


def _explain_drop(refund: Refund) -> str:
    return gettext(
        "%(amount)s is not owed: it was begun by mistake, or you say no to it. Nothing is sent, and the ledger takes the decision "
        "back. Where the customer was told that we pay it by hand, a mail says that we do not."
    ) % _owed(refund)


def _explain_approve(refund: Refund) -> str:
    text = gettext("%(amount)s goes back the way it was paid. It is above the limit: you are the second to look.") % _owed(refund)
    return f"{text} {gettext('The reason given: %(reason)s') % {'reason': refund.reason}}" if refund.reason else text


_STEPS = {
    "refund.requested": _("decided"),
    "refund.imported": _("found at the gateway"),
    "refund.approved": _("approved"),
    "refund.handed_over": _("given to a person"),
    "refund.begun": _("begun to be sent in tokens"),
    "refund.stopped": _("not sent after all"),
    "refund.retried": _("sent again"),
    "refund.succeeded": _("arrived"),
    "refund.failed": _("did not arrive"),
    "refund.dropped": _("taken back"),
}


class RefundAdmin(StaffActions[Refund], MoneyAdmin[Refund]):
    """Decisions to give money back; what did not arrive is worked off here."""

    list_display = ("short_id", "contract", "kind", "state", "amount", "tokens", "created", "succeeded", "last_error")
    list_filter = ("state", "kind")
    list_select_related = ("contract", "payment__token")
    readonly_fields = ("tokens", "smallest_units", "network", "address", "history")
    search_fields = ("public_id__exact", "external_id__exact", "contract__reference__exact")
    search_help_text = _("A contract’s reference, a refund’s id, or the gateway’s id.")
    ordering = ("-id",)
    amount = amount_column("amount_minor", _("amount"))

    @admin.display(description=_("refund"), ordering="id")
    def short_id(self, refund: Refund) -> str:
        """Enough of its id to know it again; its page has the whole."""
        return str(refund.public_id)[:8]

    @admin.display(description=_("created (UTC)"), ordering="created_at")
    def created(self, refund: Refund) -> str:
        """When, in short."""
        return when(refund.created_at)

    @admin.display(description=_("arrived (UTC)"), ordering="succeeded_at")
    def succeeded(self, refund: Refund) -> str:
        """When it arrived, in short."""
        return when(refund.succeeded_at) if refund.succeeded_at else "–"

    @admin.display(description=_("tokens"))
    def tokens(self, refund: Refund) -> str:
        """How many of which token go back."""
        return tokens_text(refund)

    @admin.display(description=_("smallest units"))
    def smallest_units(self, refund: Refund) -> str:
        """The same with how chains count it."""
        return units_text(refund)

    @admin.display(description=_("network"))
    def network(self, refund: Refund) -> str:
        """On which network."""
        return network_text(refund)

    @admin.display(description=_("address"))
    def address(self, refund: Refund) -> str:
        """Where to, and whether it may be sent there."""
        return address_text(refund)

    @admin.display(description=_("history"))
    def history(self, refund: Refund) -> SafeString:
        """Every step, with who took it."""
        return steps_taken((event for event in timeline(refund.contract) if event.data.get("refund") == refund.pk), _STEPS)

    staff_actions = (
        StaffAction(
            "pay-by-hand",
            _("It is paid by hand"),
            _pay_by_hand,
            _waits_for_bank,
            _explain_by_hand,
            _("Written down as paid."),
            ReferenceForm,
        ),
        StaffAction(
            "begin-in-tokens",
            _("Send the tokens now"),
            _begin_in_tokens,
            _waits_for_tokens,
            explain_begin,
            _("Yes: send them now, to the address that stands here."),
            BeginForm,
            shown_address,
        ),
        StaffAction(
            "pay-in-tokens",
            _("The tokens are sent"),
            _pay_in_tokens,
            _has_begun,
            explain_tokens,
            _("Written down as sent."),
            TransactionForm,
            shown_token,
        ),
        StaffAction(
            "stop-in-tokens", _("Nothing was sent"), _stop_in_tokens, _has_begun, explain_stop, _("Somebody may begin again.")
        ),
        StaffAction("retry", _("Send it again"), _retry, _has_failed, _explain_retry, _("It is on its way again."), SureForm),
        StaffAction("approve", _("Let it go"), _approve, _waits, _explain_approve, _("It is on its way."), SureForm),
        StaffAction("drop", _("It is not owed"), _drop, is_droppable, _explain_drop, _("Taken back. Nothing is sent.")),
    )


# Disputed -----------------------------------------------------------------------------------------------------------------------


def _ask_bank(dispute_id: int, _request: HttpRequest, _data: Mapping[str, Any]) -> None:
    dispute = Dispute.objects.select_related("payment").get(pk=dispute_id)
    try:
        services.apply_dispute(dispute.payment.gateway, dispute.external_id)
    except GatewayError as error:
        raise Refused(gettext("The gateway does not answer. It is asked again every hour."), code="gateway_silent") from error


def _is_undecided(dispute: Dispute) -> bool:
    return dispute.closed_at is None


def _explain_ask_bank(dispute: Dispute) -> str:
    return gettext("%(amount)s, and how it stands, is read again at the gateway and booked as it is.") % {
        "amount": money(dispute.amount)
    }


class DisputeAdmin(StaffActions[Dispute], ReadOnlyAdmin[Dispute]):
    """What customers' banks say; what is to be answered first stands first."""

    list_display = ("external_id", "contract", "state", "disputed", "evidence_due_at", "reason", "opened_at", "closed_at")
    list_filter = ("state",)
    list_select_related = ("payment__charge__contract",)
    search_fields = ("external_id__exact", "payment__charge__contract__reference__exact")
    search_help_text = _("A contract’s reference, or the gateway’s id.")
    ordering = (F("closed_at").desc(nulls_first=True), F("evidence_due_at").asc(nulls_last=True), "-id")
    fields = (
        *("external_id", "payment", "contract", "state", "reason", "disputed", "evidence_due_at", "opened_at", "closed_at"),
        *("fee", "lost_net", "lost_tax", "covered"),
    )
    readonly_fields = ("contract", "disputed", "fee", "lost_net", "lost_tax", "covered")
    disputed = amount_column("amount_minor", _("disputed"))
    fee = amount_column("fee_minor", _("the gateway’s fee"))
    lost_net = amount_column("lost_net_minor", _("lost, net"))
    lost_tax = amount_column("lost_tax_minor", _("lost, VAT"))
    covered = amount_column("covered_minor", _("lost, but owed to the customer anyhow"))
    staff_actions = (
        StaffAction(
            "ask", _("Ask the bank again"), _ask_bank, _is_undecided, _explain_ask_bank, _("This is what it says now."), SureForm
        ),
    )

    @admin.display(description=_("contract"))
    def contract(self, dispute: Dispute) -> SafeString:
        """The rental that it is about, to go to."""
        return contract_link(dispute.payment.charge.contract)

    def links(self, found: Dispute) -> list[dict[str, StrOrPromise]]:
        """All that speaks for us, to be sent to the bank."""
        return [{"label": _("Evidence, as a zip"), "url": reverse("dispute_evidence", args=[found.pk])}]


# To look at ---------------------------------------------------------------------------------------------------------------------


def _close(task_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.close_task_by_hand(task_id, user_of(request))


def _is_open(task: StaffTask) -> bool:
    return task.closed_at is None


def _explain_close(task: StaffTask) -> str:
    return gettext("“%(text)s” is struck off the list, in your name. Nothing else happens.") % {"text": task.text}


class OpenFilter(admin.SimpleListFilter):
    """What is still to be decided, or what was."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, StrOrPromise]]:
        return [("open", _("Open")), ("closed", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[StaffTask]) -> QuerySet[StaffTask]:
        if self.value() in {"open", "closed"}:
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


class StaffTaskAdmin(StaffActions[StaffTask], ReadOnlyAdmin[StaffTask]):
    """What only a person can decide. The payment or refund itself is decided on its own page, which closes its task."""

    list_display = ("text", "where", "contract", "due_at", "opened_at", "closed_at")
    list_filter = (OpenFilter, "kind")
    list_select_related = ("contract",)
    search_fields = ("contract__reference__exact", "key__exact")
    # Open ones first, and of those the most urgent.
    ordering = (F("closed_at").desc(nulls_first=True), F("due_at").asc(nulls_last=True), "-id")
    readonly_fields = ("where",)
    staff_actions = (StaffAction("close", _("Close"), _close, _is_open, _explain_close, _("Closed."), SureForm),)

    @admin.display(description=_("decided at"))
    def where(self, task: StaffTask) -> SafeString | str:
        """The page of what it is about."""
        kind, _colon, rest = task.key.partition(":")
        number = rest.split(":")[0]
        if kind in PLACES and number.isdigit():
            page, label, pk = PLACES[kind], f"{kind} {number}", number
        elif task.payment_id is not None:
            page, label, pk = "billing_payment", f"payment {task.payment_id}", str(task.payment_id)
        else:
            return "–"
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{page}_change", args=[pk]), label)
