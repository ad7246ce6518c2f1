"""The verbs of the accounts floor: the only writers of its tables."""

from accounts.services.organisations import (
    accept_invitation,
    change_role,
    create_organisation,
    invite,
    remove_member,
    rename_account,
    withdraw_invitation,
)
from accounts.services.people import (
    close_user,
    create_user,
    make_staff,
    open_personal_account,
    reopen_user,
    update_profile,
)
from accounts.services.ssh_keys import add_ssh_key, remove_ssh_key
from accounts.services.tokens import create_token, digest_of, note_token_use, revoke_token

__all__ = [
    "accept_invitation",
    "add_ssh_key",
    "change_role",
    "close_user",
    "create_organisation",
    "create_token",
    "create_user",
    "digest_of",
    "invite",
    "make_staff",
    "note_token_use",
    "open_personal_account",
    "remove_member",
    "remove_ssh_key",
    "rename_account",
    "reopen_user",
    "revoke_token",
    "update_profile",
    "withdraw_invitation",
]
