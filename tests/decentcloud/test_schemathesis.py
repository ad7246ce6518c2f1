"""Whatever is sent, the answer is one that the API's description promises: walked by schemathesis, over rows real and invented."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from accounts.models import User
from accounts.queries import personal_account
from accounts.services import add_ssh_key, create_token, make_staff
from accounts.states import Scope
from billing import services as billing
from billing.tax import TaxFacts
from core import clock
from decentcloud.api_docs import description
from providers.api import SearchThrottle
from tests import walk

# The same cases at every run: what fails here fails for everybody.
GENERATION = {"seed": 1, "generation": {"deterministic": True, "database": "none"}}
# Every limit of every member, met and crossed; then members drawn at random, right and wrong.
LIMITS_AND_CHANCE = {**GENERATION, "phases": {"coverage": {"unexpected-methods": ["PUT", "PATCH"]}}}
CHANCE = {**GENERATION, "phases": {"coverage": {"enabled": False}}}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
]
BOUNDS = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def calls(config: dict[str, Any]) -> BaseSchema:
    """Every call of the description, sent to our own server in this process."""
    schema = schemathesis.openapi.from_dict(description(), config=SchemathesisConfig.from_dict(config))
    schema.app = get_wsgi_application()
    return schema


pytestmark = pytest.mark.django_db


class Door:
    """Sends cases with one caller's credentials; every other one names things that exist, so that not all ends at 404."""

    def __init__(self, headers: dict[str, str], real: dict[str, list[Any]]) -> None:
        self.headers = headers
        self.real = real
        self.turn = count()

    def try_(self, case: Case) -> None:
        """Send it and hold the answer against the description."""
        turn = next(self.turn)
        if turn % 2:
            for place in (case.path_parameters, case.body):
                self._name_real_things(place, turn // 2)
            case.call_and_validate(headers=self.headers, checks=CHECKS)
        else:
            # What was made wrong on purpose must be refused; above, a real name may just have mended it.
            case.call_and_validate(headers=self.headers, checks=[*CHECKS, checks.negative_data_rejection])

    def _name_real_things(self, place: Any, turn: int) -> None:
        if not isinstance(place, dict):
            return
        for name in place.keys() & self.real.keys():
            place[name] = self.real[name][turn % len(self.real[name])]


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No limit of calls; and the server does not close the connection on which the test's transaction stands."""
    monkeypatch.setattr(SearchThrottle, "rate", "1000000/min")
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def renter(customer: User, provider_user: User, stranger: User, open_door: None) -> Iterator[Door]:
    """A token with every scope, of an account that has some of everything; beside it, things that belong to others."""
    account = personal_account(customer)
    # Staff has every scope there is; as a customer it is one like all others.
    make_staff(customer, superuser=True)
    customer.refresh_from_db()
    offering = walk.offered_by(provider_user)
    with clock.at(walk.START):
        _token, secret = create_token(customer, account, "all", list(Scope), None)
        other_token, _secret = create_token(customer, account, "other", [Scope.CONTRACTS_READ], None)
        key = add_ssh_key(account, customer, "laptop", walk.KEY)
    contracts = [walk.rented(way, customer, offering) for way in ("unpaid", "requested", "provisioned", "active", "cancelled")]
    foreign = walk.rented("active", stranger, offering)
    with clock.at(walk.START + timedelta(days=6)):
        quote = billing.create_quote(account, customer, offering, 720, TaxFacts("DE"))
        yield Door(
            {"Authorization": f"Bearer {secret}"},
            {
                "reference": [contract.reference for contract in (*contracts, foreign)],
                "charge_id": [str(contract.charges.get().public_id) for contract in (*contracts, foreign)],
                "quote": [str(quote.public_id)],
                "quote_id": [str(quote.public_id)],
                "offering": [offering.slug],
                "provider": [offering.provider.slug],
                "slug": [offering.slug],
                "key_id": [key.pk],
                "ssh_key_id": [key.pk],
                "token_id": [other_token.pk],
            },
        )


@pytest.fixture
def nobody(open_door: None, provider_user: User) -> Door:
    """A caller without credentials."""
    return Door({}, {"slug": [walk.offered_by(provider_user).slug]})


@calls(LIMITS_AND_CHANCE).parametrize()
@BOUNDS
def test_answers_to_a_token_with_every_scope_keep_the_promises(case: Case, renter: Door) -> None:
    renter.try_(case)


@calls(CHANCE).parametrize()
@settings(BOUNDS, max_examples=5)
def test_answers_to_nobody_keep_the_promises(case: Case, nobody: Door) -> None:
    nobody.try_(case)
