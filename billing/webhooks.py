"""The only door for gateways' messages: verified on the raw body, stored, answered. What they mean is worked out from the queue."""

import json
import re
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.gateways import gateway
from billing.sandbox_bank import is_enabled
from billing.sandbox_messages import SIGNATURE_HEADER, signed_bytes
from billing.stripe_gateway import is_signed
from core import inbox
from core.problems import problem

SOURCE = "sandbox"
MAX_BYTES = 64 * 1024
TOLERANCE_SECONDS = 300

STRIPE = "stripe"
# An event carries the whole object that it tells of.
STRIPE_MAX_BYTES = 512 * 1024

_HEADER = re.compile(r"t=(?P<stamp>[0-9]{1,12}),v1=(?P<digest>[0-9a-f]{64})", re.ASCII)
# The longest that our tables keep of each; anything longer is not one of the bank's messages.
_LONGEST = {"id": 255, "kind": 100, "object_id": 255}
# Header and limits of ICPay's messages; its header has the form of the sandbox's, and without a time stamp it is nobody's.
ICPAY = "icpay"
ICPAY_SIGNATURE = "X-ICPay-Signature"
ICPAY_MAX_BYTES = 256 * 1024

_STRIPE_STAMP = re.compile(r"(?:^|,)t=([0-9]{1,12})(?:,|$)", re.ASCII)


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
    if len(body) > MAX_BYTES or not _is_signed(body, header, settings.SANDBOX_WEBHOOK_SECRETS):
        return False
    message = _read(body)
    if message is None:
        return False
    inbox.receive(SOURCE, message["id"], message["kind"], message)
    return True


def _is_signed(body: bytes, header: str, secrets: list[str]) -> bool:
    """Signed under one of the secrets, with its time stamp, within five minutes, past or future, by our clock."""
    found = _HEADER.fullmatch(header)
    if found is None:
        return False
    fresh = inbox.check_tolerance(found["stamp"], TOLERANCE_SECONDS)
    signed = inbox.verify_hmac(secrets, signed_bytes(found["stamp"], body), found["digest"])
    return fresh and signed


def _read(body: bytes) -> dict[str, Any] | None:
    """The message, if it has the members of one."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and _is_whole(message) else None


def _is_whole(message: dict[str, Any]) -> bool:
    """Whether every name and kind is there, and short enough to be one."""
    values = {name: message.get(name) for name in _LONGEST}
    return all(isinstance(value, str) and 0 < len(value) <= _LONGEST[name] for name, value in values.items())


@csrf_exempt
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """POST /api/v1/webhooks/stripe: 200 for an event that is kept now, 400 (nothing stored) for any other."""
    if not gateway(STRIPE).is_configured():
        raise Http404
    body = request.read(STRIPE_MAX_BYTES + 1)
    event = None
    if len(body) <= STRIPE_MAX_BYTES and _is_stripes(body, request.headers.get("Stripe-Signature", "")):
        event = _read_event(body)
    if event is None:
        return problem(400, "bad_message", _("The message was not signed by Stripe, is too old, or cannot be read."))
    inbox.receive(STRIPE, event["id"], event["kind"], event)
    return HttpResponse(status=200)


def _is_stripes(body: bytes, header: str) -> bool:
    """Signed by Stripe within five minutes, past or future, by our clock; at one time, for which of two was signed nobody knows."""
    stamps = _STRIPE_STAMP.findall(header)
    return len(stamps) == 1 and inbox.check_tolerance(stamps[0], TOLERANCE_SECONDS) and is_signed(body, header)


def _read_event(body: bytes) -> dict[str, Any] | None:
    """Which event, of what kind, about which object. The object itself, with a customer's name and address, is read again later
    where it is needed, and is not kept.
    """
    try:
        event = json.loads(body)
        about = event["data"]["object"]
        read = {"id": event["id"], "kind": event["type"], "object_id": about.get("id") or "-", "object": about.get("object")}
        read |= {"created": event.get("created"), "livemode": event.get("livemode"), "api_version": event.get("api_version")}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return read if _is_whole(read) else None


@csrf_exempt
@require_POST
def icpay(request: HttpRequest) -> HttpResponse:
    """POST /api/v1/webhooks/icpay: 200 for an event that is kept now, 400 (nothing stored) for any other."""
    if not gateway(ICPAY).is_configured():
        raise Http404
    body = request.read(ICPAY_MAX_BYTES + 1)
    event = None
    if len(body) <= ICPAY_MAX_BYTES and _is_signed(body, request.headers.get(ICPAY_SIGNATURE, ""), settings.ICPAY_WEBHOOK_SECRETS):
        event = _read_icpay(body)
    if event is None:
        return problem(400, "bad_message", _("The message was not signed by ICPay, is too old, or cannot be read."))
    inbox.receive(ICPAY, event["id"], event["kind"], event)
    return HttpResponse(status=200)


def _read_icpay(body: bytes) -> dict[str, Any] | None:
    """Which event, of what kind, about which object, of which intent: all else is read again where it is needed."""
    try:
        event = json.loads(body)
        about = event["data"]["object"]
        read = {"id": event["id"], "kind": event["type"], "object_id": about.get("id") or "-"}
        read |= {"intent_id": about.get("paymentIntentId"), "created": event.get("created"), "livemode": event.get("livemode")}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return read if _is_whole(read) else None
