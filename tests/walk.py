"""Contracts in every state, each walked there by the real services in simulated time. Shared by all rooms' tests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import Account, User
from accounts.queries import personal_account
from accounts.services import add_ssh_key
from billing import sandbox_bank
from billing import services as billing
from billing.buyers import Buyer
from billing.models import Charge, Payment, SandboxDispute, SandboxPayment
from billing.sandbox_outcomes import Outcome
from contracts import actors, services
from contracts.models import Contract
from core import clock
from providers.models import Offering, Provider
from providers.services import become_provider, create_offering, publish_offering

START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BUYER = Buyer("Cora Customer", "customer@example.com", "Weg 1", "Berlin", "DE", "10115")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl cora@laptop"

OFFERED: dict[str, Any] = {
    "name": "VPS 8 NVMe",
    "type": "compute",
    "currency": "EUR",
    "monthly_minor": 3840,
    "setup_fee_minor": 0,
    "min_hours": 24,
    "max_hours": 2160,
    "stock": 500,
    "country": "DE",
    "city": "Nuremberg",
    "cores": 4,
    "memory_gb": 8,
    "disk_type": "nvme",
    "disk_count": 1,
    "disk_gb": 80,
    "uplink_mbit": 1000,
    "traffic_tb": 20,
    "operating_systems": ["Debian 13"],
}


def offered_by(provider_user: User, **fields: Any) -> Offering:
    """A published offering of the user's provider, Quietstack, which is founded at the first call."""
    with clock.at(START - timedelta(days=30)):
        account = personal_account(provider_user)
        provider = Provider.objects.filter(account=account).first()
        provider = provider or become_provider(account, name="Quietstack", country="DE", city="Nuremberg")
        return publish_offering(create_offering(provider, **{**OFFERED, **fields}))


def ordered(
    customer: User,
    offering: Offering,
    *,
    account: Account | None = None,
    hours: int = 720,
    buyer: Buyer = BUYER,
    **wishes: Any,
) -> Contract:
    """An order that waits for its payment, by the customer's own account or another of theirs."""
    quote = billing.create_quote(
        account or personal_account(customer), customer, offering, hours, billing.with_known_check(buyer.tax_facts)
    )
    return billing.order(quote, user=customer, buyer=buyer, **wishes).contract


def pay(charge: Charge, outcome: Outcome = Outcome.PAID) -> Payment:
    """Go to the pretend bank, let it say `outcome`, and book what it said."""
    payment = billing.start_payment(charge, "sandbox")
    sandbox_bank.choose(payment.external_id, outcome)
    billing.apply_payment("sandbox", payment.external_id)
    return Payment.objects.get(pk=payment.pk)


def pay_order(contract: Contract, outcome: Outcome = Outcome.PAID) -> Payment:
    """Pay what was ordered."""
    return pay(contract.charges.get(purpose="contract"), outcome)


def give_back(contract: Contract) -> None:
    """Decide, send and confirm the refunds of an ended contract, as the reactions and the bank would."""
    for refund in billing.refund_settlement(contract.pk):
        billing.send_refund(refund.pk)
    sandbox_bank.tick()
    for refund in contract.refunds.exclude(external_id=""):
        billing.apply_refund("sandbox", refund.external_id)


def dispute(contract: Contract, outcome: Outcome = Outcome.DISPUTE) -> SandboxDispute:
    """Let the customer's bank take the payment back, or ask about it."""
    page = SandboxPayment.objects.get(charge_public_id=contract.charges.get(purpose="contract").public_id)
    sandbox_bank.choose(page.external_id, outcome)
    opened = page.disputes.latest("pk")
    billing.apply_dispute("sandbox", opened.external_id)
    return opened


class Walk:
    """One contract, taken forward step by step; `now` is the moment of its next step."""

    def __init__(self, customer: User, offering: Offering, at: datetime = START, **order: Any) -> None:
        self.now = at
        self.customer, self.offering = customer, offering
        self.provider = actors.provider(offering.provider.account.memberships.get(role="owner").user_id)
        with clock.at(at):
            self.contract = ordered(customer, offering, **order)

    def _then(self, step: Callable[[], object], **later: int) -> None:
        self.now += timedelta(**later)
        with clock.at(self.now):
            step()

    def paid(self) -> "Walk":
        self._then(lambda: pay_order(self.contract), minutes=2)
        return self

    def accepted(self) -> "Walk":
        self.paid()
        self._then(lambda: billing.accept_contract(self.contract.pk, self.provider), minutes=8)
        return self

    def setting_up(self) -> "Walk":
        self.accepted()
        self._then(lambda: services.start_provisioning(self.contract.pk, self.provider), minutes=5)
        return self

    def delivered(self) -> "Walk":
        self.setting_up()
        self._then(self._deliver, minutes=15)
        return self

    def _deliver(self) -> None:
        services.deliver(
            self.contract.pk,
            self.provider,
            login="root",
            ipv4="203.0.113.48",
            ipv6="2001:db8:4c::48",
            port=22,
            host_key="SHA256:nA7cEXAMPLEk2Uo",
        )

    def running(self) -> "Walk":
        self.delivered()
        self._then(lambda: services.confirm(self.contract.pk, actors.customer(self.customer.pk)), minutes=30)
        return self

    def end(self, step: Callable[[], object], **later: int) -> "Walk":
        """Let `step` end the contract, and give back what it gives back."""
        self._then(step, **later)
        self._then(lambda: give_back(self.contract), minutes=1)
        return self

    def fresh(self) -> Contract:
        """The contract as it stands now."""
        return Contract.objects.get(pk=self.contract.pk)


def rented(state: str, customer: User, offering: Offering, at: datetime = START, **order: Any) -> Contract:
    """A contract in a state of WAYS, ordered at `at`. Most ends lie days later: look at it at `a_look_at` or after."""
    walk = Walk(customer, offering, at, **order)
    WAYS[state](walk)
    return walk.fresh()


def _customer(walk: Walk) -> actors.Actor:
    return actors.customer(walk.customer.pk)


def _failing(walk: Walk) -> None:
    walk.setting_up().end(
        lambda: services.fail_provisioning(walk.contract.pk, walk.provider, "The machine does not boot"), minutes=20
    )


def _processing(walk: Walk) -> None:
    walk._then(lambda: pay_order(walk.contract, Outcome.SLOW), minutes=1)


# Every state, and every way into it that reads differently.
WAYS: dict[str, Callable[[Walk], object]] = {
    "unpaid": Walk.fresh,
    "processing": _processing,
    "requested": Walk.paid,
    "accepted": Walk.accepted,
    "provisioning": Walk.setting_up,
    "provisioned": Walk.delivered,
    "active": Walk.running,
    "suspended": lambda walk: walk.running()._then(lambda: dispute(walk.contract), days=5),
    "disputed_before_delivery": lambda walk: walk.accepted()._then(lambda: dispute(walk.contract), minutes=5),
    "completed": lambda walk: walk.running().end(services.work_deadlines, hours=walk.contract.hours),
    "cancelled": lambda walk: walk.running().end(lambda: services.cancel(walk.contract.pk, _customer(walk)), days=5),
    "cancelled_unpaid": lambda walk: walk.end(lambda: services.cancel(walk.contract.pk, _customer(walk)), minutes=5),
    "cancelled_early": lambda walk: walk.accepted().end(lambda: services.cancel(walk.contract.pk, _customer(walk)), minutes=5),
    "cancelled_by_provider": lambda walk: walk.running().end(
        lambda: services.cancel(walk.contract.pk, walk.provider, "The rack burnt down"), days=5
    ),
    "rejected": lambda walk: walk.paid().end(lambda: services.reject(walk.contract.pk, walk.provider, "Out of stock"), minutes=20),
    "expired_unpaid": lambda walk: walk._then(billing.expire_unpaid_charges, hours=2),
    "expired_unanswered": lambda walk: walk.paid().end(services.work_deadlines, hours=49),
    "provisioning_failed": _failing,
}


def with_key(customer: User) -> Any:
    """An SSH key of the customer."""
    return add_ssh_key(personal_account(customer), customer, "laptop", KEY)
