"""`Idempotency-Key`: the same POST sent twice is done once and answered twice. The only place that knows how.

The claim on a key is committed before the work starts, with a lease of 60 s: a second request meets 409 while the first is under
way. After the lease (the first one's process was killed) a repeat takes over; that is safe because services write under unique
keys of their own. Answers 2xx and 4xx are stored for 24 h, 5xx frees the claim, answers with a secret are never stored.
"""

import functools
import hashlib
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase
from django.http.request import RawPostDataException
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import clock
from core.models import IdempotencyRecord
from core.problems import problem

KEEP = timedelta(hours=24)
LEASE = timedelta(seconds=60)
HEADER = "Idempotency-Key"
# The attribute by which the description of the API knows a decorated method.
ACCEPTS_KEY = "accepts_idempotency_key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)

Method = TypeVar("Method", bound=Callable[..., HttpResponseBase])


class SecretResponse(Response):
    """An answer that shows a secret once. A repeat gets 409 "already created" with the `Location` instead."""


def idempotent(method: Method) -> Method:
    """Decorate the `post` (or the action) of a DRF view that creates something: a request with the header is done once.

    Without the header, or without a signed-in caller, the view runs as it is. The caller, method and path belong to the key, so
    keys of two callers never meet. Answers: 400 for a malformed key, 422 for the same key with another body, 409 with
    `Retry-After` while the first request is under way. A replayed answer carries `Idempotent-Replayed: true`.
    """

    @functools.wraps(method)
    def guarded(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        owner = _owner(request)
        if key is None or owner is None:
            return method(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            return problem(
                400,
                "bad_idempotency_key",
                _("An Idempotency-Key has 1 to 255 visible ASCII characters."),
            )
        # The raw bytes, before anything parses them: two spellings of one JSON value are two bodies.
        fingerprint = hashlib.sha256(_body(request)).hexdigest()
        claim = uuid.uuid4()
        record = _claim(owner, request, key, fingerprint, claim)
        if record.claim != claim:
            return _answer_of(record, fingerprint)
        return _work(view, request, record, lambda: method(view, request, *args, **kwargs))

    setattr(guarded, ACCEPTS_KEY, True)
    return cast(Method, guarded)


def _body(request: Request) -> bytes:
    """The bytes that were sent; raises UnsupportedMediaType for a form, whose bytes are gone once somebody has looked into it."""
    try:
        return request.body
    except RawPostDataException:
        raise UnsupportedMediaType(request.content_type) from None


def _owner(request: Request) -> str | None:
    """Who the key belongs to: the API token, else the user in the capacity they act in; None for nobody.

    The capacity is named by the function at settings.IDEMPOTENCY_CAPACITY: somebody who acts for two accounts must not get the
    one's answer for the other.
    """
    token = getattr(request.auth, "pk", None)
    if token is not None:
        return f"token:{token}"
    if not request.user.is_authenticated:
        return None
    capacity: str = import_string(settings.IDEMPOTENCY_CAPACITY)(request)
    return f"user:{request.user.pk}:{capacity}"


def _claim(owner: str, request: Request, key: str, fingerprint: str, claim: uuid.UUID) -> IdempotencyRecord:
    """The record of this key, committed: ours if its `claim` is `claim`, else what another request has made of it."""
    now = clock.now()
    ours: dict[str, Any] = {"claim": claim, "fingerprint": fingerprint, "created_at": now, "lease_until": now + LEASE}
    scope = {"owner": owner, "method": request.method or "", "path": request.path[:500], "key": key}
    rows = IdempotencyRecord.objects.filter(**scope)
    expired = Q(created_at__lt=now - KEEP)
    abandoned = Q(status__isnull=True, lease_until__lte=now, fingerprint=fingerprint)
    while True:
        with transaction.atomic(durable=True):
            IdempotencyRecord.objects.bulk_create([IdempotencyRecord(**scope, **ours)], ignore_conflicts=True)
            rows.filter(expired | abandoned).update(**ours, status=None, body="", content_type="", location="", secret=False)
            # The other request's claim may have been freed (an error 500) between our insert and this look: then try again.
            record = rows.first()
        if record is not None:
            return record


def _answer_of(record: IdempotencyRecord, fingerprint: str) -> HttpResponseBase:
    """What a repeat is told."""
    if record.fingerprint != fingerprint:
        return problem(
            422,
            "idempotency_key_reused",
            _("This Idempotency-Key was used with another body. Use a new key for a new request."),
        )
    if record.status is None:
        wait = max(1, round((record.lease_until - clock.now()).total_seconds())) if record.lease_until else 1
        response = problem(409, "in_progress", _("The first request with this Idempotency-Key is still being worked on."))
        response["Retry-After"] = str(wait)
        return response
    if record.secret:
        response = problem(
            409,
            "already_created",
            _("This was created by an earlier request. Its secret was shown once and is not kept."),
            location=record.location,
        )
    else:
        response = HttpResponse(record.body, status=record.status, content_type=record.content_type or None)
    if record.location:
        response["Location"] = record.location
    response["Idempotent-Replayed"] = "true"
    return response


def _work(view: APIView, request: Request, record: IdempotencyRecord, call: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Do the request and settle the claim: store the answer, or free the key where the server failed."""
    ours = IdempotencyRecord.objects.filter(pk=record.pk, claim=record.claim)
    try:
        response = _answer(view, request, call)
    except BaseException:
        ours.delete()
        raise
    if not 200 <= response.status_code < 300 and not 400 <= response.status_code < 500:
        ours.delete()
        return response
    secret = isinstance(response, SecretResponse) and response.status_code < 300
    stored: dict[str, Any] = {
        "status": response.status_code,
        "lease_until": None,
        "secret": secret,
        "location": response.headers.get("Location", ""),
    }
    if isinstance(response, HttpResponse) and not secret:
        stored |= {"body": response.content.decode(), "content_type": response.headers.get("Content-Type", "")}
    ours.update(**stored)
    return response


def _answer(view: APIView, request: Request, call: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The view's answer, rendered, with refusals already made into problems; what is no answer is raised."""
    try:
        response = call()
    except Exception as error:  # noqa: BLE001 -- the view decides which ones are answers, and raises the rest again
        response = view.handle_exception(error)
        response.exception = True
    if not isinstance(response, Response):
        return response
    final = view.finalize_response(request, response, *view.args, **view.kwargs)
    final.render()
    return final
