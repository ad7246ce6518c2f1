"""The only place where the whole project's own system checks are registered."""

from django.apps import AppConfig


class DecentCloudConfig(AppConfig):
    """The project itself as an app without models, so that its checks run with everybody's."""

    name = "decentcloud"
    verbose_name = "Decent Cloud"
    default_auto_field = "django.db.models.BigAutoField"
