"""The addresses of the account pages. Signing in and its factors are allauth's, below /accounts/."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from accounts.views import invitation, keys, organisations, profile, tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("account/", profile.profile, name="account_profile"),
    path("account/security", profile.security, name="account_security"),
    path("account/switch", profile.switch_account, name="switch_account"),
    path("account/ssh-keys", keys.ssh_keys, name="ssh_keys"),
    path("account/ssh-keys/<int:key_id>/remove", keys.ssh_key_remove, name="ssh_key_remove"),
    path("account/tokens", tokens.api_tokens, name="api_tokens"),
    path("account/tokens/<int:token_id>/revoke", tokens.api_token_revoke, name="api_token_revoke"),
    path("account/organisation", organisations.organisation, name="organisation"),
    path("account/organisation/create", organisations.organisation_create, name="organisation_create"),
    path("account/organisation/rename", organisations.organisation_rename, name="organisation_rename"),
    path("account/organisation/invite", organisations.organisation_invite, name="organisation_invite"),
    path(
        "account/organisation/invitations/<int:invitation_id>/withdraw",
        organisations.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("account/organisation/members/<int:user_id>/role", organisations.member_role, name="member_role"),
    path("account/organisation/members/<int:user_id>/remove", organisations.member_remove, name="member_remove"),
    path("account/invitations/<str:token>", invitation.invitation, name="invitation"),
    # allauth's own overviews, which it returns to after every step: there is one page for all of security here.
    path("accounts/2fa/", RedirectView.as_view(pattern_name="account_security")),
    path("accounts/2fa/webauthn/", RedirectView.as_view(pattern_name="account_security")),
]
