"""The only door for gateways' messages: verified on the raw body, stored, answered. What they mean is worked out from the queue."""

import json
import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.sandbox_bank import is_enabled
from billing.sandbox_messages import SIGNATURE_HEADER, signed_bytes
from core import inbox
from core.problems import problem

SOURCE = "sandbox"
MAX_BYTES = 64 * 1024
TOLERANCE_SECONDS = 300

_HEADER = re.compile(r"t=(?P<stamp>[0-9]{1,12}),v1=(?P<digest>[0-9a-f]{64})", re.ASCII)
# The longest that our tables keep of each; anything longer is not one of the bank's messages.
_LONGEST = {"id": 255, "kind": 100, "object_id": 255}


@csrf_exempt
@require_POST
def sandbox(request: HttpRequest) -> HttpResponse:
    """POST /api/v1/webhooks/sandbox: 200 for a message that is kept now, 400 (nothing stored) for any other."""
    if not is_enabled():
        raise Http404
    body = request.read(MAX_BYTES + 1)
    if not accept(body, request.headers.get(SIGNATURE_HEADER, "")):
        return problem(400, "bad_message", _("The message was not signed by the bank, is too old, or cannot be read."))
    return HttpResponse(status=200)


def accept(body: bytes, header: str) -> bool:
    """Store a message that the bank has signed within the last five minutes, once; False, and nothing stored, for any other.

    A kind that nobody knows is stored as well: the bank must not repeat it for ever.
    """
    if len(body) > MAX_BYTES or not _is_signed(body, header):
        return False
    message = _read(body)
    if message is None:
        return False
    inbox.receive(SOURCE, message["id"], message["kind"], message)
    return True


def _is_signed(body: bytes, header: str) -> bool:
    found = _HEADER.fullmatch(header)
    if found is None:
        return False
    fresh = inbox.check_tolerance(found["stamp"], TOLERANCE_SECONDS)
    signed = inbox.verify_hmac(settings.SANDBOX_WEBHOOK_SECRETS, signed_bytes(found["stamp"], body), found["digest"])
    return fresh and signed


def _read(body: bytes) -> dict[str, Any] | None:
    """The message, if it has the members of one."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    for name, longest in _LONGEST.items():
        value = message.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            return None
    return message
