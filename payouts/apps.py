"""Only the app's registration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PayoutsConfig(AppConfig):
    """What providers are owed and paid: releases, payout methods, payouts."""

    name = "payouts"
    verbose_name = _("Payouts")
    default_auto_field = "django.db.models.BigAutoField"
