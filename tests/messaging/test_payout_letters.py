"""What a provider is told about its payouts: each once, to everybody of it, with no more of its place than is needed."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from accounts.services import create_user
from core import clock
from core.models import DomainEvent
from core.outbox import emit
from decentcloud.reactions import EVENTS
from messaging import tasks
from messaging.payout_plot import PAYOUT_PLOT
from providers.models import Offering, Provider
from tests.messaging.conftest import Town
from tests.walk import START

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(town_offering: Offering) -> Provider:
    return town_offering.provider


def happened(name: str, provider: Provider, **more: object) -> DomainEvent:
    """As payouts tells it; nobody here can ask it for more."""
    data: dict[str, object] = {
        "provider": provider.pk,
        "currency": "EUR",
        "amount_minor": 2187,
        "released_minor": 2187,
        "recovered_minor": 0,
        "place": "3000",
        "kind": "bank",
        "actor_kind": "staff",
        "actor": None,
        **more,
    }
    with clock.at(START), transaction.atomic():
        return emit(name, "payout:1", **data)  # type: ignore[arg-type]  # JSON all the same


def text_of(event: DomainEvent) -> str:
    with clock.at(START + timedelta(minutes=1)):
        tasks.tell_provider(event)
    return " ".join(str(mail.outbox[-1].body).replace("\xa0", " ").split())


def paid(provider: Provider, **more: object) -> DomainEvent:
    return happened("payout.settled", provider, reference="NBK 4711", paid_at=START.isoformat(), **more)


def test_every_telling_hangs_on_its_event_and_none_is_a_rentals() -> None:
    assert {name for name, functions in EVENTS.items() if tasks.tell_provider in functions} == set(PAYOUT_PLOT)
    assert len({telling.kind for telling in PAYOUT_PLOT.values()}) == len(PAYOUT_PLOT)


def test_everybody_of_the_provider_hears_once_that_it_was_paid(provider: Provider, town: Town) -> None:
    create_user("elsewhere@example.com", verified=True)
    event = paid(provider)
    text = text_of(event)
    assert mail.outbox[0].subject.replace("\xa0", " ") == "You have been paid € 21.87"
    assert "€ 21.87 left to your bank account ending in 3000 on 2 Mar, 09:30 UTC." in text
    assert "NBK 4711" in text
    assert "Taken back" not in text
    people = [town.people[f"provider_{role}"].email for role in ("owner", "member", "billing")]
    assert sorted(sent.to[0] for sent in mail.outbox) == sorted(people)
    text_of(event)
    assert len(mail.outbox) == 3


def test_what_was_taken_back_is_shown(provider: Provider) -> None:
    text = text_of(paid(provider, released_minor=3000, recovered_minor=813, kind="evm", place="eAed"))
    assert "€ 30.00" in text
    assert "−€ 8.13" in text
    assert "your address ending in eAed" in text


def test_what_came_back_or_failed_is_told_with_what_happens_next(provider: Provider) -> None:
    back = text_of(happened("payout.returned", provider, reason="The account\r\nBcc: x@y.z is closed."))
    assert "came back to us" in back
    assert "The account Bcc: x@y.z is closed." in back
    failed = text_of(happened("payout.failed", provider, sent=True, reason="Internal: wrong file"))
    assert "did not go through" in mail.outbox[-1].subject
    assert "Internal" not in failed


def test_what_was_dropped_before_it_left_is_nobodys_news(provider: Provider) -> None:
    with clock.at(START):
        tasks.tell_provider(happened("payout.failed", provider, sent=False, reason="Not today"))
    assert mail.outbox == []
