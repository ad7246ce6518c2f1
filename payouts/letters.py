"""The words of every mail about where a provider is paid. They are sent by accounts.letters."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.letters import Letter
from core.formats import hours_text, when
from payouts.method_rows import kind_words, shortened
from payouts.models import PayoutMethod


def to_confirm(method: PayoutMethod, secret: str) -> Letter:
    """To who added it: the link."""
    return Letter(
        subject=_("Confirm where you are paid in %(currency)s") % _names(method),
        lead=_("You have added a place to be paid what %(provider)s earns in %(currency)s. Nothing is paid there yet.")
        % _names(method),
        paragraphs=(
            _("Follow the link, compare what it shows, and confirm. You are asked for your second factor once more."),
            _("From then on payouts in %(currency)s wait for %(hold)s, and then go there.") % _names(method),
        ),
        lines=_lines(method),
        action_url=settings.SITE_URL + reverse("payout_method_confirm", args=[secret]),
        action_label=_("Look at it and confirm"),
        small=_("The link works once, for 24 hours."),
        reason=_("You get this because you added it. If it was not you, confirm nothing, and set a new password now."),
    )


def added(method: PayoutMethod) -> Letter:
    """To the other owners: somebody wants another place."""
    return _notice(
        method,
        _("A place to be paid in %(currency)s was added") % _names(method),
        _("%(user)s has added a place to be paid what %(provider)s earns in %(currency)s. It waits for its confirmation.")
        % {**_names(method), "user": method.created_by},
        _("Look at it, or remove it"),
    )


def confirmed(method: PayoutMethod) -> Letter:
    """To all owners: from when on money goes there."""
    return _notice(
        method,
        _("Payouts in %(currency)s go to another place") % _names(method),
        _("%(user)s has confirmed it. What %(provider)s earns in %(currency)s is paid there from %(moment)s UTC.")
        % {**_names(method), "user": method.confirmed_by, "moment": when(method.usable_at) if method.usable_at else ""},
        _("Look at it, or remove it"),
    )


def removed(method: PayoutMethod) -> Letter:
    """To all owners: nothing goes there any more."""
    return _notice(
        method,
        _("A place to be paid in %(currency)s was removed") % _names(method),
        _("%(user)s has removed it. Nothing that %(provider)s earns is paid there any more.")
        % {**_names(method), "user": method.removed_by},
        _("See where you are paid"),
    )


def _notice(method: PayoutMethod, subject: str, lead: str, label: str) -> Letter:
    return Letter(
        subject=subject,
        lead=lead,
        paragraphs=(
            _("If this was not you or a colleague: remove it, set a new password, and tell us."),
            _("Nothing is paid to a new place for %(hold)s after it was confirmed.") % _names(method),
        ),
        lines=_lines(method),
        action_url=settings.SITE_URL + reverse("payout_method", args=[method.public_id]),
        action_label=label,
        reason=_("You get this because you own %(account)s on Decent Cloud.") % _names(method),
    )


def _names(method: PayoutMethod) -> dict[str, str]:
    return {
        "currency": method.currency,
        "provider": method.provider.name,
        "account": method.provider.account.name,
        "hold": hours_text(settings.PAYOUT_METHOD_HOLD_HOURS),
    }


def _lines(method: PayoutMethod) -> tuple[dict[str, str], ...]:
    return (
        {"label": _("Kind"), "amount": kind_words(method)},
        {"label": _("Place"), "amount": shortened(method)},
    )
