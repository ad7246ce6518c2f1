"""API tokens of the signed-in person for the account in use."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import queries, services
from accounts.access import open_scopes, own_token, signed_in
from accounts.forms import TokenForm
from accounts.http import AccountRequest
from accounts.secrets import Unreadable, seal, unseal
from core import clock
from core.errors import Refused
from core.pages import keyset

NEWEST_FIRST = ("-created_at", "-id")
# Where a new secret waits, sealed, for the one page that shows it.
JUST_MADE = "token_just_made"


@never_cache
@signed_in
def api_tokens(request: AccountRequest) -> HttpResponse:
    """The tokens, a form for one more, and, right after one was made, its secret."""
    form = TokenForm(request.POST or None, open_scopes(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            token, secret = services.create_token(request.user, request.account, data["name"], data["scopes"], form.expires_at())
        except Refused as refused:
            form.refuse(refused)
        else:
            request.session[JUST_MADE] = {"name": token.name, "secret": seal(secret)}
            return redirect("api_tokens")
    order, cursors = NEWEST_FIRST, (request.GET.get("after"), request.GET.get("before"))
    tokens = keyset(queries.api_tokens(request.user, request.account), order, *cursors)
    page = {"form": form, "tokens": tokens, "fresh": _fresh_secret(request), "now": clock.now()}
    return render(request, "account/api_tokens.html", page)


def _fresh_secret(request: AccountRequest) -> dict[str, str] | None:
    """Name and secret of the token that was just made; None ever after."""
    waiting = request.session.pop(JUST_MADE, None)
    if waiting is None:
        return None
    try:
        return {"name": waiting["name"], "secret": unseal(waiting["secret"])}
    except Unreadable:
        return None


@require_POST
@signed_in
def api_token_revoke(request: AccountRequest, token_id: int) -> HttpResponse:
    """End a token."""
    token = own_token(request, token_id)
    services.revoke_token(request.user, request.account, token.pk)
    messages.success(request, _("%(name)s is revoked. Whatever used it is locked out now.") % {"name": token.name})
    return redirect("api_tokens")
