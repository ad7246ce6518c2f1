"""Documents that had to wait long for their files: their mail goes out when they are there, once."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.models import User
from billing import services
from billing.documents.rendering import RenderingUnavailable
from billing.models import Document
from billing.services.document_bytes import left_to_the_sweep
from core import clock
from core.tasks import drain
from tests.walk import Walk, offered_by

pytestmark = pytest.mark.django_db(transaction=True)


def papers() -> list[str]:
    """Which mails brought a paper."""
    return [name for sent in mail.outbox for name, *_rest in sent.attachments]


@pytest.mark.paper
def test_what_waited_longer_than_days_is_mailed_when_it_is_there_and_once(
    customer: User, provider_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(_content: object) -> None:
        raise RenderingUnavailable("no Pango")

    walk = Walk(customer, offered_by(provider_user)).running()
    with monkeypatch.context() as without, clock.at(walk.now):
        without.setattr("billing.services.document_bytes.render", unable)
        drain()
        assert (papers(), Document.objects.filter(stored_at=None).count()) == ([], 2)
    with clock.at(walk.now + timedelta(days=6)):
        assert services.store_waiting_documents() == 2
        drain()
        services.store_waiting_documents()
        drain()
    assert sorted(name[:3] for name in papers()) == ["INV", "RCP"]


@pytest.mark.paper
def test_what_was_simulated_is_no_news(customer: User, provider_user: User) -> None:
    walk = Walk(customer, offered_by(provider_user)).running()
    with left_to_the_sweep(), clock.at(walk.now):
        drain()
    with clock.at(walk.now + timedelta(hours=1)):
        assert services.store_waiting_documents() == 2
        drain()
    assert papers() == []
