"""Organisations: members, roles, invitations, and the owner who cannot go."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.signing import Signer
from django.db import connection

from accounts import invitations
from accounts.models import Account, Invitation, Membership, User
from accounts.queries import open_invitations, personal_account
from accounts.services import (
    accept_invitation,
    change_role,
    create_organisation,
    create_token,
    create_user,
    invite,
    remove_member,
    rename_account,
    withdraw_invitation,
)
from accounts.states import Role, Scope
from accounts.tasks import send_invitation
from core import clock
from core.errors import Refused
from core.models import DomainEvent


@pytest.fixture
def owner(customer: User) -> User:
    return customer


@pytest.fixture
def organisation(owner: User) -> Account:
    return create_organisation(owner, "Papierboot GmbH")


@pytest.fixture
def offer(organisation: Account, owner: User, stranger: User) -> Invitation:
    return invite(organisation, stranger.email, Role.MEMBER, owner)


def seats(account: Account) -> set[tuple[str, str]]:
    return set(Membership.objects.filter(account=account).values_list("user__email", "role"))


def code_of(refusal: pytest.ExceptionInfo[Refused]) -> str:
    return refusal.value.code


def test_founder_is_owner(organisation: Account, owner: User) -> None:
    assert seats(organisation) == {(owner.email, "owner")}


@pytest.mark.parametrize("name", ["", "   ", "a" * 121, "a\x00b"])
def test_organisation_needs_a_name(owner: User, name: str) -> None:
    with pytest.raises(Refused) as refusal:
        create_organisation(owner, name)
    assert code_of(refusal) == "name"
    assert not Account.objects.filter(kind="organisation").exists()


def test_invited_person_joins_in_the_offered_role(organisation: Account, offer: Invitation, stranger: User) -> None:
    accept_invitation(invitations.token_of(offer), stranger)
    assert (stranger.email, "member") in seats(organisation)
    offer.refresh_from_db()
    assert (offer.accepted_by, not open_invitations(organisation).exists()) == (stranger, True)
    assert DomainEvent.objects.filter(name="account.member_joined").count() == 1


def test_invitation_works_once(organisation: Account, offer: Invitation, stranger: User, owner: User) -> None:
    accept_invitation(invitations.token_of(offer), stranger)
    remove_member(organisation, stranger.pk, owner)
    with pytest.raises(Refused) as refusal:
        accept_invitation(invitations.token_of(offer), stranger)
    assert code_of(refusal) == "used"
    assert seats(organisation) == {(owner.email, "owner")}


def test_invitation_is_bound_to_the_invited_address(
    organisation: Account, offer: Invitation, provider_user: User, owner: User
) -> None:
    with pytest.raises(Refused) as refusal:
        accept_invitation(invitations.token_of(offer), provider_user)
    assert code_of(refusal) == "other_address"
    assert seats(organisation) == {(owner.email, "owner")}


def test_invitation_needs_a_confirmed_address(organisation: Account, offer: Invitation, stranger: User) -> None:
    EmailAddress.objects.filter(user=stranger).update(verified=False)
    with pytest.raises(Refused) as refusal:
        accept_invitation(invitations.token_of(offer), stranger)
    assert code_of(refusal) == "other_address"
    assert Membership.objects.filter(account=organisation).count() == 1


def test_invitation_expires(organisation: Account, offer: Invitation, stranger: User) -> None:
    with clock.at(offer.expires_at - timedelta(seconds=1)):
        invitations.check_open(offer, clock.now())
    with clock.at(offer.expires_at), pytest.raises(Refused) as refusal:
        accept_invitation(invitations.token_of(offer), stranger)
    assert code_of(refusal) == "expired"
    assert Membership.objects.filter(account=organisation).count() == 1


def test_withdrawn_invitation_opens_nothing(organisation: Account, offer: Invitation, stranger: User, owner: User) -> None:
    withdraw_invitation(organisation, offer.pk, owner)
    with pytest.raises(Refused) as refusal:
        accept_invitation(invitations.token_of(offer), stranger)
    assert code_of(refusal) == "withdrawn"


def test_second_invitation_of_an_address_replaces_the_first(
    organisation: Account, offer: Invitation, stranger: User, owner: User
) -> None:
    second = invite(organisation, stranger.email.upper(), Role.BILLING, owner)
    with pytest.raises(Refused):
        accept_invitation(invitations.token_of(offer), stranger)
    assert accept_invitation(invitations.token_of(second), stranger).role == Role.BILLING


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: "0" + t[1:], lambda t: t + "x", lambda _t: "", lambda _t: "é:\x00"])
def test_tampered_link_is_refused(offer: Invitation, stranger: User, change: object) -> None:
    assert callable(change)
    token = change(invitations.token_of(offer))
    if token == invitations.token_of(offer):
        token = "1" + token[1:]
    with pytest.raises(Refused) as refusal:
        accept_invitation(token, stranger)
    assert code_of(refusal) == "invitation"
    assert not Membership.objects.filter(account=offer.account, user=stranger).exists()


def test_link_signed_for_something_else_is_refused(offer: Invitation, stranger: User) -> None:
    with pytest.raises(Refused) as refusal:
        accept_invitation(Signer(salt="something else").sign(offer.key.hex), stranger)
    assert code_of(refusal) == "invitation"


def test_only_owners_invite_rename_withdraw_remove_and_change_roles(
    organisation: Account, offer: Invitation, stranger: User, provider_user: User
) -> None:
    accept_invitation(invitations.token_of(offer), stranger)
    before = seats(organisation)
    for by in (stranger, provider_user):
        for verb in (
            lambda: invite(organisation, "new@example.com", Role.MEMBER, by),  # noqa: B023 -- called at once
            lambda: rename_account(organisation, "Ours", by),  # noqa: B023
            lambda: withdraw_invitation(organisation, offer.pk, by),  # noqa: B023
            lambda: remove_member(organisation, organisation.memberships.get(role="owner").user_id, by),  # noqa: B023
            lambda: change_role(organisation, stranger.pk, Role.OWNER, by),  # noqa: B023
        ):
            with pytest.raises(Refused) as refusal:
                verb()
            assert code_of(refusal) == "not_owner"
    assert seats(organisation) == before
    assert Account.objects.get(pk=organisation.pk).name == "Papierboot GmbH"
    assert Invitation.objects.count() == 1


def test_personal_account_invites_nobody(owner: User) -> None:
    with pytest.raises(Refused) as refusal:
        invite(personal_account(owner), "new@example.com", Role.MEMBER, owner)
    assert code_of(refusal) == "personal"
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(("email", "role", "code"), [("nobody", "member", "email"), ("a@example.com", "king", "role")])
def test_invitation_needs_address_and_role(organisation: Account, owner: User, email: str, role: str, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        invite(organisation, email, Role(role) if role in Role.values else role, owner)  # type: ignore[arg-type]  # on purpose
    assert code_of(refusal) == code
    assert not Invitation.objects.exists()


def test_member_is_not_invited_again(organisation: Account, owner: User) -> None:
    with pytest.raises(Refused) as refusal:
        invite(organisation, owner.email.upper(), Role.MEMBER, owner)
    assert code_of(refusal) == "already_member"


def test_nobody_is_flooded_with_invitations(organisation: Account, owner: User) -> None:
    for _ in range(3):
        invite(organisation, "guest@example.com", Role.MEMBER, owner)
    for number in range(47):
        invite(organisation, f"guest{number}@example.com", Role.MEMBER, owner)
    for email in ("guest@example.com", "one-more@example.com"):
        with pytest.raises(Refused) as refusal:
            invite(organisation, email, Role.MEMBER, owner)
        assert code_of(refusal) == "too_many"
    assert Invitation.objects.count() == 50
    with clock.at(clock.now() + timedelta(days=1)):
        invite(organisation, "guest@example.com", Role.MEMBER, owner)


def test_last_owner_can_neither_leave_nor_step_down(organisation: Account, owner: User) -> None:
    for verb in (
        lambda: remove_member(organisation, owner.pk, owner),
        lambda: change_role(organisation, owner.pk, Role.MEMBER, owner),
    ):
        with pytest.raises(Refused) as refusal:
            verb()
        assert code_of(refusal) == "last_owner"
    assert seats(organisation) == {(owner.email, "owner")}


def test_owner_leaves_when_there_is_another(organisation: Account, offer: Invitation, owner: User, stranger: User) -> None:
    accept_invitation(invitations.token_of(offer), stranger)
    change_role(organisation, stranger.pk, Role.OWNER, owner)
    remove_member(organisation, owner.pk, owner)
    assert seats(organisation) == {(stranger.email, "owner")}


def test_leaving_ends_the_tokens_for_the_organisation_only(
    organisation: Account, offer: Invitation, owner: User, stranger: User
) -> None:
    accept_invitation(invitations.token_of(offer), stranger)
    there, _ = create_token(stranger, organisation, "ci", [Scope.SSH_KEYS_READ], None)
    own, _ = create_token(stranger, personal_account(stranger), "ci", [Scope.SSH_KEYS_READ], None)
    remove_member(organisation, stranger.pk, stranger)
    there.refresh_from_db()
    own.refresh_from_db()
    assert there.revoked_at is not None
    assert own.revoked_at is None


def test_invitation_mail_has_the_link_as_text_and_html(offer: Invitation, stranger: User) -> None:
    send_invitation(DomainEvent.objects.get(name="account.invited"))
    message = mail.outbox[0]
    assert message.to == [stranger.email]
    assert "Papierboot GmbH" in message.subject
    link = f"http://testserver/account/invitations/{invitations.token_of(offer)}"
    html = message.alternatives[0][0]  # type: ignore[attr-defined]  # a mail with two bodies
    assert link in message.body
    assert link in html


def test_no_mail_for_an_invitation_that_was_withdrawn_meanwhile(organisation: Account, offer: Invitation, owner: User) -> None:
    withdraw_invitation(organisation, offer.pk, owner)
    send_invitation(DomainEvent.objects.get(name="account.invited"))
    assert mail.outbox == []


def test_event_of_an_invitation_does_not_carry_the_link(offer: Invitation) -> None:
    assert offer.key.hex not in str(DomainEvent.objects.get(name="account.invited").data)


def both_at_once(first: object, second: object) -> list[str]:
    """Run two callables at the same moment in two connections; their refusals' codes, or "done"."""
    start = Barrier(2)

    def run(verb: object) -> str:
        assert callable(verb)
        try:
            start.wait(10)
            verb()
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        return sorted(future.result() for future in [pool.submit(run, first), pool.submit(run, second)])


@pytest.mark.django_db(transaction=True)
def test_invitation_accepted_twice_at_once_makes_one_member() -> None:
    owner, guest = create_user("owner@example.com"), create_user("guest@example.com", verified=True)
    organisation = create_organisation(owner, "Race Ltd")
    token = invitations.token_of(invite(organisation, guest.email, Role.MEMBER, owner))
    results = both_at_once(lambda: accept_invitation(token, guest), lambda: accept_invitation(token, guest))
    assert results == ["done", "used"]
    assert Membership.objects.filter(account=organisation, user=guest).count() == 1
    assert DomainEvent.objects.filter(name="account.member_joined").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_leaving_at_once_leave_one() -> None:
    first, second = create_user("first@example.com"), create_user("second@example.com", verified=True)
    organisation = create_organisation(first, "Race Ltd")
    accept_invitation(invitations.token_of(invite(organisation, second.email, Role.OWNER, first)), second)
    results = both_at_once(
        lambda: remove_member(organisation, first.pk, first), lambda: remove_member(organisation, second.pk, second)
    )
    assert results == ["done", "last_owner"]
    assert Membership.objects.filter(account=organisation, role=Role.OWNER).count() == 1
