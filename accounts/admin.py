"""Users, accounts and what opens them, in the admin: to look up. A user can be closed; a superuser lets staff in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from accounts.access import user_of
from accounts.models import Account, ApiToken, Invitation, Membership, SshKey, User
from core.admin import ReadOnlyAdmin
from core.errors import Refused


class MembershipInline(admin.TabularInline[Membership, Any]):
    """Who belongs to what, to read."""

    model = Membership
    extra = 0
    fields = readonly_fields = ("user", "account", "role", "created_at")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With the names, in one query."""
        return super().get_queryset(request).select_related("user", "account")


@admin.register(User)
class UserAdmin(ReadOnlyAdmin[User]):
    """People. Which groups staff belong to is for superusers, and nobody's own; passwords are for nobody."""

    list_display = ("email", "name", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    search_help_text = _("A part of the e-mail or of the name.")
    ordering = ("-created_at", "-id")
    filter_horizontal = ("groups",)
    inlines = (MembershipInline,)
    actions = ("close", "reopen")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "groups", "created_at", "last_login")
    readonly_fields = ("email", "name", "is_active", "is_staff", "is_superuser", "created_at", "last_login")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Groups are given by superusers, to others than themselves."""
        user = user_of(request)
        return user.is_superuser and (obj is None or obj.pk != user.pk)

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Closing and opening asks for Django's right to change users."""
        return user_of(request).has_perm("accounts.change_user")

    @admin.action(description=_("Close: signs out everywhere, ends nothing that is rented"), permissions=["close"])
    def close(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Nobody can sign in with these any more."""
        self._each(request, queryset, services.close_user)

    @admin.action(description=_("Open again"), permissions=["close"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """These can sign in again."""
        self._each(request, queryset, services.reopen_user)

    def _each(self, request: HttpRequest, queryset: QuerySet[User], verb: Any) -> None:
        done = 0
        for user in queryset:
            try:
                verb(user, user_of(request))
                done += 1
            except Refused as refused:
                messages.error(request, f"{user.email}: {refused.reason}")
        if done:
            self.message_user(request, ngettext("%(count)d is changed.", "%(count)d are changed.", done) % {"count": done})


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin[Account]):
    """Accounts and their members."""

    list_display = ("name", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("name", "person__email")
    ordering = ("-created_at", "-id")
    fields = ("name", "kind", "person", "created_at")
    inlines = (MembershipInline,)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    """Invitations. The key of the link is not shown: it opens the organisation."""

    list_display = ("email", "account", "role", "created_at", "expires_at", "accepted_at", "withdrawn_at")
    list_select_related = ("account",)
    search_fields = ("email",)
    ordering = ("-created_at", "-id")
    exclude = ("key",)


@admin.register(SshKey)
class SshKeyAdmin(ReadOnlyAdmin[SshKey]):
    """Public keys."""

    list_display = ("name", "account", "key_type", "fingerprint", "created_at")
    list_select_related = ("account",)
    search_fields = ("fingerprint",)
    ordering = ("-created_at", "-id")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin[ApiToken]):
    """Tokens; their secrets are nowhere."""

    list_display = ("name", "prefix", "user", "account", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user", "account")
    search_fields = ("prefix", "user__email")
    ordering = ("-created_at", "-id")
    exclude = ("digest",)


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnlyAdmin[Any]):
    """Which addresses are confirmed. Only the code in the mail confirms one."""

    list_display = ("email", "user", "verified", "primary")
    list_select_related = ("user",)
    search_fields = ("email",)
    ordering = ("-id",)


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin[Any]):
    """Which second factors people have, never what is in them."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-id",)
    exclude = ("data",)
