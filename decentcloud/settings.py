"""The settings of the machine: apps, database, queue, safety. Those of the business stand in business_settings.py.

These two are the only places where the environment is read: every setting, typed, with its meaning in .env.example.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import django_stubs_ext

from decentcloud import business_settings, embedded_database
from decentcloud.business_settings import *  # noqa: F403 -- Django looks for every setting here
from decentcloud.environment import BASE_DIR, DECENTCLOUD_HOME, NAMES_NO_DATABASE, env

# Lets classes say what they are about (`ModelAdmin[Offering]`) while they run, not only to the type checker.
django_stubs_ext.monkeypatch()

DATABASE_IS_EMBEDDED: bool = NAMES_NO_DATABASE
DEBUG: bool = env.bool("DEBUG", default=False)
SECRET_KEY: str = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
SITE_URL: str = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
CSRF_TRUSTED_ORIGINS: list[str] = [SITE_URL] if SITE_URL.startswith("https://") else []

# --- Apps, from the ground up -------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before core, whose admin replaces the queue's own: there anybody of the staff could schedule any function.
    "django_q",
    "core",
    "accounts",
    "providers",
    "contracts",
    "billing",
    "payouts",
    "messaging",
    "dashboard",
    "decentcloud",
    "accounts.admin_app.GuardedAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.ActingAccountMiddleware",
    "accounts.middleware.NothingPersonalIsKept",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.RefuseHugeBodies",
    # Last, so that the page which refuses knows who asks.
    "core.middleware.RefuseNulBytes",
]

ROOT_URLCONF = "decentcloud.urls"
WSGI_APPLICATION = "decentcloud.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The three tables of consequences; core loads them by this path and never imports upward.
REACTIONS = "decentcloud.reactions"
# In which capacity somebody repeats a request, asked by core in the same way.
IDEMPOTENCY_CAPACITY = "accounts.access.capacity_of"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "decentcloud.context.site",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "template_partials.templatetags.partials",
                "core.templatetags.money",
                "core.templatetags.when",
                "core.templatetags.ui",
            ],
        },
    },
]
# Forms, fields and widgets are drawn by templates/c.
FORM_RENDERER = "core.forms.DesignRenderer"

# --- Database and cache -------------------------------------------------------------------------------------------------------

_database: dict[str, Any] = env.db_url(
    "DATABASE_URL", default=embedded_database.address(DECENTCLOUD_HOME / "postgres", "decentcloud")
)
# A socket's folder stands in the query of such an address (?host=/run/postgresql); Django has its own place for it.
_options = _database.get("OPTIONS", {})
_database["HOST"] = _options.pop("host", _database["HOST"])
_database["PORT"] = _options.pop("port", _database["PORT"])
# Sync workers gain nothing from a pool; a kept connection is checked before it is used again.
DATABASES: dict[str, dict[str, Any]] = {"default": {**_database, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}

# Limits and the guard against replayed codes need one memory for all processes. An unlogged table is one; no page reads it.
_shared_cache: dict[str, Any] = (
    env.cache_url("CACHE_URL")
    if env.str("CACHE_URL", default="")
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
)
CACHES: dict[str, dict[str, Any]] = {
    "default": _shared_cache,
    # The queue writes its own pulse twice a second, for a monitor that is not used: it stays in the process.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# --- Queue --------------------------------------------------------------------------------------------------------------------
# A nudge only: what must be done stands in the outbox and the inbox, whose rows retry by themselves. Hence one attempt, and a retry
# far beyond the time limit, so that no job runs twice at once.

Q_CLUSTER: dict[str, Any] = {
    "name": "decentcloud",
    "label": "Queue",
    "orm": "default",
    "workers": env.int("QUEUE_WORKERS", default=2),
    "timeout": 60,
    "retry": 120,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": 250,
    "poll": 0.2,
    "catch_up": False,
    "cache": "process",
    "log_level": env.str("LOG_LEVEL", default="INFO"),
}

# Without a schedule run for so long, a worker starts anew. More than a long queue keeps a schedule waiting in line.
WORKER_SILENCE_SECONDS: int = env.int("WORKER_SILENCE_SECONDS", default=600)

# --- Accounts: e-mail login, second factors, sessions (this block belongs to accounts) ----------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "rentals"
LOGOUT_REDIRECT_URL = "home"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "accounts.signin_forms.SignInForm",
    "signup": "accounts.signin_forms.SignUpForm",
    "reset_password": "accounts.signin_forms.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.signin_forms.NewPasswordForm",
    "change_password": "accounts.signin_forms.ChangePasswordForm",
    "set_password": "accounts.signin_forms.SetPasswordForm",
    "add_email": "accounts.signin_forms.ChangeAddressForm",
    "confirm_email_verification_code": "accounts.signin_forms.MailedCodeForm",
    "reauthenticate": "accounts.signin_forms.PasswordAgainForm",
}
# A code instead of a link: mail scanners cannot use it up, and the address changes only once it was typed.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE_URL.startswith("https://") else "http"
# "Stay signed in" asks; without it the session ends with the browser.
ACCOUNT_SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "10/m/ip,60/h/ip",
    "reset_password": "10/m/ip,3/10m/key",
    "change_password": "5/m/user",
}
# How many proxies of ours stand in front and write X-Forwarded-For; limits count per visitor, not per proxy.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_ADAPTER = "accounts.mfa_adapter.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "accounts.second_factor_forms.CodeForm",
    "reauthenticate": "accounts.second_factor_forms.CodeAgainForm",
    "activate_totp": "accounts.second_factor_forms.SetUpAppForm",
    "add_webauthn": "accounts.second_factor_forms.AddPasskeyForm",
    "login_webauthn": "accounts.second_factor_forms.PasskeySignInForm",
    "authenticate_webauthn": "accounts.second_factor_forms.PasskeyForm",
    "reauthenticate_webauthn": "accounts.second_factor_forms.PasskeyAgainForm",
    "edit_webauthn": "accounts.second_factor_forms.RenamePasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Decent Cloud"
# A clock may be half a minute off; accepted codes are remembered as long as they could be repeated.
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG

# --- (end of the accounts block) ----------------------------------------------------------------------------------------------

# --- Safety -------------------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        # Chromium applies this to the redirect after a POST too, so the payment pages are named.
        "form-action": ["'self'", business_settings.STRIPE_CHECKOUT_ORIGIN, business_settings.ICPAY_PAY_ORIGIN],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# Behind a proxy that ends TLS and sets (and never passes on) this header.
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT: bool = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS: int = env.int("SECURE_HSTS_SECONDS", default=0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
CSRF_FAILURE_VIEW = "decentcloud.pages.csrf_failure"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())

# --- Language and time --------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "decentcloud.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files -------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT: str = env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]


def _document_storage(address: str) -> dict[str, Any]:
    """Receipts and invoices: a folder, or ``s3://bucket/prefix?region_name=eu-central-1&endpoint_url=https://…``; never public.

    Names and secrets of a bucket's keys come from the environment that boto3 reads, not from the address.
    """
    parts = urlsplit(address)
    if parts.scheme != "s3":
        folder = address or str(DECENTCLOUD_HOME / "documents")
        options: dict[str, Any] = {"location": folder, "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    options = {"bucket_name": parts.netloc, "location": parts.path.strip("/"), "default_acl": None, "file_overwrite": False}
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options | dict(parse_qsl(parts.query))}


STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
    "documents": _document_storage(env.str("DOCUMENT_STORAGE", default="")),
}

# --- E-mail and logs ----------------------------------------------------------------------------------------------------------

# A mail server that is silent must not hold up the queue.
EMAIL_TIMEOUT = 15
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
if vars()["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend":
    EMAIL_BACKEND = "core.console_mail.EmailBackend"
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Decent Cloud <no-reply@localhost>")
SERVER_EMAIL: str = DEFAULT_FROM_EMAIL

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own console handler would say everything twice.
        "django": {"handlers": [], "propagate": True},
        # The queue tells of every job three times; ours are kept in rows.
        "django-q": {"level": "WARNING"},
        # Every step of every document, which buries the mails on a local market's console.
        "weasyprint.progress": {"level": "WARNING"},
        "factur-x": {"level": "WARNING"},
    },
}

# --- The machine door ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "core.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "core.api.exception_handler",
    # Unset, limits would believe any X-Forwarded-For and count each made-up address by itself.
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Decent Cloud",
    "DESCRIPTION": (
        "Rent cloud resources from independent providers.\n\n"
        "Amounts are whole numbers of the smallest unit of their currency; times are UTC. Errors are problem+json (RFC 9457).\n\n"
        "Lists are pages with links (RFC 8288). A POST with an Idempotency-Key is done once, however often it is sent in 24 hours."
    ),
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # One name for one set of words, whatever the members are called that carry it.
    "ENUM_NAME_OVERRIDES": {
        "ContractState": "contracts.states.State",
        "ActorKind": "contracts.states.ActorKind",
        "Role": "accounts.states.Role",
        "Scope": "accounts.states.Scope",
        "VatCheckState": "billing.states.VatCheckState",
        "TaxCategory": "billing.states.TaxCategory",
        "DocumentLanguage": "billing.states.DocumentLanguage",
        "MethodKind": "payouts.states.MethodKind",
    },
}
