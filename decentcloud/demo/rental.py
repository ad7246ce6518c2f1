"""Only the steps of one demo rental: each is what a person does on a page, at the moment that the clock shows."""

from typing import Any

from accounts.models import Membership, User
from accounts.queries import personal_account
from billing import sandbox_bank
from billing import services as billing
from billing.models import Charge, Payment
from billing.sandbox_bank import read_page
from billing.sandbox_outcomes import Decision, Outcome
from billing.services.checkout import Wishes
from contracts import actors
from contracts import services as contracts
from contracts.models import Contract
from decentcloud.demo.cast import Cast, Renter
from providers.models import Offering


class Rental:
    """A rental by `renter` of `offering`; nothing happens before `order`."""

    def __init__(self, cast: Cast, renter: Renter, offering: Offering, hours: int, wishes: dict[str, Any]) -> None:
        self.cast, self.renter, self.hours, self.wishes = cast, renter, hours, wishes
        self.offering = offering
        self.customer = actors.customer(renter.user.pk)
        self.staff = actors.staff(cast.staff.pk)
        owner = Membership.objects.filter(account=offering.provider.account, role="owner").earliest("pk")
        self.provider = actors.provider(owner.user_id)
        self.charge: Charge
        self.payment: Payment

    @property
    def pk(self) -> int:
        """The contract's key."""
        return self.charge.contract_id

    @property
    def staff_user(self) -> User:
        """Who of the platform deals with it."""
        return self.cast.staff

    def fresh(self) -> Contract:
        """The contract as it stands now."""
        return Contract.objects.get(pk=self.pk)

    # The customer -----------------------------------------------------------------------------------------------------------

    def order(self) -> None:
        """Ask for the price and order at it."""
        account = personal_account(self.renter.user)
        quote = billing.create_quote(account, self.renter.user, self.offering, self.hours, self.renter.buyer.tax_facts)
        membership = Membership.objects.get(account=account, user=self.renter.user)
        wishes = Wishes(ssh_key=self.renter.key, **self.wishes)
        self.charge = billing.place_order(quote, membership=membership, buyer=self.renter.buyer, wishes=wishes)

    def pay(self, outcome: Outcome = Outcome.PAID) -> None:
        """Go to the bank's page and let it say `outcome`."""
        self.payment = billing.start_payment(self.charge, "sandbox")
        sandbox_bank.choose(self.payment.external_id, outcome)

    def extend(self, hours: int) -> None:
        """Ask for more time, and pay for it."""
        self.charge = billing.open_extension_charge(self.fresh(), hours, self.renter.user)
        self.pay()

    def confirm(self) -> None:
        """It works."""
        contracts.confirm(self.pk, self.customer)

    def leave(self, reason: str = "") -> None:
        """Cancel; what is unused comes back."""
        contracts.cancel(self.pk, self.customer, reason)

    def complain(self, reason: str) -> None:
        """It is not what was offered."""
        contracts.report_not_as_described(self.pk, self.customer, reason)

    def dispute(self, outcome: Outcome = Outcome.DISPUTE) -> None:
        """Have one's bank take the payment back, or ask about it."""
        sandbox_bank.choose(self.payment.external_id, outcome)

    # The bank ---------------------------------------------------------------------------------------------------------------

    def decide(self, decision: Decision) -> None:
        """The bank ends the last dispute."""
        dispute = read_page(self.payment.external_id).disputes.latest("pk")
        sandbox_bank.decide(dispute.external_id, decision)

    # The provider -----------------------------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Say yes."""
        billing.accept_contract(self.pk, self.provider)

    def reject(self, reason: str) -> None:
        """Say no."""
        contracts.reject(self.pk, self.provider, reason)

    def start(self) -> None:
        """Begin to set it up."""
        contracts.start_provisioning(self.pk, self.provider)

    def deliver(self) -> None:
        """Hand it over, at an address kept for documentation."""
        host = self.pk % 250 + 2
        contracts.deliver(
            self.pk,
            self.provider,
            login="root",
            ipv4=f"203.0.113.{host}",
            ipv6=f"2001:db8:4c::{host:x}",
            port=22,
            host_key="SHA256:uNiVztksCsDhcc0u9e8BrJxzuFzQZKWJ3cfpEGvTp2o",
            notes="Volumes are mounted at /srv.",
        )

    def give_up(self, reason: str) -> None:
        """It cannot be set up."""
        contracts.fail_provisioning(self.pk, self.provider, reason)

    def withdraw(self, reason: str) -> None:
        """The provider leaves."""
        contracts.cancel(self.pk, self.provider, reason)

    # Staff ------------------------------------------------------------------------------------------------------------------

    def suspend(self, reason: str) -> None:
        """Staff stops it; the clock stands."""
        contracts.suspend(self.pk, self.staff, reason)

    def accept_mismatch(self) -> None:
        """Staff takes the wrong amount as payment."""
        billing.accept_mismatch(self.payment.pk, self.staff_user)

    def return_mismatch(self) -> None:
        """Staff sends the wrong amount back."""
        billing.return_mismatch(self.payment.pk, self.staff_user)

    def refund_by_hand(self, reference: str) -> None:
        """Staff pays a refund that failed from the bank."""
        refund = self.charge.contract.refunds.get(state="failed")
        billing.pay_refund_by_hand(refund.pk, self.staff_user, reference)
