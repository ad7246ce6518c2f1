"""Only staff's page of where customers want tokens back: to look at, with what became of each."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.address_queries import address_state
from billing.admin_pieces import steps_taken
from billing.models import Refund, RefundAddress
from billing.refund_networks import network_name
from billing.states import AddressState
from billing.token_admin import tokens_text
from core import clock
from core.admin import ReadOnlyAdmin
from core.queries import timeline
from core.staff_pages import ReadOnlyInline

_STEPS = {
    "refund_address.given": _("given"),
    "refund_address.confirmed": _("confirmed by the mailed link"),
    "refund_address.removed": _("removed"),
}
# The customer's page says "your".
_STANDS = {AddressState.WAITING: _("Waits for the customer’s confirmation")}


class SentInline(ReadOnlyInline):
    """What was sent there, or is being sent."""

    model = Refund
    fields = readonly_fields = ("public_id", "state", "tokens", "reference", "paid_by", "succeeded_at")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        """With what the tokens are read from."""
        return super().get_queryset(request).select_related("payment__token", "paid_by").order_by("-pk")

    @admin.display(description=_("tokens"))
    def tokens(self, refund: Refund) -> str:
        """How many of which."""
        return tokens_text(refund)


class RefundAddressAdmin(ReadOnlyAdmin[RefundAddress]):
    """Set and confirmed by customers, looked at by staff."""

    # That one was removed is its state; when, its page says.
    list_display = ("address", "on", "account", "stands", "created_at", "confirmed_at", "usable_at")
    list_select_related = ("account",)
    search_fields = ("address__exact", "created_by__email__exact")
    search_help_text = _("An address, or the e-mail address of who gave it.")
    ordering = ("-id",)
    # What opens the link of its mail is nobody's business.
    fields = (
        *("address", "on", "account", "stands", "created_by", "created_at", "confirmed_at", "usable_at", "removed_at", "history"),
    )
    readonly_fields = ("on", "stands", "history")
    inlines = (SentInline,)

    @admin.display(description=_("network"), ordering="network")
    def on(self, found: RefundAddress) -> str:
        """By its name."""
        return network_name(found.network)

    @admin.display(description=_("state"))
    def stands(self, found: RefundAddress) -> Any:
        """As of now."""
        state = address_state(found, clock.now())
        return _STANDS.get(state, state.label)

    @admin.display(description=_("history"))
    def history(self, found: RefundAddress) -> SafeString:
        """Every step, with who did it. One that ended because another was confirmed has no step of its own for that."""
        return steps_taken(timeline(found), _STEPS)
