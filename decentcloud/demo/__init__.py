"""The demo market: three people anybody can sign in as, the catalogue, and three months of rentals made by the real services.

For DEBUG only: the password is public. Everything is relative to the moment of loading and the same each time, but for the random
references and ids that the services give.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.test.utils import override_settings

from billing.models import Document
from billing.sandbox_bank import is_enabled
from billing.services.document_bytes import left_to_the_sweep, store_document
from core import clock
from core.jobs import left_to_drain
from core.outbox import emit
from core.queries import timeline
from core.tasks import drain
from decentcloud.demo.cast import gather
from decentcloud.demo.paying import PAYMENTS
from decentcloud.demo.simulation import play
from decentcloud.demo.stories import PLOTS

MARKET = "market:demo"
# Papers that one opens first.
YOUNG = timedelta(days=3)
# Mails of simulated time reach nobody, and no console.
NO_MAIL = "django.core.mail.backends.dummy.EmailBackend"


class CannotLoad(Exception):
    """Why there is no demo market here, for a human."""


def is_loaded() -> bool:
    """Whether all of it is there: an event at the very end says so."""
    return bool(timeline(MARKET))


def load() -> int:
    """Make the demo market up to now; returns how many rentals there are in it. Run it before the queue's worker starts.

    Killed halfway, it begins the rentals anew beside those that it had begun; nothing is half done. Sends no mail, queues no job,
    and leaves the files of older documents to the worker: a hundred PDFs take a minute that nobody wants to wait for.
    Emits what the services emit, and ``demo.loaded``. Raises CannotLoad without DEBUG or without the sandbox bank.
    """
    if not settings.DEBUG:
        raise CannotLoad("The demo accounts have a public password: they exist only with DEBUG on.")
    if not is_enabled():
        raise CannotLoad("The demo market pays with play money: it needs SANDBOX_ENABLED and SANDBOX_WEBHOOK_SECRETS.")
    now = clock.now().replace(microsecond=0)
    with override_settings(EMAIL_BACKEND=NO_MAIL), left_to_drain():
        cast = gather(now)
        with left_to_the_sweep():
            rentals = [(now - plot.ago, plot.tell(cast)) for plot in PLOTS]
            play([*rentals, *((now - ago, story(cast)) for ago, story in PAYMENTS)], until=now)
        with clock.at(now):
            _print_what_is_young(now)
            with transaction.atomic():
                emit("demo.loaded", MARKET)
    return len(PLOTS)


def _print_what_is_young(now: datetime) -> None:
    """The papers that one opens first are there at once."""
    for document_id in Document.objects.filter(issued_at__gt=now - YOUNG).order_by("pk").values_list("pk", flat=True):
        store_document(document_id)
    drain()
