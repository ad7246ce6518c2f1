"""The machine addresses of accounts, below /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from accounts import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/me", api.Me.as_view(), name="api_me"),
    path("ssh-keys", api.SshKeys.as_view(), name="api_ssh_keys"),
    path("ssh-keys/<int:key_id>", api.OneSshKey.as_view(), name="api_ssh_key"),
    path("tokens", api.Tokens.as_view(), name="api_tokens_v1"),
    path("tokens/<int:token_id>", api.OneToken.as_view(), name="api_token"),
]
