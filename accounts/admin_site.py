"""The only door to the admin: staff with a second factor that this session has proved."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.proving import needs_no_factor, page_that_asks, proofs
from accounts.queries import has_second_factor

View = TypeVar("View", bound=Callable[..., Any])


class GuardedAdminSite(AdminSite):
    """Django's admin behind the site's own login: no second login form that would know no limits and no second factor."""

    site_header = gettext_lazy("Decent Cloud administration")
    site_title = gettext_lazy("Administration")
    index_title = gettext_lazy("What happens, and what waits for staff")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a page, but none of allauth's: they would let staff confirm addresses and read second factors."""
        if admin_class is None or not admin_class.__module__.startswith("allauth."):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the request may see the admin: active staff, second factor set up and used in this session."""
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff and _is_proved(request, user)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 -- Django's signature
        """Django's own wrapper, with our door in front of it."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def at_the_door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request):
                answer: HttpResponseBase = guarded(request, *args, **kwargs)
                return answer
            return _show_the_way(request, request.get_full_path())

        return cast(View, at_the_door)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """No form here: on to where the visitor can become somebody who may enter."""
        goal = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(goal, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
            goal = reverse("admin:index")
        return redirect(goal) if self.has_permission(request) else _show_the_way(request, goal)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]  # a redirect is an answer too
        """Passwords are changed on the account's own page, which asks for the old one and limits attempts."""
        return redirect("account_change_password")


def _is_proved(request: HttpRequest, user: User) -> bool:
    return needs_no_factor(user) or (bool(proofs(request, user)) and has_second_factor(user))


def _show_the_way(request: HttpRequest, goal: str) -> HttpResponseRedirect:
    """Where to go before the admin opens; Http404 for signed-in users who are not staff."""
    user = request.user
    if not isinstance(user, User):
        return redirect_to_login(goal)
    if not user.is_staff:
        raise Http404
    if not has_second_factor(user):
        messages.warning(request, _("The administration opens once you have set up a second factor here."))
        return redirect("account_security")
    messages.info(request, _("Show your second factor once more to open the administration."))
    return HttpResponseRedirect(page_that_asks(user, goal))
