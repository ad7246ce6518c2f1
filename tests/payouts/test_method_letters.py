"""The mails about where a provider is paid: the link to who added it, news to every owner, and none to anybody else."""

import re
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from accounts.letters import NotAllSent
from accounts.models import Membership, User
from accounts.services import create_organisation
from accounts.states import Role
from core import clock
from core.models import DomainEvent
from core.registry import reactions_to
from payouts.method_tasks import send_link, tell_owners
from payouts.models import PayoutMethod
from payouts.services.method import add_method, confirm_method, remove_method
from providers.models import Provider
from providers.services import become_provider
from tests.payouts.method_people import BANK, IBAN, OTHER_BANK, added, confirmed

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LINK = re.compile(r"/dashboard/provider/payout-methods/confirm/(\S+)")


@pytest.fixture(autouse=True)
def noon(db: None) -> Any:
    with clock.at(NOON):
        yield


@pytest.fixture
def provider(provider_user: User, customer: User, stranger: User) -> Provider:
    """Of an organisation with two owners and a member."""
    organisation = create_organisation(provider_user, "Quiet GmbH")
    Membership.objects.create(user=customer, account=organisation, role=Role.OWNER)
    Membership.objects.create(user=stranger, account=organisation, role=Role.MEMBER)
    return become_provider(organisation, name="Quietstack", country="DE")


def event(name: str) -> DomainEvent:
    return DomainEvent.objects.filter(name=f"payout_method.{name}").latest("pk")


def sent() -> list[tuple[str, str]]:
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


def test_every_change_leads_to_mails() -> None:
    for name in ("added", "confirmed", "removed"):
        assert any(path.endswith("tell_owners") for path in reactions_to(f"payout_method.{name}"))
    assert any(path.endswith("send_link") for path in reactions_to("payout_method.added"))


def test_the_link_goes_to_who_added_it_and_opens(provider: Provider, provider_user: User) -> None:
    method = add_method(provider, provider_user, "EUR", BANK)
    send_link(event("added"))
    assert sent() == [(provider_user.email, "Confirm where you are paid in EUR")]
    body = str(mail.outbox[0].body)
    assert "DE … 3000" in body
    assert IBAN not in body
    found = LINK.search(body)
    assert found is not None
    assert confirm_method(found[1], provider_user) == method


def test_a_repeated_mail_carries_another_link_and_only_that_opens(provider: Provider, provider_user: User) -> None:
    add_method(provider, provider_user, "EUR", BANK)
    for _turn in range(2):
        send_link(event("added"))
    first, second = (LINK.search(str(message.body)) for message in mail.outbox)
    assert first is not None
    assert second is not None
    assert first[1] != second[1]
    assert confirm_method(second[1], provider_user).confirmed_at == NOON


def test_no_link_goes_out_for_what_was_removed_meanwhile(provider: Provider, provider_user: User) -> None:
    method = add_method(provider, provider_user, "EUR", BANK)
    remove_method(method.pk, provider_user)
    send_link(event("added"))
    assert mail.outbox == []


def test_the_other_owners_hear_of_an_addition(provider: Provider, provider_user: User, customer: User) -> None:
    method = add_method(provider, provider_user, "EUR", BANK)
    tell_owners(event("added"))
    assert sent() == [(customer.email, "A place to be paid in EUR was added")]
    body = str(mail.outbox[0].body)
    for words in (
        "If this was not you",
        f"/dashboard/provider/payout-methods/{method.public_id}",
        provider_user.email,
        "DE … 3000",
    ):
        assert words in body
    assert LINK.search(body) is None


def test_all_owners_hear_of_a_confirmation_with_a_way_to_remove_it(provider: Provider, provider_user: User, customer: User) -> None:
    method = confirmed(provider, provider_user)
    tell_owners(event("confirmed"))
    subject = "Payouts in EUR go to another place"
    assert sorted(sent()) == sorted([(provider_user.email, subject), (customer.email, subject)])
    body = str(mail.outbox[0].body)
    assert "paid there from 21 Nov, 12:00 UTC" in body
    assert f"/dashboard/provider/payout-methods/{method.public_id}" in body


def test_all_owners_hear_of_a_removal(provider: Provider, provider_user: User, customer: User) -> None:
    remove_method(confirmed(provider, provider_user).pk, customer)
    tell_owners(event("removed"))
    assert {to for to, _subject in sent()} == {provider_user.email, customer.email}
    assert f"{customer.email} has removed it" in str(mail.outbox[0].body)


def test_what_was_replaced_is_told_by_what_replaces_it(provider: Provider, provider_user: User) -> None:
    confirmed(provider, provider_user)
    confirmed(provider, provider_user, OTHER_BANK)
    tell_owners(event("removed"))
    assert mail.outbox == []


def test_an_address_that_is_not_confirmed_gets_nothing(provider: Provider, provider_user: User, customer: User) -> None:
    confirmed(provider, provider_user)
    EmailAddress.objects.filter(user=customer).update(verified=False)
    tell_owners(event("confirmed"))
    assert [to for to, _subject in sent()] == [provider_user.email]


class Choosy(EmailBackend):
    """A mail server that does not take mails to one address."""

    def send_messages(self, messages: Any) -> int:
        if any("provider@" in message.to[0] for message in messages):
            raise SMTPException("no")
        return super().send_messages(messages)


def test_one_address_that_fails_holds_up_nobody_else(
    provider: Provider, provider_user: User, customer: User, settings: Settings
) -> None:
    confirmed(provider, provider_user)
    settings.EMAIL_BACKEND = f"{__name__}.Choosy"
    with pytest.raises(NotAllSent, match="no"):
        tell_owners(event("confirmed"))
    assert [to for to, _subject in sent()] == [customer.email]


def test_a_late_mail_still_gives_a_day(provider: Provider, provider_user: User) -> None:
    add_method(provider, provider_user, "EUR", BANK)
    with clock.at(NOON + timedelta(hours=30)):
        send_link(event("added"))
    assert PayoutMethod.objects.get().key_expires_at == NOON + timedelta(hours=54)


def test_html_in_names_stays_text(provider: Provider, provider_user: User) -> None:
    Provider.objects.filter(pk=provider.pk).update(name="<img src=x>")
    added(provider, provider_user)
    send_link(event("added"))
    html = str(mail.outbox[0].alternatives[0][0])
    assert "<img src=x>" not in html
    assert "&lt;img src=x&gt;" in html
