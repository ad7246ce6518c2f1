"""What every page knows without asking: the template context of the whole site."""

from django.conf import settings
from django.http import HttpRequest

THEME_COOKIE = "theme"
THEMES = frozenset({"light", "dark"})

# Which link of the top bar a page belongs to, by the beginning of its address.
SECTIONS = (
    ("/dashboard/rentals", "rentals"),
    ("/dashboard/provider", "provide"),
    ("/marketplace", "market"),
    ("/offerings/", "market"),
    ("/providers/", "market"),
    ("/compare", "market"),
    ("/order/", "market"),
    ("/checkout/", "market"),
    ("/how-it-works", "how"),
)


def section(path: str) -> str:
    """The part of the site that an address belongs to, or nothing."""
    return next((name for start, name in SECTIONS if path.startswith(start)), "")


def theme(request: HttpRequest) -> str:
    """`light` or `dark` where somebody chose; empty follows the device. Signed in, the profile's choice counts."""
    user = getattr(request, "user", None)
    chosen = user.theme if user and user.is_authenticated else request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def frame() -> dict[str, object]:
    """What a page says even when nothing else works: no request, no query.

    `sandbox_enabled`: whether payments here may be play money, which every page then says; `site_url`: our address.
    """
    return {"sandbox_enabled": settings.SANDBOX_ENABLED, "site_url": settings.SITE_URL}


def site(request: HttpRequest) -> dict[str, object]:
    """The frame, and `section` of the top bar and `theme` of the page."""
    return {**frame(), "section": section(request.path), "theme": theme(request)}
