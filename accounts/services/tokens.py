"""Writing API tokens. The only place that sees a secret: once, while it is made."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Account, ApiToken, Membership, User
from accounts.states import STAFF_SCOPES, Scope
from core import clock
from core.errors import Refused
from core.outbox import emit

PREFIX = "dct_"
TOKENS_AT_MOST = 50
# Last use is for people who tidy up their tokens: a minute's grain saves a write per request.
USE_GRAIN = timedelta(minutes=1)


def digest_of(secret: str) -> str:
    """The form in which a token's secret is kept. It has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_token(
    user: User,
    account: Account,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    *,
    within: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """Make a token and its secret, which is shown now and never again. `expires_at` in UTC; None lasts until revoked.

    `within` is the token that asks for it, if one does: the new one may not do more or live longer.
    Staff's scopes are for staff; that its session has proved a second factor is asked by the views (`access.open_scopes`).
    Raises Refused with code `name`, `scopes`, `staff_only`, `expires_at`, `not_member`, `too_many` or `wider`. Emits token.created.
    """
    now = clock.now()
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > 80 or not cleaned.isprintable():
        raise Refused(_("Give the token a name of at most 80 characters."), code="name", field="name")
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(Scope.values):
        raise Refused(_("Choose at least one of the scopes."), code="scopes", field="scopes")
    if not user.is_staff and STAFF_SCOPES & set(wanted):
        raise Refused(_("Only staff may work on payouts."), code="staff_only", field="scopes")
    if expires_at is not None and expires_at <= now:
        raise Refused(_("The expiry lies in the past."), code="expires_at", field="expires_at")
    if within is not None:
        _refuse_wider(within, wanted, expires_at)
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        if not Membership.objects.filter(user=user, account=account).exists():
            raise Refused(_("You do not belong to this account."), code="not_member")
        live = ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), user=user, account=account, revoked_at=None)
        if live.count() >= TOKENS_AT_MOST:
            raise Refused(_("There are %(count)d tokens already. Revoke one first.") % {"count": TOKENS_AT_MOST}, code="too_many")
        token = ApiToken.objects.create(
            user=user,
            account=account,
            name=cleaned,
            prefix=secret[:10],
            digest=digest_of(secret),
            scopes=wanted,
            expires_at=expires_at,
        )
        emit("token.created", token, actor_kind="user", actor=user.pk, account=account.pk, scopes=wanted)
    return token, secret


def revoke_token(user: User, account: Account, token_id: int) -> None:
    """End one of the user's own tokens for good; ending it twice is the same. Raises Refused with code `gone`.

    Emits token.revoked.
    """
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().filter(user=user, account=account, pk=token_id).first()
        if token is None:
            raise Refused(_("There is no such token."), code="gone")
        if token.revoked_at is None:
            token.revoked_at = clock.now()
            token.save(update_fields=["revoked_at"])
            emit("token.revoked", token, actor_kind="user", actor=user.pk, account=account.pk)


def note_token_use(token: ApiToken) -> None:
    """Remember that a token was used, at most once a minute."""
    now = clock.now()
    if token.last_used_at is None or token.last_used_at <= now - USE_GRAIN:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _refuse_wider(within: ApiToken, scopes: list[str], expires_at: datetime | None) -> None:
    if not set(scopes) <= set(within.scopes):
        raise Refused(_("A token can only make tokens with scopes of its own."), code="wider", field="scopes")
    if within.expires_at is not None and (expires_at is None or expires_at > within.expires_at):
        raise Refused(_("A token can only make tokens that end no later than itself."), code="wider", field="expires_at")
