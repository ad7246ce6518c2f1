"""What happens in the demo market: every way a rental can go, and the table of who rents what since when."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from billing.sandbox_outcomes import Decision, Outcome
from decentcloud.demo.cast import COMPANY, Cast
from decentcloud.demo.rental import Rental
from decentcloud.demo.simulation import Story


def after(*, days: int = 0, hours: int = 0, minutes: int = 0) -> timedelta:
    """How long it is until the next step, or since the first one."""
    return timedelta(days=days, hours=hours, minutes=minutes)


# The way to a running server ----------------------------------------------------------------------------------------------------


def unpaid(rental: Rental) -> Story:
    """Ordered. The hour to pay runs; if nobody pays, it ends there."""
    rental.order()
    yield from ()


def paid(rental: Rental) -> Story:
    """Ordered and paid at once. The provider's two days run; without an answer all of it goes back."""
    rental.order()
    yield after(minutes=2)
    rental.pay()


def accepted(rental: Rental) -> Story:
    """The provider said yes, and has two hours to begin."""
    yield from paid(rental)
    yield after(minutes=9)
    rental.accept()


def setting_up(rental: Rental) -> Story:
    """The provider is at it."""
    yield from accepted(rental)
    yield after(minutes=6)
    rental.start()


def delivered(rental: Rental) -> Story:
    """Handed over, to be checked; nobody says anything, so that a day later it counts as working."""
    yield from setting_up(rental)
    yield after(minutes=23)
    rental.deliver()


def running(rental: Rental) -> Story:
    """Handed over and confirmed; ends with its term."""
    yield from delivered(rental)
    yield after(minutes=41)
    rental.confirm()


def ruled(rental: Rental) -> Story:
    """The provider's rule accepts as soon as it is paid."""
    yield from paid(rental)
    yield after(minutes=4)
    rental.start()
    yield after(minutes=3)
    rental.deliver()
    yield after(hours=2)
    rental.confirm()


def extended(rental: Rental) -> Story:
    """A week became more than a month."""
    yield from running(rental)
    yield after(days=5)
    rental.extend(720)


def extended_twice(rental: Rental) -> Story:
    """Two months more, paid for one by one."""
    yield from running(rental)
    yield after(days=20)
    rental.extend(720)
    yield after(days=30)
    rental.extend(720)


# Odd payments -------------------------------------------------------------------------------------------------------------------


def declined_then_running(rental: Rental) -> Story:
    """The card was declined first."""
    rental.order()
    yield after(minutes=1)
    rental.pay(Outcome.DECLINED)
    yield after(minutes=4)
    rental.pay()
    yield after(minutes=12)
    rental.accept()
    yield after(minutes=30)
    rental.deliver()
    yield after(hours=3)
    rental.confirm()


def declined(rental: Rental) -> Story:
    """The card was declined; there is time to try again."""
    rental.order()
    yield after(minutes=2)
    rental.pay(Outcome.DECLINED)


def paid_twice(rental: Rental) -> Story:
    """Two tabs, two payments: the second goes back."""
    rental.order()
    yield after(minutes=3)
    rental.pay(Outcome.TWICE)
    yield after(minutes=20)
    rental.accept()
    yield after(minutes=15)
    rental.deliver()
    yield after(hours=4)
    rental.confirm()


def paid_late(rental: Rental) -> Story:
    """The money came when the order had expired: it goes back in full."""
    rental.order()
    yield after(minutes=5)
    rental.pay(Outcome.LATE)


def mismatched(rental: Rental) -> Story:
    """A wrong amount came; staff has to decide."""
    rental.order()
    yield after(minutes=3)
    rental.pay(Outcome.WRONG_AMOUNT)


def mismatch_accepted(rental: Rental) -> Story:
    """Staff took the wrong amount as payment."""
    yield from mismatched(rental)
    yield after(minutes=21)
    rental.accept_mismatch()
    yield after(hours=1)
    rental.accept()
    yield after(minutes=50)
    rental.deliver()
    yield after(hours=1)
    rental.confirm()


def mismatch_returned(rental: Rental) -> Story:
    """Staff sent the wrong amount back; the order had expired meanwhile."""
    yield from mismatched(rental)
    yield after(hours=6)
    rental.return_mismatch()


# Ends ---------------------------------------------------------------------------------------------------------------------------


def cancelled_unpaid(rental: Rental) -> Story:
    """The customer changed their mind before paying."""
    rental.order()
    yield after(minutes=8)
    rental.leave()


def rejected(rental: Rental) -> Story:
    """The provider said no."""
    yield from paid(rental)
    yield after(hours=3)
    rental.reject("The last two of these boxes went to another customer this morning")


def cancelled_early(rental: Rental) -> Story:
    """The customer left before delivery: everything comes back."""
    yield from accepted(rental)
    yield after(minutes=25)
    rental.leave("Ordered the wrong size")


def failed(rental: Rental) -> Story:
    """It could not be set up."""
    yield from setting_up(rental)
    yield after(minutes=55)
    rental.give_up("Two disks of the array failed while it was being built")


def cancelled(rental: Rental) -> Story:
    """The customer left after twelve days: the unused part comes back."""
    yield from running(rental)
    yield after(days=12, hours=5)
    rental.leave("The project ended early")


def not_as_described(rental: Rental) -> Story:
    """It was not what had been offered."""
    yield from delivered(rental)
    yield after(hours=3)
    rental.complain("There is half of the offered space")


def cancelled_by_provider(rental: Rental) -> Story:
    """The provider left."""
    yield from running(rental)
    yield after(days=9, hours=2)
    rental.withdraw("The data centre in which it stands closes")


def refund_failed(rental: Rental) -> Story:
    """The customer's bank returned the refund; staff has to pay it by hand."""
    rental.order()
    yield after(minutes=2)
    rental.pay(Outcome.REFUND_FAILS)
    yield after(minutes=14)
    rental.accept()
    yield after(minutes=19)
    rental.deliver()
    yield after(days=6)
    rental.leave("Moved to a larger one")


def refund_paid_by_hand(rental: Rental) -> Story:
    """The same, and staff did."""
    yield from refund_failed(rental)
    yield after(days=1)
    rental.refund_by_hand("SEPA 0047-1183")


# Disputes and pauses ------------------------------------------------------------------------------------------------------------


def disputed(rental: Rental) -> Story:
    """The customer's bank took the payment back: the server is paused until it decides."""
    yield from running(rental)
    yield after(days=17)
    rental.dispute()


def disputed_early(rental: Rental) -> Story:
    """The same before delivery: nothing is set up meanwhile."""
    yield from accepted(rental)
    yield after(minutes=30)
    rental.dispute()


def dispute_won(rental: Rental) -> Story:
    """The bank gave the money back: the time of the pause was added to the term."""
    yield from running(rental)
    yield after(days=10)
    rental.dispute()
    yield after(days=6)
    rental.decide(Decision.WON)


def dispute_lost(rental: Rental) -> Story:
    """The bank kept the money: the rental ended."""
    yield from running(rental)
    yield after(days=12)
    rental.dispute()
    yield after(days=8)
    rental.decide(Decision.LOST)


def inquired(rental: Rental) -> Story:
    """The bank asks, and takes nothing: staff answers."""
    yield from running(rental)
    yield after(days=7)
    rental.dispute(Outcome.INQUIRY)


def suspended_by_staff(rental: Rental) -> Story:
    """Staff stopped it."""
    yield from running(rental)
    yield after(days=8)
    rental.suspend("Mail from this address was reported as spam; we ask the customer")


# Who rents what since when ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plot:
    """One rental: its story, what is rented for how many hours, and how long ago it was ordered."""

    name: str
    story: Callable[[Rental], Story]
    ago: timedelta
    offering: str
    hours: int = 720
    company: str = COMPANY
    neighbour: bool = False
    wishes: dict[str, Any] = field(default_factory=dict)

    def tell(self, cast: Cast) -> Story:
        """The story with its people, ready to be played."""
        renter = cast.neighbour if self.neighbour else cast.customer
        yield from self.story(Rental(cast, renter, cast.offering(self.company, self.offering), self.hours, self.wishes))


def _called(host_name: str, **more: Any) -> dict[str, Any]:
    return {"host_name": host_name, "operating_system": "Debian 13", **more}


PLOTS = (
    # Long ago.
    Plot("served", running, after(days=88), "Vault 10", wishes=_called("archive-1")),
    Plot("served for a neighbour", running, after(days=81, hours=3), "Vault 20", neighbour=True),
    Plot("dispute lost", dispute_lost, after(days=74, hours=5), "Vault 40", 2160, wishes=_called("media")),
    Plot("cancelled", cancelled, after(days=66, hours=1), "Vault 80", wishes=_called("render-out")),
    Plot("extended twice", extended_twice, after(days=63, hours=6), "Vault 10, Groningen", wishes=_called("backup-north")),
    Plot("rejected", rejected, after(days=58, hours=9), "Vault 160"),
    Plot("not as described", not_as_described, after(days=52, hours=2), "Vault 80, Groningen"),
    Plot("cancelled by provider", cancelled_by_provider, after(days=49, hours=4), "Vault 40, Groningen", wishes=_called("mirror")),
    Plot("dispute won", dispute_won, after(days=45, hours=7), "Vault 20", 2160, wishes=_called("photos")),
    Plot("set-up failed", failed, after(days=41, hours=3), "Vault 160"),
    Plot("never answered", paid, after(days=38, hours=11), "Vault 20, Groningen"),
    Plot("never set up", accepted, after(days=35, hours=8), "Vault 40"),
    Plot("never paid", unpaid, after(days=33, hours=2), "Vault 80"),
    Plot("paid late", paid_late, after(days=31, hours=6), "Vault 10"),
    Plot("wrong amount returned", mismatch_returned, after(days=29, hours=5), "Vault 20"),
    Plot("refund paid by hand", refund_paid_by_hand, after(days=27, hours=9), "Vault 10", wishes=_called("scratch")),
    Plot("cancelled early", cancelled_early, after(days=24, hours=1), "Vault 40, Groningen"),
    Plot("changed their mind", cancelled_unpaid, after(days=23, hours=4), "Vault 20, Groningen"),
    Plot("served in silence", delivered, after(days=22, hours=10), "Vault 10", 168),
    Plot("served on a shelf", running, after(days=20), "Shelf 2", 168, neighbour=True),
    # What runs now.
    Plot("disputed", disputed, after(days=19, hours=3), "Vault 40", 2160, wishes=_called("builds")),
    Plot("declined, then running", declined_then_running, after(days=16, hours=2), "Vault 20", wishes=_called("wiki")),
    Plot("paid twice", paid_twice, after(days=14, hours=7), "Vault 10", 2160, wishes=_called("git")),
    Plot("extended", extended, after(days=13, hours=5), "Vault 80", 168, wishes=_called("lab")),
    Plot("refund failed", refund_failed, after(days=11, hours=6), "Vault 10, Groningen", wishes=_called("staging")),
    Plot("paused by staff", suspended_by_staff, after(days=10, hours=8), "Vault 20, Groningen", wishes=_called("lists")),
    Plot("the bank asks", inquired, after(days=9, hours=2), "Vault 40", wishes=_called("museum")),
    Plot("wrong amount accepted", mismatch_accepted, after(days=6, hours=4), "Vault 10", 168, wishes=_called("probe")),
    Plot("a neighbour's", running, after(days=5, hours=3), "Vault 160", 2160, neighbour=True, wishes=_called("core")),
    # From others, in other currencies, some of them accepted by rule.
    Plot("a small one in Nuremberg", ruled, after(days=26, hours=4), "VPS 8 NVMe", 2160, "Quietstack", wishes=_called("web-1")),
    Plot("one in Tokyo", ruled, after(days=18, hours=6), "Kawa 4", 720, "Sumida Servers", wishes=_called("tokyo-edge")),
    Plot("one in Zurich", running, after(days=8, hours=9), "Grat 4", 720, "Alpenrechen", wishes=_called("ledger")),
    Plot("bare metal", running, after(days=60, hours=2), "Bare A1", 720, "Orrery Bare Metal", wishes=_called("bench")),
    # What waits for somebody today.
    Plot("disputed early", disputed_early, after(hours=4), "Vault 80, Groningen"),
    Plot("to be answered soon", paid, after(hours=43), "Vault 20", neighbour=True, wishes={"note": "May it stand in Groningen?"}),
    Plot("to be answered", paid, after(minutes=33), "Vault 40, Groningen", wishes=_called("sync")),
    Plot("to be confirmed soon", delivered, after(hours=20), "Vault 10", wishes=_called("replica")),
    Plot("to be confirmed", delivered, after(hours=3), "Vault 20, Groningen", 2160, wishes=_called("vault-2")),
    Plot("being set up", setting_up, after(minutes=26), "Vault 10, Groningen", wishes=_called("inbox")),
    Plot("to be set up", accepted, after(minutes=14), "Vault 40", wishes=_called("drive")),
    Plot("wrong amount", mismatched, after(minutes=12), "Vault 20"),
    Plot("declined", declined, after(minutes=9), "Vault 10, Groningen"),
    Plot(
        "to be paid",
        unpaid,
        after(minutes=1),
        "Vault 80",
        2160,
        wishes=_called("films", note="Two volumes, please."),
    ),
)
