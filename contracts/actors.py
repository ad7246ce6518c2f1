"""Only who acts: a person in a capacity, or the system."""

from dataclasses import dataclass

from contracts.states import ActorKind


@dataclass(frozen=True)
class Actor:
    """Somebody in one capacity; `user_id` is None for the system and for agents."""

    kind: ActorKind
    user_id: int | None = None


SYSTEM = Actor(ActorKind.SYSTEM)


def customer(user_id: int) -> Actor:
    """A member of the renting account."""
    return Actor(ActorKind.CUSTOMER, user_id)


def provider(user_id: int) -> Actor:
    """A member of the offering account."""
    return Actor(ActorKind.PROVIDER, user_id)


def staff(user_id: int) -> Actor:
    """Somebody of the platform."""
    return Actor(ActorKind.STAFF, user_id)
