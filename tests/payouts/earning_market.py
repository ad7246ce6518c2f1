"""A random market whose rentals run from their beginning: nearly every step is about what is earned, taken back, and paid."""

from collections.abc import Callable
from datetime import timedelta

from contracts import actors, services
from contracts.models import Contract
from contracts.states import DELIVERED, State
from core.errors import Refused
from tests.random_walk import RandomMarket
from tests.walk import Walk

RUNNING = 4


class EarningMarket(RandomMarket):
    """Some rentals always run; people leave, banks take back, nights release, staff pays."""

    def step(self) -> None:
        """As in any market, once somebody has rented."""
        while Contract.objects.filter(state__in=DELIVERED).count() < RUNNING:
            self.rent()
        super().step()

    def steps(self) -> list[tuple[int, Callable[[], None]]]:
        """Time passes, and money goes every way that it knows."""
        return [
            (12, self.wait),
            (10, self.release),
            (4, self.release_one),
            (12, self.pay_a_provider),
            (5, self.deliver_messages),
            (5, self.drain),
            (4, self.schedules),
            (4, self.act_on_contract),
            (4, self.leave),
            (3, self.pause),
            (3, self.extend),
            (4, self.pay),
            (4, self.dispute),
            (5, self.decide),
            (3, self.work_tasks),
            (3, self.give_back_a_part),
            (2, self.refund_in_dashboard),
            (1, self.repeat_news),
        ]

    def rent(self) -> None:
        """Somebody rents, pays, and gets it; two of three confirm it."""
        try:
            walk = Walk(
                self.random.choice(self.customers),
                self.random.choice([offering for offering in self.offerings if not offering.auto_accept]),
                self.now,
                hours=self.random.choice([24, 168, 720]),
            )
        except Refused:
            # Nothing is left of that one.
            return
        with self.rules:
            (walk.running if self.random.random() < 0.7 else walk.delivered)()
        self.now = walk.now

    def wait(self) -> None:
        """Hours, a night, or days without a worker."""
        self.now += timedelta(hours=self.random.choice([1, 5, 24, 24, 24, 30, 7 * 24]), seconds=self.random.randint(0, 3599))

    def leave(self) -> None:
        """An end ahead of its time, by whoever may."""
        contract = self._any(Contract.objects.filter(state__in=DELIVERED))
        customer, staff = actors.customer(contract.ordered_by_id), actors.staff(self.staff.pk)
        provider = actors.provider(self.provider_user.pk)
        act: Callable[[], object] = self.random.choice(
            [
                lambda: services.cancel(contract.pk, customer),
                *[lambda: services.cancel(contract.pk, provider, "the rack burnt down")] * 2,
                lambda: services.cancel_in_full(contract.pk, staff, "a kindness"),
                lambda: services.report_not_as_described(contract.pk, customer, "half the memory"),
            ]
        )
        act()

    def pause(self) -> None:
        """Staff stops one, or lets it go on."""
        contract, staff = self._any(Contract.objects.filter(state__in=DELIVERED)), actors.staff(self.staff.pk)
        if contract.state == State.SUSPENDED:
            services.resume(contract.pk, staff)
        else:
            services.suspend(contract.pk, staff, "abuse")
