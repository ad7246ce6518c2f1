"""Only how a sweep takes the silence of a gateway: a line in the log, and the row waits for its next turn."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Model
from django.utils.translation import gettext as _

from billing.gateway_facts import GatewayError
from core.errors import Refused

log = logging.getLogger(__name__)


@contextmanager
def waiting_when_silent(row: Model) -> Iterator[None]:
    """Turn `GatewayError` within the block into `Refused` (gateway_silent), which `core.sweeps.each` takes for "not now"."""
    try:
        yield
    except GatewayError:
        log.warning("%s %s waits: its gateway does not answer", row._meta.model_name, row.pk)
        raise Refused(_("It waits: its gateway does not answer."), code="gateway_silent") from None
