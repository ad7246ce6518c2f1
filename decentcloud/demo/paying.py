"""Only how providers are paid in the demo market: where they want it, and what staff did, until every state is there."""

from billing.proof import Scope, record_proof
from core import clock
from decentcloud.demo.cast import COMPANY, JOINED, Cast
from decentcloud.demo.simulation import Story
from decentcloud.demo.stories import after
from payouts.addresses import Place
from payouts.models import Payout
from payouts.services.method import add_method, confirm_method, new_link
from payouts.services.payout import approve_payout, fail_payout, mark_paid, propose_payout, return_payout
from payouts.states import MethodKind
from providers.models import Provider


class Payee:
    """A company that is paid in one currency, and those of staff who pay it."""

    def __init__(self, cast: Cast, company: str, currency: str, iban: str) -> None:
        self.provider = Provider.objects.select_related("account").get(name=company)
        self.owner = self.provider.account.memberships.filter(role="owner").earliest("pk").user
        self.cast, self.currency, self.iban = cast, currency, iban
        self.payout: Payout

    def set_up(self) -> Story:
        """Say where, and follow the link of the mail."""
        method = add_method(self.provider, self.owner, self.currency, Place(MethodKind.BANK, self.provider.name, iban=self.iban))
        yield after(minutes=4)
        secret = new_link(method.pk)
        assert secret is not None
        confirm_method(secret, self.owner)

    def propose(self) -> None:
        """Propose what is pending, when the ledger is proven."""
        # Files of documents are left to the worker.
        record_proof(Scope(files_within=JOINED))
        self.payout = propose_payout(self.provider.pk, self.currency, self.cast.colleague)

    def approve(self) -> None:
        """A second look."""
        approve_payout(self.payout.pk, self.cast.staff)

    def pay(self) -> None:
        """Pay it at the bank, and write down where."""
        mark_paid(self.payout.pk, self.cast.staff, reference=f"SEPA {self.payout.pk:06d}", paid_at=clock.now())


def paid_with_troubles(cast: Cast) -> Story:
    """Paid; then one that came back, one that was dropped, one that arrived; and more is pending today."""
    payee = Payee(cast, COMPANY, "EUR", "NL91ABNA0417164300")
    yield from payee.set_up()
    yield after(days=2)
    for ends in (None, "back", "dropped", None):
        payee.propose()
        yield after(hours=3)
        if ends == "dropped":
            fail_payout(payee.payout.pk, cast.staff, "Proposed before the end of the month by mistake")
        else:
            payee.approve()
            yield after(hours=20)
            payee.pay()
        if ends == "back":
            yield after(days=2)
            return_payout(payee.payout.pk, cast.staff, "The bank sent it back: the name did not fit the account")
        yield after(days=8)


def proposed(cast: Cast) -> Story:
    """One that waits for a second look."""
    payee = Payee(cast, "Orrery Bare Metal", "EUR", "DE89370400440532013000")
    yield from payee.set_up()
    yield after(days=20)
    payee.propose()


def approved(cast: Cast) -> Story:
    """One that may be paid today."""
    payee = Payee(cast, "Quietstack", "EUR", "FR1420041010050500013M02606")
    yield from payee.set_up()
    yield after(days=20)
    payee.propose()
    yield after(hours=2)
    payee.approve()


# How long ago each begins.
PAYMENTS = ((after(days=46), paid_with_troubles), (after(days=20, hours=9), proposed), (after(days=20, hours=5), approved))
