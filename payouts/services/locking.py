"""Only how payouts are locked, and what is looked at again under the lock before money leaves.

The order of the house: provider, then payouts by their ids. The provider's row is locked so that others may go on referring to it:
releases arrive meanwhile.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.ledger import balance
from billing.states import LedgerAccount
from core.errors import Refused
from core.formats import minor, money
from payouts.models import Payout
from payouts.pending import Figures, circumstances, doubt_about, held_back, held_minor
from payouts.states import Hold, PayoutState
from providers.models import Provider


def lock_provider(provider_id: int) -> Provider:
    """The provider, for as long as the transaction lasts. Raises Refused (no_provider)."""
    found = Provider.objects.select_for_update(no_key=True).filter(pk=provider_id).first()
    if found is None:
        raise Refused(_("There is no such provider."), code="no_provider")
    return found


def lock_payout(payout_id: int) -> Payout:
    """The payout with its provider and method, the first two locked. Raises Refused (no_payout)."""
    return lock_payouts([payout_id])[0]


def lock_payouts(payout_ids: Iterable[int]) -> list[Payout]:
    """The payouts by their ids, each with its provider and method. Raises Refused (no_payout) if there is none, or one lacks."""
    wanted = set(payout_ids)
    owners = Payout.objects.filter(pk__in=wanted).values("provider")
    list(Provider.objects.select_for_update(no_key=True).filter(pk__in=owners).order_by("pk").values_list("pk"))
    locked = Payout.objects.select_for_update(of=("self",)).filter(pk__in=wanted).order_by("pk")
    found = list(locked.select_related("provider", "method"))
    if not found or len(found) != len(wanted):
        raise Refused(_("There is no such payout."), code="no_payout")
    return found


def require_state(payout: Payout, *states: PayoutState) -> None:
    """Raises Refused (wrong_state; paid for one that is paid, needs_approval for one that nobody has approved)."""
    if payout.state in states:
        return
    code = {PayoutState.SETTLED: "paid", PayoutState.PROPOSED: "needs_approval"}.get(PayoutState(payout.state), "wrong_state")
    words = {"amount": money(payout.amount), "provider": payout.provider.name, "state": payout.get_state_display()}
    texts = {
        "paid": _("%(amount)s to %(provider)s is marked as paid already."),
        "needs_approval": _("%(amount)s to %(provider)s has to be approved first."),
    }
    text = texts.get(code, _("This is not possible any more: %(amount)s to %(provider)s is “%(state)s”."))
    raise Refused(text % words, code=code, data={"state": str(payout.state)})


def look_again(payout: Payout) -> None:
    """Raises Refused when money must not leave now: with the hold's code, method_changed, or payable_smaller."""
    key = (payout.provider_id, payout.currency)
    around = circumstances(payout.provider_id)
    # What disputes and pauses hold back of other rentals is not there for this one.
    held = held_minor(payout.provider_id, payout.currency)
    payable = -balance(LedgerAccount.PROVIDER_PAYABLE, payout.provider, payout.currency) - held
    danger = around.danger(key)
    if danger != Hold.UNPROVEN:
        danger = doubt_about(payout) or danger
    if danger is not None:
        raise held_back(danger, Figures(0, payout.released_minor, payable), payout.currency)
    if around.methods[key].pk != payout.method_id:
        raise Refused(
            _("The provider is paid at another place since this was proposed. Drop it, and propose it anew."), code="method_changed"
        )
    if payable < payout.amount_minor:
        raise Refused(
            _("%(payable)s is owed now, and %(amount)s was proposed: something was taken back since. Drop it, and propose it anew.")
            % {"payable": minor(payable, payout.currency), "amount": money(payout.amount)},
            code="payable_smaller",
            data={"payable_minor": payable, "currency": payout.currency},
        )


def refuse_other_rails(payouts: Iterable[Payout], rail: str) -> None:
    """Raises Refused (other_rail): what leaves by itself is not paid by hand as well."""
    others = [payout for payout in payouts if payout.rail != rail]
    if others:
        raise Refused(
            ngettext("%(count)d of these payouts leaves another way.", "%(count)d of these payouts leave another way.", len(others))
            % {"count": len(others)},
            code="other_rail",
        )
