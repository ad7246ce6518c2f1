"""Becoming a provider, and the profile that customers and documents show."""

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import require_role, signed_in
from accounts.http import AccountRequest
from core.errors import Refused
from providers import services
from providers.access import MAY_OFFER, own_provider
from providers.forms import PROVIDER_FIELDSETS, ProviderForm, fieldsets, profile_of
from providers.queries import provider_of
from providers.views.guard import UNPROCESSABLE, changes_offers, see


@require_http_methods(["GET", "POST"])
@signed_in
def provider_become(request: AccountRequest) -> HttpResponseBase:
    """Make the account in use a provider; one that is one already goes to its desk."""
    if provider_of(request.account) is not None:
        return redirect("provider_desk")
    form = ProviderForm(request.POST or None, initial={"name": request.account.name})
    if request.method == "POST" and form.is_valid():
        try:
            require_role(request, *MAY_OFFER)
            services.become_provider(request.account, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("You are a provider now. Make your first offering; nobody sees it until you publish it."))
            return see("offering_new")
    return _page(request, "providers/desk/become.html", form)


@require_http_methods(["GET", "POST"])
@signed_in
@changes_offers
def provider_profile(request: AccountRequest) -> HttpResponseBase:
    """Who the provider is."""
    provider = own_provider(request)
    form = ProviderForm(request.POST or None, initial=profile_of(provider))
    if request.method == "POST" and form.is_valid():
        try:
            services.update_provider(provider, **form.cleaned_data)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Your profile is saved."))
            return see("provider_profile")
    return _page(request, "providers/desk/profile.html", form, slug=provider.slug, active=provider.active)


def _page(request: AccountRequest, template: str, form: ProviderForm, **context: object) -> HttpResponse:
    shown = {"form": form, "fieldsets": fieldsets(form, PROVIDER_FIELDSETS), **context}
    return render(request, template, shown, status=UNPROCESSABLE if form.errors else None)
