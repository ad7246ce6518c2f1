"""Payouts that leave by themselves, for staff: each call and its answer, and what to do about one that was never answered."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from billing.admin_pieces import MoneyAdmin, SureForm, amount_column, unless_silent
from core.formats import minor
from core.staff_pages import ReadOnlyInline, StaffAction, StaffActions
from payouts.models import PayoutReversal, PayoutTransfer
from payouts.services import lost
from payouts.states import TransferState


class FoundForm(forms.Form):
    """Under which name it is found."""

    external_id = forms.CharField(
        label=_("Name of the transfer"), max_length=80, help_text=_("On a token’s ledger, the number of its block.")
    )


def _found(transfer_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    unless_silent(lambda: lost.note_found(transfer_id, user_of(request), data["external_id"]))


def _never_sent(transfer_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    unless_silent(lambda: lost.note_never_sent(transfer_id, user_of(request)))


def _send_again(transfer_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    unless_silent(lambda: lost.send_again(transfer_id, user_of(request)))


def _is_looked_for(transfer: PayoutTransfer) -> bool:
    return bool(transfer.state == TransferState.SUBMITTED)


def _words(transfer: PayoutTransfer) -> dict[str, str]:
    return {
        "amount": minor(int(transfer.amount_minor), transfer.currency),
        "provider": transfer.payout.provider.name,
        "place": str(transfer.payout.destination["address"]),
    }


def _explain_found(transfer: PayoutTransfer) -> str:
    return gettext("%(amount)s to %(provider)s, %(place)s, has left. The payout is then marked as paid.") % _words(transfer)


def _explain_never_sent(transfer: PayoutTransfer) -> str:
    text = gettext("%(amount)s to %(provider)s, %(place)s, has not left and never will. Its releases are then pending again.")
    return f"{text % _words(transfer)} {gettext('Be sure: if it has left after all, it is paid twice.')}"


def _explain_again(transfer: PayoutTransfer) -> str:
    text = gettext("%(amount)s to %(provider)s, %(place)s, is sent once more, out of the balance.") % _words(transfer)
    return f"{text} {gettext('The other part of the payout has left already.')}"


class ReversalInline(ReadOnlyInline):
    """What was taken back of it."""

    model = PayoutReversal
    fields = readonly_fields = ("created_at", "amount", "state", "external_id", "attempts", "last_error")

    @admin.display(description=_("amount"))
    def amount(self, reversal: PayoutReversal) -> str:
        """As money."""
        return minor(int(reversal.amount_minor), reversal.transfer.currency)


class TransferInline(ReadOnlyInline):
    """The calls by which a payout leaves by itself."""

    model = PayoutTransfer
    fields = readonly_fields = ("transfer", "amount", "state", "external_id", "attempts", "last_error")

    @admin.display(description=_("transfer"))
    def transfer(self, transfer: PayoutTransfer) -> SafeString:
        """To go to."""
        return format_html('<a href="{}">{}</a>', reverse("admin:payouts_payouttransfer_change", args=[transfer.pk]), transfer.pk)

    @admin.display(description=_("amount"))
    def amount(self, transfer: PayoutTransfer) -> str:
        """As money."""
        return minor(int(transfer.amount_minor), transfer.currency)


class PayoutTransferAdmin(StaffActions[PayoutTransfer], MoneyAdmin[PayoutTransfer]):
    """Each with how often it was asked for, and what was answered."""

    list_display = ("id", "payout", "amount", "state", "external_id", "attempts", "created_at")
    list_filter = ("state", "payout__rail")
    list_select_related = ("payout__provider",)
    search_fields = ("public_id__exact", "external_id__exact", "payout__public_id__exact")
    search_help_text = _("An id of a transfer or a payout, or the name outside.")
    ordering = ("-id",)
    inlines = (ReversalInline,)
    amount = amount_column("amount_minor", _("amount"))
    staff_actions: ClassVar = (
        StaffAction("found", _("It has left"), _found, _is_looked_for, _explain_found, _("It is noted."), FoundForm),
        StaffAction(
            "again", _("Send it once more"), _send_again, lost.may_be_sent_again, _explain_again, _("It is sent."), SureForm
        ),
        StaffAction(
            "never-sent", _("It never left"), _never_sent, _is_looked_for, _explain_never_sent, _("It is noted."), SureForm
        ),
    )
