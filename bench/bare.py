"""The floor for pages: bare Django views of 25 rows of one query, as many bytes as they are told; and their addresses."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path
from django.utils.safestring import mark_safe

from contracts.models import Contract
from providers.models import Offering
from providers.states import OfferingStatus

ROWS = 25
_PAGE = engines["django"].from_string(
    "<!doctype html><html lang=en><title>{{ title }}</title><p>{{ request.user.email }}</p><table>"
    "{% for row in rows %}<tr><td>{{ row.pk }}<td>{{ row }}<td>{{ row.provider.name }}<td>{{ row.monthly_minor }}"
    "<td>{{ row.currency }}<td>{{ row.created_at|date:'j M Y' }}<td>{{ filler }}{% endfor %}</table></html>"
)
# What a row of the table above takes without its filler.
_ROW_BYTES = 110


def rentals(request: HttpRequest) -> HttpResponse:
    """25 contracts of the user."""
    rows = Contract.objects.filter(customer__person=request.user.pk).select_related("provider").order_by("-created_at", "-id")
    return _page(request, rows.only("reference", "provider__name", "monthly_minor", "currency", "created_at")[:ROWS])


def market(request: HttpRequest) -> HttpResponse:
    """The 25 cheapest offerings."""
    rows = Offering.objects.filter(status=OfferingStatus.PUBLISHED).select_related("provider").order_by("price_eur_minor", "id")
    return _page(request, rows.only("name", "provider__name", "monthly_minor", "currency", "created_at")[:ROWS])


def _page(request: HttpRequest, rows: object) -> HttpResponse:
    filler = mark_safe("x" * max(0, int(request.GET["bytes"]) // ROWS - _ROW_BYTES))  # noqa: S308 -- nothing but the letter x
    return HttpResponse(_PAGE.render({"title": "bare", "rows": rows, "filler": filler}, request))


urlpatterns = [path("rentals", rentals), path("market", market)]
