"""Writing where providers are paid: set by an owner of the provider, confirmed by a link from its mail, ended by either.

That whoever adds or confirms has just proved a second factor is asked by the pages (`payouts.views.guard`): only they know it.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.queries import has_verified_email, role_in
from accounts.states import Role
from core import clock, mailed_links
from core.errors import Refused
from core.outbox import emit
from core.queries import timeline
from payouts.addresses import Place, checked_place
from payouts.models import PayoutMethod
from payouts.queries import method_of_link, method_state, unknown_link
from payouts.services.locking import lock_provider
from payouts.states import MethodState
from providers.models import Provider

# Somebody who mistypes needs a few; more is somebody who plays with other people's mail.
ADDED_A_DAY = 10
# Of one method, beside the first.
LINKS_A_DAY = 3
_LINK_WANTED = "payout_method.link_wanted"


def add_method(provider: Provider, user: User, currency: str, place: Place) -> PayoutMethod:
    """Note where the provider wants to be paid what it earns in `currency`. Nothing is paid there before it is confirmed.

    Raises Refused: role, unverified, too_many, exists, and what `payouts.addresses.checked_place` raises. Emits
    payout_method.added, from which the link goes to the user's own address.
    """
    checked = checked_place(place, currency)
    now = clock.now()
    with transaction.atomic():
        _held_for(provider.pk, user)
        if not has_verified_email(user):
            raise Refused(_("Confirm your e-mail address first: the link goes there."), code="unverified")
        if PayoutMethod.objects.filter(provider=provider, created_at__gt=now - timedelta(days=1)).count() >= ADDED_A_DAY:
            raise Refused(
                _("%(count)d were added in the last 24 hours. Try again tomorrow.") % {"count": ADDED_A_DAY}, code="too_many"
            )
        _refuse_what_is_there(provider, currency, checked)
        method = PayoutMethod.objects.create(
            provider=provider,
            currency=currency,
            kind=checked.kind,
            holder=checked.holder,
            iban=checked.iban,
            bic=checked.bic,
            address=checked.address,
            network=checked.network,
            created_by=user,
            created_at=now,
        )
        _tell("added", method, user)
    return method


def new_link(method_id: int) -> str | None:
    """The secret of a new link for a method that waits, good for a day; an earlier one no longer opens. None for any other.

    The secret goes into a mail and nowhere else: kept is its SHA-256.
    """
    now = clock.now()
    with transaction.atomic():
        method = PayoutMethod.objects.select_for_update().get(pk=method_id)
        if method_state(method, now) != MethodState.WAITING:
            return None
        secret, method.key_digest = mailed_links.new_secret(method.public_id.hex)
        method.key_expires_at = now + mailed_links.LASTS
        method.save(update_fields=["key_digest", "key_expires_at"])
    return secret


def send_link_again(method_id: int, user: User) -> PayoutMethod:
    """Have another link mailed to who added a method that was not confirmed, also where its link has expired; the one before opens
    nothing any more. Raises Refused: role, used, removed, too_many. Emits payout_method.link_wanted, from which the link goes.
    """
    with transaction.atomic():
        found = PayoutMethod.objects.get(pk=method_id)
        _held_for(found.provider_id, user)
        method = PayoutMethod.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=method_id)
        now = clock.now()
        if method_state(method, now) != MethodState.LAPSED:
            refuse_unless_open(method)
        asked = [event for event in timeline(method) if event.name == _LINK_WANTED and event.at > now - timedelta(days=1)]
        if len(asked) >= LINKS_A_DAY:
            raise Refused(
                _("%(count)d links were sent again in the last 24 hours. Try again tomorrow.") % {"count": LINKS_A_DAY},
                code="too_many",
            )
        method.key_digest, method.key_expires_at = "", None
        method.save(update_fields=["key_digest", "key_expires_at"])
        _tell("link_wanted", method, user)
    return method


def confirm_method(secret: str, user: User) -> PayoutMethod:
    """Let payouts go to the method whose link has this secret, PAYOUT_METHOD_HOLD_HOURS from now on.

    What was in use for the currency ends with it, and whatever else waits: of two links, the first that is confirmed counts.
    Raises Refused: unknown_link, role, used, removed, expired. Emits payout_method.confirmed, and payout_method.removed with
    `replaced_by` for each that ends.
    """
    with transaction.atomic():
        method = method_of_link(secret, user)
        _held_for(method.provider_id, user)
        method = PayoutMethod.objects.select_for_update(of=("self",)).select_related("provider").get(pk=method.pk)
        if not mailed_links.fits(secret, method.key_digest):
            # Another link was sent meanwhile.
            raise unknown_link()
        now = clock.now()
        refuse_unless_open(method)
        others = PayoutMethod.objects.select_for_update().filter(
            provider=method.provider_id, currency=method.currency, removed_at=None
        )
        for other in others.exclude(pk=method.pk).order_by("pk"):
            _end(other, user, replaced_by=method.pk)
        method.confirmed_at = now
        method.confirmed_by = user
        method.usable_at = now + timedelta(hours=settings.PAYOUT_METHOD_HOLD_HOURS)
        method.save(update_fields=["confirmed_at", "confirmed_by", "usable_at"])
        _tell("confirmed", method, user)
    return method


def refuse_unless_open(method: PayoutMethod) -> None:
    """Raise Refused(used, removed, expired) unless the method still waits for its confirmation."""
    match method_state(method, clock.now()):
        case MethodState.HELD | MethodState.IN_USE:
            raise Refused(_("It is confirmed already. Nothing is left to do."), code="used")
        case MethodState.REMOVED:
            raise Refused(
                _("It was removed, or another one was confirmed meanwhile. If you still want it, add it again."), code="removed"
            )
        case MethodState.LAPSED:
            raise Refused(_("The link has expired: it opens for 24 hours. Have it sent again."), code="expired")


def remove_method(method_id: int, user: User) -> PayoutMethod:
    """Pay nothing to this method any more; a second time is the same. Payouts that were sent keep what they were sent to.

    Raises Refused(role). Emits payout_method.removed.
    """
    with transaction.atomic():
        found = PayoutMethod.objects.get(pk=method_id)
        _held_for(found.provider_id, user)
        method = PayoutMethod.objects.select_for_update().get(pk=method_id)
        if method.removed_at is None:
            _end(method, user)
    return method


def _held_for(provider_id: int, user: User) -> Provider:
    """The provider, locked, as everything about its payouts happens one at a time. Raises Refused(role) for who is no owner."""
    provider = lock_provider(provider_id)
    if role_in(user, provider.account_id) != Role.OWNER:
        raise Refused(_("Only an owner of %(account)s decides where it is paid.") % {"account": provider.account.name}, code="role")
    return provider


def _refuse_what_is_there(provider: Provider, currency: str, place: Place) -> None:
    same = PayoutMethod.objects.filter(
        provider=provider,
        currency=currency,
        kind=place.kind,
        iban=place.iban,
        address=place.address,
        network=place.network,
        removed_at=None,
    )
    field = "iban" if place.iban else "address"
    for method in same:
        match method_state(method, clock.now()):
            case MethodState.WAITING:
                raise Refused(
                    _("It waits for its confirmation already. Without the mail, have the link sent again on its page."),
                    code="exists",
                    field=field,
                )
            case MethodState.HELD | MethodState.IN_USE:
                raise Refused(
                    _("What you earn in %(currency)s is paid there already.") % {"currency": currency}, code="exists", field=field
                )


def _end(method: PayoutMethod, user: User, *, replaced_by: int | None = None) -> None:
    method.removed_at = clock.now()
    method.removed_by = user
    method.save(update_fields=["removed_at", "removed_by"])
    _tell("removed", method, user, **({"replaced_by": replaced_by} if replaced_by else {}))


def _tell(what: str, method: PayoutMethod, user: User, **data: int) -> None:
    emit(
        f"payout_method.{what}",
        method,
        provider=method.provider_id,
        currency=method.currency,
        kind=method.kind,
        actor_kind="provider",
        actor=user.pk,
        **data,
    )
