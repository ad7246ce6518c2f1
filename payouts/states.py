"""Only the words of payouts: states, payout methods, and why a provider is not paid yet."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PayoutState(models.TextChoices):
    """Where a payout stands. A failed one has given its releases back; a settled one may still come back, days later."""

    PROPOSED = "proposed", _("Proposed")
    APPROVED = "approved", _("Approved")
    SENT = "sent", _("Sent")
    SETTLED = "settled", _("Paid")
    FAILED = "failed", _("Failed")
    RETURNED = "returned", _("Came back")


# Their money is not with the provider, and their releases are in no payout any more.
UNDONE = (PayoutState.FAILED, PayoutState.RETURNED)
# Decided, and nothing has left yet.
UNSENT = (PayoutState.PROPOSED, PayoutState.APPROVED)


class MethodKind(models.TextChoices):
    """Where a provider can be paid."""

    BANK = "bank", _("Bank account")
    ICP = "icp", _("Internet Computer")
    EVM = "evm", _("Ethereum and compatible chains")
    STRIPE = "stripe", _("Stripe account")


class Network(models.TextChoices):
    """The chains on which an address of the form 0x… is paid; the same address is another account on each."""

    ETHEREUM = "ethereum", _("Ethereum")
    BASE = "base", _("Base")
    ARBITRUM = "arbitrum", _("Arbitrum One")
    POLYGON = "polygon", _("Polygon")


class MethodState(models.TextChoices):
    """Where a way to be paid stands, read from its times."""

    WAITING = "waiting", _("Waits for your confirmation")
    LAPSED = "lapsed", _("Not confirmed in time")
    HELD = "held", _("Confirmed, not used yet")
    IN_USE = "in_use", _("In use")
    REMOVED = "removed", _("Removed")


class Rail(models.TextChoices):
    """How a payout is carried out."""

    MANUAL = "manual", _("By hand")
    ICRC1 = "icrc1", _("From our wallet on the Internet Computer")
    STRIPE_CONNECT = "stripe_connect", _("Through Stripe")


class TransferState(models.TextChoices):
    """Where a call that sends a payout's money stands."""

    SUBMITTING = "submitting", _("Being sent")
    SUBMITTED = "submitted", _("Not answered: to be looked for")
    SUCCEEDED = "succeeded", _("Sent")
    FAILED = "failed", _("Refused")


class ReversalState(models.TextChoices):
    """Where a call that takes money of a transfer back stands."""

    SUBMITTING = "submitting", _("Being taken back")
    SUCCEEDED = "succeeded", _("Taken back")
    FAILED = "failed", _("Refused")


class ExportFormat(models.TextChoices):
    """The file that staff takes to where it pays."""

    PAIN001 = "pain001", _("SEPA credit transfer (pain.001.001.09)")
    CSV = "csv", _("CSV")


class Hold(models.TextChoices):
    """Why nothing is proposed for a provider in a currency; the first that applies."""

    UNPROVEN = "unproven", _("The ledger is not proven")
    DISPUTED = "disputed", _("A payment is disputed")
    SUSPENDED = "suspended", _("A rental is paused")
    COMING_BACK = "coming_back", _("Money of an earlier payout is on its way back")
    NEW_PROVIDER = "new_provider", _("New provider: the first payout waits")
    NO_METHOD = "no_method", _("No confirmed way to be paid")
    METHOD_FRESH = "method_fresh", _("The way to be paid was changed in the last hours")
    OWES = "owes", _("More was taken back than is earned since")
    TOO_SMALL = "too_small", _("Below the smallest payout")
    OPEN_PAYOUT = "open_payout", _("A payout is proposed already")
