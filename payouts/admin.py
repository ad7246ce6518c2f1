"""Payouts for staff: what is pending, what is proposed, sent and paid, each step through the services, nothing edited by hand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from billing.admin_pieces import MoneyAdmin, SureForm, amount_column, contract_link, steps_taken
from core.admin import ReadOnlyAdmin
from core.errors import Refused
from core.formats import minor, money, when
from core.queries import timeline
from core.staff_pages import ReadOnlyInline, StaffAction, StaffActions
from core.tokens import token_text
from payouts.console_forms import FIELDS, PaidForm, ReturnedForm, TokenPaidForm, TokenReturnedForm
from payouts.console_pages import ConsolePages
from payouts.export_admin import PayoutExportAdmin
from payouts.models import Payout, PayoutExport, PayoutItem, PayoutMethod, PayoutTransfer, Release
from payouts.services import payout as services
from payouts.settling import IN_TOKENS, units_received
from payouts.states import UNSENT, PayoutState, Rail
from payouts.transfer_admin import PayoutTransferAdmin, TransferInline

# What was done -------------------------------------------------------------------------------------------------------------------


@contextmanager
def _at_fields() -> Iterator[None]:
    """A refusal names a member of the service; staff sees it at the field of the form."""
    try:
        yield
    except Refused as refused:
        raise Refused(refused.reason, code=refused.code, field=FIELDS.get(refused.field, refused.field)) from refused


def _approve(payout_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.approve_payout(payout_id, user_of(request))


def _send(payout_id: int, request: HttpRequest, _data: Mapping[str, Any]) -> None:
    services.send_payout(payout_id, user_of(request))


def _mark_paid(payout_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    payout = Payout.objects.select_related("method").get(pk=payout_id)
    form: PaidForm | TokenPaidForm = TokenPaidForm() if payout.method.kind in IN_TOKENS else PaidForm()
    form.cleaned_data = dict(data)
    with _at_fields():
        services.mark_paid(payout_id, user_of(request), **form.said(payout))


def _fail(payout_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.fail_payout(payout_id, user_of(request), data["reason"])


def _return(payout_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.return_payout(payout_id, user_of(request), data["reason"])


def _return_token(payout_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    form = TokenReturnedForm()
    form.cleaned_data = dict(data)
    with _at_fields():
        units = form.said(Payout.objects.get(pk=payout_id))
        services.return_payout(payout_id, user_of(request), data["reason"], units=units)


# What can be done ----------------------------------------------------------------------------------------------------------------


def _is_proposed(payout: Payout) -> bool:
    return bool(payout.state == PayoutState.PROPOSED)


def _is_by_hand(payout: Payout) -> bool:
    return bool(payout.rail == Rail.MANUAL)


def _is_to_send(payout: Payout) -> bool:
    return _is_by_hand(payout) and bool(payout.state == PayoutState.APPROVED)


def _is_to_pay(payout: Payout) -> bool:
    return _is_by_hand(payout) and payout.state in {PayoutState.APPROVED, PayoutState.SENT}


def _is_to_pay_money(payout: Payout) -> bool:
    return _is_to_pay(payout) and payout.method.kind not in IN_TOKENS


def _is_to_pay_token(payout: Payout) -> bool:
    return _is_to_pay(payout) and payout.method.kind in IN_TOKENS


def _is_unsent(payout: Payout) -> bool:
    return payout.state in UNSENT


def _is_sent(payout: Payout) -> bool:
    return _is_by_hand(payout) and bool(payout.state == PayoutState.SENT)


def _is_settled(payout: Payout) -> bool:
    return _is_by_hand(payout) and bool(payout.state == PayoutState.SETTLED)


def _is_settled_money(payout: Payout) -> bool:
    return _is_settled(payout) and payout.paid_units is None


def _is_settled_token(payout: Payout) -> bool:
    return _is_settled(payout) and payout.paid_units is not None


# What it means -------------------------------------------------------------------------------------------------------------------


def _words(payout: Payout) -> dict[str, str]:
    return {
        "amount": money(payout.amount),
        "provider": payout.provider.name,
        "place": str(payout.method),
        "by": str(payout.proposed_by),
    }


def _explain_approve(payout: Payout) -> str:
    return gettext("%(amount)s to %(provider)s, %(place)s, proposed by %(by)s. You let it go.") % _words(payout)


def _explain_send(payout: Payout) -> str:
    text = gettext(
        "You are about to pay %(amount)s to %(provider)s, %(place)s, without a file. Whether it may leave is looked at now."
    )
    return f"{text % _words(payout)} {gettext('Pay it only once this page has said yes; then mark it as paid.')}"


def _explain_paid(payout: Payout) -> str:
    return gettext("%(amount)s has left to %(provider)s, %(place)s. Write down where it is found, and when it left.") % _words(
        payout
    )


def _explain_drop(payout: Payout) -> str:
    return gettext("%(amount)s to %(provider)s is not paid. Its releases are pending again.") % _words(payout)


def _explain_fail(payout: Payout) -> str:
    text = gettext("%(amount)s to %(provider)s was sent and has not left us, or never will. It is owed again.") % _words(payout)
    return f"{text} {gettext('Be sure: a file that somebody still takes to the bank would pay it twice.')}"


def _explain_return(payout: Payout) -> str:
    return gettext("%(amount)s to %(provider)s was paid and came back. It is owed again.") % _words(payout)


def _explain_return_token(payout: Payout) -> str:
    text = gettext("The provider got %(received)s. Write down what of it came back to us; all of %(amount)s is owed again.")
    received = token_text(units_received(payout), payout.paid_currency)
    return f"{_explain_return(payout)} {text % {**_words(payout), 'received': received}}"


_STEPS = {
    **{f"payout.{state.value}": state.label for state in PayoutState},
    "payout.found": _("found where it was sent"),
    "payout.never_sent": _("said never to have left"),
    "payout.sent_again": _("sent again"),
    "payout.taken_back": _("a part taken back"),
}


class ItemInline(ReadOnlyInline):
    """The releases that it pays."""

    model = PayoutItem
    fields = readonly_fields = ("rental", "through", "share", "undone_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PayoutItem]:
        """With the rentals, in one query."""
        return super().get_queryset(request).select_related("release__contract").order_by("release")

    @admin.display(description=_("up to (UTC)"))
    def through(self, item: PayoutItem) -> str:
        """Until when it was earned."""
        return when(item.release.through)

    @admin.display(description=_("rental"))
    def rental(self, item: PayoutItem) -> SafeString:
        """To go to."""
        return contract_link(item.release.contract)

    @admin.display(description=_("provider’s share"))
    def share(self, item: PayoutItem) -> str:
        """As money."""
        return _share(item.release)


@admin.register(Payout)
class PayoutAdmin(ConsolePages, StaffActions[Payout], MoneyAdmin[Payout]):
    """Each payout with where it stands, and what can be done."""

    # Who and when of every step stand in its history: the list fits on a screen.
    list_display = ("short_id", "provider", "amount", "state", "kind", "proposed", "paid", "reference")
    list_filter = ("state", "currency", "rail")
    list_select_related = ("provider", "method", "proposed_by")
    search_fields = ("public_id__exact", "reference__exact", "provider__slug__exact")
    search_help_text = _("A payout’s id, a reference, or a provider’s address.")
    ordering = ("-id",)
    actions = ("approve_many", "export_pain001", "export_csv", "mark_many")
    amount = amount_column("amount_minor", _("amount"))
    fields = (
        *("public_id", "provider", "state", "released_minor", "recovered_minor", "amount_minor", "place", "rail"),
        *("proposed_by", "proposed_at", "approved_by", "approved_at", "sent_at", "export", "reference", "paid_at", "settled_at"),
        *("fee_minor", "in_tokens", "undone_at", "reason", "history"),
    )
    readonly_fields = ("place", "in_tokens", "history")
    inlines = (ItemInline, TransferInline)
    staff_actions: ClassVar = (
        StaffAction("approve", _("Approve"), _approve, _is_proposed, _explain_approve, _("It is approved."), SureForm),
        StaffAction("send", _("Pay it now, without a file"), _send, _is_to_send, _explain_send, _("Yes: pay it now."), SureForm),
        StaffAction("mark-paid", _("Mark as paid"), _mark_paid, _is_to_pay_money, _explain_paid, _("It is paid."), PaidForm),
        StaffAction(
            "mark-paid-token", _("Mark as paid"), _mark_paid, _is_to_pay_token, _explain_paid, _("It is paid."), TokenPaidForm
        ),
        StaffAction("drop", _("Drop it"), _fail, _is_unsent, _explain_drop, _("It is dropped.")),
        StaffAction("fail", _("It has failed"), _fail, _is_sent, _explain_fail, _("Its releases are pending again.")),
        StaffAction(
            *("return", _("It came back"), _return, _is_settled_money, _explain_return, _("Its releases are pending again.")),
            ReturnedForm,
        ),
        StaffAction(
            *("return-token", _("It came back"), _return_token, _is_settled_token, _explain_return_token),
            *(_("Its releases are pending again."), TokenReturnedForm),
        ),
    )

    @admin.display(description=_("payout"), ordering="id")
    def short_id(self, payout: Payout) -> str:
        """Enough of its id to know it again; its page has the whole."""
        return str(payout.public_id)[:8]

    @admin.display(description=_("proposed (UTC)"), ordering="proposed_at")
    def proposed(self, payout: Payout) -> str:
        """When, in short."""
        return when(payout.proposed_at)

    @admin.display(description=_("paid (UTC)"), ordering="paid_at")
    def paid(self, payout: Payout) -> str:
        """When the money left, in short."""
        return when(payout.paid_at) if payout.paid_at else "–"

    @admin.display(description=_("kind"), ordering="method__kind")
    def kind(self, payout: Payout) -> str:
        """Where it goes, in a word."""
        return payout.method.get_kind_display()

    @admin.display(description=_("goes to"))
    def place(self, payout: Payout) -> SafeString:
        """As it was frozen when it was proposed."""
        frozen = payout.destination
        named = {
            _("Holder"): frozen["holder"],
            _("IBAN"): frozen["iban"],
            _("BIC"): frozen["bic"],
            _("Address"): frozen["address"],
            _("Network"): frozen["network"],
        }
        return format_html_join("", "<div>{}: {}</div>", ((name, value) for name, value in named.items() if value))

    @admin.display(description=_("in tokens"))
    def in_tokens(self, payout: Payout) -> str:
        """What left, whole and in the smallest units, by which chains count."""
        if payout.paid_units is None:
            return "–"
        units = int(payout.paid_units)
        text = token_text(units, payout.paid_currency)
        return gettext("%(text)s (%(units)d smallest units), the network’s fee included") % {"text": text, "units": units}

    @admin.display(description=_("history"))
    def history(self, payout: Payout) -> SafeString:
        """Every step, with who did it."""
        return steps_taken(timeline(payout), _STEPS)


# Earned ------------------------------------------------------------------------------------------------------------------------


def _share(release: Release) -> str:
    return minor(release.share_minor, release.currency)


@admin.register(Release)
class ReleaseAdmin(MoneyAdmin[Release]):
    """What was released of escrow, step by step."""

    list_display = ("id", "rental", "provider", "through", "amount", "fee", "share")
    list_filter = ("currency",)
    list_select_related = ("contract", "provider")
    search_fields = ("contract__reference__exact", "provider__slug__exact")
    search_help_text = _("A contract’s reference, or a provider’s address.")
    ordering = ("-id",)
    amount = amount_column("amount_minor", _("released"))
    fee = amount_column("fee_minor", _("our fee"))
    readonly_fields = ("rental", "share", "payouts")
    exclude = ("segment",)

    @admin.display(description=_("rental"))
    def rental(self, release: Release) -> SafeString:
        """To go to."""
        return contract_link(release.contract)

    @admin.display(description=_("provider’s share"))
    def share(self, release: Release) -> str:
        """As money."""
        return _share(release)

    @admin.display(description=_("in payouts"))
    def payouts(self, release: Release) -> str:
        """Those that pay it, and those that were to."""
        rows = (
            (reverse("admin:payouts_payout_change", args=[item.payout_id]), item.payout, item.payout.get_state_display())
            for item in release.items.select_related("payout").order_by("pk")
        )
        return format_html_join("", '<div><a href="{}">{}</a>: {}</div>', rows) or "–"


@admin.register(PayoutMethod)
class PayoutMethodAdmin(ReadOnlyAdmin[PayoutMethod]):
    """Where providers are paid: set and confirmed by them, looked at by staff."""

    list_display = ("provider", "currency", "kind", "holder", "confirmed_at", "usable_at", "removed_at")
    list_filter = ("kind", "currency")
    list_select_related = ("provider",)
    search_fields = ("provider__slug__exact", "iban__exact", "address__exact")
    search_help_text = _("A provider’s address on the market, an IBAN, or an address on a chain.")
    ordering = ("-id",)
    # What opens the link of its mail is nobody's business.
    exclude = ("key_digest", "key_expires_at")


# Left by itself, or in files --------------------------------------------------------------------------------------------------

admin.site.register(PayoutTransfer, PayoutTransferAdmin)
admin.site.register(PayoutExport, PayoutExportAdmin)
