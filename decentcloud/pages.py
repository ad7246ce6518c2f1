"""The pages that belong to no app: how things work, terms, errors, the choice of colours, the styleguide."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import TemplateView

from accounts.services import update_profile
from accounts.states import Theme
from core.problems import problem
from decentcloud import styleguide
from decentcloud.context import THEME_COOKIE, frame

ONE_YEAR = 365 * 24 * 3600


class RulesPage(TemplateView):
    """A page of plain text about our rules; the figures in it are the settings that the code works with."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            payment_minutes=settings.PAYMENT_DEADLINE_MINUTES,
            quote_minutes=settings.QUOTE_MINUTES,
            answer_hours=settings.ANSWER_DEADLINE_HOURS,
            provisioning_hours=settings.PROVISIONING_DEADLINE_HOURS,
            confirm_hours=settings.CONFIRM_DEADLINE_HOURS,
            suspension_days=settings.SUSPENSION_LIMIT_DAYS,
            fee_percent=f"{settings.PLATFORM_FEE_BP / 100:g}",
            contact=settings.INVOICE_SELLER_EMAIL,
            **kwargs,
        )


class ImprintPage(TemplateView):
    """Who sells here, from the settings that invoices are made of."""

    template_name = "pages/imprint.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pairs = [
            {"label": _("Name"), "value": settings.INVOICE_SELLER_NAME},
            {"label": _("Street"), "value": settings.INVOICE_SELLER_STREET},
            {"label": _("City"), "value": f"{settings.INVOICE_SELLER_POSTCODE} {settings.INVOICE_SELLER_CITY}".strip()},
            {"label": _("Country"), "value": settings.INVOICE_SELLER_COUNTRY},
            {"label": _("E-mail"), "value": settings.INVOICE_SELLER_EMAIL},
            {"label": _("VAT id"), "value": settings.INVOICE_SELLER_VAT_ID},
            {"label": _("Register"), "value": settings.INVOICE_SELLER_REG_ID},
        ]
        seller = [pair for pair in pairs if pair["value"]] if settings.INVOICE_SELLER_NAME else []
        return super().get_context_data(seller=seller, **kwargs)


@require_GET
def favicon(_request: HttpRequest) -> HttpResponse:
    """What browsers ask for on pages that name no icon, such as the admin's."""
    return HttpResponseRedirect(static("favicon.svg"))


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of colours on this device and, signed in, in the profile; go back to where it was made."""
    chosen = request.POST.get("theme", "")
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure()):
        after = reverse("home")
    answer = HttpResponseRedirect(after, status=HTTPStatus.SEE_OTHER)
    if chosen not in Theme.values:
        return answer
    if request.user.is_authenticated:
        user = request.user
        update_profile(user, name=user.name, language=user.language, theme=Theme(chosen))
    answer.set_cookie(THEME_COOKIE, chosen, max_age=ONE_YEAR, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE)
    return answer


@require_GET
def styleguide_page(request: HttpRequest) -> HttpResponse:
    """Every component with its states, for those who build pages; nobody else's business."""
    if not settings.DEBUG:
        raise Http404
    return render(request, "pages/styleguide.html", styleguide.page())


def _problem(request: HttpRequest, status: HTTPStatus, code: str, detail: str) -> HttpResponse | None:
    """For a machine its problem document, for a person nothing."""
    return problem(status, code, detail) if request.path.startswith("/api/") else None


def _page(request: HttpRequest, status: HTTPStatus, template: str) -> HttpResponse:
    """An error page with the reader's own top bar."""
    return render(request, template, status=status)


def _bare_page(status: HTTPStatus, template: str) -> HttpResponse:
    """An error page that asks neither the request nor the database."""
    return HttpResponse(loader.render_to_string(template, frame()), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django names it
    """400: the address or the form could not be read. Says nothing about the exception."""
    status = HTTPStatus.BAD_REQUEST
    return _problem(request, status, "bad_request", _("This request could not be read.")) or _bare_page(status, "400.html")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django names it
    """403: what a signed-in person may not do, where hiding that it exists would help nobody."""
    status = HTTPStatus.FORBIDDEN
    return _problem(request, status, "forbidden", _("This is not yours to do.")) or _page(request, status, "403.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django names it
    """404: a stranger's page and a missing page read the same."""
    status = HTTPStatus.NOT_FOUND
    return _problem(request, status, "not_found", _("There is nothing at this address.")) or _page(request, status, "404.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """500: works without database, user and session, since one of them may be what failed."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _problem(request, status, "server_error", _("Something broke on our side.")) or _bare_page(status, "500.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001  # Django names it
    """A form without a valid token: mostly a page left open for too long, or cookies switched off."""
    status = HTTPStatus.FORBIDDEN
    return _problem(request, status, "csrf", _("This form is out of date.")) or _page(request, status, "403_csrf.html")
