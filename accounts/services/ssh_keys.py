"""Writing SSH keys: only keys that were parsed for real get in, each once per account."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Account, SshKey, User
from accounts.ssh import parse_public_key
from core.errors import Refused
from core.outbox import emit

KEYS_AT_MOST = 100


def add_ssh_key(account: Account, user: User, name: str, public_key: str) -> SshKey:
    """Keep a public key for the account. The name may be empty: then the key's comment or fingerprint names it.

    Raises Refused with code `ssh_key…` (see `accounts.ssh`), `duplicate`, `too_many` or `name`. Emits ssh_key.added.
    """
    parsed = parse_public_key(public_key)
    cleaned = " ".join(name.split()) or parsed.comment[:80] or parsed.fingerprint[:20]
    if len(cleaned) > 80 or not cleaned.isprintable():
        raise Refused(_("A name has at most 80 characters, on one line."), code="name", field="name")
    try:
        with transaction.atomic():
            if SshKey.objects.filter(account=account).count() >= KEYS_AT_MOST:
                raise Refused(
                    _("There are %(count)d keys already. Remove one first.") % {"count": KEYS_AT_MOST},
                    code="too_many",
                    field="public_key",
                )
            key = SshKey.objects.create(
                account=account,
                user=user,
                name=cleaned,
                key_type=parsed.key_type,
                bits=parsed.bits,
                public_key=parsed.line,
                fingerprint=parsed.fingerprint,
            )
            emit("ssh_key.added", key, actor_kind="user", actor=user.pk, account=account.pk, fingerprint=parsed.fingerprint)
    except IntegrityError as error:
        raise Refused(
            _("This key is in the account already: %(fingerprint)s.") % {"fingerprint": parsed.fingerprint},
            code="duplicate",
            field="public_key",
        ) from error
    return key


def remove_ssh_key(account: Account, user: User, key_id: int) -> None:
    """Forget a key; contracts keep their own copy. Raises Refused with code `gone`. Emits ssh_key.removed."""
    with transaction.atomic():
        key = SshKey.objects.select_for_update().filter(account=account, pk=key_id).first()
        if key is None:
            raise Refused(_("This key was removed already."), code="gone")
        emit("ssh_key.removed", key, actor_kind="user", actor=user.pk, account=account.pk, fingerprint=key.fingerprint)
        key.delete()
