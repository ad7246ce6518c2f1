"""What this floor does when it hears of a rental or a payout: it tells the people concerned."""

from core.models import DomainEvent
from messaging import services


def tell(event: DomainEvent) -> None:
    """Mail those whom the plot names, each once; retried with the outbox's waits when the mail server does not take it."""
    services.tell(event)


def tell_provider(event: DomainEvent) -> None:
    """Mail those of a provider about its payout, each once; retried in the same way."""
    services.tell_provider(event)
