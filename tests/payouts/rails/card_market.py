"""A random market that is paid by card and pays through Stripe, which loses answers, refuses, forgets keys and runs dry."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from unittest.mock import patch
from uuid import UUID

from django.db import connection, models
from django.db.models import QuerySet, Sum
from django.test import override_settings

from accounts.services import create_user
from billing import services as billing
from billing import stripe_gateway
from billing.gateway_facts import GatewayError
from billing.ledger import balance
from billing.models import LedgerLine, Payment, Proof
from billing.queries import left_gross
from billing.states import LedgerAccount as A
from billing.states import LossBearer, PaymentState
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from contracts.states import DELIVERED
from core import clock
from core.errors import Refused
from payouts.models import Payout, PayoutReversal, PayoutTransfer, Release
from payouts.services.payout import approve_payout, fail_payout, propose_payout
from payouts.services.release import release_due
from payouts.services.sending import carry_out
from payouts.services.sweeping import sweep_payouts
from payouts.services.taking_back import recover
from payouts.states import PayoutState, ReversalState, TransferState
from tests.payouts.ledger import differences
from tests.payouts.rails.conftest import CardWalk, connected
from tests.stripe_standin import Standin, standin
from tests.stripe_standin.server import SECRET_KEY, WEBHOOK_SECRET
from tests.walk import START, Walk, offered_by

Row = TypeVar("Row", bound=models.Model)
RUNNING = 3


@contextmanager
def card_market(seed: int) -> Iterator["CardMarket"]:
    """A market with a stand-in of its own, and the settings that lead there. No answer is waited for twice."""
    random = Random(seed)
    with (
        standin() as stripe,
        override_settings(
            STRIPE_SECRET_KEY=SECRET_KEY,
            STRIPE_WEBHOOK_SECRETS=[WEBHOOK_SECRET],
            STRIPE_API_BASE=stripe.base,
            STRIPE_CONNECT=True,
            PAYOUT_NEW_PROVIDER_DAYS=1,
            DISPUTE_LOSS_BEARER=random.choice(LossBearer.values),
        ),
        patch.object(stripe_gateway, "RETRIES", 0),
    ):
        yield CardMarket(random, stripe)


class CardMarket:
    """A customer, a provider with an account at Stripe, two of staff; every choice comes from `random`."""

    def __init__(self, random: Random, stripe: Standin) -> None:
        self.random, self.stripe = random, stripe
        self.now = START + timedelta(days=1)
        stripe.account.habits.accounts_begin_ready = True
        with clock.at(START - timedelta(days=1)):
            self.customer, provider_user, self.staff, self.colleague = (
                create_user(f"{name}@example.com", verified=True) for name in ("customer", "provider", "staff", "colleague")
            )
        self.offering = offered_by(provider_user, setup_fee_minor=3000)
        self.provider = self.offering.provider
        self.method = connected(self.provider)
        (self.account,) = stripe.account.all("acct")

    @contextmanager
    def at(self) -> Iterator[datetime]:
        """Both clocks at this moment: the shop's and Stripe's."""
        self.stripe.account.now = self.now.timestamp
        with clock.at(self.now) as now:
            yield now

    def begin(self) -> None:
        """Days of earning, and the first payout: without it most walks would end before money moves."""
        for _night in range(2):
            self._rent_again()
            self.now += timedelta(hours=25)
            with self.at():
                release_due()
        with self.at():
            self.approve()

    # Steps -------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One random thing. A refusal and a lost answer are part of the walk."""
        steps = self.steps()
        (chosen,) = self.random.choices([step for _weight, step in steps], [weight for weight, _step in steps])
        self._rent_again()
        with self.at():
            try:
                chosen()
            except (Refused, GatewayError):
                self.check()

    def steps(self) -> list[tuple[int, Callable[[], object]]]:
        """What can happen, and how often it does, in proportion."""
        return [
            (8, self.wait),
            (8, release_due),
            (8, self.approve),
            (8, self.carry_out),
            (6, sweep_payouts),
            (4, self.leave),
            (2, self.give_back_a_part),
            (4, self.tell_of_refund),
            (2, self.dispute),
            (5, self.decide),
            (5, self.recover),
            (3, self.lose_an_answer),
            (2, self.stripe.api.answered.clear),
            (2, self.change_the_account),
            (3, self.move_our_balance),
            (1, self.drop),
        ]

    def _rent_again(self) -> None:
        with self.at():
            while Contract.objects.filter(state__in=DELIVERED).count() < RUNNING:
                self.rent()

    def rent(self) -> None:
        """Somebody rents, and pays by card, or now and then otherwise."""
        walk = (
            CardWalk(self.stripe, self.customer, self.offering, self.now)
            if self.random.random() < 0.8
            else Walk(self.customer, self.offering, self.now)
        )
        self.now = walk.running().now

    def wait(self) -> None:
        """Hours or days; the gateway's report is read in time, and what was not answered is asked for again and again."""
        self.now += timedelta(hours=self.random.choice([1, 25, 25, 49, 7 * 24]))
        with self.at():
            billing.read_reports()
            for _minute in range(2):
                sweep_payouts()

    def approve(self) -> None:
        """All that is owed. The proof that it needs is `check`, after the step before."""
        Proof.objects.create(started_at=clock.now(), finished_at=clock.now())
        approve_payout(propose_payout(self.provider.pk, "EUR", self.staff).pk, self.colleague)

    def carry_out(self) -> None:
        """A payout leaves, whether it can or has already; at times twice."""
        Proof.objects.create(started_at=clock.now(), finished_at=clock.now())
        payout = self._any(Payout.objects.all())
        for _time in range(self.random.randint(1, 2)):
            carry_out(payout.pk)

    def leave(self) -> None:
        """An end ahead of its time, and what goes back for it."""
        contract = self._any(Contract.objects.filter(state__in=DELIVERED))
        customer, staff = actors.customer(self.customer.pk), actors.staff(self.staff.pk)
        owner = actors.provider(self.offering.provider.account.memberships.get(role="owner").user_id)
        ends: list[Callable[[], object]] = [
            lambda: contracts.cancel(contract.pk, customer),
            lambda: contracts.cancel_in_full(contract.pk, staff, "a kindness"),
            *[lambda: contracts.cancel(contract.pk, owner, "the rack burnt down")] * 3,
        ]
        self.random.choice(ends)()
        for refund in billing.refund_settlement(contract.pk):
            billing.send_refund(refund.pk)

    def give_back_a_part(self) -> None:
        """Staff's goodwill, which we bear: often all that is left."""
        payment = self._any(Payment.objects.filter(state=PaymentState.SUCCEEDED))
        gross = self.random.choice([left_gross(payment), 1000, 1])
        key = UUID(int=self.random.getrandbits(128))
        billing.send_refund(billing.request_goodwill_refund(payment.pk, gross, "a slow week", self.staff, key).pk)

    def tell_of_refund(self) -> None:
        """A refund has arrived, or a bank sends it back."""
        refund = self._stripes("re", "pending")
        self.stripe.account.settle_refund(refund, well=self.random.random() < 0.8)
        billing.apply_refund("stripe", refund)

    def dispute(self) -> None:
        """A customer's bank takes money back, all of it or a part."""
        payment = self._any(Payment.objects.filter(gateway="stripe", state=PaymentState.SUCCEEDED, disputed_minor=0))
        left = left_gross(payment)
        amount = self.random.choice([left, left // 3, 100])
        if not 0 < amount <= left:
            raise Refused("nothing is left", code="empty")
        opened = self.stripe.account.dispute(payment.external_charge_id, amount=amount)
        billing.apply_dispute("stripe", opened["id"])

    def decide(self) -> None:
        """The bank has made up its mind."""
        opened = self._stripes("dp", "needs_response")
        self.stripe.account.decide(opened, self.random.choice(["won", "lost", "lost"]))
        billing.apply_dispute("stripe", opened)

    def recover(self) -> None:
        """What is owed for a rental is taken back; at times twice."""
        contract = self._any(Contract.objects.all())
        for _time in range(self.random.randint(1, 2)):
            recover(contract.pk)

    def lose_an_answer(self) -> None:
        """The next transfer, or a reversal, is made and not answered, or not made and answered with a fault."""
        sent = self.stripe.account.all("tr")
        paths = ["/v1/transfers", *[f"/v1/transfers/{row['id']}/reversals" for row in sent[:3]]]
        path = f"POST {self.random.choice(paths)}"
        if self.random.random() < 0.7:
            self.stripe.api.drops[path] = 1
        else:
            self.stripe.api.failures[path] = [500]

    def change_the_account(self) -> None:
        """Stripe does not let it be paid for a while; or its owner has taken all out of it."""
        capabilities, held = self.account["capabilities"], self.stripe.account.habits.held_by_accounts
        if held or capabilities["transfers"] != "active":
            held.clear()
            capabilities["transfers"] = "active"
        elif self.random.random() < 0.5:
            capabilities["transfers"] = "inactive"
        else:
            held[self.account["id"]] = self.random.choice([0, 500])

    def move_our_balance(self) -> None:
        """Our bank sends something to Stripe, or Stripe to our bank."""
        self.stripe.account.pay_out(self.random.choice([-(10**5), -(10**5), 10**5]), "eur")

    def drop(self) -> None:
        """Staff drops what was approved; what was sent cannot be dropped."""
        fail_payout(self._any(Payout.objects.all()).pk, self.staff, "Not today")

    def _any(self, rows: QuerySet[Row]) -> Row:
        found = list(rows.order_by("-pk")[:6])
        if not found:
            raise Refused("nothing there yet", code="empty")
        return self.random.choice(found)

    def _stripes(self, prefix: str, status: str) -> str:
        found = [row["id"] for row in self.stripe.account.all(prefix, status=status)]
        if not found:
            raise Refused("nothing there yet", code="empty")
        return str(self.random.choice(found))

    # What must hold ----------------------------------------------------------------------------------

    def check(self) -> None:
        """What holds at every moment, whatever was lost on the way."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        assert differences() == []
        assert LedgerLine.objects.filter(currency="EUR").aggregate(total=Sum("amount"))["total"] == 0
        self._check_provider()
        self._check_transfers()
        self._check_reversals()

    def _check_provider(self) -> None:
        """Payable = shares of releases − take-backs − payouts, of which what came back is owed no more."""
        shares = sum(one.share_minor for one in Release.objects.all())
        lines = LedgerLine.objects.filter(account=A.PROVIDER_PAYABLE, amount__gt=0).exclude(entry__kind__startswith="payout_")
        taken_back = int(lines.aggregate(total=Sum("amount"))["total"] or 0)
        paid = sum(one.amount_minor for one in Payout.objects.filter(state__in=[PayoutState.SENT, PayoutState.SETTLED]))
        back = PayoutReversal.objects.filter(state=ReversalState.SUCCEEDED, transfer__payout__state=PayoutState.SETTLED)
        recovered = int(back.aggregate(total=Sum("amount_minor"))["total"] or 0)
        assert -balance(A.PROVIDER_PAYABLE, self.provider, "EUR") == shares - taken_back - paid + recovered

    def _check_transfers(self) -> None:
        """Each row has left once or not at all, as it says; a settled payout has left whole, a failed one is all back."""
        there: dict[str, int] = {}
        for row in self.stripe.account.all("tr"):
            assert row["metadata"]["transfer"] not in there
            there[row["metadata"]["transfer"]] = row["amount"]
        for one in PayoutTransfer.objects.all():
            mark = str(one.public_id)
            if one.state == TransferState.SUCCEEDED or mark in there:
                assert there[mark] == one.amount_minor
                assert one.state != TransferState.FAILED
        left = Counter[int]()
        for one in PayoutTransfer.objects.filter(state=TransferState.SUCCEEDED).select_related("payout"):
            left[one.payout_id] += one.amount_minor if one.payout.state == PayoutState.SETTLED else one.left_minor
        for payout in Payout.objects.all():
            if payout.state in {PayoutState.SETTLED, PayoutState.FAILED}:
                assert left[payout.pk] == (payout.amount_minor if payout.state == PayoutState.SETTLED else 0)

    def _check_reversals(self) -> None:
        there = Counter(row["metadata"]["reversal"] for row in self.stripe.account.all("trr"))
        assert all(times == 1 for times in there.values())
        for one in PayoutReversal.objects.all():
            assert (str(one.public_id) in there) == (one.state == ReversalState.SUCCEEDED) or one.state == ReversalState.SUBMITTING

    def finish(self) -> None:
        """Everybody answers again, and banks decide: what has left is settled or back, and Stripe's balance is the ledger's."""
        self.stripe.api.drops.clear()
        self.stripe.api.failures.clear()
        self.stripe.account.habits.held_by_accounts.clear()
        self.account["capabilities"]["transfers"] = "active"
        self.now += timedelta(minutes=10)
        with self.at():
            self.stripe.account.pay_out(-(10**7), "eur")
            for opened in self.stripe.account.all("dp", status="needs_response"):
                self.stripe.account.decide(opened["id"], "lost")
                billing.apply_dispute("stripe", opened["id"])
            for _round in range(2):
                sweep_payouts()
                for contract in Contract.objects.all():
                    recover(contract.pk)
        self.now += timedelta(minutes=1)
        with self.at():
            billing.read_reports()
            self.check()
            self._check_end()

    def _check_end(self) -> None:
        waiting = Payout.objects.filter(state=PayoutState.SENT)
        # What once was refused to come back waits for people.
        assert not waiting.exclude(transfers__reversals__state=ReversalState.FAILED).exists()
        assert not PayoutReversal.objects.filter(state=ReversalState.SUBMITTING).exists()
        nets = sum(row["net"] for row in self.stripe.account.all("txn"))
        assert balance(A.GATEWAY_BALANCE, "stripe", "EUR") == nets
