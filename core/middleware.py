"""Stops at the door what nothing further in could bear: NUL bytes, which PostgreSQL stores nowhere, and bodies without end."""

from collections.abc import Callable

from django.core.exceptions import BadRequest, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from core.problems import problem

# Files go to the disk while a form is read, before any form could refuse them; the largest that anything takes is 2 MB.
LARGEST_BODY = 4 * 1024 * 1024

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class RefuseHugeBodies:
    """A body that announces more than LARGEST_BODY bytes is not read: 400 for people, 413 as problem+json below /api/.

    What is sent beyond the announced length, servers cut off.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The view's answer, or the refusal."""
        announced = request.META.get("CONTENT_LENGTH") or ""
        if not announced.isdecimal() or int(announced) <= LARGEST_BODY:
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return problem(413, "too_large", _("The request is too large."))
        raise RequestDataTooBig("a body larger than anything here takes")


class RefuseNulBytes:
    """400 for a NUL byte in the path, the query or a form: a page for people, problem+json below /api/."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The view's answer, or the refusal."""
        if not _has_nul(request):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            return problem(400, "nul_byte", _("The request holds a NUL byte."))
        raise BadRequest("NUL byte in the request")


def _has_nul(request: HttpRequest) -> bool:
    """Whether a NUL stands where text is read from. Files are bytes and are judged by who reads them."""
    if "\x00" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    if request.method != "POST" or request.content_type not in FORMS:
        return False
    try:
        form = request.POST
    except UnreadablePostError:
        # The sender went away in the middle of it; nobody waits for an answer.
        raise BadRequest("the form broke off") from None
    return any("\x00" in name or any("\x00" in value for value in values) for name, values in form.lists())
