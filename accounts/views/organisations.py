"""Organisations: the members of the one in use, invitations, and a form for a new one."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import queries, services
from accounts.access import CHOSEN_ACCOUNT, own_organisation, signed_in
from accounts.forms import InvitationForm, OrganisationForm, RoleForm, first_error
from accounts.http import AccountRequest
from accounts.models import Account
from accounts.states import Role
from core.errors import Refused
from core.pages import keyset

OLDEST_FIRST = ("created_at", "id")


@require_GET
@signed_in
def organisation(request: AccountRequest) -> HttpResponse:
    """The organisation in use; for one's own account, the organisations one belongs to."""
    return _page(request, InvitationForm(), OrganisationForm())


def _page(request: AccountRequest, invitation: InvitationForm, name: OrganisationForm) -> HttpResponse:
    account = request.account
    if account.is_personal:
        others = [membership for membership in request.memberships if not membership.account.is_personal]
        return render(request, "account/organisations.html", {"form": name, "others": others})
    cursors = (request.GET.get("after"), request.GET.get("before"))
    page = {
        "form": invitation,
        "name_form": name if name.is_bound else OrganisationForm(initial={"name": account.name}),
        "members": keyset(queries.members(account), OLDEST_FIRST, *cursors),
        "invitations": queries.open_invitations(account),
        "is_owner": request.membership.role == Role.OWNER,
        "roles": Role.choices,
    }
    return render(request, "account/organisation.html", page)


@require_POST
@signed_in
def organisation_create(request: AccountRequest) -> HttpResponse:
    """Make an organisation and act for it."""
    form = OrganisationForm(request.POST)
    if form.is_valid():
        try:
            account = services.create_organisation(request.user, form.cleaned_data["name"])
        except Refused as refused:
            form.refuse(refused)
        else:
            request.session[CHOSEN_ACCOUNT] = account.pk
            messages.success(request, _("%(account)s is there, and you act for it now.") % {"account": account.name})
            return redirect("organisation")
    return _page(request, InvitationForm(), form)


@require_POST
@signed_in
def organisation_rename(request: AccountRequest) -> HttpResponse:
    """Give the organisation in use another name."""
    account, form = own_organisation(request), OrganisationForm(request.POST)
    if form.is_valid():
        try:
            services.rename_account(account, form.cleaned_data["name"], request.user)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("The new name is saved."))
            return redirect("organisation")
    return _page(request, InvitationForm(), form)


@require_POST
@signed_in
def organisation_invite(request: AccountRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    account, form = own_organisation(request), InvitationForm(request.POST)
    if form.is_valid():
        try:
            offer = services.invite(account, form.cleaned_data["email"], Role(form.cleaned_data["role"]), request.user)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(email)s gets a mail with a link.") % {"email": offer.email})
            return redirect("organisation")
    return _page(request, form, OrganisationForm())


@require_POST
@signed_in
def invitation_withdraw(request: AccountRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    account = own_organisation(request)
    return _done(request, lambda: services.withdraw_invitation(account, invitation_id, request.user), _("It is withdrawn."))


@require_POST
@signed_in
def member_role(request: AccountRequest, user_id: int) -> HttpResponse:
    """Give a member another role."""
    account, form = own_organisation(request), RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return redirect("organisation")
    role = Role(form.cleaned_data["role"])
    return _done(request, lambda: services.change_role(account, user_id, role, request.user), _("The role is changed."))


@require_POST
@signed_in
def member_remove(request: AccountRequest, user_id: int) -> HttpResponse:
    """Take a member out, or leave oneself."""
    account: Account = own_organisation(request)
    said = _("You have left %(account)s.") if user_id == request.user.pk else _("The member is removed from %(account)s.")
    words = said % {"account": account.name}
    return _done(request, lambda: services.remove_member(account, user_id, request.user), words)


def _done(request: AccountRequest, verb: Callable[[], object], words: str) -> HttpResponse:
    """Call a service and say what came of it, on the organisation's page."""
    try:
        verb()
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, words)
    return redirect("organisation")
