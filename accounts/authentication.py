"""The machine door: `Authorization: Bearer dct_…` becomes a user, a token and the account it acts for."""

from typing import cast

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.http import AccountRequest
from accounts.models import ApiToken, Membership, User
from accounts.services import digest_of, note_token_use
from core import clock


class TokenAuthentication(BaseAuthentication):
    """Accepts live tokens of active users who still belong to the token's account; two queries, no write within a minute."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The user and the token, None without a Bearer header; raises AuthenticationFailed (401) for a bad one."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        if len(words) != 2:
            raise AuthenticationFailed(_("Send the token as: Authorization: Bearer dct_…"))
        secret = words[1].decode("latin-1")
        token = ApiToken.objects.select_related("user").filter(digest=digest_of(secret), revoked_at=None).first()
        if token is None or (token.expires_at is not None and token.expires_at <= clock.now()):
            raise AuthenticationFailed(_("This token is not known here, has expired or was revoked."))
        membership = Membership.objects.select_related("account").filter(user=token.user, account_id=token.account_id).first()
        if membership is None or not token.user.is_active:
            raise AuthenticationFailed(_("The owner of this token has no access to its account any more."))
        note_token_use(token)
        acting = cast(AccountRequest, request._request)  # noqa: SLF001 -- the page request below is what views read
        acting.membership = membership
        acting.account = membership.account
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'
