"""Providers and offerings for staff: to look up, and to take a provider off the market through the service. No form edits a row."""

from typing import ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet, URLField
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin import ReadOnlyAdmin
from core.formats import money
from providers import services
from providers.models import ImportPreview, Offering, OfferingAccess, Provider, Standing, StockHold


@admin.register(Provider)
class ProviderAdmin(ReadOnlyAdmin[Provider]):
    """Who provides, with what its documents need."""

    list_display = ("id", "name", "country", "tax_status", "active", "created_at")
    list_filter: ClassVar = ["active", "tax_status"]
    list_select_related = ("account",)
    search_fields = ("name__icontains", "slug__exact", "legal_name__icontains")
    ordering = ("-id",)
    actions = ("deactivate", "activate")
    formfield_overrides: ClassVar = {URLField: {"assume_scheme": "https"}}

    @admin.action(description=gettext_lazy("Take off the market"), permissions=["deactivate"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        """Published offerings become drafts; what is rented goes on."""
        count = sum(services.deactivate_provider(provider) for provider in queryset.filter(active=True))
        self.message_user(request, _("%(count)d offerings are off the market.") % {"count": count}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Let onto the market again"), permissions=["deactivate"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Provider]) -> None:
        """The provider publishes again what it wants to."""
        for provider in queryset.filter(active=False):
            services.activate_provider(provider)
        self.message_user(request, _("They can publish again."), messages.SUCCESS)

    def has_deactivate_permission(self, request: HttpRequest) -> bool:
        """Only staff that may change providers; looking needs less."""
        return request.user.has_perm("providers.change_provider")


@admin.register(Offering)
class OfferingAdmin(ReadOnlyAdmin[Offering]):
    """What is offered, drafts and archived ones included."""

    list_display = ("id", "name", "provider", "type", "status", "visibility", "price", "stock", "taken", "created_at")
    list_filter: ClassVar = ["status", "visibility", "type"]
    list_select_related = ("provider",)
    search_fields = ("slug__exact", "name__icontains", "provider__name__icontains")
    exclude = ("search", "labels")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offering]:
        """Without the columns that only the search reads."""
        return super().get_queryset(request).defer("search", "labels")

    @admin.display(description=gettext_lazy("price a month"), ordering="price_eur_minor")
    def price(self, offering: Offering) -> str:
        """Net, for 720 hours."""
        return money(offering.monthly)


@admin.register(OfferingAccess)
class OfferingAccessAdmin(ReadOnlyAdmin[OfferingAccess]):
    """Who sees shared offerings."""

    list_display = ("id", "offering", "account", "created_at")
    list_select_related = ("offering", "account")
    search_fields = ("offering__slug__exact",)
    ordering = ("-id",)


@admin.register(StockHold)
class StockHoldAdmin(ReadOnlyAdmin[StockHold]):
    """Pieces of stock that are taken out or were."""

    list_display = ("id", "offering", "account", "created_at", "expires_at", "released_at")
    list_select_related = ("offering", "account")
    search_fields = ("offering__slug__exact",)
    ordering = ("-id",)


@admin.register(Standing)
class StandingAdmin(ReadOnlyAdmin[Standing]):
    """What was measured."""

    list_display = ("id", "provider", "offering", "uptime_percent", "uptime_days", "response_minutes", "score", "recorded_at")
    list_select_related = ("provider", "offering")
    search_fields = ("provider__slug__exact", "offering__slug__exact")
    ordering = ("-id",)


@admin.register(ImportPreview)
class ImportPreviewAdmin(ReadOnlyAdmin[ImportPreview]):
    """Imports that were looked at or applied; what stands in the files is the provider's."""

    list_display = ("id", "provider", "file_name", "good", "bad", "created_at", "applied_at")
    list_select_related = ("provider",)
    exclude = ("rows",)
    ordering = ("-id",)
