"""The tables of consequences, loaded by the dotted path in settings.REACTIONS: core knows that they exist, not what is in them."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol

from django.conf import settings

from core.models import DomainEvent, WebhookEvent
from core.schedules import Schedule

Reaction = Callable[[DomainEvent], None]
Handler = Callable[[WebhookEvent], None]


class Asked(Protocol):
    """A statement that answers with a row (check, text, rows) for each difference; `checks` says what no answer proves."""

    @property
    def checks(self) -> Mapping[str, str]: ...
    @property
    def sql(self) -> str: ...


def dotted(function: Callable[..., object]) -> str:
    """The path under which a function is named in rows and jobs. Raises ValueError for one that has none (a lambda, a closure)."""
    path = f"{function.__module__}.{function.__qualname__}"
    if "<" in path:
        raise ValueError(f"{path} cannot be named in a row: only functions of a module can be reactions")
    return path


def reactions_to(name: str) -> Mapping[str, Reaction]:
    """The reactions to an event: dotted path -> function; empty for an event that nobody waits for."""
    table: Mapping[str, tuple[Reaction, ...]] = import_module(settings.REACTIONS).EVENTS
    return {dotted(function): function for function in table.get(name, ())}


def webhook_handler(source: str, kind: str) -> Handler | None:
    """The handler of a webhook, or None for a kind that is stored and otherwise ignored."""
    table: Mapping[tuple[str, str], Handler] = import_module(settings.REACTIONS).WEBHOOKS
    return table.get((source, kind))


def project_schedules() -> tuple[Schedule, ...]:
    """The project's schedules; core adds its own sweeps to them."""
    table: tuple[Schedule, ...] = import_module(settings.REACTIONS).SCHEDULES
    return table


def is_payout_under_way(provider_id: int, currency: str) -> bool:
    """Whether a payout to a provider in a currency has not arrived, or is coming back: floors above billing know."""
    said: Callable[[int, str], bool] = import_module(settings.REACTIONS).IS_PAYOUT_UNDER_WAY
    return said(provider_id, currency)


def project_questions() -> tuple[Asked, ...]:
    """What the floors above billing ask the proof of the money; billing adds its own."""
    table: tuple[Asked, ...] = import_module(settings.REACTIONS).QUESTIONS
    return table
