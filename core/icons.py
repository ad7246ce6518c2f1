"""Only the markup of one icon of the sprite, for templates of either kind."""

from functools import lru_cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString


@lru_cache(maxsize=256)
def icon(name: str, cls: str = "") -> SafeString:
    """One icon, decorative: the words beside it carry the meaning. The sprite's address is the same for the life of a process."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {cls}" if cls else "",
        static("icons.svg"),
        name,
    )
