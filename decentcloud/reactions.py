"""The plot of the whole business: what follows from what, across floors, upward. Loaded by core by the dotted path in settings.

EVENTS: name of an event -> functions of it, each run at least once, by itself, outside a transaction.
WEBHOOKS: (source, kind) -> handler of what an outside service told us.
SCHEDULES: what is done again and again without anybody asking.
"""

from collections.abc import Callable

from core.models import DomainEvent, WebhookEvent
from core.schedules import Schedule

EVENTS: dict[str, tuple[Callable[[DomainEvent], None], ...]] = {}

WEBHOOKS: dict[tuple[str, str], Callable[[WebhookEvent], None]] = {}

SCHEDULES: tuple[Schedule, ...] = ()
