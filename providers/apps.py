"""The Django app of providers; the label is the folder's name."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvidersConfig(AppConfig):
    """Providers and offerings."""

    name = "providers"
    verbose_name = _("Providers")
