"""The account pages as the four roles use them: profile, switch, keys, tokens, organisation, invitation."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import invitations
from accounts.models import Account, ApiToken, Invitation, Membership, SshKey, User
from accounts.queries import personal_account
from accounts.services import accept_invitation, add_ssh_key, change_role, create_organisation, create_token, digest_of, invite
from accounts.states import Role, Scope
from tests.cast import browser_of

pytestmark = pytest.mark.django_db

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"


def text(answer: object) -> str:
    content = getattr(answer, "content", b"")
    return re.sub(r"\s+", " ", content.decode())


def act_for(client: Client, account: Account) -> None:
    answer = client.post(reverse("switch_account"), {"account": account.pk, "next": reverse("account_profile")})
    assert answer.status_code == 302, answer.content


@pytest.fixture
def organisation(customer: User) -> Account:
    return create_organisation(customer, "Papierboot GmbH")


@pytest.fixture
def colleague(organisation: Account, customer: User, provider_user: User) -> User:
    """The provider's user, as plain member of the customer's organisation."""
    accept_invitation(invitations.token_of(invite(organisation, provider_user.email, Role.MEMBER, customer)), provider_user)
    return provider_user


# --- Profile


def test_profile_is_saved_and_the_browser_speaks_its_language(customer: User, customer_client: Client) -> None:
    answer = customer_client.post(reverse("account_profile"), {"name": "Cora C.", "language": "en", "theme": "dark"})
    assert answer.status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.theme) == ("Cora C.", "dark")
    assert answer.cookies["django_language"].value == "en"
    assert 'data-theme="dark"' in text(customer_client.get(reverse("account_profile")))


@pytest.mark.parametrize(
    "fields", [{"name": "n" * 121}, {"name": "n" * 1_000_000}, {"language": "xx"}, {"theme": "pink"}, {"theme": ""}]
)
def test_unusable_profile_is_refused_at_its_field(customer: User, customer_client: Client, fields: dict[str, str]) -> None:
    answer = customer_client.post(reverse("account_profile"), {"name": "N", "language": "en", "theme": "dark", **fields})
    assert set(answer.context["form"].errors) == set(fields)
    customer.refresh_from_db()
    assert customer.name == "Cora Customer"


def test_name_is_shown_as_text(customer: User, customer_client: Client) -> None:
    customer_client.post(reverse("account_profile"), {"name": "<script>x</script>", "language": "en", "theme": "dark"})
    assert "<script>x" not in text(customer_client.get(reverse("account_profile")))


# --- Acting for an account


def test_switching_acts_for_the_chosen_account_until_it_is_left(
    customer_client: Client, organisation: Account, customer: User
) -> None:
    add_ssh_key(organisation, customer, "of the company", KEY)
    assert "of the company" not in text(customer_client.get(reverse("ssh_keys")))
    act_for(customer_client, organisation)
    assert "of the company" in text(customer_client.get(reverse("ssh_keys")))
    act_for(customer_client, personal_account(customer))
    assert "of the company" not in text(customer_client.get(reverse("ssh_keys")))


@pytest.mark.parametrize("account", ["", "x", "0", "-1", "9" * 30, "1e3"])
def test_switching_to_nonsense_is_a_404(customer_client: Client, account: str) -> None:
    assert customer_client.post(reverse("switch_account"), {"account": account}).status_code == 404


def test_switching_to_a_foreign_account_is_a_404_and_changes_nothing(stranger_client: Client, organisation: Account) -> None:
    assert stranger_client.post(reverse("switch_account"), {"account": organisation.pk}).status_code == 404
    assert "account" not in stranger_client.session


def test_switching_takes_a_post(customer_client: Client, organisation: Account) -> None:
    assert customer_client.get(reverse("switch_account"), {"account": organisation.pk}).status_code == 405


def test_removed_member_acts_for_themselves_at_the_next_click(organisation: Account, colleague: User, customer: User) -> None:
    browser = browser_of(colleague)
    act_for(browser, organisation)
    add_ssh_key(organisation, customer, "of the company", KEY)
    assert "of the company" in text(browser.get(reverse("ssh_keys")))
    Membership.objects.filter(user=colleague, account=organisation).delete()
    assert "of the company" not in text(browser.get(reverse("ssh_keys")))


@pytest.mark.parametrize(
    ("goal", "to"),
    [
        ("/account/tokens", "/account/tokens"),
        ("https://evil.example/", None),
        ("//evil.example/", None),
        ("/account/ssh-keys/7/remove", None),
        ("/no/such/page", None),
        ("", None),
    ],
)
def test_switching_leads_back_only_to_a_page_of_any_account(
    customer_client: Client, organisation: Account, goal: str, to: str | None
) -> None:
    answer = customer_client.post(reverse("switch_account"), {"account": organisation.pk, "next": goal})
    assert answer["Location"] == (to or answer["Location"])
    if to is None:
        assert answer["Location"] != goal
        assert "evil" not in answer["Location"]


# --- SSH keys


def test_key_is_added_shown_and_removed(customer_client: Client) -> None:
    customer_client.post(reverse("ssh_keys"), {"name": "laptop", "public_key": f"{KEY} me@laptop\n"})
    page = text(customer_client.get(reverse("ssh_keys")))
    assert "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU" in page
    assert "laptop is added." in page
    customer_client.post(reverse("ssh_key_remove", args=[SshKey.objects.get().pk]))
    assert not SshKey.objects.exists()


def test_private_key_is_neither_kept_nor_shown_again(customer_client: Client) -> None:
    private = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
    answer = customer_client.post(reverse("ssh_keys"), {"name": "x", "public_key": private})
    assert "treat it as leaked" in text(answer)
    assert "b3BlbnNzaC1rZXktdjEAAAAA" not in text(answer)
    assert not SshKey.objects.exists()


@pytest.mark.parametrize("value", ["", "x" * 1_000_000, "hello", f'command="x" {KEY}'])
def test_unusable_key_is_refused_at_its_field(customer_client: Client, value: str) -> None:
    answer = customer_client.post(reverse("ssh_keys"), {"name": "x", "public_key": value})
    assert set(answer.context["form"].errors) == {"public_key"}
    assert not SshKey.objects.exists()


def test_key_is_a_404_for_provider_stranger_and_staff(
    customer: User, customer_account: Account, provider_client: Client, stranger_client: Client, staff_client: Client
) -> None:
    key = add_ssh_key(customer_account, customer, "laptop", KEY)
    for browser in (provider_client, stranger_client, staff_client):
        assert browser.post(reverse("ssh_key_remove", args=[key.pk])).status_code == 404
        assert "laptop" not in text(browser.get(reverse("ssh_keys")))
    assert SshKey.objects.count() == 1


def test_billing_member_sees_keys_and_changes_none(organisation: Account, colleague: User, customer: User) -> None:
    change_role(organisation, colleague.pk, Role.BILLING, customer)
    key = add_ssh_key(organisation, customer, "of the company", KEY)
    browser = browser_of(colleague)
    act_for(browser, organisation)
    page = text(browser.get(reverse("ssh_keys")))
    assert "of the company" in page
    assert reverse("ssh_key_remove", args=[key.pk]) not in page
    browser.post(reverse("ssh_key_remove", args=[key.pk]))
    browser.post(reverse("ssh_keys"), {"name": "x", "public_key": KEY[:-4] + "GKJm"})
    assert SshKey.objects.count() == 1


def test_keys_page_takes_as_many_queries_for_many_as_for_one(
    customer: User, customer_account: Account, customer_client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    add_ssh_key(customer_account, customer, "one", KEY)
    rows = [
        SshKey(account=customer_account, user=customer, name=str(n), key_type="x", bits=1, public_key="x", fingerprint=f"f{n}")
        for n in range(30)
    ]
    customer_client.get(reverse("ssh_keys"))
    with django_assert_num_queries(4):
        customer_client.get(reverse("ssh_keys"))
    SshKey.objects.bulk_create(rows)
    with django_assert_num_queries(4):
        page = customer_client.get(reverse("ssh_keys"))
    assert len(page.context["keys"].rows) == 25
    older = customer_client.get(reverse("ssh_keys"), {"after": page.context["keys"].older})
    assert len(older.context["keys"].rows) == 6


# --- Tokens


def test_token_is_shown_once_and_lies_nowhere_in_clear(customer_client: Client) -> None:
    answer = customer_client.post(
        reverse("api_tokens"), {"name": "ci", "scopes": ["contracts:read", "ssh_keys:read"], "lifetime": "90"}
    )
    assert answer.status_code == 302
    token = ApiToken.objects.get()
    waiting = str(customer_client.session["token_just_made"])
    page = customer_client.get(reverse("api_tokens"))
    found = re.search(r"dct_[A-Za-z0-9_-]{43}", text(page))
    assert found is not None
    assert digest_of(found[0]) == token.digest
    assert found[0] not in waiting
    assert "no-store" in page["Cache-Control"]
    assert found[0] not in text(customer_client.get(reverse("api_tokens")))
    assert (token.expires_at - token.created_at).days in {89, 90}  # type: ignore[operator]  # it was given one


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "n" * 81}, {"scopes": []}, {"scopes": ["admin"]}, {"lifetime": "99999"}, {"lifetime": "-1"}]
)
def test_unusable_token_is_refused_at_its_field(customer_client: Client, fields: dict[str, str]) -> None:
    answer = customer_client.post(reverse("api_tokens"), {"name": "ci", "scopes": ["contracts:read"], "lifetime": "30", **fields})
    assert set(answer.context["form"].errors) == set(fields)
    assert not ApiToken.objects.exists()


def test_token_is_revoked_by_its_owner_and_a_404_for_colleague_stranger_and_staff(
    organisation: Account, customer: User, colleague: User, customer_client: Client, stranger_client: Client, staff_client: Client
) -> None:
    token, _ = create_token(customer, organisation, "ci", [Scope.CONTRACTS_READ], None)
    colleagues = browser_of(colleague)
    act_for(colleagues, organisation)
    for browser in (colleagues, stranger_client, staff_client):
        assert browser.post(reverse("api_token_revoke", args=[token.pk])).status_code == 404
        assert token.prefix not in text(browser.get(reverse("api_tokens")))
    token.refresh_from_db()
    assert token.revoked_at is None
    act_for(customer_client, organisation)
    customer_client.post(reverse("api_token_revoke", args=[token.pk]))
    token.refresh_from_db()
    assert token.revoked_at is not None


# --- Organisation


def test_organisation_is_made_and_acted_for(customer: User, customer_client: Client) -> None:
    customer_client.post(reverse("organisation_create"), {"name": "Papierboot GmbH"})
    page = text(customer_client.get(reverse("organisation")))
    assert "Papierboot GmbH is there" in page
    assert "customer@example.com" in page


def test_members_and_their_verbs_are_hidden_from_who_may_not(
    organisation: Account, colleague: User, customer_client: Client
) -> None:
    act_for(customer_client, organisation)
    assert reverse("organisation_invite") in text(customer_client.get(reverse("organisation")))
    browser = browser_of(colleague)
    act_for(browser, organisation)
    page = text(browser.get(reverse("organisation")))
    assert "customer@example.com" in page
    assert reverse("organisation_invite") not in page
    browser.post(reverse("organisation_invite"), {"email": "x@example.com", "role": "owner"})
    browser.post(reverse("member_role", args=[colleague.pk]), {"role": "owner"})
    assert not Invitation.objects.filter(email="x@example.com").exists()
    assert Membership.objects.get(user=colleague, account=organisation).role == Role.MEMBER


def test_owner_invites_changes_roles_withdraws_and_removes(
    organisation: Account, colleague: User, customer_client: Client, customer: User
) -> None:
    act_for(customer_client, organisation)
    customer_client.post(reverse("organisation_invite"), {"email": "X@Example.com", "role": "billing"})
    offer = Invitation.objects.get(email="x@example.com")
    customer_client.post(reverse("invitation_withdraw", args=[offer.pk]))
    customer_client.post(reverse("member_role", args=[colleague.pk]), {"role": "owner"})
    assert Membership.objects.get(user=colleague, account=organisation).role == Role.OWNER
    customer_client.post(reverse("member_remove", args=[colleague.pk]))
    customer_client.post(reverse("organisation_rename"), {"name": "Boot AG"})
    offer.refresh_from_db()
    organisation.refresh_from_db()
    assert offer.withdrawn_at is not None
    assert organisation.name == "Boot AG"
    assert list(organisation.memberships.values_list("user_id", flat=True)) == [customer.pk]


def test_last_owner_is_told_why_leaving_is_refused(organisation: Account, customer: User, customer_client: Client) -> None:
    act_for(customer_client, organisation)
    answer = customer_client.post(reverse("member_remove", args=[customer.pk]), follow=True)
    assert "last owner" in text(answer)
    assert organisation.memberships.count() == 1


def test_organisation_verbs_are_404_for_who_acts_for_themselves(
    customer_client: Client, organisation: Account, customer: User
) -> None:
    for name, arguments in (
        ("organisation_rename", []),
        ("organisation_invite", []),
        ("invitation_withdraw", [1]),
        ("member_role", [customer.pk]),
        ("member_remove", [customer.pk]),
    ):
        assert customer_client.post(reverse(name, args=arguments), {"name": "x", "role": "owner"}).status_code == 404
    assert organisation.memberships.count() == 1


def test_every_verb_takes_a_post(customer_client: Client) -> None:
    for name, arguments in (
        ("organisation_create", []),
        ("organisation_rename", []),
        ("organisation_invite", []),
        ("invitation_withdraw", [1]),
        ("member_role", [1]),
        ("member_remove", [1]),
        ("ssh_key_remove", [1]),
        ("api_token_revoke", [1]),
    ):
        assert customer_client.get(reverse(name, args=arguments)).status_code == 405


# --- Invitation


def test_invited_person_without_account_is_led_to_sign_up_and_back(client: Client, organisation: Account, customer: User) -> None:
    offer = invite(organisation, "guest@example.com", Role.MEMBER, customer)
    path = reverse("invitation", args=[invitations.token_of(offer)])
    page = text(client.get(path))
    assert "Papierboot GmbH" in page
    assert f"{reverse('account_signup')}?email=guest%40example.com" in page
    assert f"next={path.replace(':', '%3A')}" in page
    client.post(path)
    assert Membership.objects.filter(account=organisation).count() == 1


def test_invited_person_accepts_and_acts_for_the_organisation(
    organisation: Account, customer: User, stranger: User, stranger_client: Client
) -> None:
    path = reverse("invitation", args=[invitations.token_of(invite(organisation, stranger.email, Role.BILLING, customer))])
    assert stranger_client.get(path).status_code == 200
    assert Membership.objects.filter(account=organisation).count() == 1
    stranger_client.post(path)
    assert "Your role: Billing" in text(stranger_client.get(reverse("organisation")))
    assert stranger_client.get(path).status_code == 410


def test_somebody_else_with_the_link_cannot_accept(organisation: Account, customer: User, provider_client: Client) -> None:
    path = reverse("invitation", args=[invitations.token_of(invite(organisation, "guest@example.com", Role.OWNER, customer))])
    assert "You are signed in as provider@example.com." in text(provider_client.get(path))
    assert provider_client.post(path).status_code == 410
    assert Membership.objects.filter(account=organisation).count() == 1


@pytest.mark.parametrize("token", ["x", "a:b", "0" * 32 + ":x", "%00"])
def test_link_that_is_none_says_so(client: Client, token: str) -> None:
    answer = client.get(f"/account/invitations/{token}")
    assert answer.status_code in {400, 410}


# --- What caches keep


@pytest.mark.parametrize("page", ["account_profile", "ssh_keys", "rentals", "organisation", "home", "marketplace"])
def test_nobody_stores_what_a_signed_in_person_sees(customer_client: Client, page: str) -> None:
    answer = customer_client.get(reverse(page))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_nobody_stores_what_a_token_is_told(customer: User, client: Client) -> None:
    _token, secret = create_token(customer, personal_account(customer), "CI", [Scope.CONTRACTS_READ], None)
    answer = client.get("/api/v1/contracts", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_what_is_said_to_everybody_may_be_kept(client: Client) -> None:
    assert "Cache-Control" not in client.get(reverse("marketplace"))
    assert "Cache-Control" not in client.get(reverse("api_schema"))
