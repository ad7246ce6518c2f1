"""The closed lists of the accounts floor: kinds, roles, scopes, themes. No import of ours."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AccountKind(TextChoices):
    """A person's own account, made with the user, or an organisation with members."""

    PERSONAL = "personal", _("Personal")
    ORGANISATION = "organisation", _("Organisation")


class Role(TextChoices):
    """What a member may do: everything, everything but members and money settings, or invoices only."""

    OWNER = "owner", _("Owner")
    MEMBER = "member", _("Member")
    BILLING = "billing", _("Billing")


class Theme(TextChoices):
    """Colour scheme of the pages; SYSTEM follows the browser."""

    SYSTEM = "system", _("As this device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Scope(TextChoices):
    """What an API token may be used for. A signed-in browser has all of them."""

    OFFERINGS_READ = "offerings:read", _("Read offerings")
    QUOTES_WRITE = "quotes:write", _("Ask for quotes")
    CONTRACTS_READ = "contracts:read", _("Read rentals")
    CONTRACTS_WRITE = "contracts:write", _("Order, extend and cancel rentals")
    BILLING_READ = "billing:read", _("Read billing details")
    BILLING_WRITE = "billing:write", _("Change billing details")
    SSH_KEYS_READ = "ssh_keys:read", _("Read SSH keys")
    SSH_KEYS_WRITE = "ssh_keys:write", _("Add and remove SSH keys")
    TOKENS_READ = "tokens:read", _("Read API tokens, never their secret")
    TOKENS_WRITE = "tokens:write", _("Create and revoke API tokens")
    PROVIDER_READ = "provider:read", _("Read the provider desk")
    PROVIDER_WRITE = "provider:write", _("Work the provider desk")
    PAYOUTS_READ = "payouts:read", _("Staff: read what providers are owed and paid")
    PAYOUTS_WRITE = "payouts:write", _("Staff: propose payouts, and mark them as paid")


# Only staff holds and uses these; a token keeps them when its owner leaves, and opens nothing with them any more.
STAFF_SCOPES = frozenset({Scope.PAYOUTS_READ, Scope.PAYOUTS_WRITE})
