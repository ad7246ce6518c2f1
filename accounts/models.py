"""The tables of the accounts floor and the rules the database keeps for them."""

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.states import AccountKind, Role, Scope, Theme
from core import clock


class UserManager(BaseUserManager["User"]):
    """Finds users by e-mail in any case. People are made by `accounts.services.create_user`, staff by `manage.py create_staff`."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user who signs in with this e-mail; raises User.DoesNotExist."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A human who signs in with an e-mail address. What is bought or sold belongs to an Account."""

    # Stored in lower case only (constraint below), so that plain uniqueness is uniqueness in any case
    # and every lookup by address uses the same index.
    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.SYSTEM)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    created_at = models.DateTimeField(_("joined"), default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_unique"),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="user_email_lower_case"),
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="user_theme_known"),
        ]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """The name, or the e-mail where none was given."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """The name, or the part of the e-mail before the @."""
        return self.name or self.email.partition("@")[0]


class Account(models.Model):
    """Who rents, provides, pays and is paid: one person, or an organisation with members."""

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=AccountKind)
    # Whose own account this is: set for every personal account and for no other.
    person = models.OneToOneField(
        User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="own_account", null=True, blank=True
    )
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=AccountKind.PERSONAL, person__isnull=False)
                | Q(kind=AccountKind.ORGANISATION, person__isnull=True),
                name="account_person_iff_personal",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_personal(self) -> bool:
        """Whether this is one person's own account."""
        return self.kind == AccountKind.PERSONAL


class Membership(models.Model):
    """What a user may do for an account."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="memberships")
    account = models.ForeignKey(Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=8, choices=Role)
    created_at = models.DateTimeField(_("joined"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="membership_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.account_id}"


class Invitation(models.Model):
    """A seat offered to one e-mail address; open until accepted, withdrawn or expired. The link carries `key`."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(Account, verbose_name=_("account"), on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(_("e-mail"), max_length=254)
    role = models.CharField(_("role"), max_length=8, choices=Role)
    invited_by = models.ForeignKey(User, verbose_name=_("invited by"), on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("sent"), default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        User, verbose_name=_("accepted by"), on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="invitation_open_once",
            ),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="invitation_email_lower_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False, withdrawn_at__isnull=True),
                name="invitation_accepted_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.account_id}"


class SshKey(models.Model):
    """A validated public key, in its canonical one-line form without options."""

    account = models.ForeignKey(Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="ssh_keys")
    user = models.ForeignKey(User, verbose_name=_("added by"), on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    key_type = models.CharField(_("type"), max_length=40)
    bits = models.PositiveIntegerField(_("bits"))
    public_key = models.TextField(_("public key"))
    # "SHA256:" and 43 characters, as `ssh-keygen -l` prints it.
    fingerprint = models.CharField(_("fingerprint"), max_length=50)
    created_at = models.DateTimeField(_("added"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("SSH key")
        verbose_name_plural = _("SSH keys")
        constraints = [
            models.UniqueConstraint(fields=["account", "fingerprint"], name="ssh_key_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.fingerprint}"


class ApiToken(models.Model):
    """A machine's way in: the secret is shown once, only its SHA-256 stays here."""

    user = models.ForeignKey(User, verbose_name=_("user"), on_delete=models.CASCADE, related_name="api_tokens")
    account = models.ForeignKey(Account, verbose_name=_("account"), on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    # The first characters of the secret: enough to recognise a token, far too few to guess one.
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name=_("scopes"))
    created_at = models.DateTimeField(_("created"), default=clock.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [
            models.UniqueConstraint(fields=["digest"], name="api_token_digest_unique"),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="api_token_has_scopes"),
        ]
        indexes = [models.Index(fields=["account", "user", "-created_at", "-id"], name="api_token_listing")]

    def __str__(self) -> str:
        return f"{self.name} {self.prefix}…"
