"""Contracts for staff: to look up, and to cancel, pause and resume through the services, each with a reason."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import user_of
from contracts import actors, services
from contracts.models import Contract, Move, Segment, Settlement
from contracts.queries import available_moves, cancel_preview
from contracts.states import ActorKind, Fault
from core import clock
from core.admin import ReadOnlyAdmin
from core.formats import minor, money
from core.staff_pages import ReadOnlyInline, StaffAction, StaffActions


class SegmentInline(ReadOnlyInline):
    """What was paid for."""

    model = Segment
    fields = readonly_fields = ("number", "hours", "setup_fee_minor", "rent_minor", "net_minor", "paid_at", "settled")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        """With how each was divided, in one query."""
        return super().get_queryset(request).select_related("settlement", "contract")

    @admin.display(description=_("settled: earned, back, lost"))
    def settled(self, segment: Segment) -> str:
        """How the segment was divided at the end, net."""
        if not hasattr(segment, "settlement"):
            return ""
        settlement: Settlement = segment.settlement
        parts = (settlement.earned_minor, settlement.refund_minor, settlement.lost_minor)
        return ", ".join(minor(part, segment.contract.currency) for part in parts)


class MoveInline(ReadOnlyInline):
    """Who did what, when and why."""

    model = Move
    fields = readonly_fields = ("at", "from_state", "to_state", "actor_kind", "actor", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Move]:
        """With the people, in one query."""
        return super().get_queryset(request).select_related("actor")


def _offers(move: str) -> Any:
    return lambda contract: move in available_moves(contract, ActorKind.STAFF)


def _staff(request: HttpRequest) -> actors.Actor:
    return actors.staff(user_of(request).pk)


def _cancel(contract_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.cancel(contract_id, _staff(request), data["reason"])


def _cancel_in_full(contract_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.cancel_in_full(contract_id, _staff(request), data["reason"])


def _suspend(contract_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.suspend(contract_id, _staff(request), data["reason"])


def _resume(contract_id: int, request: HttpRequest, data: Mapping[str, Any]) -> None:
    services.resume(contract_id, _staff(request), data["reason"])


def _explain_cancel(contract: Contract) -> str:
    preview = cancel_preview(contract, clock.now())
    return gettext("%(name)s ends at once. What is unused goes back: %(amount)s before VAT, counted at this moment.") % {
        "name": contract.offering_name,
        "amount": money(preview.refund),
    }


def _explain_cancel_in_full(contract: Contract) -> str:
    preview = cancel_preview(contract, clock.now(), Fault.GOODWILL)
    return gettext("%(name)s ends at once. Everything goes back, whatever was used: %(amount)s before VAT.") % {
        "name": contract.offering_name,
        "amount": money(preview.refund),
    }


def _explain_suspend(contract: Contract) -> str:
    return gettext("%(name)s stops, nothing is erased, and the clock stands still. After a month it is cancelled.") % {
        "name": contract.offering_name
    }


def _explain_resume(contract: Contract) -> str:
    return gettext("%(name)s goes on, and the time lost is given back to the customer.") % {"name": contract.offering_name}


@admin.register(Contract)
class ContractAdmin(StaffActions[Contract], ReadOnlyAdmin[Contract]):
    """Contracts and their history."""

    list_display = ("reference", "offering_name", "customer", "provider", "state", "net", "created_at", "deadline_at")
    list_filter = ("state", "payment_processing")
    list_select_related = ("customer", "provider")
    search_fields = ("reference__exact", "customer__name__exact", "provider__slug__exact")
    search_help_text = _("A reference such as 7Q4M-2KXP, the customer’s name, or the provider’s address word.")
    ordering = ("-id",)
    inlines = (SegmentInline, MoveInline)
    # How the customer connects stands nowhere here: that is theirs.
    fieldsets = (
        (None, {"fields": ("reference", "state", "customer", "ordered_by", "provider", "offering", "offering_name")}),
        (_("Price"), {"fields": ("net", "rent", "setup_fee", "monthly", "hours", "fee_bp", "extension_price", "auto_accept")}),
        (_("Wishes"), {"fields": ("operating_system", "host_name", "ssh_fingerprint", "note")}),
        (
            _("Life"),
            {
                "fields": (
                    "created_at",
                    "paid_at",
                    "payment_processing",
                    "accepted_at",
                    "provisioned_at",
                    "active_at",
                    "deadline_at",
                    "term_seconds",
                    "suspended_at",
                    "suspended_for",
                    "suspended_seconds",
                    "disputes_open",
                )
            },
        ),
        (_("End"), {"fields": ("ended_at", "ended_by", "end_reason", "fault")}),
        (_("What was offered"), {"fields": ("terms",), "classes": ("collapse",)}),
    )
    readonly_fields = ("net", "rent", "setup_fee", "monthly")
    staff_actions = (
        StaffAction("cancel", _("Cancel, refund the unused part"), _cancel, _offers("cancel"), _explain_cancel, _("Cancelled.")),
        StaffAction(
            "cancel-in-full",
            _("Cancel, refund everything"),
            _cancel_in_full,
            _offers("cancel"),
            _explain_cancel_in_full,
            _("Cancelled, all of it goes back."),
        ),
        StaffAction("suspend", _("Pause"), _suspend, _offers("suspend"), _explain_suspend, _("Paused.")),
        StaffAction("resume", _("Resume"), _resume, _offers("resume"), _explain_resume, _("It goes on.")),
    )

    @admin.display(description=_("net"), ordering="net_minor")
    def net(self, contract: Contract) -> str:
        """The net price of the order."""
        return money(contract.net)

    @admin.display(description=_("rent"))
    def rent(self, contract: Contract) -> str:
        """The part of it that is served second by second."""
        return minor(contract.rent_minor, contract.currency)

    @admin.display(description=_("set-up fee"))
    def setup_fee(self, contract: Contract) -> str:
        """The part of it that is earned at delivery."""
        return minor(contract.setup_fee_minor, contract.currency)

    @admin.display(description=_("a month"))
    def monthly(self, contract: Contract) -> str:
        """The frozen monthly price."""
        return minor(contract.monthly_minor, contract.currency)
