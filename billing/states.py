"""Only the words of billing: states of payments, refunds and disputes, and what can be odd."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PaymentState(models.TextChoices):
    """Where a payment stands; refunded sums and disputes are figures on it, not states."""

    PENDING = "pending", _("Not paid")
    PROCESSING = "processing", _("On its way")
    SUCCEEDED = "succeeded", _("Paid")
    FAILED = "failed", _("Declined")
    EXPIRED = "expired", _("Not paid in time")
    MISMATCHED = "mismatched", _("Wrong amount, being checked")
    RETURNED = "returned", _("Sent back")


# Money came, and stands in the ledger.
BOOKED = (PaymentState.SUCCEEDED, PaymentState.MISMATCHED, PaymentState.RETURNED)


class Anomaly(models.TextChoices):
    """What is odd about money that arrived; each opens a staff task."""

    NONE = "", _("None")
    WRONG_AMOUNT = "wrong_amount", _("Wrong amount")
    WRONG_ASSET = "wrong_asset", _("Wrong currency or token")
    LATE = "late", _("Too late")
    PAID_TWICE = "paid_twice", _("Paid twice")
    PAID_AFTER_EXPIRY = "paid_after_expiry", _("Paid after the order had ended")
    UNMARKED = "unmarked", _("Not by a page of ours")


class ChargePurpose(models.TextChoices):
    """What a charge pays for."""

    CONTRACT = "contract", _("Order")
    EXTENSION = "extension", _("Extension")


class RefundState(models.TextChoices):
    """Where a refund stands; `succeeded` may turn to `failed` weeks later, when a bank returns it.

    `dropped` is as if it had never been decided.
    """

    REQUESTED = "requested", _("Decided")
    AWAITING_APPROVAL = "awaiting_approval", _("Waits for a second person")
    SUBMITTING = "submitting", _("Being sent")
    SUBMITTED = "submitted", _("On its way")
    SUCCEEDED = "succeeded", _("Refunded")
    FAILED = "failed", _("Failed")
    MANUAL = "manual", _("To be paid by hand")
    DROPPED = "dropped", _("Not owed any more")


class RefundKind(models.TextChoices):
    """Why money goes back."""

    UNUSED = "unused", _("Unused part")
    RETURN = "return", _("Money that pays for nothing")
    GOODWILL = "goodwill", _("Goodwill, borne by the platform")
    VAT = "vat", _("VAT that was not due")
    IMPORTED = "imported", _("Made at the gateway")


class DisputeState(models.TextChoices):
    """What a bank has said so far; an inquiry takes no money."""

    INQUIRY = "inquiry", _("Inquiry")
    INQUIRY_CLOSED = "inquiry_closed", _("Inquiry closed")
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class TaskKind(models.TextChoices):
    """What staff has to look at."""

    PAYMENT_ANOMALY = "payment_anomaly", _("Odd payment")
    REFUND_FAILED = "refund_failed", _("Refund failed")
    REFUND_IN_TOKENS = "refund_in_tokens", _("Refund to be paid in tokens")
    DISPUTE = "dispute", _("Dispute")
    INQUIRY = "inquiry", _("Inquiry")
    UNKNOWN_PAYMENT = "unknown_payment", _("Payment that we cannot place")
    GATEWAY_REFUND = "gateway_refund", _("Refund made at the gateway")
    TAX_OPINION = "tax_opinion", _("The gateway computes another VAT")
    PROOF = "proof", _("The ledger does not agree")
    DOCUMENTS = "documents", _("Documents without their files")
    PAYOUT = "payout", _("Payout")


class LedgerAccount(models.TextChoices):
    """The accounts of the ledger that money has reached so far; debit +, credit −."""

    GATEWAY_CLEARING = "gateway_clearing", _("Gateway, not yet in its report")
    GATEWAY_BALANCE = "gateway_balance", _("Gateway balance")
    BANK = "bank", _("Bank")
    DISPUTE_HOLD = "dispute_hold", _("Held by a bank in a dispute")
    ESCROW = "escrow", _("Escrow: paid, not yet earned")
    TAX_PENDING = "tax_pending", _("VAT that stands on no document yet")
    UNALLOCATED = "unallocated", _("Received, pays for nothing")
    REFUND_PAYABLE = "refund_payable", _("Owed to customers")
    PROVIDER_PAYABLE = "provider_payable", _("Owed to providers")
    PAYOUT_TRANSIT = "payout_transit", _("Sent to providers, not settled")
    PLATFORM_FEE = "platform_fee", _("Platform fee")
    GATEWAY_FEES = "gateway_fees", _("Gateway fees")
    DISPUTE_FEES = "dispute_fees", _("Dispute fees")
    LOSSES = "losses", _("Losses")
    TAX_PAYABLE = "tax_payable", _("VAT on issued documents")
    FX = "fx", _("Changes of currency")
    OWNER = "owner", _("Put in by the owner")


class JournalKind(models.TextChoices):
    """What two members of staff may enter into the ledger: nothing else tells of it."""

    TAX_PAID = "tax_paid", _("VAT paid to the office")
    DEBT_WRITTEN_OFF = "debt_written_off", _("Provider’s debt written off")
    OWNER_PAID_IN = "owner_paid_in", _("Put in by the owner")
    MOVED = "moved", _("Moved between places of ours")


class JournalState(models.TextChoices):
    """Where a journal stands, read from its times."""

    PROPOSED = "proposed", _("Waits for a second person")
    POSTED = "posted", _("In the ledger")
    DROPPED = "dropped", _("Dropped")


class JournalPlace(models.TextChoices):
    """Where money of ours stands and no report tells what we do with it there; the names are the owners in the ledger."""

    BANK = "bank", _("Our bank")
    ICPAY = "icpay", "ICPay"
    WALLET = "icrc1", _("Our wallet on the Internet Computer")


class DocumentKind(models.TextChoices):
    """What a document is; each kind is numbered by itself, without gaps."""

    RECEIPT = "receipt", _("Receipt")
    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class DocumentForm(models.TextChoices):
    """In what a document is stored, by the name of its field: the paper, and both syntaxes of EN 16931 where it is an invoice."""

    PDF = "pdf", "PDF"
    CII = "cii", "XML (CII)"
    UBL = "ubl", "XML (UBL)"

    @property
    def suffix(self) -> str:
        """How its file's name ends."""
        return {"pdf": ".pdf", "cii": ".xml", "ubl": ".ubl.xml"}[self.value]

    @property
    def media_type(self) -> str:
        """What it is to a browser."""
        return "application/pdf" if self == DocumentForm.PDF else "application/xml"


class TaxCategory(models.TextChoices):
    """VAT categories of EN 16931 that occur here; G, K and Z do not. `LEFT_OUT` is ours, for receipts: see billing/untaxed.py."""

    STANDARD = "S", _("VAT")
    REVERSE_CHARGE = "AE", _("Reverse charge")
    OUT_OF_SCOPE = "O", _("Outside the scope of EU VAT")
    EXEMPT = "E", _("No VAT: small business")
    LEFT_OUT = "N", _("No VAT charged")


class AddressState(models.TextChoices):
    """Where an address for tokens that come back stands, read from its times."""

    WAITING = "waiting", _("Waits for your confirmation")
    LAPSED = "lapsed", _("Not confirmed in time")
    HELD = "held", _("Confirmed, not used yet")
    USABLE = "usable", _("In use")
    REMOVED = "removed", _("Removed")


class TaxScheme(models.TextChoices):
    """To which office the VAT goes."""

    NONE = "", _("None")
    LOCAL = "local", _("At home")
    OSS = "oss", _("One-Stop Shop")


class VatCheckState(models.TextChoices):
    """What VIES has said of a VAT id. Unavailable is not invalid."""

    PENDING = "pending", _("Being checked")
    VALID = "valid", _("Valid")
    INVALID = "invalid", _("Not valid")
    UNAVAILABLE = "unavailable", _("Could not be checked")


class BuyerKind(models.TextChoices):
    """Who buys: VAT and the law of consumers ask for it."""

    PERSON = "person", _("A private person")
    COMPANY = "company", _("A company or a sole trader")


class DocumentLanguage(models.TextChoices):
    """The languages that documents are written in, at the customer's choice."""

    EN = "en", "English"
    DE = "de", "Deutsch"
    FR = "fr", "Français"
    ES = "es", "Español"


class LossBearer(models.TextChoices):
    """Who bears what a bank keeps beyond what is not earned yet (the setting DISPUTE_LOSS_BEARER)."""

    PROVIDER = "provider", _("The provider")
    PLATFORM = "platform", _("The platform")
