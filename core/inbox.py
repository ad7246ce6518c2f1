"""The way in: verified messages of outside services are stored first, answered at once, and worked on from the queue."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from core import clock, jobs, leases
from core.models import WebhookEvent
from core.registry import webhook_handler
from core.text import storable

# Written out: a statement that is made anew for each message takes longer than it runs.
_COLUMNS = ("state", "attempts", "next_at", "last_error", "source", "external_id", "kind", "received_at", "payload")
_STORE = (
    f"INSERT INTO core_webhookevent ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608 (constants)
    " ON CONFLICT (source, external_id) DO NOTHING RETURNING id"
)


def verify_hmac(secrets: Iterable[str], signed_bytes: bytes, signature_hex: str) -> bool:
    """Whether the signature is the hex HMAC-SHA256 of exactly these bytes under one of the secrets (several while they rotate).

    Constant time: every secret is tried. No secret, or an empty one, verifies nothing.
    """
    given = signature_hex.encode("utf-8", "replace")
    found = False
    for secret in secrets:
        expected = hmac.new(secret.encode(), signed_bytes, hashlib.sha256).hexdigest().encode()
        found |= bool(secret) and hmac.compare_digest(expected, given)
    return found


def check_tolerance(timestamp: str | int, seconds: int = 300) -> bool:
    """Whether a Unix time stamp (seconds) lies within `seconds` of now, past or future; False for what is no number."""
    text = str(timestamp)
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return False
    return abs(clock.now().timestamp() - int(text)) <= seconds


def receive(source: str, external_id: str, kind: str, payload: Any) -> WebhookEvent:
    """Store a message that was verified before and wake the queue, or find it if it came already. The caller answers 200.

    `external_id` is the sender's own id of the message: it makes a repeat the same row. Opens its own transaction. Raises
    ValueError for an id or kind that is empty or too long to be one.
    """
    if not 0 < len(external_id) <= 255 or not 0 < len(kind) <= 100:
        raise ValueError("a message needs an id of up to 255 characters and a kind of up to 100")
    external_id, kind = storable(external_id), storable(kind)
    now = clock.now()
    event = WebhookEvent(source=source, external_id=external_id, kind=kind, payload=storable(payload), received_at=now, next_at=now)
    with transaction.atomic():
        stored = _stored(event)
        if stored is None:
            return WebhookEvent.objects.get(source=source, external_id=external_id)
        event.pk = stored
        jobs.enqueue("core.tasks.process_webhook", stored, name=f"webhook {source} {stored}")
    return event


def _stored(event: WebhookEvent) -> int | None:
    """The new row's id; None if the message came before, for which nobody looks beforehand, since nearly none does."""
    values = [getattr(event, name) for name in _COLUMNS[:-1]]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [*values, json.dumps(event.payload)])
        new = cursor.fetchone()
    return new[0] if new else None


def process(webhook_event_id: int) -> bool:
    """Run the handler of a stored message under its lease, outside of a transaction; True if it was done now.

    A kind without a handler is done by being stored. Failures are kept with their traceback and retried: see core/leases.py.
    """
    return leases.run(WebhookEvent, webhook_event_id, _handle)


def _handle(event: WebhookEvent) -> None:
    """Call the handler in the project's table, if there is one."""
    handler = webhook_handler(event.source, event.kind)
    if handler is not None:
        handler(event)


def process_again(webhook_event_id: int) -> bool:
    """Let a message be processed once more, from the admin; False while somebody works on it."""
    with transaction.atomic():
        reopened = leases.reopen(WebhookEvent, webhook_event_id)
        if reopened:
            jobs.enqueue("core.tasks.process_webhook", webhook_event_id, name=f"webhook {webhook_event_id}")
    return reopened
