"""Only the night: what is earned by many running contracts is released, and what that takes for each of few and of many.

The contracts are copies of one that our services have made, with all that the ledger says of it: paid, and released on some nights.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path

from django.db import connection

from accounts.models import Account, User
from bench.market import chosen
from bench.pool import copied, run
from bench.stage import CLUSTER, database_of
from bench.table import Row, say
from billing import sandbox_bank, services
from billing.buyers import Buyer
from billing.models import Charge, LedgerEntry, LedgerLine, Payment
from billing.sandbox_outcomes import Outcome
from billing.tax import TaxFacts
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract, Segment
from core import clock
from decentcloud import embedded_database
from decentcloud.load.people import load_people
from payouts.models import Release
from payouts.services.release import last_release_hour, release_contract
from providers.models import Offering, StockHold
from providers.states import OfferingStatus, Visibility

FEW = 1_000
MANY = {"1k": FEW, "1m": 100_000}
# How long ago the pattern was delivered, and after how many nights each it was released since.
AGE, NIGHTS = timedelta(days=10), (1, 2, 3, 4, 5)
MOST_BYTES = 300 * 10**6
SLOWER_AT_MOST = 1.5
# A night of a hundred thousand is over before people get up.
SECONDS_EACH = 0.03
BUYER = Buyer("Bench", "bench@load.invalid", "Lindenweg 12", "Leipzig", "DE", "04109")
# Ids of copies: tables and pools far apart, none of them where the other measurements have theirs.
_FIRST = count(1_000_000_000, 1_000_000)


@dataclass(frozen=True)
class Night:
    """What a night took: seconds in all and, in the middle, for each contract; and bytes of memory at most."""

    done: int
    seconds: float
    each: float
    peak: int


def measure(size: str) -> list[Row]:
    """A row for few contracts; for the large market one for many, and how the two compare."""
    with chosen("1k"):
        pattern = _pattern()
        # What the market itself has to release is no part of it.
        _night()
        # Few before and after the many, since a machine is not as busy all the time.
        nights = [_night_of(pattern, number) for number in [FEW] + [MANY[size], FEW] * (MANY[size] > FEW)]
    rows = [_row(night) for night in nights[:2]]
    if len(nights) > 1:
        few, many, again = nights
        beside = (few.each + again.each) / 2
        ratio = many.each / beside
        rows.append(
            Row(
                f"release of one contract, among {many.done:,}",
                f"{many.each * 1000:.2f} ms",
                f"{beside * 1000:.2f} ms among {few.done:,}",
                f"{ratio:.2f}",
                f"≤ {SLOWER_AT_MOST}",
                ratio <= SLOWER_AT_MOST,
                "The indexes are deeper and less of them is in memory.",
            )
        )
    return rows


def _row(night: Night) -> Row:
    return Row(
        f"night's release of {night.done:,} active contracts",
        f"{night.seconds:.1f} s, {night.done / night.seconds:,.0f} a second, {night.peak / 1e6:.0f} MB",
        "",
        "",
        f"≤ {SECONDS_EACH * 1000:.0f} ms each, < {MOST_BYTES / 1e6:.0f} MB",
        night.each <= SECONDS_EACH and night.peak < MOST_BYTES,
        f"{night.each * 1000:.2f} ms for each, in a transaction of its own.",
    )


def _night_of(pattern: Contract, number: int) -> Night:
    say(f"release of {number:,} contracts")
    _copy(pattern, number)
    night = _night()
    assert night.done == number, f"{night.done:,} of {number:,} were released"
    return night


def _night() -> Night:
    cluster = embedded_database.running(Path(os.environ[CLUSTER]))
    assert cluster is not None, "bench.measure is started by bench"
    environment = {**os.environ, "DATABASE_URL": cluster.url(database_of("1k"))}
    connection.close()
    command = [sys.executable, "-m", "bench.night"]
    said = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Night(**json.loads(said.splitlines()[-1]))


def _pattern() -> Contract:
    """One rental, made by the services some days ago, and released on some nights."""
    delivered = last_release_hour() - AGE
    people = load_people("renter", 1, delivered)
    user, account = User.objects.get(pk=people.users[0]), Account.objects.get(pk=people.accounts[0])
    offered = Offering.objects.filter(status=OfferingStatus.PUBLISHED, visibility=Visibility.PUBLIC, currency="EUR")
    fitting = offered.filter(auto_accept=False, min_hours__lte=720, max_hours__gte=720, stock__gt=0, monthly_minor__gt=1_000)
    offering = fitting.select_related("provider__account").order_by("pk")[0]
    provider = actors.provider(offering.provider.account.memberships.get(role="owner").user_id)
    with clock.at(delivered):
        quote = services.create_quote(account, user, offering, 720, TaxFacts("DE"))
        charge = services.order(quote, user=user, buyer=BUYER)
        payment = services.start_payment(charge, "sandbox")
        sandbox_bank.choose(payment.external_id, Outcome.PAID)
        services.apply_payment("sandbox", payment.external_id)
        services.accept_contract(charge.contract_id, provider)
        contracts.start_provisioning(charge.contract_id, provider)
        contracts.deliver(charge.contract_id, provider, login="root")
        contracts.confirm(charge.contract_id, actors.customer(user.pk))
    for nights in NIGHTS:
        at = delivered + timedelta(days=nights)
        with clock.at(at):
            release_contract(charge.contract_id, at)
    return Contract.objects.get(pk=charge.contract_id)


def _copy(pattern: Contract, number: int) -> None:
    """So many contracts like the pattern, each with its own hold, segment, charge, payment, releases and entries."""
    charge = Charge.objects.get(contract=pattern)
    payment, segment = Payment.objects.get(charge=charge), Segment.objects.get(contract=pattern)
    hold_id, contract_id, segment_id, charge_id, payment_id = (next(_FIRST) for _table in range(5))
    copied(StockHold, pattern.hold_id, number, {"id": hold_id})
    mine = {"contract_id": contract_id, "segment_id": segment_id, "payment_id": payment_id}
    # Ten digits, of which the first is the same for all.
    reference = f"right(({contract_id} + n)::text, 9)"
    copied(Contract, pattern.pk, number, {"id": contract_id, "hold_id": hold_id}, reference=reference)
    copied(Segment, segment.pk, number, {"id": segment_id, "contract_id": contract_id})
    copied(Charge, charge.pk, number, {"id": charge_id, "contract_id": contract_id, "segment_id": segment_id})
    name = f"'sbx_pay_bench' || ({payment_id} + n)"
    copied(Payment, payment.pk, number, {"id": payment_id, "charge_id": charge_id}, external_id=name)
    tonight = last_release_hour()
    for release in Release.objects.filter(contract=pattern, through__lt=tonight):
        copied(Release, release.pk, number, {"id": next(_FIRST), **mine})
    # Their sums are those of the pattern, which was looked at when it was posted.
    run("ALTER TABLE billing_ledgerline DISABLE TRIGGER ledger_entry_balanced")
    owners = {
        f"segment:{segment.pk}": f"'segment:' || ({segment_id} + n)",
        f"payment:{payment.pk}": f"'payment:' || ({payment_id} + n)",
    }
    for entry in LedgerEntry.objects.filter(segment=segment, at__lt=tonight):
        first = next(_FIRST)
        key = f"pattern.key || ':' || ({first} + n)"
        copied(LedgerEntry, entry.pk, number, {"id": first, **mine}, key=key)
        for line in LedgerLine.objects.filter(entry=entry):
            owner = {"owner": owners[line.owner]} if line.owner in owners else {}
            copied(LedgerLine, line.pk, number, {"id": next(_FIRST), "entry_id": first}, **owner)
    run("ALTER TABLE billing_ledgerline ENABLE TRIGGER ledger_entry_balanced")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        # Few and many begin alike: each page that is touched goes into the log in full first.
        cursor.execute("CHECKPOINT")
