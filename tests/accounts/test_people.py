"""Users and their personal accounts."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction

from accounts.models import Account, Membership, User
from accounts.queries import has_verified_email, personal_account
from accounts.services import create_user, make_staff, update_profile
from accounts.states import AccountKind, Role, Theme
from core.errors import Refused
from core.models import DomainEvent

pytestmark = pytest.mark.django_db


def test_new_user_has_personal_account_as_owner_and_address() -> None:
    user = create_user("Ada@Example.com", "long-enough-pass", name="Ada  Lovelace")
    account = personal_account(user)
    assert (user.email, user.name) == ("ada@example.com", "Ada Lovelace")
    assert (account.kind, account.name) == (AccountKind.PERSONAL, "Ada Lovelace")
    assert Membership.objects.get(user=user).role == Role.OWNER
    assert not has_verified_email(user)
    assert DomainEvent.objects.get(name="user.created").subject == f"user:{user.pk}"


def test_address_is_taken_in_any_case_and_nothing_is_left_behind() -> None:
    create_user("ada@example.com")
    before = (User.objects.count(), Account.objects.count(), DomainEvent.objects.count())
    with pytest.raises(Refused) as refusal:
        create_user(" ADA@example.COM ")
    assert refusal.value.code == "email_taken"
    assert (User.objects.count(), Account.objects.count(), DomainEvent.objects.count()) == before


@pytest.mark.parametrize("email", ["", "ada", "ada@", "a\x00b@example.com", "a" * 300 + "@example.com", "a@b@example.com"])
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Refused) as refusal:
        create_user(email)
    assert refusal.value.field == "email"
    assert not User.objects.exists()


def test_database_refuses_second_user_with_same_address_and_capital_letters() -> None:
    create_user("ada@example.com")
    for email in ("ada@example.com", "ADA@example.com"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(email=email)


def test_database_refuses_second_personal_account_and_one_without_person(customer: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(name="again", kind=AccountKind.PERSONAL, person=customer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(name="nobody's", kind=AccountKind.PERSONAL)
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(name="not personal", kind=AccountKind.ORGANISATION, person=create_user("x@example.com"))


def test_verified_means_the_address_of_today(customer: User) -> None:
    assert has_verified_email(customer)
    EmailAddress.objects.filter(user=customer).update(verified=False)
    assert not has_verified_email(customer)


def test_profile_changes_name_of_person_and_account(customer: User) -> None:
    changed = update_profile(customer, name=" New   Name ", language="en", theme=Theme.DARK)
    assert (changed.name, changed.theme) == ("New Name", Theme.DARK)
    assert personal_account(customer).name == "New Name"


@pytest.mark.parametrize("name", ["a" * 121, "a\x00b", "a\u202eb"])
def test_names_that_deceive_or_overflow_are_refused(customer: User, name: str) -> None:
    with pytest.raises(Refused):
        update_profile(customer, name=name, language="en", theme=Theme.DARK)
    customer.refresh_from_db()
    assert (customer.name, customer.theme) == ("Cora Customer", Theme.SYSTEM)


def test_staff_is_told_to_the_outbox(customer: User) -> None:
    assert make_staff(customer, superuser=False).is_staff
    assert DomainEvent.objects.filter(name="user.staff_granted", subject=f"user:{customer.pk}").exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_address_make_one_user() -> None:
    start = Barrier(2)

    def sign_up() -> str:
        try:
            start.wait(10)
            create_user("race@example.com")
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(future.result() for future in [pool.submit(sign_up) for _ in range(2)])
    assert results == ["email_taken", "made"]
    assert Account.objects.count() == User.objects.count() == 1
