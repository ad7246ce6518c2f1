"""Only the tabs of the dashboard's lists, as they stand in addresses. No import but the shelves they show."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from contracts.states import Shelf


class RentalTab(TextChoices):
    """The tabs of a customer's list."""

    ALL = "all", _("All")
    NEEDS_YOU = "needs-you", _("Needs you")
    ON_THE_WAY = "on-the-way", _("On the way")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")

    @property
    def shelf(self) -> Shelf | None:
        """The shelf that the tab shows; None shows all of them."""
        return None if self is RentalTab.ALL else Shelf[self.name]


class DeskTab(TextChoices):
    """The tabs of a provider's desk."""

    OPEN = "open", _("Waiting for you")
    RUNNING = "running", _("Running")
    LATER = "later", _("Not your turn yet")
    ENDED = "ended", _("Ended")
