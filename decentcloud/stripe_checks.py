"""What must be true of the settings of cards: all of them or none, and in production real ones."""

from django.conf import settings
from django.core import checks

SECRET_KEYS = ("sk_", "rk_")
TEST_KEYS = ("sk_test_", "rk_test_")


def check_stripe(**_scope: object) -> list[checks.CheckMessage]:
    """Half of the settings is a mistake at any place."""
    key, secrets = settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS
    found: list[checks.CheckMessage] = []
    if key and not key.startswith(SECRET_KEYS):
        found.append(checks.Error("STRIPE_SECRET_KEY is no secret key: those begin with sk_ or rk_.", id="decentcloud.E010"))
    if key and not secrets:
        hint = "Make an endpoint for /api/v1/webhooks/stripe in Stripe's dashboard and give its signing secret."
        found.append(checks.Warning("STRIPE_WEBHOOK_SECRETS is not set: cards are not offered.", hint=hint, id="decentcloud.W010"))
    if secrets and not key:
        found.append(checks.Warning("STRIPE_SECRET_KEY is not set: cards are not offered.", id="decentcloud.W011"))
    return found


def check_stripe_in_production(**_scope: object) -> list[checks.CheckMessage]:
    """For `check --deploy`: cards that are not offered, or that move no real money."""
    key = settings.STRIPE_SECRET_KEY
    found: list[checks.CheckMessage] = []
    if not key and not settings.STRIPE_WEBHOOK_SECRETS:
        hint = "Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS."
        found.append(checks.Info("Cards are not offered: Stripe is not configured.", hint=hint, id="decentcloud.I010"))
    if key.startswith(TEST_KEYS):
        found.append(checks.Warning("STRIPE_SECRET_KEY is a test key: anybody can rent with play money.", id="decentcloud.W012"))
    if settings.STRIPE_API_BASE:
        found.append(checks.Warning("STRIPE_API_BASE is set: cards are paid at a stand-in, not at Stripe.", id="decentcloud.W013"))
    if not settings.STRIPE_CHECKOUT_ORIGIN.startswith("https://"):
        found.append(checks.Warning("STRIPE_CHECKOUT_ORIGIN is no https address.", id="decentcloud.W014"))
    return found
