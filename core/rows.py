"""The only module that imports jinja2: the rows of long lists, which it draws ten times as fast as the templates around them."""

from functools import cache

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.icons import icon


def drawn(template_name: str, **context: object) -> SafeString:
    """The template with these values, escaped as on every page. It formats and translates nothing: rows are ready strings."""
    return mark_safe(environment().get_template(template_name).render(context))  # noqa: S308 (the environment escapes)


@cache
def environment() -> Environment:
    """Where these templates are found, and that they escape; a value that is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(settings.BASE_DIR / "templates"),
        autoescape=True,
        auto_reload=settings.DEBUG,
        undefined=StrictUndefined,
    )
    environment.globals["icon"] = icon
    return environment
