"""Whether this reader can rent this offering now, and what the button says if not."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account, User
from accounts.queries import has_verified_email
from dashboard.presenters.offering import TermChoice
from providers.models import Offering
from providers.states import OfferingStatus, Visibility


@dataclass(frozen=True)
class Rent:
    """The button of the offering page. With `link_url` it is a link; `listed` says that everybody may find the page."""

    action: str
    label: str
    link_url: str = ""
    disabled: bool = False
    hint: str = ""
    notice: str = ""
    notice_kind: str = "info"
    listed: bool = True


def rent_button(
    offering: Offering, terms: tuple[TermChoice, ...], account: Account | None, user: User | None, accounts: Collection[int]
) -> Rent:
    """What stands on the button for this reader, who belongs to `accounts` (ids); the server asks all of it again when pressed."""
    action = reverse("quote_create", args=[offering.slug])
    listed = offering.status == OfferingStatus.PUBLISHED and offering.visibility == Visibility.PUBLIC
    label = _("Rent this")
    if account is not None and offering.provider.account_id == account.pk:
        return Rent(
            action,
            _("Edit this offering"),
            link_url=reverse("offering_edit", args=[offering.slug]),
            hint=_("It is yours, so you cannot rent it."),
            notice=_own_notice(offering),
            notice_kind="info" if listed else "act",
            listed=listed,
        )
    if offering.provider.account_id in accounts:
        return Rent(action, label, disabled=True, hint=_("You belong to this provider, so you cannot rent from it."), listed=listed)
    if offering.free <= 0:
        return Rent(action, _("Sold out"), disabled=True, hint=_("A place may come back any day."), listed=listed)
    if all(term.reason for term in terms):
        return Rent(action, label, disabled=True, hint=_("No term of it can be paid for."), listed=listed)
    if user is None or account is None:
        here = quote(reverse("offering", args=[offering.slug]))
        return Rent(action, _("Sign in to rent"), link_url=f"{reverse('account_login')}?next={here}", listed=listed)
    if not has_verified_email(user):
        return Rent(
            action,
            _("Confirm your e-mail address"),
            link_url=reverse("account_email"),
            hint=_("Renting needs a confirmed address: the link is in your mail."),
            listed=listed,
        )
    return Rent(action, label, listed=listed)


def _own_notice(offering: Offering) -> str:
    if offering.status == OfferingStatus.DRAFT:
        return _("This is a draft. Only you see this page.")
    if offering.status == OfferingStatus.ARCHIVED:
        return _("This offering is archived. Only you see this page.")
    if offering.visibility == Visibility.PRIVATE:
        return _("This offering is private. Only you see this page.")
    if offering.visibility == Visibility.SHARED:
        return _("Only you and the accounts on the allow-list see this page.")
    return _("This is your own offering, as customers see it.")
