"""SSH keys of the account in use."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import queries, services
from accounts.access import own_ssh_key, require_role, signed_in
from accounts.forms import SshKeyForm
from accounts.http import AccountRequest
from accounts.states import Role
from core.errors import Refused
from core.pages import keyset

NEWEST_FIRST = ("-created_at", "-id")
MAY_CHANGE_KEYS = (Role.OWNER, Role.MEMBER)


@signed_in
def ssh_keys(request: AccountRequest) -> HttpResponse:
    """The keys, and a form for one more."""
    form = SshKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            require_role(request, *MAY_CHANGE_KEYS)
            key = services.add_ssh_key(request.account, request.user, form.cleaned_data["name"], form.cleaned_data["public_key"])
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(name)s is added.") % {"name": key.name})
            return redirect("ssh_keys")
    keys = keyset(queries.ssh_keys(request.account), NEWEST_FIRST, request.GET.get("after"), request.GET.get("before"))
    page = {"form": form, "keys": keys, "may_change": request.membership.role in MAY_CHANGE_KEYS}
    return render(request, "account/ssh_keys.html", page)


@require_POST
@signed_in
def ssh_key_remove(request: AccountRequest, key_id: int) -> HttpResponse:
    """Forget a key; running rentals keep what they were delivered with."""
    key = own_ssh_key(request, key_id)
    try:
        require_role(request, *MAY_CHANGE_KEYS)
        services.remove_ssh_key(request.account, request.user, key.pk)
        messages.success(request, _("%(name)s is removed.") % {"name": key.name})
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("ssh_keys")
