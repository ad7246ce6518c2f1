"""The only place that names the accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, accounts, memberships, SSH keys and API tokens."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "accounts"
    verbose_name = "Accounts"
