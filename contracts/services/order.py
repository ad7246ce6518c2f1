"""Only the beginning: a contract is created, paid, or never paid."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, SshKey, User
from contracts.actors import SYSTEM
from contracts.models import Contract, Move, Segment
from contracts.pricing import HOUR, NetPrice
from contracts.services.move import lock, move, require_due
from contracts.services.provider import accept
from contracts.states import ActorKind, State
from contracts.terms import freeze_terms
from core import clock
from core.errors import Refused
from core.outbox import emit
from core.written import columns, rows
from providers.models import Offering, StockHold

_PAID_SEGMENT = (
    "UPDATE contracts_segment SET paid_at = %s WHERE contract_id = %s AND number = 1"  # noqa: S608 (constants)
    f" RETURNING {columns(Segment)}"
)


def create_contract(
    *,
    offering: Offering,
    hold: StockHold,
    customer: Account,
    ordered_by: User,
    hours: int,
    price: NetPrice,
    deadline_at: datetime,
    operating_system: str = "",
    host_name: str = "",
    ssh_key: SshKey | None = None,
    note: str = "",
) -> Segment:
    """Freeze offering, price and terms into a requested contract that is to be paid by `deadline_at` (UTC).

    `hold` is a kept unit of stock; the contract gives it back when it ends. Returns the contract's first segment.
    Emits ``contract.requested``.
    """
    now = clock.now()
    within_rule = offering.auto_accept_max_hours is None or hours <= offering.auto_accept_max_hours
    # Within the order's transaction there is nothing that it could be undone without.
    with transaction.atomic(savepoint=False):
        contract = Contract.objects.create(
            customer=customer,
            ordered_by=ordered_by,
            provider_id=offering.provider_id,
            offering=offering,
            hold=hold,
            offering_name=offering.name,
            terms=freeze_terms(offering),
            currency=price.currency,
            monthly_minor=price.monthly_minor,
            setup_fee_minor=price.setup_fee_minor,
            rent_minor=price.rent_minor,
            net_minor=price.net_minor,
            hours=hours,
            fee_bp=settings.PLATFORM_FEE_BP,
            auto_accept=offering.auto_accept and within_rule,
            extension_price=offering.extension_price,
            operating_system=operating_system,
            host_name=host_name,
            ssh_public_key=ssh_key.public_key if ssh_key else "",
            ssh_fingerprint=ssh_key.fingerprint if ssh_key else "",
            note=note,
            created_at=now,
            deadline_at=deadline_at,
            term_seconds=hours * HOUR,
        )
        segment = Segment.objects.create(
            contract=contract,
            number=1,
            hours=hours,
            seconds=hours * HOUR,
            setup_fee_minor=price.setup_fee_minor,
            rent_minor=price.rent_minor,
            net_minor=price.net_minor,
        )
        Move.objects.create(
            contract=contract,
            to_state=State.REQUESTED,
            actor_kind=ActorKind.CUSTOMER,
            actor=ordered_by,
            at=now,
        )
        emit("contract.requested", contract, actor_kind=ActorKind.CUSTOMER.value, actor=ordered_by.pk)
    return segment


def record_payment(contract_id: int, gross_minor: int) -> Segment:
    """Note that the order's charge is paid in full; the provider's time to answer starts now.

    `gross_minor` is told onward for the timeline. Returns the segment that is now paid, with its contract. An auto-accept
    rule frozen at ordering answers at once. Raises `Refused` (``final``, ``already_paid``) when the money
    pays for nothing; the caller, in whose transaction this happens, gives it back, and nothing is changed.
    Emits ``contract.paid``.
    """
    contract = lock(contract_id)
    if contract.is_final:
        raise Refused(_("The rental had ended before it was paid."), code="final")
    if contract.paid_at is not None:
        raise Refused(_("The rental is paid already."), code="already_paid")
    # From here on only the rule's yes could be refused, and takes back what stands before it.
    with transaction.atomic(savepoint=contract.auto_accept):
        now = clock.now()
        contract.paid_at = now
        contract.payment_processing = False
        contract.deadline_at = now + timedelta(hours=settings.ANSWER_DEADLINE_HOURS)
        contract.save(update_fields=["paid_at", "payment_processing", "deadline_at"])
        (segment,) = rows(Segment, _PAID_SEGMENT, [now, contract_id])
        emit("contract.paid", contract, gross_minor=gross_minor, currency=contract.currency)
        segment.contract = accept(contract_id, SYSTEM) if contract.auto_accept else contract
    return segment


def set_payment_processing(contract_id: int, *, processing: bool) -> None:
    """Note whether a slow payment method is at work: while it is, the order does not expire."""
    Contract.objects.filter(pk=contract_id, state=State.REQUESTED, paid_at__isnull=True).update(payment_processing=processing)


def postpone_payment_deadline(contract_id: int, until: datetime) -> None:
    """Let an unpaid order wait until the checkout page closes (UTC); never earlier than it waited already.

    Raises `Refused` when it can no longer be paid.
    """
    with transaction.atomic():
        contract = lock(contract_id)
        if contract.state != State.REQUESTED or contract.paid_at is not None or contract.deadline_at is None:
            raise Refused(_("This order can no longer be paid."), code="not_payable")
        if contract.deadline_at <= clock.now():
            raise Refused(_("The time to pay has passed; the stock was given back."), code="too_late")
        if until > contract.deadline_at:
            contract.deadline_at = until
            contract.save(update_fields=["deadline_at"])


def expire_unpaid(contract_id: int) -> Contract:
    """Give up an order whose time to pay has passed. Called by billing once the gateway's page is closed.

    Raises `Refused` when it was paid, is being paid, or has time left.
    """

    def prepare(contract: Contract, now: datetime) -> dict[str, object]:
        require_due(contract, now)
        if contract.paid_at is not None or contract.payment_processing:
            raise Refused(_("It has been paid, or a payment is on its way."), code="not_due")
        return {}

    return move(contract_id, "expire", SYSTEM, reason="unpaid", prepare=prepare)
