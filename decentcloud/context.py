"""What every page knows without asking: the template context of the whole site."""

from django.conf import settings
from django.http import HttpRequest


def site(_request: HttpRequest) -> dict[str, object]:
    """`sandbox_enabled`: whether payments here may be play money, which every page then says; `site_url`: our address."""
    return {"sandbox_enabled": settings.SANDBOX_ENABLED, "site_url": settings.SITE_URL}
