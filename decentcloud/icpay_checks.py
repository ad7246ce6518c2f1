"""What must be true of the settings of tokens: known words, and in production somebody who has thought of their VAT."""

from django.conf import settings
from django.core import checks

from billing.untaxed import ICPAY, NONE, TABLE, leaves_out_vat

API_BASE, PAY_ORIGIN = "https://api.icpay.org", "https://icpay.org"


def check_icpay(**_scope: object) -> list[checks.CheckMessage]:
    """Half of the settings is a mistake at any place."""
    public, secret, secrets = settings.ICPAY_PUBLISHABLE_KEY, settings.ICPAY_SECRET_KEY, settings.ICPAY_WEBHOOK_SECRETS
    found: list[checks.CheckMessage] = []
    if public and not public.startswith("pk_"):
        found.append(checks.Error("ICPAY_PUBLISHABLE_KEY is none: those begin with pk_.", id="decentcloud.E031"))
    if secret and not secret.startswith("sk_"):
        found.append(checks.Error("ICPAY_SECRET_KEY is no secret key: those begin with sk_.", id="decentcloud.E032"))
    if settings.ICPAY_TOLERANCE_UNITS < 0:
        found.append(checks.Error("ICPAY_TOLERANCE_UNITS is negative.", id="decentcloud.E033"))
    given = {"ICPAY_PUBLISHABLE_KEY": public, "ICPAY_SECRET_KEY": secret, "ICPAY_WEBHOOK_SECRETS": secrets}
    missing = [name for name, value in given.items() if not value]
    if missing and len(missing) < len(given):
        hint = "The secret is that of an endpoint for /api/v1/webhooks/icpay in ICPay's dashboard."
        text = f"{', '.join(missing)} not set: tokens are not taken."
        found.append(checks.Warning(text, hint=hint, id="decentcloud.W031"))
    return found


def check_icpay_in_production(**_scope: object) -> list[checks.CheckMessage]:
    """For `check --deploy`: tokens that are not taken, or that are not real ones."""
    public, secret = settings.ICPAY_PUBLISHABLE_KEY, settings.ICPAY_SECRET_KEY
    found: list[checks.CheckMessage] = []
    if not public and not secret and not settings.ICPAY_WEBHOOK_SECRETS:
        hint = "Set ICPAY_PUBLISHABLE_KEY, ICPAY_SECRET_KEY and ICPAY_WEBHOOK_SECRETS."
        found.append(checks.Info("Tokens are not taken: ICPay is not configured.", hint=hint, id="decentcloud.I030"))
    if public.startswith("pk_test_") or secret.startswith("sk_test_"):
        found.append(checks.Warning("A key of ICPay is a test key: anybody can rent with play money.", id="decentcloud.W032"))
    if settings.ICPAY_API_BASE != API_BASE or settings.ICPAY_PAY_ORIGIN != PAY_ORIGIN:
        text = "ICPAY_API_BASE or ICPAY_PAY_ORIGIN is not ICPay's own: tokens are paid at a test network or a stand-in."
        found.append(checks.Warning(text, id="decentcloud.W033"))
    return found


def check_icpay_tax(**_scope: object) -> list[checks.CheckMessage]:
    """A word that nobody knows would tax by accident."""
    if settings.ICPAY_TAX in (NONE, TABLE):
        return []
    return [checks.Error(f"ICPAY_TAX is neither {NONE} nor {TABLE}.", id="decentcloud.E030")]


def check_icpay_tax_in_production(**_scope: object) -> list[checks.CheckMessage]:
    """For `check --deploy`: tokens are taken, and VAT is left out of them."""
    if not settings.ICPAY_SECRET_KEY or not leaves_out_vat(ICPAY):
        return []
    text = "ICPAY_TAX is none: no VAT is charged on payments by ICPay, and those that would carry it have no invoice."
    hint = "Have an accountant confirm it, and watch the report of VAT left out; or set ICPAY_TAX=table."
    return [checks.Warning(text, hint=hint, id="decentcloud.W030")]
