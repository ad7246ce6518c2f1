"""Where to go after a form, when the form says where it came from: only to addresses of ours."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme


def back_to_a_page_of_any_account(request: HttpRequest, default: str) -> HttpResponseRedirect:
    """To the posted `next`, if it is a page that every account has; else to `default`, a URL name.

    The page of one object would be a 404 for another account, and another site would be an open redirect.
    """
    goal = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(goal, {request.get_host()}, require_https=request.is_secure()):
        goal = ""
    return HttpResponseRedirect(goal if goal and _stands_for_any_account(goal) else resolve_url(default))


def _stands_for_any_account(goal: str) -> bool:
    try:
        return not resolve(urlsplit(goal).path).kwargs
    except Resolver404:
        return False
