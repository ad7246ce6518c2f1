"""Django's admin app with our guarded site, so that `admin.site` everywhere asks for a second factor."""

from django.contrib.admin.apps import AdminConfig


class GuardedAdminConfig(AdminConfig):
    """Stands in INSTALLED_APPS where `django.contrib.admin` would."""

    default_site = "accounts.admin_site.GuardedAdminSite"
