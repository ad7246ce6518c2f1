"""What the tests of releases and payouts read in the ledger. In minor units."""

from datetime import timedelta
from typing import Any

from billing.ledger import balance
from billing.models import LedgerLine, Payment
from billing.proof import Difference, Scope, find_differences
from billing.states import LedgerAccount
from contracts.models import Contract
from core import clock
from core.tasks import drain
from payouts.models import Release
from payouts.services.release import release_due
from providers.models import Provider
from tests.walk import Walk


def owed_to(provider: Provider, currency: str = "EUR") -> int:
    """What a provider is owed; negative when it owes."""
    return -balance(LedgerAccount.PROVIDER_PAYABLE, provider, currency)


def fees(currency: str = "EUR") -> int:
    """Our fees on what was released."""
    return -balance(LedgerAccount.PLATFORM_FEE, "platform", currency)


def escrow_of(contract: Contract) -> int:
    """What stands in escrow of all segments."""
    return -sum(balance(LedgerAccount.ESCROW, segment, contract.currency) for segment in contract.segments.all())


def losses_of(contract: Contract) -> int:
    """What the platform has borne."""
    paid = Payment.objects.filter(charge__contract=contract)
    return sum(balance(LedgerAccount.LOSSES, payment, payment.currency) for payment in paid)


def released_of(contract: Contract) -> int:
    """What was released of a contract, before anything was taken back."""
    return sum(release.amount_minor for release in Release.objects.filter(contract=contract))


def everything() -> tuple[list[Any], list[Any]]:
    """All releases and all lines of the ledger, to see that nothing was changed."""
    return list(Release.objects.order_by("pk").values()), list(LedgerLine.objects.order_by("pk").values())


def nights(walk: Walk, count: int) -> None:
    """So many nights pass, each with its release, and what follows is done."""
    for _night in range(count):
        walk._then(release_due, days=1)
    with clock.at(walk.now):
        drain()


def differences() -> list[Difference]:
    """What the proof finds, but for documents whose files nobody has printed here."""
    return [found for found in find_differences(Scope(patience=timedelta(days=10_000))) if found.check != "bytes"]
