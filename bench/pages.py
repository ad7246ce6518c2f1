"""Only lists and searches: statements and server time of a page, in the small market and in the large one, turn by turn."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bench.market import People, chosen, people
from bench.table import Row, say
from contracts.models import Contract

ROUNDS, REQUESTS, WARM = 5, 12, 3
SLOWER_AT_MOST = 1.5


@dataclass(frozen=True)
class Case:
    """One page: who looks, where; and whose page of the small market it is compared with."""

    what: str
    who: Callable[[People], User]
    where: Callable[[People], str]
    base: str = ""

    @property
    def compared_with(self) -> str:
        """The case of the small market."""
        return self.base or self.what


@dataclass
class Taken:
    """What one case took in one market: seconds of each request, those spent in the database, statements of a request."""

    seconds: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    statements: set[int] = field(default_factory=set)


def _market(query: str) -> Callable[[People], str]:
    return lambda _people: f"{reverse('marketplace')}{query}"


def _middle(found: People) -> str:
    """A page in the middle of the longest list, where the list itself says that its middle rental stands."""
    own = Contract.objects.filter(customer__person=found.great).order_by("-created_at", "-id")
    reference = own[own.count() // 2].reference
    client = Client()
    client.force_login(found.great)
    place: str = client.get(f"{reverse('rentals')}?contract={reference}").headers["Location"]
    return place.partition("#")[0]


CASES = (
    Case("rentals of a customer with 25", lambda found: found.small, lambda _: reverse("rentals")),
    Case("rentals of the one with most", lambda found: found.great, lambda _: reverse("rentals"), "rentals of a customer with 25"),
    Case("rentals of the one with most, middle", lambda found: found.great, _middle, "rentals of a customer with 25"),
    Case("provider's ended contracts", lambda found: found.provider, lambda _: f"{reverse('provider_desk')}?tab=ended"),
    Case("market, no filter", lambda found: found.small, _market("")),
    Case("market, common filter", lambda found: found.small, _market("?type=compute&memory_min=8")),
    Case("market, rare filter", lambda found: found.small, _market("?cores_min=96")),
    Case("market, free text, common", lambda found: found.small, _market("?q=nvme")),
    Case("market, free text, rare", lambda found: found.small, _market("?q=h100")),
)


def measure(size: str) -> list[Row]:
    """A row for each page, in the market of `size` beside the one of 1k."""
    say("lists and searches")
    sizes = list(dict.fromkeys(["1k", size]))
    taken = {one: {case.what: Taken() for case in CASES} for one in sizes}
    for _round in range(ROUNDS):
        for one in sizes:
            with chosen(one):
                _look(taken[one])
    return [_row(case, taken[size][case.what], taken["1k"][case.compared_with]) for case in CASES]


def _look(taken: dict[str, Taken]) -> None:
    found = people()
    for case in CASES:
        client, address = Client(), case.where(found)
        client.force_login(case.who(found))
        for _request in range(WARM):
            client.get(address)
        for _request in range(REQUESTS):
            with _database_time() as spent:
                started = time.perf_counter()
                answer = client.get(address)
                taken[case.what].seconds.append(time.perf_counter() - started)
            assert answer.status_code == 200, f"{address} answers {answer.status_code}"
            taken[case.what].database.append(sum(spent))
            taken[case.what].statements.add(len(spent))


@contextmanager
def _database_time() -> Iterator[list[float]]:
    """The seconds of each statement within the block, as Python sees them."""
    spent: list[float] = []

    def time_it(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent.append(time.perf_counter() - started)

    with connection.execute_wrapper(time_it):
        yield spent


def _row(case: Case, ours: Taken, small: Taken) -> Row:
    mine, beside = median(ours.seconds), median(small.seconds)
    ratio = mine / beside
    constant = len(ours.statements | small.statements) == 1
    return Row(
        case.what,
        f"{mine * 1000:.1f} ms, {_statements(ours)} statements",
        f"{beside * 1000:.1f} ms, {_statements(small)} statements at 1k",
        f"{ratio:.2f}",
        f"≤ {SLOWER_AT_MOST}, constant",
        ratio <= SLOWER_AT_MOST and constant,
        f"{median(ours.database) * 1000:.1f} ms of it in the database, {median(small.database) * 1000:.1f} ms at 1k.",
    )


def _statements(taken: Taken) -> str:
    return "–".join(str(count) for count in sorted({min(taken.statements), max(taken.statements)}))
