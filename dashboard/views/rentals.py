"""Only the list of a customer's rentals."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import signed_in
from accounts.http import AccountRequest
from core import clock
from dashboard.presenters.rentals import empty_words, lede, rental_rows, tabs
from dashboard.rental_list import place_of, rentals_page, tab_counts
from dashboard.states import RentalTab


@require_GET
@signed_in
def rentals(request: AccountRequest) -> HttpResponse:
    """The account's rentals, what needs the customer first. `?contract=7Q4M-2KXP` leads to that one's place."""
    wanted = request.GET.get("contract")
    if wanted is not None:
        return _lead_to(request, wanted)
    tab = _tab(request)
    now = clock.now()
    counts = tab_counts(request.account)
    page = rentals_page(request.account, tab, request.GET.get("after"), request.GET.get("before"))
    context = {
        "tabs": tabs(counts, tab),
        "rows": rental_rows(page, now, request.GET.get("at", "")),
        "lede": lede(counts, page, tab, now),
        "empty": empty_words(tab),
        "is_new": not counts[RentalTab.ALL].value,
        "newer": _address(tab, "before", page.newer),
        "older": _address(tab, "after", page.older),
    }
    return render(request, "dashboard/rentals.html", context)


def _tab(request: AccountRequest) -> RentalTab:
    asked = request.GET.get("tab", "")
    return RentalTab(asked) if asked in RentalTab.values else RentalTab.ALL


def _address(tab: RentalTab, name: str, cursor: str | None) -> str:
    return f"{reverse('rentals')}?{urlencode({'tab': tab.value, name: cursor})}" if cursor else ""


def _lead_to(request: AccountRequest, reference: str) -> HttpResponse:
    """The server never sees a fragment, so the place is found here and the browser is sent there."""
    place = place_of(request.account, reference)
    if place is None:
        messages.info(request, _("That rental is not among yours. Here are all that are."))
        return redirect("rentals")
    reference = reference.upper()
    query = {"tab": place.tab.value, **({"after": place.after} if place.after else {}), "at": reference}
    return redirect(f"{reverse('rentals')}?{urlencode(query)}#r-{reference}")
