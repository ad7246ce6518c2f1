"""Taking stock out for somebody and putting it back: the only place that changes `Offering.taken`, always under its lock."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account
from core import clock
from core.errors import Refused
from providers.models import Offering, StockHold
from providers.queries import may_see
from providers.states import OfferingStatus

OPEN = Q(released_at__isnull=True)
RUNNING_OUT = OPEN & Q(expires_at__isnull=False)


def hold_stock(offering_id: int, account: Account, minutes: int) -> StockHold:
    """Take one piece of stock out for the account, for so many minutes.

    An account that already holds one of this offering gets the same hold, prolonged: asking ten times takes one piece.
    Raises Refused: not_rentable (draft, archived, not visible to the account), own_offering, sold_out.
    """
    now = clock.now()
    expires_at = now + timedelta(minutes=minutes)
    with transaction.atomic():
        offering = _locked(offering_id)
        if offering.provider.account_id == account.pk:
            raise Refused(_("This is your own offering; it can only be rented by others."), code="own_offering")
        if offering.status != OfferingStatus.PUBLISHED or not may_see(offering, account):
            raise Refused(_("This offering is not for rent any more."), code="not_rentable")
        held = StockHold.objects.filter(RUNNING_OUT, offering=offering, account=account).first()
        if held is not None:
            held.expires_at = max(expires_at, held.expires_at or expires_at)
            held.save(update_fields=["expires_at"])
            return held
        if offering.free == 0:
            # The scheduler may be behind: what has run out is free, whoever looks first.
            _put_back(offering, StockHold.objects.filter(RUNNING_OUT, offering=offering, expires_at__lte=now))
        if offering.free == 0:
            raise Refused(_("Sold out."), code="sold_out")
        Offering.objects.filter(pk=offering.pk).update(taken=F("taken") + 1)
        return StockHold.objects.create(offering=offering, account=account, expires_at=expires_at, created_at=now)


def keep_hold(hold: StockHold) -> StockHold:
    """Make the hold last: a contract stands on it from now on.

    Raises Refused: hold_lost (it was given back), hold_used (another contract stands on it).
    """
    with transaction.atomic():
        held = _locked_hold(hold)
        if held.released_at is not None:
            raise Refused(_("The stock that was held for you has been given back."), code="hold_lost")
        if held.expires_at is None:
            raise Refused(_("What was held for you is ordered already. See your rentals."), code="hold_used")
        held.expires_at = None
        held.save(update_fields=["expires_at"])
        return held


def release_hold(hold: StockHold) -> bool:
    """Put the piece back into stock; whether this call did it. A hold that was given back already stays as it is."""
    with transaction.atomic():
        held = _locked_hold(hold)
        return _put_back(held.offering, StockHold.objects.filter(OPEN, pk=held.pk)) == 1


def release_expired_holds() -> int:
    """Put back everything whose time has run out, one offering at a time; returns how many pieces."""
    now = clock.now()
    due = StockHold.objects.filter(RUNNING_OUT, expires_at__lte=now)
    released = 0
    for offering_id in due.order_by("offering_id").values_list("offering_id", flat=True).distinct():
        with transaction.atomic():
            released += _put_back(_locked(offering_id), due.filter(offering_id=offering_id))
    return released


def _locked(offering_id: int) -> Offering:
    try:
        return Offering.objects.select_for_update(of=("self",)).select_related("provider").get(pk=offering_id)
    except Offering.DoesNotExist:
        raise Refused(_("This offering is not for rent any more."), code="not_rentable") from None


def _locked_hold(hold: StockHold) -> StockHold:
    """The hold as it stands now, with its offering locked first: every writer takes the two locks in this order."""
    offering = Offering.objects.select_for_update().only("stock", "taken").get(pk=hold.offering_id)
    held = StockHold.objects.select_for_update().get(pk=hold.pk)
    held.offering = offering
    return held


def _put_back(offering: Offering, holds: QuerySet[StockHold]) -> int:
    count = holds.update(released_at=clock.now())
    if count:
        Offering.objects.filter(pk=offering.pk).update(taken=F("taken") - count)
        offering.taken -= count
    return count
