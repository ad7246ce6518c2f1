"""The settings of a test run: the project's own, from a fixed environment, so that nobody's .env changes a result."""

import os

_database = os.environ.get("DATABASE_URL", "")
os.environ.update(
    # The plugin in conftest.py puts the real address in before anything connects.
    DATABASE_URL=_database or "postgres://decentcloud@/decentcloud?host=/nowhere",
    DEBUG="off",
    SECRET_KEY="only-for-tests-only-for-tests-only-for-tests-only-for-tests",
    SITE_URL="http://testserver",
    ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
    SECURE_SSL_REDIRECT="off",
    SANDBOX_ENABLED="on",
    SANDBOX_WEBHOOK_SECRETS="whsec-new-only-for-tests,whsec-old-only-for-tests",
    STRIPE_SECRET_KEY="",
    STRIPE_WEBHOOK_SECRETS="",
    STRIPE_API_BASE="",
    ICPAY_PUBLISHABLE_KEY="",
    ICPAY_SECRET_KEY="",
    ICPAY_WEBHOOK_SECRETS="",
    ICPAY_API_BASE="https://api.icpay.org",
    ICPAY_PAY_ORIGIN="https://icpay.org",
    ICPAY_TOLERANCE_UNITS="0",
    ICPAY_TAX="none",
    ICPAY_USER_TOKEN="",
    STRIPE_CONNECT="off",
    ICRC1_WALLET_KEY="",
    ICRC1_LEDGER="",
    ICRC1_INDEX="",
    ICRC1_API_BASE="http://127.0.0.1:9",
    ICRC1_ROOT_KEY="",
    EMAIL_URL="memorymail://",
    # Nobody listens there: a test that is about VIES brings its own.
    VIES_BASE="http://127.0.0.1:9",
    LOG_LEVEL="WARNING",
)

from decentcloud.settings import *  # noqa: E402, F403 -- the environment above has to stand first

# One round of hashing instead of a million: tests make users by the hundred.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Files are served as they lie there; a run needs no collectstatic before it.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "documents": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
# Browsers and test clients speak plain http.
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
