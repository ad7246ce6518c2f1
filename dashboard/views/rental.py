"""Only the page of one rental and what its customer does there."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.access import signed_in
from accounts.http import AccountRequest
from billing.queries import RefundPreview, refund_preview
from billing.services import open_extension_charge
from contracts import actors
from contracts.access import customer_contract
from contracts.models import Contract
from contracts.queries import available_moves
from contracts.services import cancel, confirm, report_not_as_described
from contracts.states import ActorKind, Fault
from core import clock
from dashboard.forms import CancelEarlyForm, CancelForm, ComplainForm, ExtendForm
from dashboard.presenters.agreed import agreed_terms
from dashboard.presenters.money import extension_choices
from dashboard.presenters.rental import Context, rental_page, watch_token
from dashboard.queries import extension_offers, papers_of, still_offered, usual_answers
from dashboard.refusals import acts_on, may_act, see

PAGE = "rental"


@require_GET
@signed_in
def rental(request: AccountRequest, reference: str) -> HttpResponse:
    """Everything about one rental."""
    contract = customer_contract(request, reference)
    return render(request, "dashboard/rental.html", _context(request, contract, {}))


@require_GET
@signed_in
def rental_terms(request: AccountRequest, reference: str) -> HttpResponse:
    """The contract as it was agreed: what was offered and at which price, frozen at ordering."""
    contract = customer_contract(request, reference)
    return render(request, "dashboard/rental_terms.html", agreed_terms(contract, papers_of(contract).order))


@require_GET
@signed_in
def rental_watch(request: AccountRequest, reference: str) -> HttpResponse:
    """What a waiting page asks: nothing new (204), or an order to load itself again. Typed text is never swapped away."""
    contract = customer_contract(request, reference)
    if request.GET.get("seen") == watch_token(contract):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return HttpResponse(headers={"HX-Refresh": "true"})


@require_POST
@signed_in
@acts_on(PAGE)
def rental_confirm(request: AccountRequest, reference: str) -> HttpResponse:
    """It works."""
    contract = customer_contract(request, reference)
    confirm(contract.pk, actors.customer(request.user.pk))
    messages.success(request, _("Confirmed. It is yours until the end of the term."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def rental_complain(request: AccountRequest, reference: str) -> HttpResponse:
    """It is not what was offered: leave at the provider's fault."""
    contract = customer_contract(request, reference)
    form = ComplainForm(request.POST, auto_id="complain-%s")
    if not form.is_valid():
        return _again(request, contract, {"complain": form})
    report_not_as_described(contract.pk, actors.customer(request.user.pk), form.cleaned_data["reason"])
    messages.success(request, _("The rental has ended. What was not served is on its way back, set-up fee included."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def rental_cancel(request: AccountRequest, reference: str) -> HttpResponse:
    """Leave; what is unused comes back, at least what the form showed."""
    contract = customer_contract(request, reference)
    form = (CancelForm if contract.provisioned_at else CancelEarlyForm)(request.POST)
    if not form.is_valid():
        return _again(request, contract, {"cancel": form})
    cancel(
        contract.pk,
        actors.customer(request.user.pk),
        form.cleaned_data["reason"],
        expected_refund_minor=form.cleaned_data["expected_refund_minor"],
    )
    messages.success(request, _("Cancelled. What you paid for and did not use is on its way back."))
    return see(PAGE, contract.reference)


@require_POST
@signed_in
@acts_on(PAGE)
def rental_extend(request: AccountRequest, reference: str) -> HttpResponse:
    """Ask for more time; the end moves once that is paid."""
    contract = customer_contract(request, reference)
    offers = extension_offers(contract, papers_of(contract).order)
    form = ExtendForm(extension_choices(offers, contract.ends_at or clock.now()), request.POST)
    if not form.is_valid():
        return _again(request, contract, {"extend": form})
    charge = open_extension_charge(contract, form.cleaned_data["hours"], request.user)
    return redirect("checkout", charge.public_id)


def _again(request: AccountRequest, contract: Contract, forms: Mapping[str, Form]) -> HttpResponse:
    """The page with a form that has something to put right."""
    context = _context(request, contract, forms)
    return render(request, "dashboard/rental.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _context(request: AccountRequest, contract: Contract, forms: Mapping[str, Form]) -> Context:
    now = clock.now()
    papers = papers_of(contract)
    moves = available_moves(contract, ActorKind.CUSTOMER, now) if may_act(request) else frozenset()
    return rental_page(
        contract,
        papers,
        moves,
        now,
        usual_minutes=usual_answers([contract]).get(contract.provider_id),
        offers=extension_offers(contract, papers.order) if "extend" in moves else [],
        previews=_previews(contract, moves, now),
        forms=forms,
        again=still_offered([contract]).get(contract.offering_id),
    )


def _previews(contract: Contract, moves: frozenset[str], now: datetime) -> dict[str, RefundPreview]:
    found = {}
    if "cancel" in moves:
        found["cancel"] = refund_preview(contract, now)
    if "report_not_as_described" in moves:
        found["complain"] = refund_preview(contract, now, Fault.PROVIDER)
    return found
