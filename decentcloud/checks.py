"""What must be true before the site opens: PostgreSQL always, and in production no settings of a local market."""

from django.conf import settings
from django.core import checks

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def check_database(**_scope: object) -> list[checks.CheckMessage]:
    """Only PostgreSQL locks rows, keeps append-only tables and searches text as the shop needs it."""
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        return []
    return [
        checks.Error("DATABASE_URL names no PostgreSQL.", hint="postgres://user:password@host:5432/name", id="decentcloud.E001")
    ]


def check_production(**_scope: object) -> list[checks.CheckMessage]:
    """For `check --deploy`: what works on a desk and must not go out."""
    found: list[checks.CheckMessage] = []
    if settings.DATABASE_IS_EMBEDDED:
        found.append(checks.Error("DATABASE_URL is not set: the embedded database is for a desk only.", id="decentcloud.E002"))
    if not settings.SITE_URL.startswith("https://"):
        found.append(
            checks.Warning("SITE_URL is no https address: links in e-mails will be wrong or unsafe.", id="decentcloud.W001")
        )
    if settings.EMAIL_BACKEND == CONSOLE:
        found.append(checks.Warning("EMAIL_URL is not set: e-mails are printed, not sent.", id="decentcloud.W002"))
    if not settings.REFUND_APPROVAL_LIMITS:
        hint = "REFUND_APPROVAL_LIMITS=EUR=50000;USD=50000"
        found.append(checks.Info("No refund, however large, waits for a second person.", hint=hint, id="decentcloud.I001"))
    if settings.SANDBOX_ENABLED:
        found.append(checks.Warning("SANDBOX_ENABLED is on: anybody can rent with play money.", id="decentcloud.W003"))
    return found
