"""Only what journals may move: VAT that the office has not got, what providers owe, and what stands on places of ours."""

from dataclasses import dataclass

from django.db.models import Sum

from billing.ledger import balance
from billing.models import LedgerLine
from billing.states import JournalPlace, LedgerAccount


@dataclass(frozen=True)
class Owed:
    """What stands on an account of an owner in one currency, as a positive figure in minor units."""

    owner: str
    currency: str
    amount: int


def tax_owed() -> list[Owed]:
    """VAT on documents that was not paid to the office yet, by scheme, country and rate ("oss:FR:0.2") and currency."""
    return [Owed(owner, code, -total) for owner, code, total in _sums(LedgerAccount.TAX_PAYABLE) if total < 0]


def debts() -> list[Owed]:
    """What providers ("provider:12") owe us, by currency: more was taken back than they have earned since."""
    return [Owed(owner, code, total) for owner, code, total in _sums(LedgerAccount.PROVIDER_PAYABLE) if total > 0]


def provider_id_of(owner: str) -> int:
    """The id in "provider:12"."""
    return int(owner.partition(":")[2])


def stands_at(place: JournalPlace, currency: str) -> int:
    """What the ledger has at a place of ours, in the smallest unit."""
    return balance(account_of(place), place.value, currency)


def account_of(place: JournalPlace) -> LedgerAccount:
    """The ledger's account of a place: its owner is the place's own name."""
    return LedgerAccount.BANK if place == JournalPlace.BANK else LedgerAccount.GATEWAY_BALANCE


def _sums(account: LedgerAccount) -> list[tuple[str, str, int]]:
    rows = LedgerLine.objects.filter(account=account).order_by().values_list("owner", "currency").annotate(total=Sum("amount"))
    return sorted((owner, code, int(total)) for owner, code, total in rows.exclude(total=0))
