"""How the loaded contracts have lived: which states they went through, who moved them, when. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.states import ActorKind, State

_TO_LIVE = (State.REQUESTED, State.ACCEPTED, State.PROVISIONING, State.PROVISIONED, State.ACTIVE)
# Of a hundred contracts so many have come so far; the last state of a way is the present one.
WAYS: tuple[tuple[int, bool, tuple[State, ...]], ...] = (
    (55, True, (*_TO_LIVE, State.COMPLETED)),
    (20, True, _TO_LIVE),
    (15, True, (*_TO_LIVE, State.CANCELLED)),
    (2, True, _TO_LIVE[:4]),
    (2, True, _TO_LIVE[:2]),
    (2, True, _TO_LIVE[:1]),
    (1, True, (State.REQUESTED, State.REJECTED)),
    (1, False, _TO_LIVE[:1]),
    (2, False, (State.REQUESTED, State.EXPIRED)),
)
MOVED_BY = {
    State.REQUESTED: ActorKind.CUSTOMER,
    State.ACCEPTED: ActorKind.PROVIDER,
    State.PROVISIONING: ActorKind.PROVIDER,
    State.PROVISIONED: ActorKind.PROVIDER,
    State.ACTIVE: ActorKind.CUSTOMER,
    State.COMPLETED: ActorKind.SYSTEM,
    State.CANCELLED: ActorKind.CUSTOMER,
    State.REJECTED: ActorKind.PROVIDER,
    State.EXPIRED: ActorKind.SYSTEM,
}
# Minutes after the order, on the way to a running rental.
_MINUTES = {
    State.REQUESTED: 0,
    State.ACCEPTED: 15,
    State.PROVISIONING: 20,
    State.PROVISIONED: 40,
    State.ACTIVE: 70,
    State.REJECTED: 30,
    State.EXPIRED: 60,
}
PAID_AFTER = timedelta(minutes=5)
SPREAD_DAYS = 700
_SLOTS = tuple(way for way in WAYS for _slot in range(way[0]))


@dataclass(frozen=True, slots=True)
class Life:
    """One contract's way: its states in order, each with its moment (UTC)."""

    moves: tuple[tuple[State, datetime], ...]
    paid_at: datetime | None

    @property
    def state(self) -> State:
        """Where it stands now."""
        return self.moves[-1][0]

    @property
    def created_at(self) -> datetime:
        """When it was ordered."""
        return self.moves[0][1]

    def at(self, *states: State) -> datetime | None:
        """When it came to one of the states; None if it has not."""
        return next((moment for state, moment in self.moves if state in states), None)


def life(number: int, hours: int, now: datetime) -> Life:
    """The life of the n-th contract of a term of `hours`, as old as its state needs. The same numbers live the same lives."""
    _share, paid, states = _SLOTS[number * 37 % 100]
    created = now - _age(number, hours, states[-1])
    moves = tuple(_moments(states, created, hours, number))
    return Life(moves, created + PAID_AFTER if paid else None)


def _age(number: int, hours: int, state: State) -> timedelta:
    """How long ago it was ordered."""
    term = timedelta(hours=hours)
    past = timedelta(minutes=number * 7919 % (SPREAD_DAYS * 24 * 60))
    if state == State.ACTIVE:
        return timedelta(hours=2) + (term - timedelta(hours=4)) * (number * 31 % 97) / 97
    if state in (State.COMPLETED, State.CANCELLED, State.REJECTED, State.EXPIRED):
        return term + timedelta(days=1) + past
    # Still within every deadline.
    return timedelta(minutes=41 + number % 15)


def _moments(states: tuple[State, ...], created: datetime, hours: int, number: int) -> Iterator[tuple[State, datetime]]:
    delivered = created + timedelta(minutes=_MINUTES[State.PROVISIONED])
    for state in states:
        if state == State.COMPLETED:
            yield state, delivered + timedelta(hours=hours)
        elif state == State.CANCELLED:
            yield state, delivered + timedelta(hours=2) + timedelta(hours=hours - 3) * (number % 89) / 89
        else:
            yield state, created + timedelta(minutes=_MINUTES[state])
