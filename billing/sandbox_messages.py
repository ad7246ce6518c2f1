"""The only place that signs the pretend bank's messages: queued with the change they tell of, brought to our inbox by HTTP."""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from django.conf import settings
from django.db.models import F

from billing.models import SandboxMessage
from core import clock, http, jobs

logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "Sandbox-Signature"
PATH = "/api/v1/webhooks/sandbox"
TIMEOUT = (3, 10)
BATCH = 200
# Longer than one delivery can take, so that a second worker does not bring the same message at the same time.
LEASE = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
# About a day of trying: what is undelivered then is found by reading the payment again.
MAX_ATTEMPTS = 30

# Brings one signed message (raw body, signature) to the receiver; whether it was taken.
Send = Callable[[bytes, str], bool]


class MessageKind(StrEnum):
    """What the bank's messages tell of. They carry no amounts: who gets one reads the object again."""

    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_PROCESSING = "payment.processing"
    PAYMENT_EXPIRED = "payment.expired"
    REFUND_UPDATED = "refund.updated"
    DISPUTE_UPDATED = "dispute.updated"


def signature(secret: str, body: bytes, moment: datetime) -> str:
    """The header `t=<unix seconds>,v1=<hex>` over exactly these bytes, as sent at `moment`."""
    stamp = int(moment.timestamp())
    digest = hmac.new(secret.encode(), signed_bytes(stamp, body), hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def signed_bytes(stamp: int | str, body: bytes) -> bytes:
    """What is signed: the time stamp belongs to it, so that an old message cannot be made young."""
    return f"{stamp}.".encode() + body


def queue_message(kind: MessageKind, object_id: str, *, copies: int = 1) -> SandboxMessage:
    """Write a message in the transaction of the change it tells of, and wake the queue. `copies` is how often it is brought."""
    now = clock.now()
    message = SandboxMessage.objects.create(
        external_id=f"sbx_msg_{uuid4().hex}", kind=kind, object_id=object_id, created_at=now, send_at=now, copies=copies
    )
    jobs.enqueue("billing.sandbox_messages.deliver", message.pk, name=f"sandbox message {message.pk}")
    return message


def body_of(message: SandboxMessage) -> bytes:
    """The raw body of a message: which object changed, and how to tell a repeat."""
    content = {
        "id": message.external_id,
        "kind": message.kind,
        "object_id": message.object_id,
        "created": int(message.created_at.timestamp()),
    }
    return json.dumps(content, separators=(",", ":")).encode()


def over_http(body: bytes, header: str) -> bool:
    """Bring a message to this site's inbox, as a bank would; a time-out or refused connection is a no."""
    try:
        answer = http.call(
            "POST",
            f"{settings.SITE_URL}{PATH}",
            data=body,
            headers={SIGNATURE_HEADER: header, "Content-Type": "application/json"},
            timeout=TIMEOUT,
        )
    except http.OutsideError as error:
        logger.warning("sandbox message not delivered: %s", error)
        return False
    return 200 <= answer.status_code < 300


def deliver(message_id: int, send: Send = over_http) -> bool:
    """Bring one message if it is due, outside of a transaction; whether all its copies have arrived.

    Claimed by compare-and-set, so that two workers do not bring it at once; a receiver must bear repeats all the same. A failure
    is put back with growing waits.
    """
    now = clock.now()
    row = SandboxMessage.objects.filter(pk=message_id, delivered_at=None)
    if not row.filter(send_at__lte=now).update(send_at=now + LEASE, attempts=F("attempts") + 1):
        return False
    message = row.get()
    secret = settings.SANDBOX_WEBHOOK_SECRETS[0] if settings.SANDBOX_WEBHOOK_SECRETS else ""
    body = body_of(message)
    while message.delivered < message.copies:
        if not (secret and send(body, signature(secret, body, clock.now()))):
            row.update(send_at=clock.now() + backoff(message.attempts))
            return False
        message.delivered += 1
        row.update(delivered=message.delivered)
    row.update(delivered_at=clock.now())
    return True


def deliver_due(send: Send = over_http) -> int:
    """Bring every message that is due; how many arrived. The sweep behind the jobs, and the postman of simulated time."""
    due = SandboxMessage.objects.filter(delivered_at=None, send_at__lte=clock.now(), attempts__lt=MAX_ATTEMPTS)
    ids = list(due.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return sum(deliver(message_id, send) for message_id in ids)


def backoff(attempts: int) -> timedelta:
    """How long to wait after that many failed attempts: 5 s, 10 s, 20 s … an hour."""
    return min(timedelta(seconds=5 * 2 ** min(attempts - 1, 20)), LONGEST_WAIT)
