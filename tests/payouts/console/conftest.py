"""What the console starts from: a rental that runs, released day by day, a provider with a bank account, a proven ledger."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.services import create_user, make_staff
from billing.ledger import balance
from billing.models import LedgerEntry
from billing.proof import find_differences, record_proof
from billing.states import LedgerAccount as A
from core import clock
from core.errors import Refused
from core.models import DomainEvent
from payouts.addresses import Place
from payouts.models import Payout, PayoutExport, PayoutItem, PayoutMethod, Release
from payouts.services.method import add_method, confirm_method, new_link
from payouts.services.release import release_contract
from payouts.states import UNDONE, MethodKind, PayoutState
from providers.models import Offering, Provider
from tests.walk import START, Walk, offered_by

IBAN = "DE89370400440532013000"
BANK = Place(MethodKind.BANK, "Piet Provider", iban=IBAN, bic="COBADEFFXXX")
OTHER_BANK = Place(MethodKind.BANK, "Piet Provider", iban="FR1420041010050500013M02606")
EVM = Place(MethodKind.EVM, "Piet Provider", address="0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", network="base")
# A rental of € 38.40 for 30 days earns € 1.28 a day, of which € 1.15 or € 1.16 are the provider's.
LATER = START + timedelta(days=20)


@pytest.fixture(autouse=True)
def seller(settings: Settings) -> None:
    """Somebody who can pay."""
    settings.INVOICE_SELLER_NAME = "Decent Cloud Market GmbH"
    settings.INVOICE_SELLER_IBAN = "DE02 1203 0000 0000 2020 51"
    settings.PAYOUT_SECOND_PERSON = True


@pytest.fixture
def offering(provider_user: User) -> Offering:
    return offered_by(provider_user)


@pytest.fixture
def provider(offering: Offering) -> Provider:
    return offering.provider


@pytest.fixture
def walk(customer: User, offering: Offering) -> Walk:
    """A rental that runs."""
    return Walk(customer, offering).running()


@pytest.fixture
def colleague(db: None) -> User:
    """A second member of staff."""
    return make_staff(create_user("colleague@example.com", "correct-horse-battery", name="Colin", verified=True), superuser=True)


def confirmed(provider: Provider, place: Place = BANK, currency: str = "EUR", at: datetime = START) -> PayoutMethod:
    """A way to be paid that the provider set and confirmed itself."""
    owner = provider.account.memberships.get(role="owner").user
    with clock.at(at):
        method = add_method(provider, owner, currency, place)
        secret = new_link(method.pk)
        assert secret is not None
        return confirm_method(secret, owner)


def released(walk: Walk, days: int) -> list[Release]:
    """What the rental has earned so many days after its order."""
    with clock.at(START + timedelta(days=days)):
        return release_contract(walk.contract.pk, clock.now())


@pytest.fixture
def method(provider: Provider) -> PayoutMethod:
    return confirmed(provider)


@pytest.fixture
def ready(walk: Walk, method: PayoutMethod) -> Provider:
    """Two releases, a bank account, a proof: nothing stands against a payout at LATER."""
    released(walk, 2)
    released(walk, 19)
    with clock.at(LATER - timedelta(hours=1)):
        proof = record_proof()
    assert proof.differences == []
    return Provider.objects.get(pk=method.provider_id)


def payable(provider: Provider, currency: str = "EUR") -> int:
    return -balance(A.PROVIDER_PAYABLE, provider, currency)


def refusal_of(call: Callable[..., object], *given: object, **more: object) -> str:
    """The code of a refusal that changed nothing."""
    before = everything()
    with pytest.raises(Refused) as refused:
        call(*given, **more)
    assert everything() == before
    assert refused.value.reason
    return refused.value.code


def everything() -> tuple[object, ...]:
    """All that a payout could change."""
    rows = (Payout, PayoutItem, PayoutExport)
    return (
        *(list(model.objects.order_by("pk").values()) for model in rows),
        LedgerEntry.objects.count(),
        DomainEvent.objects.count(),
    )


def check_truths(now: datetime) -> None:
    """The plan's invariants: payable is what was released less take-backs less payouts; transit is what is sent; nothing twice."""
    for provider in Provider.objects.all():
        for code in {release.currency for release in provider.releases.all()}:
            live = provider.payouts.filter(currency=code).exclude(state__in=UNDONE)
            left = live.filter(state__in=[PayoutState.SENT, PayoutState.SETTLED])
            shares = sum(release.share_minor for release in provider.releases.filter(currency=code))
            taken_back = _taken_back(provider, code)
            assert payable(provider, code) == shares - taken_back - sum(payout.amount_minor for payout in left)
    for payout in Payout.objects.all():
        in_transit = -balance(A.PAYOUT_TRANSIT, f"payout:{payout.pk}", payout.currency)
        assert in_transit == (payout.amount_minor if payout.state == PayoutState.SENT else 0)
        items = list(payout.items.select_related("release"))
        assert sum(item.release.share_minor for item in items) == payout.released_minor
        assert {item.undone_at is not None for item in items} == {payout.state in UNDONE}
    assert PayoutItem.objects.filter(undone_at=None).count() == len(
        set(PayoutItem.objects.filter(undone_at=None).values_list("release", flat=True))
    )
    with clock.at(now):
        assert find_differences() == []


def _taken_back(provider: Provider, code: str) -> int:
    lines = LedgerEntry.objects.exclude(kind="release").exclude(kind__startswith="payout_")
    return int(
        sum(
            line.amount
            for entry in lines.filter(lines__owner=f"provider:{provider.pk}").distinct()
            for line in entry.lines.filter(account=A.PROVIDER_PAYABLE, currency=code)
        )
    )
