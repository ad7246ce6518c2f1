"""Users with accounts by the thousand, each as one who signed up would stand in the tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress

from accounts.models import Account, Membership, User
from accounts.states import AccountKind, Role, Theme
from decentcloud.load.copying import copy_rows, ids_for


@dataclass(frozen=True)
class People:
    """Users and their accounts: the n-th of both belong together. Nobody can sign in: no password fits."""

    users: range
    accounts: range


def load_people(prefix: str, count: int, now: datetime) -> People:
    """`count` people called "<prefix>-1@load.invalid" and so on, numbered on from what is there."""
    users, accounts, members, addresses = (ids_for(model, count) for model in (User, Account, Membership, EmailAddress))
    emails = [f"{prefix}-{user}@load.invalid" for user in users]

    def rows_of_users() -> Iterator[Sequence[object]]:
        for user, email in zip(users, emails, strict=True):
            yield user, "!", None, False, email, f"{prefix.title()} {user}", "", Theme.SYSTEM.value, True, False, now

    copy_rows(
        User,
        (
            "id", "password", "last_login", "is_superuser", "email", "name", "language", "theme", "is_active", "is_staff",
            "created_at",
        ),
        rows_of_users(),
    )  # fmt: skip
    copy_rows(
        Account,
        ("id", "name", "kind", "person_id", "created_at"),
        (
            (account, f"{prefix.title()} {user}", AccountKind.PERSONAL.value, user, now)
            for account, user in zip(accounts, users, strict=True)
        ),
    )
    copy_rows(
        Membership,
        ("id", "user_id", "account_id", "role", "created_at"),
        ((member, user, account, Role.OWNER.value, now) for member, user, account in zip(members, users, accounts, strict=True)),
    )
    copy_rows(
        EmailAddress,
        ("id", "user_id", "email", "verified", "primary"),
        ((address, user, email, True, True) for address, user, email in zip(addresses, users, emails, strict=True)),
    )
    return People(users, accounts)
