"""The machine door of accounts: credentials, scopes, keys, tokens; problem+json for everything that is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import Account, ApiToken, Membership, SshKey, User
from accounts.queries import personal_account
from accounts.services import add_ssh_key, create_organisation, create_token, make_staff, revoke_token
from accounts.states import STAFF_SCOPES, Role, Scope
from core import clock
from tests.cast import browser_of

pytestmark = pytest.mark.django_db

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
ME, KEYS, TOKENS = "/api/v1/accounts/me", "/api/v1/ssh-keys", "/api/v1/tokens"


def machine(user: User, *scopes: Scope, account: Account | None = None, **more: Any) -> APIClient:
    _, secret = create_token(user, account or personal_account(user), "test", scopes, more.pop("expires_at", None))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}", **more)
    return client


def problem(answer: Any, status: int, code: str = "") -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert not code or body["code"] == code
    return body


# --- Credentials


def test_me_says_who_for_which_account_and_with_what(customer: User) -> None:
    answer = machine(customer, Scope.SSH_KEYS_READ).get(ME)
    account = personal_account(customer)
    assert answer.json() == {
        "email": "customer@example.com",
        "email_verified": True,
        "name": "Cora Customer",
        "account_id": account.pk,
        "account_name": "Cora Customer",
        "account_kind": "personal",
        "role": "owner",
        "scopes": ["ssh_keys:read"],
    }


def test_nobody_gets_401_and_is_told_how(api: APIClient) -> None:
    for path in (ME, KEYS, TOKENS):
        answer = api.get(path)
        problem(answer, 401)
        assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer x y", "Bearer dct_wrong", "Bearer \xff\xfe", "bearer dct_", f"Bearer {'x' * 5000}"]
)
def test_wrong_credentials_get_401(api: APIClient, header: str) -> None:
    problem(api.get(ME, HTTP_AUTHORIZATION=header), 401)


def test_ended_tokens_open_nothing(customer: User, staff: User) -> None:
    account = personal_account(customer)
    soon = clock.now() + timedelta(minutes=1)
    expiring = machine(customer, Scope.SSH_KEYS_READ, expires_at=soon)
    assert expiring.get(ME).status_code == 200
    with clock.at(soon):
        problem(expiring.get(ME), 401)
    revoked = machine(customer, Scope.SSH_KEYS_READ)
    revoke_token(customer, account, ApiToken.objects.latest("id").pk)
    problem(revoked.get(ME), 401)


def test_token_of_a_closed_user_or_a_former_member_opens_nothing(customer: User, stranger: User) -> None:
    organisation = create_organisation(customer, "Papierboot GmbH")
    Membership.objects.create(user=stranger, account=organisation, role=Role.MEMBER)
    former, closed = machine(stranger, Scope.SSH_KEYS_READ, account=organisation), machine(customer, Scope.SSH_KEYS_READ)
    assert former.get(KEYS).status_code == closed.get(KEYS).status_code == 200
    Membership.objects.filter(user=stranger, account=organisation).delete()
    User.objects.filter(pk=customer.pk).update(is_active=False)
    problem(former.get(KEYS), 401)
    problem(closed.get(KEYS), 401)


def test_token_acts_for_its_own_account(customer: User) -> None:
    organisation = create_organisation(customer, "Papierboot GmbH")
    add_ssh_key(organisation, customer, "of the company", KEY)
    assert [key["name"] for key in machine(customer, Scope.SSH_KEYS_READ, account=organisation).get(KEYS).json()["results"]] == [
        "of the company"
    ]
    assert machine(customer, Scope.SSH_KEYS_READ).get(KEYS).json()["results"] == []


def test_use_of_a_token_takes_two_queries_and_writes_once_a_minute(
    customer: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = machine(customer, Scope.SSH_KEYS_READ)
    with clock.at(clock.now()) as now:
        with django_assert_num_queries(4):
            client.get(KEYS)
        with django_assert_num_queries(3):
            client.get(KEYS)
        assert ApiToken.objects.get().last_used_at == now


def test_browser_has_all_scopes_and_needs_the_forgery_token_to_write(customer: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(customer)
    assert browser.get(KEYS).status_code == 200
    assert set(browser.get(ME).json()["scopes"]) == set(Scope) - STAFF_SCOPES
    problem(browser.post(KEYS, {"public_key": KEY}, content_type="application/json"), 403)
    assert not SshKey.objects.exists()


# --- Scopes

CALLS = [
    ("get", KEYS, Scope.SSH_KEYS_READ, 200),
    ("post", KEYS, Scope.SSH_KEYS_WRITE, 201),
    ("get", f"{KEYS}/KEY", Scope.SSH_KEYS_READ, 200),
    ("delete", f"{KEYS}/KEY", Scope.SSH_KEYS_WRITE, 204),
    ("get", TOKENS, Scope.TOKENS_READ, 200),
    ("post", TOKENS, Scope.TOKENS_WRITE, 201),
    ("get", f"{TOKENS}/TOKEN", Scope.TOKENS_READ, 200),
    ("delete", f"{TOKENS}/TOKEN", Scope.TOKENS_WRITE, 204),
]
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"


@pytest.mark.parametrize(("method", "path", "scope", "status"), CALLS)
def test_each_call_needs_its_own_scope_and_no_other(customer: User, method: str, path: str, scope: Scope, status: int) -> None:
    account = personal_account(customer)
    key = add_ssh_key(account, customer, "laptop", KEY)
    token, _ = create_token(customer, account, "other", [Scope.CONTRACTS_READ], None)
    path = path.replace("/KEY", f"/{key.pk}").replace("/TOKEN", f"/{token.pk}")
    body = {"public_key": OTHER_KEY, "name": "n", "scopes": [scope.value]} if method == "post" else None
    others = [other for other in Scope if other != scope and other not in STAFF_SCOPES]
    refused = getattr(machine(customer, *others), method)(path, body)
    assert scope.value in problem(refused, 403)["detail"]
    assert SshKey.objects.count() == 1
    assert getattr(machine(customer, scope), method)(path, body).status_code == status


def test_scopes_of_staff_are_given_to_nobody_else(customer: User, customer_client: Client) -> None:
    asked = {"name": "n", "scopes": [Scope.CONTRACTS_READ, Scope.PAYOUTS_READ]}
    refused = machine(customer, Scope.TOKENS_WRITE).post(TOKENS, asked)
    assert problem(refused, 422, "staff_only")["errors"][0]["pointer"] == "/scopes"
    problem(customer_client.post(TOKENS, asked, content_type="application/json"), 422, "staff_only")
    assert "payouts:" not in customer_client.get(reverse("api_tokens")).content.decode()
    assert ApiToken.objects.count() == 1


def test_staff_gives_them_only_where_a_second_factor_was_proved(staff: User, staff_client: Client) -> None:
    asked = {"name": "n", "scopes": [Scope.PAYOUTS_WRITE]}
    unproved = browser_of(staff)
    problem(unproved.post(TOKENS, asked, content_type="application/json"), 422, "staff_only")
    form = {"name": "n", "scopes": [Scope.PAYOUTS_WRITE], "lifetime": "30"}
    assert unproved.post(reverse("api_tokens"), form).status_code == 200
    assert not ApiToken.objects.exists()
    assert staff_client.post(TOKENS, asked, content_type="application/json").status_code == 201
    assert staff_client.post(reverse("api_tokens"), form).status_code == 302
    assert set(staff_client.get(ME).json()["scopes"]) == set(Scope)
    # Nor does a token that has not got them.
    refused = machine(staff, Scope.TOKENS_WRITE).post(TOKENS, asked)
    problem(refused, 422, "wider")


@pytest.mark.parametrize("method", ["put", "patch"])
def test_method_without_a_scope_is_closed_to_tokens(customer: User, method: str) -> None:
    assert getattr(machine(customer, *(scope for scope in Scope if scope not in STAFF_SCOPES)), method)(KEYS, {}).status_code in {
        403,
        405,
    }


# --- Keys


def test_key_is_added_read_and_forgotten(customer: User) -> None:
    client = machine(customer, Scope.SSH_KEYS_READ, Scope.SSH_KEYS_WRITE)
    made = client.post(KEYS, {"name": "ci", "public_key": f"{KEY} comment"})
    assert made.status_code == 201
    assert made.json()["public_key"] == KEY
    assert client.get(made["Location"]).json() == made.json()
    assert client.delete(made["Location"]).status_code == 204
    problem(client.get(made["Location"]), 404)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/public_key"),
        ({"public_key": ""}, "/public_key"),
        ({"public_key": 5}, "/public_key"),
        ({"public_key": None}, "/public_key"),
        ({"public_key": ["x"]}, "/public_key"),
        ({"public_key": "x" * 50_000}, "/public_key"),
        ({"public_key": "-----BEGIN PRIVATE KEY-----"}, "/public_key"),
        ({"public_key": f"no-pty {KEY}"}, "/public_key"),
        ({"public_key": KEY, "name": "n" * 81}, "/name"),
        ({"public_key": f"{KEY}\x00"}, "/public_key"),
        ([], ""),
        ("text", ""),
    ],
)
def test_unusable_key_is_422_with_the_pointer_of_its_member(customer: User, body: Any, pointer: str) -> None:
    answer = problem(machine(customer, Scope.SSH_KEYS_WRITE).post(KEYS, body), 422)
    assert [error.get("pointer", "") for error in answer["errors"]] == [pointer]
    assert not SshKey.objects.exists()


def test_same_key_twice_is_refused_and_the_same_request_twice_is_answered_twice(customer: User) -> None:
    client = machine(customer, Scope.SSH_KEYS_WRITE)
    first = client.post(KEYS, {"public_key": KEY}, HTTP_IDEMPOTENCY_KEY="one")
    again = client.post(KEYS, {"public_key": KEY}, HTTP_IDEMPOTENCY_KEY="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    problem(client.post(KEYS, {"public_key": KEY}, HTTP_IDEMPOTENCY_KEY="two"), 422, "duplicate")
    assert SshKey.objects.count() == 1


def test_key_is_a_404_for_provider_stranger_and_staff(customer: User, provider_user: User, stranger: User, staff: User) -> None:
    key = add_ssh_key(personal_account(customer), customer, "laptop", KEY)
    for user in (provider_user, stranger, staff):
        client = machine(user, Scope.SSH_KEYS_READ, Scope.SSH_KEYS_WRITE)
        problem(client.get(f"{KEYS}/{key.pk}"), 404)
        problem(client.delete(f"{KEYS}/{key.pk}"), 404)
        assert client.get(KEYS).json()["results"] == []
    assert SshKey.objects.count() == 1


def test_number_beyond_all_rows_is_a_404(customer: User) -> None:
    problem(machine(customer, Scope.SSH_KEYS_READ).get(f"{KEYS}/{'9' * 30}"), 404)


def test_billing_member_reads_keys_and_changes_none(customer: User, stranger: User) -> None:
    organisation = create_organisation(customer, "Papierboot GmbH")
    Membership.objects.create(user=stranger, account=organisation, role=Role.BILLING)
    client = machine(stranger, Scope.SSH_KEYS_READ, Scope.SSH_KEYS_WRITE, account=organisation)
    key = add_ssh_key(organisation, customer, "of the company", KEY)
    assert len(client.get(KEYS).json()["results"]) == 1
    problem(client.delete(f"{KEYS}/{key.pk}"), 409, "role")
    problem(client.post(KEYS, {"public_key": OTHER_KEY}), 409, "role")
    assert SshKey.objects.count() == 1


def test_keys_come_in_pages_with_links(customer: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    account = personal_account(customer)
    SshKey.objects.bulk_create(
        SshKey(account=account, user=customer, name=str(n), key_type="x", bits=1, public_key="x", fingerprint=f"f{n}")
        for n in range(30)
    )
    client = machine(customer, Scope.SSH_KEYS_READ)
    client.get(KEYS)
    with django_assert_num_queries(3):
        first = client.get(KEYS)
    assert len(first.json()["results"]) == 25
    assert 'rel="next"' in first["Link"]
    assert len(client.get(first.json()["next"]).json()["results"]) == 5


# --- Tokens


def test_token_makes_a_token_that_works_and_shows_its_secret_once(customer: User) -> None:
    client = machine(customer, Scope.TOKENS_WRITE, Scope.TOKENS_READ, Scope.SSH_KEYS_READ)
    made = client.post(TOKENS, {"name": "child", "scopes": ["ssh_keys:read"]})
    assert made.status_code == 201
    assert "no-store" in made["Cache-Control"]
    secret = made.json()["secret"]
    child = APIClient()
    child.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert child.get(KEYS).status_code == 200
    problem(child.get(TOKENS), 403)
    listed = client.get(TOKENS)
    assert secret not in listed.content.decode()
    assert "secret" not in listed.json()["results"][0]
    assert client.delete(made["Location"]).status_code == 204
    problem(child.get(KEYS), 401)


def test_repeat_of_making_a_token_is_409_with_its_address_and_without_secret(customer: User) -> None:
    client = machine(customer, Scope.TOKENS_WRITE)
    body = {"name": "child", "scopes": ["tokens:write"]}
    first = client.post(TOKENS, body, HTTP_IDEMPOTENCY_KEY="one")
    again = client.post(TOKENS, body, HTTP_IDEMPOTENCY_KEY="one")
    problem(again, 409, "already_created")
    assert again["Location"] == first["Location"]
    assert first.json()["secret"] not in again.content.decode()
    assert ApiToken.objects.filter(name="child").count() == 1


def test_token_makes_none_that_may_more(customer: User) -> None:
    client = machine(customer, Scope.TOKENS_WRITE)
    answer = problem(client.post(TOKENS, {"name": "child", "scopes": ["contracts:write"]}), 422, "wider")
    assert answer["errors"][0]["pointer"] == "/scopes"
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "n" * 81}, "/name"),
        ({"name": {"a": 1}}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes/0"),
        ({"scopes": "tokens:write"}, "/scopes"),
        ({"scopes": ["tokens:write"] * 100}, "/scopes"),
        ({"expires_at": "yesterday"}, "/expires_at"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "/expires_at"),
        ({"expires_at": 5}, "/expires_at"),
    ],
)
def test_unusable_token_is_422_with_the_pointer_of_its_member(customer: User, fields: dict[str, Any], pointer: str) -> None:
    body = {"name": "child", "scopes": ["tokens:write"], **fields}
    answer = problem(machine(customer, Scope.TOKENS_WRITE).post(TOKENS, body), 422)
    assert pointer in [error.get("pointer") for error in answer["errors"]]
    assert ApiToken.objects.count() == 1


def test_token_is_a_404_for_everybody_else(customer: User, stranger: User, provider_user: User) -> None:
    token, _ = create_token(customer, personal_account(customer), "ci", [Scope.CONTRACTS_READ], None)
    make_staff(stranger, superuser=True)
    for user in (stranger, provider_user):
        client = machine(user, Scope.TOKENS_READ, Scope.TOKENS_WRITE)
        problem(client.get(f"{TOKENS}/{token.pk}"), 404)
        problem(client.delete(f"{TOKENS}/{token.pk}"), 404)
    token.refresh_from_db()
    assert token.revoked_at is None


def test_one_key_under_two_accounts_is_two_keys(customer: User, customer_client: Client) -> None:
    organisation = create_organisation(customer, "Papierboot")
    body = {"name": "laptop", "public_key": KEY}

    def send() -> Any:
        return customer_client.post(KEYS, body, content_type="application/json", headers={"Idempotency-Key": "one"})

    first = send()
    customer_client.post(reverse("switch_account"), {"account": organisation.pk, "next": "/account/"})
    second = send()
    assert (first.status_code, second.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in second
    keys = SshKey.objects.filter(account__in=[organisation, personal_account(customer)])
    assert len({key.account_id for key in keys}) == 2
