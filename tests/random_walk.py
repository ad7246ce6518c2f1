"""A market in which random people do random things through the real services, in simulated time.

Used by the property tests: short walks on every run, long ones in the soak. After each step `check` says what
must hold at any moment, and after `finish` what must hold when nothing is open any more.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models import QuerySet
from django.test import override_settings

from accounts.queries import personal_account
from accounts.services import create_user
from billing import sandbox_bank
from billing import services as billing
from billing.buyers import Buyer
from billing.gateway_facts import GatewayError
from billing.ledger import balance
from billing.models import Charge, LedgerLine, Payment, Proof, Refund, SandboxDispute, SandboxPayment, VatCheck
from billing.proof import Scope, find_differences
from billing.queries import left_gross
from billing.released import released_of
from billing.sandbox_messages import deliver_due
from billing.sandbox_outcomes import Decision, Outcome, left_minor, possible_decisions, possible_outcomes
from billing.services.vat_recheck import recheck_charge
from billing.states import LedgerAccount, LossBearer, PaymentState, RefundState, VatCheckState
from billing.webhooks import accept as inbox_door
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract, Move, Segment
from contracts.pricing import fee_minor
from contracts.queries import available_moves, cancel_fault, cancel_preview, divide
from contracts.states import DELIVERED, FINAL, ActorKind, Fault, State
from core import clock
from core.errors import Refused
from core.money import currency, floor_to_step
from core.tasks import drain
from payouts.addresses import Place
from payouts.models import Payout, Release
from payouts.services.method import add_method, confirm_method, new_link
from payouts.services.payout import approve_payout, fail_payout, mark_paid, propose_payout, return_payout, send_payout
from payouts.services.release import release_contract, release_due
from payouts.states import MethodKind
from providers.models import Offering, Provider, StockHold
from providers.services import (
    become_provider,
    create_offering,
    publish_offering,
    release_expired_holds,
)

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BUYERS = (
    Buyer("Cora Customer", "customer@example.com", "Weg 1", "Berlin", "DE", "10115"),
    # VIES is silent about it, until it says yes: VAT is charged, and given back.
    Buyer("Aude", "aude@example.com", "1 rue de la Paix", "Paris", "FR", "75002", "Papierboot SARL", "FR40303265045", True),
    Buyer("Urs", "urs@example.com", "Gasse 2", "Bern", "CH", "3011"),
)

Row = TypeVar("Row", bound=models.Model)

# The table of DOMAIN: which state leads where. Written down here a second time on purpose.
TABLE = {
    ("", "requested"),
    ("requested", "accepted"),
    ("requested", "rejected"),
    ("requested", "cancelled"),
    ("requested", "expired"),
    ("accepted", "provisioning"),
    ("accepted", "cancelled"),
    ("accepted", "provisioning_failed"),
    ("provisioning", "provisioned"),
    ("provisioning", "provisioning_failed"),
    ("provisioning", "cancelled"),
    ("provisioned", "active"),
    ("provisioned", "completed"),
    ("provisioned", "suspended"),
    ("provisioned", "cancelled"),
    ("active", "completed"),
    ("active", "suspended"),
    ("active", "cancelled"),
    ("suspended", "provisioned"),
    ("suspended", "active"),
    ("suspended", "cancelled"),
}


class RandomMarket:
    """Two customers, one provider, one of staff, four offerings; every choice comes from `random`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.now = START
        self.rules = override_settings(DISPUTE_LOSS_BEARER=random.choice(LossBearer.values), PAYOUT_NEW_PROVIDER_DAYS=1)
        with clock.at(self.now):
            self.customers = [create_user(f"c{n}@example.com", verified=True) for n in range(2)]
            self.provider_user = create_user("p@example.com", verified=True)
            self.staff = create_user("s@example.com", verified=True)
            self.colleague = create_user("t@example.com", verified=True)
            self.provider = provider = become_provider(personal_account(self.provider_user), name="Quietstack", country="DE")
            for code in ("EUR", "JPY", "KWD"):
                self._is_paid_in(code)
            self.offerings = [
                self._offering(provider, "VPS", "EUR", 3840, 0),
                self._offering(provider, "Metal", "EUR", 20_999, 4_999, auto_accept=True),
                self._offering(provider, "Tokyo", "JPY", 4_801, 300),
                self._offering(provider, "Kuwait", "KWD", 12_350, 1_110, extension_price="current"),
            ]

    def _is_paid_in(self, code: str) -> None:
        """The provider says where it is paid, and follows the link of its mail."""
        bank = Place(MethodKind.BANK, "Quietstack", iban="DE89370400440532013000", bic="COBADEFFXXX")
        secret = new_link(add_method(self.provider, self.provider_user, code, bank).pk)
        assert secret is not None
        confirm_method(secret, self.provider_user)

    def _offering(self, provider: Provider, name: str, currency: str, monthly: int, setup: int, **more: Any) -> Offering:
        offering = create_offering(
            provider,
            name=name,
            type="compute",
            currency=currency,
            monthly_minor=monthly,
            setup_fee_minor=setup,
            min_hours=24,
            max_hours=2160,
            stock=3,
            country="DE",
            city="Nuremberg",
            cores=4,
            memory_gb=8,
            disk_type="nvme",
            disk_count=1,
            disk_gb=80,
            uplink_mbit=1000,
            traffic_tb=20,
            operating_systems=["Debian 13"],
            **more,
        )
        return publish_offering(offering)

    # Steps -------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One random thing, allowed or not; a refusal changes nothing and is part of the walk."""
        steps = self.steps()
        (chosen,) = self.random.choices([step for _weight, step in steps], [weight for weight, _step in steps])
        with clock.at(self.now), self.rules:
            try:
                chosen()
            except (Refused, GatewayError):
                self.check()

    def steps(self) -> list[tuple[int, Callable[[], None]]]:
        """What can be done, and how often it is, in proportion."""
        return [
            (3, self.order),
            (8, self.pay),
            (5, self.deliver_messages),
            (5, self.drain),
            (3, self.schedules),
            (5, self.wait),
            (14, self.act_on_contract),
            (2, self.extend),
            (3, self.dispute),
            (2, self.decide),
            (2, self.work_tasks),
            (4, self.release),
            (2, self.release_one),
            (2, self.pay_a_provider),
            (2, self.give_back_a_part),
            (1, self.refund_in_dashboard),
            (1, self.decide_about_a_refund),
            (2, self.vies_says_yes),
            (1, self.repeat_news),
        ]

    def order(self) -> None:
        """One more rental, unless enough are open; sometimes by a double click."""
        if Contract.objects.exclude(state__in=FINAL).count() > 3:
            return
        user = self.random.choice(self.customers)
        account = personal_account(user)
        offering = self.random.choice(self.offerings)
        (buyer,) = self.random.choices(BUYERS, (5, 4, 1))
        facts = billing.with_known_check(buyer.tax_facts)
        quote = billing.create_quote(account, user, offering, self.random.choice([24, 168, 720]), facts)
        charge = billing.order(quote, user=user, buyer=buyer)
        if self.random.random() < 0.2:
            assert billing.order(quote, user=user, buyer=buyer) == charge

    def pay(self) -> None:
        """Go to the bank for some charge and choose what it says; mostly its message arrives at once."""
        charge = self._any(Charge.objects.filter(paid_at=None) if self.random.random() < 0.9 else Charge.objects.all())
        payment = billing.start_payment(charge, "sandbox")
        page = SandboxPayment.objects.get(external_id=payment.external_id)
        outcomes = possible_outcomes(page, clock.now())
        favoured = [Outcome.PAID] * 9 if Outcome.PAID in outcomes else []
        sandbox_bank.choose(page.external_id, self.random.choice([*outcomes, *favoured] or [Outcome.PAID]))
        if self.random.random() < 0.7:
            self.deliver_messages()
            self.drain()

    def deliver_messages(self) -> None:
        deliver_due(inbox_door)

    def drain(self) -> None:
        drain()

    def schedules(self) -> None:
        for run in self.random.sample(
            [
                contracts.work_deadlines,
                billing.expire_unpaid_charges,
                billing.reread_payments,
                billing.sweep_refunds,
                release_expired_holds,
                sandbox_bank.tick,
            ],
            k=self.random.randint(1, 6),
        ):
            run()

    def wait(self) -> None:
        minutes = self.random.choice([0, 1, 2, 10, 10, 30, 30, 61, 200, 24 * 60, 3 * 24 * 60, 9 * 24 * 60])
        self.now += timedelta(minutes=minutes, seconds=self.random.randint(0, 59))

    def act_on_contract(self) -> None:
        open_ones = Contract.objects.exclude(state__in=FINAL)
        contract = self._any(open_ones if self.random.random() < 0.9 else Contract.objects.all())
        people = [kind for kind in ActorKind if kind != ActorKind.SYSTEM]
        if self.random.random() < 0.15:
            self._press(contract, self.random.choice(people), self.random.choice(sorted(BUTTONS)))
            return
        offered = [(kind, button) for kind in people for button in sorted(available_moves(contract, kind) - {"pay", "extend"})]
        onward = any(button in FORWARD for _kind, button in offered)
        if not offered or (not onward and self.random.random() < 0.8):
            return
        # Forward mostly, or hardly any walk would see a delivered server.
        weights = [10 if button in FORWARD else 1 for _kind, button in offered]
        ((kind, button),) = self.random.choices(offered, weights)
        # A shown button works: no refusal may come out of it.
        try:
            self._press(contract, kind, button)
        except Refused as refused:
            raise AssertionError(f"{button} was offered to {kind}, then refused: {refused.code}") from refused

    def _press(self, contract: Contract, kind: ActorKind, button: str) -> None:
        people = {
            ActorKind.CUSTOMER: contract.ordered_by_id,
            ActorKind.PROVIDER: self.provider_user.pk,
            ActorKind.STAFF: self.staff.pk,
        }
        BUTTONS[button](contract.pk, actors.Actor(kind, people.get(kind)))

    def extend(self) -> None:
        contract = self._any(Contract.objects.filter(state__in=DELIVERED))
        billing.open_extension_charge(contract, self.random.choice([24, 168]), contract.ordered_by)

    def dispute(self) -> None:
        page = self._any(SandboxPayment.objects.filter(status="succeeded"))
        outcome = self.random.choice([Outcome.DISPUTE, Outcome.DISPUTE_PART, Outcome.INQUIRY])
        sandbox_bank.choose(page.external_id, outcome)

    def decide(self) -> None:
        dispute = self._any(SandboxDispute.objects.filter(status__in=["open", "inquiry"]))
        sandbox_bank.decide(dispute.external_id, self.random.choice(possible_decisions(dispute) or (Decision.WON,)))

    def work_tasks(self) -> None:
        refund = Refund.objects.filter(state=RefundState.FAILED).first()
        if refund is not None:
            if self.random.random() < 0.5:
                billing.pay_refund_by_hand(refund.pk, self.staff, "bank 4711")
            else:
                billing.retry_refund(refund.pk, self.staff)
            return
        payment = self._any(Payment.objects.filter(state=PaymentState.MISMATCHED))
        if self.random.random() < 0.5:
            billing.accept_mismatch(payment.pk, self.staff)
        else:
            billing.return_mismatch(payment.pk, self.staff)

    def give_back_a_part(self) -> None:
        """Staff's goodwill, often as much as is left, sometimes too much; and sometimes the same form twice."""
        payment = self._any(Payment.objects.filter(state=PaymentState.SUCCEEDED, anomaly=""))
        left, step = left_gross(payment), currency(payment.currency).step
        gross = self.random.choice([step, left, floor_to_step(left // 3, payment.currency), left + step])
        key = UUID(int=self.random.getrandbits(128))
        for _click in range(self.random.randint(1, 2)):
            billing.request_goodwill_refund(payment.pk, gross, "a slow week", self.staff, key)

    def decide_about_a_refund(self) -> None:
        """Staff looks at one, whatever became of it: a second person lets it go, or it is called a mistake."""
        refund = self._any(Refund.objects.all())
        if self.random.random() < 0.5:
            billing.approve_refund(refund.pk, self.colleague)
        else:
            billing.drop_refund(refund.pk, self.staff, "a mistake")

    def refund_in_dashboard(self) -> None:
        """Somebody refunds at the bank, past the shop: what is left, or what we owe and did not send. Never both at once."""
        page = self._any(SandboxPayment.objects.filter(status="succeeded"))
        payment = Payment.objects.filter(external_id=page.external_id).exclude(state=PaymentState.PENDING).first()
        if payment is None or Refund.objects.filter(payment=payment, state=RefundState.SUBMITTING).exists():
            raise Refused("not booked yet", code="empty")
        owed = Refund.objects.filter(payment=payment, state=RefundState.FAILED).first()
        left = min(left_gross(payment), left_minor(page))
        amounts = [left, floor_to_step(left // 2, page.currency)] if owed is None else [owed.amount_minor]
        refund = sandbox_bank.refund_in_dashboard(page.external_id, self.random.choice(amounts))
        billing.apply_refund("sandbox", refund.external_id)

    def release(self) -> None:
        """The night, as it comes; sometimes its job twice."""
        for _run in range(self.random.randint(1, 2)):
            release_due()

    def release_one(self) -> None:
        """A rental by itself: to this moment, to an earlier one, or too far; what is not allowed changes nothing."""
        contract = self._any(Contract.objects.all())
        hours = self.random.choice([0, 0, 1, 30, 200, -1])
        before = Release.objects.count()
        try:
            release_contract(contract.pk, clock.now() - timedelta(hours=hours))
        except Refused:
            assert Release.objects.count() == before
            raise
        assert (contract.state != State.SUSPENDED and not contract.disputes_open) or Release.objects.count() == before

    def pay_a_provider(self) -> None:
        """One step of some payout: proposed, approved, paid by hand, dropped, or sent back by the bank.

        The proof that it needs is `check`, after the step before.
        """
        Proof.objects.create(started_at=clock.now(), finished_at=clock.now())
        with suppress(Refused):
            propose_payout(self.provider.pk, self.random.choice(["EUR", "JPY", "KWD"]), self.staff)
        payout = self._any(Payout.objects.all())
        steps: list[tuple[int, Callable[[], object]]] = [
            (4, lambda: approve_payout(payout.pk, self.colleague)),
            (2, lambda: send_payout(payout.pk, self.staff)),
            (4, lambda: mark_paid(payout.pk, self.staff, reference=f"SEPA {payout.pk}", paid_at=clock.now())),
            (1, lambda: fail_payout(payout.pk, self.staff, "the bank refused it")),
            (1, lambda: return_payout(payout.pk, self.staff, "the account is closed")),
        ]
        (step,) = self.random.choices([step for _weight, step in steps], [weight for weight, _step in steps])
        step()

    def vies_says_yes(self) -> None:
        """Late: the VAT of an order was not due. Its word counts for a day, for new orders too."""
        charge = self._any(Charge.objects.filter(vat_recheck_at__isnull=False))
        vat_id = str(charge.buyer["vat_id"])
        now = clock.now()
        VatCheck.objects.create(country=vat_id[:2], number=vat_id[2:], state=VatCheckState.VALID, created_at=now, answered_at=now)
        recheck_charge(charge.pk)

    def repeat_news(self) -> None:
        """Old news again, in any order: nothing may change."""
        page = self._any(SandboxPayment.objects.all())
        billing.apply_payment("sandbox", page.external_id)
        for dispute in page.disputes.all():
            billing.apply_dispute("sandbox", dispute.external_id)
        for refund in page.refunds.all():
            billing.apply_refund("sandbox", refund.external_id)

    def _any(self, rows: QuerySet[Row]) -> Row:
        found = list(rows.order_by("-pk")[:6])
        if not found:
            raise Refused("nothing there yet", code="empty")
        return self.random.choice(found)

    # What must hold ----------------------------------------------------------------------------------

    def check(self) -> None:
        """What holds at every moment."""
        with connection.cursor() as cursor:
            # The deferred trigger speaks now and not at a commit that never comes.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        # News may be on its way for as long as this walk takes, so its whole time is looked at; and nobody prints its documents.
        differences = find_differences(Scope(since=START - timedelta(days=1), patience=timedelta(days=10_000)))
        assert [found for found in differences if found.check != "bytes"] == []
        for offering in Offering.objects.all():
            assert offering.taken == StockHold.objects.filter(offering=offering, released_at=None).count()
        for move in Move.objects.all():
            assert (move.from_state, move.to_state) in TABLE, f"{move.from_state} → {move.to_state}"
        for contract in Contract.objects.prefetch_related("segments__settlement", "moves"):
            last = contract.moves.last()
            assert last is not None
            assert last.to_state == contract.state
            assert (contract.hold.released_at is not None) == (contract.state in FINAL)
            for segment in contract.segments.all():
                escrow = -balance(LedgerAccount.ESCROW, segment, contract.currency)
                assert 0 <= escrow <= segment.net_minor
                self._check_released(contract, segment)
        self._check_provider()
        for payment in Payment.objects.all():
            owed = -balance(LedgerAccount.REFUND_PAYABLE, payment, payment.currency)
            assert owed >= 0
            assert payment.refunded_minor <= payment.received_minor

    @staticmethod
    def _check_released(contract: Contract, segment: Segment) -> None:
        """Never more than was earned by now, or than the settlement says; and the fee by the total."""
        released = released_of(segment)
        now = clock.now()
        if contract.is_final:
            earned = segment.settlement.earned_minor if segment.paid_at else 0
            # What a refund or a bank has to take back is taken when it is decided.
            decided = Refund.objects.filter(key=f"settlement:{segment.pk}").exists()
            assert released.amount_minor <= earned or contract.fault == Fault.GOODWILL or not decided
        else:
            paid = contract.segments.filter(paid_at__isnull=False)
            shares = {one.pk: share.earned_minor for one, share in divide(contract, paid, now)}
            assert released.amount_minor <= shares.get(segment.pk, 0)
        assert released.fee_minor == fee_minor(released.amount_minor, contract.fee_bp, contract.currency)

    def _check_provider(self) -> None:
        """Payable = shares of releases − take-backs − payouts, by the rows alone."""
        for code in ("EUR", "JPY", "KWD"):
            shares = sum(one.share_minor for one in Release.objects.filter(currency=code))
            lines = LedgerLine.objects.filter(account=LedgerAccount.PROVIDER_PAYABLE, currency=code, amount__gt=0)
            taken_back = sum(int(line.amount) for line in lines.exclude(entry__kind__startswith="payout_"))
            left = Payout.objects.filter(currency=code, state__in=["sent", "settled"])
            paid = sum(payout.amount_minor for payout in left)
            assert -balance(LedgerAccount.PROVIDER_PAYABLE, self.provider, code) == shares - taken_back - paid

    def finish(self) -> None:
        """Let everything come to its end: banks decide, deadlines pass, staff works off its list."""
        for _round in range(12):
            self.now += timedelta(days=40)
            with clock.at(self.now), self.rules:
                for dispute in SandboxDispute.objects.all():
                    for decision in possible_decisions(dispute)[:1]:
                        sandbox_bank.decide(dispute.external_id, decision)
                for payment in Payment.objects.filter(state=PaymentState.MISMATCHED, disputed_minor=0):
                    billing.return_mismatch(payment.pk, self.staff)
                for contract in Contract.objects.filter(state=State.SUSPENDED, disputes_open=0):
                    contracts.resume(contract.pk, actors.staff(self.staff.pk))
                for minutes in (0, 2, 6, 12):
                    with clock.at(self.now + timedelta(minutes=minutes)):
                        for run in (
                            sandbox_bank.tick,
                            self.deliver_messages,
                            drain,
                            billing.reread_payments,
                            billing.expire_unpaid_charges,
                            contracts.work_deadlines,
                            billing.sweep_refunds,
                            drain,
                            release_due,
                        ):
                            run()
                # What gave way to a dashboard's refund waits for a person, what is left of it.
                for refund in Refund.objects.filter(state=RefundState.AWAITING_APPROVAL, payment__disputed_minor=0):
                    billing.approve_refund(refund.pk, self.colleague)
                for refund in Refund.objects.filter(state=RefundState.FAILED):
                    billing.pay_refund_by_hand(refund.pk, self.staff, "bank 4712")
        with clock.at(self.now):
            self.check()
            self._check_end()

    def _check_end(self) -> None:
        assert not Contract.objects.exclude(state__in=FINAL).exists()
        assert not Refund.objects.exclude(state__in=[RefundState.SUCCEEDED, RefundState.DROPPED]).exists()
        for payment in Payment.objects.all():
            for account in (LedgerAccount.REFUND_PAYABLE, LedgerAccount.UNALLOCATED, LedgerAccount.DISPUTE_HOLD):
                assert balance(account, payment, payment.currency) == 0, f"{account} of {payment.pk}"
        for contract in Contract.objects.prefetch_related("segments__settlement"):
            for segment in contract.segments.all():
                escrow = -balance(LedgerAccount.ESCROW, segment, contract.currency)
                assert escrow == 0, f"{contract} holds {escrow}"


def _complain(contract_id: int, actor: actors.Actor) -> object:
    return contracts.report_not_as_described(contract_id, actor, "it has half the memory")


def _cancel(contract_id: int, actor: actors.Actor) -> object:
    """What comes back is what the preview said, to the unit."""
    contract = Contract.objects.get(pk=contract_id)
    shown = cancel_preview(contract, clock.now(), cancel_fault(actor.kind)).refund_minor
    ended = contracts.cancel(contract_id, actor, "no longer needed", expected_refund_minor=shown)
    assert sum(segment.settlement.refund_minor for segment in ended.segments.all() if segment.paid_at) == shown
    return ended


FORWARD = {"accept", "start_provisioning", "deliver", "confirm"}

BUTTONS: dict[str, Callable[[int, actors.Actor], object]] = {
    "accept": billing.accept_contract,
    "reject": lambda pk, actor: contracts.reject(pk, actor, "out of stock"),
    "start_provisioning": contracts.start_provisioning,
    "deliver": lambda pk, actor: contracts.deliver(pk, actor, login="ssh root@203.0.113.4"),
    "fail_provisioning": lambda pk, actor: contracts.fail_provisioning(pk, actor, "the disk died"),
    "confirm": contracts.confirm,
    "activate": contracts.confirm,
    "cancel": _cancel,
    "report_not_as_described": _complain,
    "suspend": lambda pk, actor: contracts.suspend(pk, actor, "abuse"),
    "resume": contracts.resume,
}
