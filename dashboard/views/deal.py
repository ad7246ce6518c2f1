"""Only the page of one contract for its provider, and what the provider does there and on the desk."""

from collections.abc import Mapping
from http import HTTPStatus

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import signed_in
from accounts.http import AccountRequest
from billing.queries import refund_preview
from billing.services import accept_contract
from contracts import actors, services
from contracts.access import provider_contract
from contracts.models import Contract
from contracts.queries import available_moves
from contracts.states import ActorKind, Fault
from core import clock
from dashboard.desk_queries import histories, stock_left
from dashboard.forms import DeclineForm, DeliverForm, ReasonForm
from dashboard.presenters.deal import deal_page
from dashboard.queries import papers_of
from dashboard.refusals import acts_on, may_act, see

PAGE = "provider_contract"


@require_GET
@signed_in
def deal(request: AccountRequest, reference: str) -> HttpResponse:
    """Everything about one contract."""
    return _page(request, provider_contract(request, reference), {}, HTTPStatus.OK)


@require_POST
@signed_in
@acts_on(PAGE)
def provider_accept(request: AccountRequest, reference: str) -> HttpResponse:
    """Yes."""
    contract = provider_contract(request, reference)
    accept_contract(contract.pk, actors.provider(request.user.pk))
    messages.success(request, _("Accepted. Now set it up and say how the customer connects."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def provider_reject(request: AccountRequest, reference: str) -> HttpResponse:
    """No, with the reason that the customer reads."""
    contract = provider_contract(request, reference)
    form = DeclineForm(request.POST, auto_id="decline-%s")
    if not form.is_valid():
        return _page(request, contract, {"decline": form})
    services.reject(contract.pk, actors.provider(request.user.pk), form.said)
    messages.success(request, _("Declined. The customer gets everything back."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def provider_start(request: AccountRequest, reference: str) -> HttpResponse:
    """Set-up has begun."""
    contract = provider_contract(request, reference)
    services.start_provisioning(contract.pk, actors.provider(request.user.pk))
    messages.success(request, _("The customer sees that it is being set up."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def provider_deliver(request: AccountRequest, reference: str) -> HttpResponse:
    """Hand it over with what is needed to connect."""
    contract = provider_contract(request, reference)
    form = DeliverForm(request.POST, auto_id="deliver-%s")
    if not form.is_valid():
        return _page(request, contract, {"deliver": form})
    services.deliver(contract.pk, actors.provider(request.user.pk), **form.cleaned_data)
    messages.success(request, _("Delivered. The term runs, and the customer checks it now."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def provider_fail(request: AccountRequest, reference: str) -> HttpResponse:
    """It cannot be set up."""
    contract = provider_contract(request, reference)
    form = ReasonForm(request.POST, auto_id="fail-%s")
    if not form.is_valid():
        return _page(request, contract, {"fail": form})
    services.fail_provisioning(contract.pk, actors.provider(request.user.pk), form.cleaned_data["reason"])
    messages.success(request, _("Given up. The customer gets everything back."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def provider_cancel(request: AccountRequest, reference: str) -> HttpResponse:
    """End a delivered contract, at one's own fault."""
    contract = provider_contract(request, reference)
    form = ReasonForm(request.POST, auto_id="cancel-%s")
    if not form.is_valid():
        return _page(request, contract, {"cancel": form})
    services.cancel(contract.pk, actors.provider(request.user.pk), form.cleaned_data["reason"])
    messages.success(request, _("Ended. What was not served goes back to the customer."))
    return see(PAGE, contract.reference)


def _page(
    request: AccountRequest,
    contract: Contract,
    forms: Mapping[str, Form],
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY,
) -> HttpResponse:
    now = clock.now()
    moves = available_moves(contract, ActorKind.PROVIDER, now) if may_act(request) else frozenset()
    context = deal_page(
        contract,
        papers_of(contract),
        moves,
        now,
        history=histories(contract.provider, [contract]).get(contract.customer_id),
        free=stock_left([contract]).get(contract.offering_id),
        preview=refund_preview(contract, now, Fault.PROVIDER) if "cancel" in moves else None,
        forms=forms,
    )
    return render(request, "dashboard/deal.html", context, status=status)
