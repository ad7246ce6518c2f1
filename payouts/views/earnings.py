"""Only what a provider earns: the page of sums, releases and payouts, one payout, and the statements of months."""

from datetime import UTC, date
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.access import signed_in
from accounts.http import AccountRequest
from accounts.states import Role
from billing.reports.sheet import major, written
from core import clock
from core.currencies import CURRENCIES
from core.errors import Refused
from payouts import earnings as read
from payouts import presenters
from payouts.method_rows import shortened, whole
from payouts.models import Statement
from payouts.queries import method_in_use
from payouts.services.statement import read_statement
from payouts.statements import COLUMNS, lines_for_sheet
from providers.access import own_provider
from providers.models import Provider

# The figures of a row of the sheet, which become major units.
_AMOUNTS = frozenset(COLUMNS.index(name) for name in ("earned", "fee", "yours", "balance"))


@require_GET
@signed_in
def provider_earnings(request: AccountRequest) -> HttpResponse:
    """What is held back, earned, payable and paid, in each currency and contract by contract."""
    try:
        provider = own_provider(request)
    except Refused:
        return redirect("provider_become")
    now = clock.now()
    page = read.earning_page(provider, request.GET.get("after"), request.GET.get("before"))
    sums = read.earned_by(provider)
    context = {
        "currencies": presenters.currencies(sums, read.released_by_month(provider, now), now),
        "methods": presenters.methods(((row.currency, method_in_use(provider.pk, row.currency)) for row in sums), now),
        "releases": presenters.releases(read.latest_releases(provider)),
        "release_headers": presenters.release_headers(),
        "contract_headers": presenters.contract_headers(),
        "payouts": presenters.payouts(read.payouts_of(provider).order_by("-id")[: read.LATEST]),
        "contracts": presenters.contracts(page, read.earned_by_contract(page)),
        "newer": _address("provider_earnings", "before", page.newer),
        "older": _address("provider_earnings", "after", page.older),
    }
    return render(request, "payouts/earnings.html", context)


@require_GET
@signed_in
def provider_payouts(request: AccountRequest) -> HttpResponse:
    """All payouts of a provider, newest first."""
    provider = _own(request)
    page = read.payouts_page(provider, request.GET.get("after"), request.GET.get("before"))
    context = {
        "payouts": presenters.payouts(page),
        "newer": _address("provider_payouts", "before", page.newer),
        "older": _address("provider_payouts", "after", page.older),
    }
    return render(request, "payouts/payouts.html", context)


@require_GET
@signed_in
def provider_payout(request: AccountRequest, public_id: UUID) -> HttpResponse:
    """One payout: what it is made of, where it went (in full for owners of the account), and how it stands."""
    payout = read.payouts_of(_own(request)).filter(public_id=public_id).first()
    if payout is None:
        raise Http404
    page = read.releases_page(payout, request.GET.get("after"), request.GET.get("before"))
    here = reverse("provider_payout", args=[public_id])
    is_owner = request.membership.role == Role.OWNER
    context = {
        **presenters.payout_page(payout, whole(payout.method) if is_owner else shortened(payout.method)),
        "crumbs": [
            {"label": _("Earnings"), "url": reverse("provider_earnings")},
            {"label": _("Payouts"), "url": reverse("provider_payouts")},
        ],
        "release_headers": presenters.release_headers(),
        "releases": presenters.releases(page),
        "newer": f"{here}?{urlencode({'before': page.newer})}" if page.newer else "",
        "older": f"{here}?{urlencode({'after': page.older})}" if page.older else "",
    }
    return render(request, "payouts/payout.html", context)


@require_GET
@signed_in
def provider_statements(request: AccountRequest) -> HttpResponse:
    """The months in which something was booked, with their files."""
    provider = _own(request)
    made = {(found.month, found.currency): found for found in Statement.objects.filter(provider=provider).defer("content")}
    context = {"rows": presenters.statement_rows(read.months_with_news(provider), made, clock.now())}
    return render(request, "payouts/statements.html", context)


@never_cache
@require_GET
@signed_in
def statement_csv(request: AccountRequest, year: int, month: int, currency: str) -> StreamingHttpResponse:
    """Every line of a month; the running month so far."""
    provider, first = _own(request), _month(year, month, currency)
    rows = (
        [major(cell, currency) if place in _AMOUNTS else cell for place, cell in enumerate(row)]
        for row in lines_for_sheet(provider, currency, first)
    )
    name = f"statement-{first:%Y-%m}-{currency}.csv"
    return StreamingHttpResponse(written(COLUMNS, rows), content_type="text/csv; charset=utf-8", headers=_as_attachment(name))


@never_cache
@require_GET
@signed_in
def statement_pdf(request: AccountRequest, year: int, month: int, currency: str) -> HttpResponse:
    """A month's statement, exactly as it was stored; while it is being made, a page that says so."""
    first = _month(year, month, currency)
    found = Statement.objects.filter(provider=_own(request), month=first, currency=currency).first()
    if found is None:
        raise Http404
    try:
        data = read_statement(found)
    except Refused as refused:
        context = {"title": _("Its file is not there"), "text": str(refused)}
        return render(request, "payouts/statement_waits.html", context, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse(data, content_type="application/pdf", headers=_as_attachment(f"statement-{first:%Y-%m}-{currency}.pdf"))


def _own(request: AccountRequest) -> Provider:
    """The provider of the account in use; Http404 for an account that only rents."""
    try:
        return own_provider(request)
    except Refused:
        raise Http404 from None


def _month(year: int, month: int, currency: str) -> date:
    if not (1 <= month <= 12 and 2000 <= year <= clock.now().astimezone(UTC).year and currency in CURRENCIES):
        raise Http404
    return date(year, month, 1)


def _as_attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}


def _address(page: str, name: str, cursor: str | None) -> str:
    return f"{reverse(page)}?{urlencode({name: cursor})}" if cursor else ""
