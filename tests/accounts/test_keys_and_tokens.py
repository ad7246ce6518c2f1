"""Services of SSH keys and API tokens."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account, ApiToken, SshKey, User
from accounts.queries import personal_account
from accounts.services import (
    add_ssh_key,
    create_token,
    create_user,
    digest_of,
    note_token_use,
    remove_ssh_key,
    revoke_token,
)
from accounts.states import Scope
from core import clock
from core.errors import Refused
from core.models import DomainEvent

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_key_is_kept_without_its_comment_and_named_by_it(customer: User, customer_account: Account) -> None:
    key = add_ssh_key(customer_account, customer, "", f"{KEY} laptop of Cora")
    assert (key.name, key.public_key, key.bits) == ("laptop of Cora", KEY, 256)
    assert DomainEvent.objects.get(name="ssh_key.added").data["fingerprint"] == key.fingerprint


def test_same_key_under_another_comment_is_refused_once_per_account(
    customer: User, customer_account: Account, stranger: User, stranger_account: Account
) -> None:
    add_ssh_key(customer_account, customer, "one", f"{KEY} a")
    with pytest.raises(Refused) as refusal:
        add_ssh_key(customer_account, customer, "two", f"{KEY} b")
    assert (refusal.value.code, refusal.value.field) == ("duplicate", "public_key")
    assert SshKey.objects.count() == 1
    add_ssh_key(stranger_account, stranger, "mine", KEY)
    assert SshKey.objects.count() == 2


@pytest.mark.parametrize("name", ["n" * 81, "a\x00b"])
def test_key_with_unusable_name_is_refused(customer: User, customer_account: Account, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        add_ssh_key(customer_account, customer, name, KEY)
    assert refusal.value.field == "name"
    assert not SshKey.objects.exists()


def test_key_of_another_account_cannot_be_removed(
    customer: User, customer_account: Account, stranger: User, stranger_account: Account
) -> None:
    key = add_ssh_key(customer_account, customer, "one", KEY)
    with pytest.raises(Refused):
        remove_ssh_key(stranger_account, stranger, key.pk)
    assert SshKey.objects.count() == 1
    remove_ssh_key(customer_account, customer, key.pk)
    assert not SshKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_same_key_added_twice_at_once_is_kept_once() -> None:
    user = create_user("race@example.com")
    account = personal_account(user)
    start = Barrier(2)

    def add() -> str:
        try:
            start.wait(10)
            add_ssh_key(account, user, "race", KEY)
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(f.result() for f in [pool.submit(add), pool.submit(add)]) == ["done", "duplicate"]
    assert SshKey.objects.count() == DomainEvent.objects.filter(name="ssh_key.added").count() == 1


def test_secret_is_nowhere_in_the_database(customer: User, customer_account: Account) -> None:
    token, secret = create_token(customer, customer_account, "ci", [Scope.CONTRACTS_READ], None)
    token.refresh_from_db()
    assert secret.startswith("dct_")
    assert token.digest == digest_of(secret)
    assert token.prefix == secret[:10]
    kept = [str(value) for value in vars(token).values()] + [str(event.data) for event in DomainEvent.objects.all()]
    assert not any(secret in value for value in kept)


@pytest.mark.parametrize(
    ("name", "scopes", "expires_at", "field"),
    [
        ("", ["contracts:read"], None, "name"),
        ("n" * 81, ["contracts:read"], None, "name"),
        ("a\x00b", ["contracts:read"], None, "name"),
        ("ci", [], None, "scopes"),
        ("ci", ["contracts:read", "admin"], None, "scopes"),
        ("ci", ["contracts:read"], NOON, "expires_at"),
        ("ci", ["contracts:read"], NOON - timedelta(days=1), "expires_at"),
    ],
)
def test_token_is_refused_with_the_field_that_is_wrong(
    customer: User, customer_account: Account, name: str, scopes: list[str], expires_at: datetime | None, field: str
) -> None:
    with clock.at(NOON), pytest.raises(Refused) as refusal:
        create_token(customer, customer_account, name, scopes, expires_at)
    assert refusal.value.field == field
    assert not ApiToken.objects.exists()


def test_token_for_a_foreign_account_is_refused(customer: User, stranger_account: Account) -> None:
    with pytest.raises(Refused) as refusal:
        create_token(customer, stranger_account, "ci", [Scope.CONTRACTS_READ], None)
    assert refusal.value.code == "not_member"
    assert not ApiToken.objects.exists()


def test_token_cannot_make_one_that_may_more_or_lives_longer(customer: User, customer_account: Account) -> None:
    with clock.at(NOON):
        day = NOON + timedelta(days=1)
        parent, _ = create_token(customer, customer_account, "p", [Scope.TOKENS_WRITE, Scope.SSH_KEYS_READ], day)
        for scopes, until in (
            ([Scope.CONTRACTS_WRITE], day),
            ([Scope.SSH_KEYS_READ], None),
            ([Scope.SSH_KEYS_READ], day + timedelta(seconds=1)),
        ):
            with pytest.raises(Refused) as refusal:
                create_token(customer, customer_account, "c", scopes, until, within=parent)
            assert refusal.value.code == "wider"
        create_token(customer, customer_account, "c", [Scope.SSH_KEYS_READ], day, within=parent)
    assert ApiToken.objects.count() == 2


def test_colleague_and_stranger_cannot_revoke(customer: User, customer_account: Account, stranger: User) -> None:
    token, _ = create_token(customer, customer_account, "ci", [Scope.CONTRACTS_READ], None)
    with pytest.raises(Refused):
        revoke_token(stranger, customer_account, token.pk)
    token.refresh_from_db()
    assert token.revoked_at is None


def test_revoking_twice_is_revoking_once(customer: User, customer_account: Account) -> None:
    token, _ = create_token(customer, customer_account, "ci", [Scope.CONTRACTS_READ], None)
    with clock.at(NOON):
        revoke_token(customer, customer_account, token.pk)
    revoke_token(customer, customer_account, token.pk)
    token.refresh_from_db()
    assert token.revoked_at == NOON
    assert DomainEvent.objects.filter(name="token.revoked").count() == 1


def test_last_use_is_written_once_a_minute(customer: User, customer_account: Account) -> None:
    token, _ = create_token(customer, customer_account, "ci", [Scope.CONTRACTS_READ], None)
    for seconds, kept in ((0, 0), (59, 0), (60, 60), (119, 60)):
        token.refresh_from_db()
        with clock.at(NOON + timedelta(seconds=seconds)):
            note_token_use(token)
        token.refresh_from_db()
        assert token.last_used_at == NOON + timedelta(seconds=kept)


def test_database_refuses_token_without_scopes_and_second_digest(customer: User, customer_account: Account) -> None:
    token, _ = create_token(customer, customer_account, "ci", [Scope.CONTRACTS_READ], None)
    for scopes, digest in (([], "x" * 64), (["contracts:read"], token.digest)):
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiToken.objects.create(user=customer, account=customer_account, name="n", prefix="p", digest=digest, scopes=scopes)
