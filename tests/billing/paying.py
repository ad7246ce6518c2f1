"""Only what tests of gateways with a stand-in share: an order to be paid there, the shop's door for events, and a time for both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from billing.models import Charge
from contracts.models import Contract
from core import clock
from core.tasks import drain
from providers.models import Offering
from tests.standin_server import Event, RunningStandin, signed
from tests.walk import offered_by, ordered


@pytest.fixture
def offering(provider_user: User) -> Offering:
    """€ 38.40 a month."""
    return offered_by(provider_user)


@pytest.fixture
def contract(customer: User, offering: Offering) -> Contract:
    """A month of it, ordered: € 45.70 with VAT."""
    return ordered(customer, offering)


@pytest.fixture
def charge(contract: Contract) -> Charge:
    """What is to be paid for it."""
    return contract.charges.get()


@dataclass(frozen=True)
class Door:
    """Where the events of one gateway arrive."""

    standin: type[RunningStandin[Any, Any]]
    path: str

    def bring(self, running: RunningStandin[Any, Any]) -> None:
        """Bring the events that wait, and do all that follows."""
        assert running.bring(self.send) >= 0
        drain()

    def send(self, body: bytes, header: str) -> bool:
        """Bring one event; whether it was taken."""
        answer = Client(enforce_csrf_checks=True).generic(
            "POST", self.path, body, content_type="application/json", headers={self.standin.header: header}
        )
        return answer.status_code == 200

    def send_again(self, event: Event) -> bool:
        """Bring an event that came before, signed anew, as gateways do when they repeat."""
        return self.send(*signed(event, int(clock.now().timestamp()), self.standin.secret))


@contextmanager
def both_at(running: RunningStandin[Any, Any], moment: datetime) -> Iterator[None]:
    """Let the shop and the gateway live at this moment; the context variable of the shop's clock reaches no other thread."""
    before = running.account.now
    running.account.now = moment.timestamp
    with clock.at(moment):
        yield
    running.account.now = before
