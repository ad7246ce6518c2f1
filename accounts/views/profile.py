"""Profile and security: who one is, and what opens the account."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import queries, services
from accounts.access import CHOSEN_ACCOUNT, chosen_account, signed_in
from accounts.forms import ProfileForm, SwitchForm
from accounts.http import AccountRequest
from accounts.redirects import back_to_a_page_of_any_account
from accounts.states import Theme
from core.errors import Refused

ONE_YEAR = 365 * 24 * 3600


@signed_in
def profile(request: AccountRequest) -> HttpResponse:
    """Name, language and colours of the signed-in person."""
    user = request.user
    initial = {"name": user.name, "language": user.language or settings.LANGUAGE_CODE, "theme": user.theme}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_profile(
                user,
                name=form.cleaned_data["name"],
                language=form.cleaned_data["language"],
                theme=Theme(form.cleaned_data["theme"]),
            )
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Your profile is saved."))
            return _speaking(redirect("account_profile"), form.cleaned_data["language"])
    return render(request, "account/profile.html", {"form": form, "has_verified_email": queries.has_verified_email(user)})


def _speaking(response: HttpResponse, language: str) -> HttpResponse:
    """Let this browser speak the language from the next page on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=ONE_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@require_GET
@signed_in
def security(request: AccountRequest) -> HttpResponse:
    """Everything that opens the account: password, second factors, sessions."""
    factors = queries.second_factors(request.user)
    codes = factors.get(Authenticator.Type.RECOVERY_CODES, [])
    page = {
        "has_password": request.user.has_usable_password(),
        "passkeys": [factor.wrap() for factor in factors.get(Authenticator.Type.WEBAUTHN, [])],
        "app": next(iter(factors.get(Authenticator.Type.TOTP, [])), None),
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "sessions": queries.session_count(request.user),
        "tokens": queries.live_token_count(request.user),
    }
    return render(request, "account/security.html", page)


@require_POST
@signed_in
def switch_account(request: AccountRequest) -> HttpResponse:
    """Act for another of one's accounts from here on, in this browser."""
    form = SwitchForm(request.POST)
    account = chosen_account(request, form.cleaned_data["account"] if form.is_valid() else 0)
    request.session[CHOSEN_ACCOUNT] = account.pk
    name = _("yourself") if account.is_personal else account.name
    messages.info(request, _("You act for %(account)s now.") % {"account": name})
    return back_to_a_page_of_any_account(request, settings.LOGIN_REDIRECT_URL)
