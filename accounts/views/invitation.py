"""The page behind the link of an invitation."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts import invitations, queries, services
from accounts.access import CHOSEN_ACCOUNT
from accounts.models import User
from core import clock
from core.errors import Refused


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What is offered, to whoever holds the link; accepting asks for the invited person."""
    user = request.user if isinstance(request.user, User) else None
    try:
        offer = queries.invitation_by_key(invitations.key_of(token))
        invitations.check_open(offer, clock.now())
        if request.method == "POST" and user is not None:
            membership = services.accept_invitation(token, user)
            request.session[CHOSEN_ACCOUNT] = membership.account_id
            messages.success(request, _("You belong to %(account)s now.") % {"account": offer.account.name})
            return redirect("organisation")
    except Refused as refused:
        return render(request, "account/invitation_refused.html", {"reason": refused.reason}, status=410)
    fits = user is not None and queries.has_verified_address(user, offer.email)
    return render(request, "account/invitation.html", {"offer": offer, "fits": fits})
