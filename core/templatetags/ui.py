"""The tags that components are built with: icons, slots, and the geometry of drawn things."""

from functools import lru_cache

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core import charts, icons
from core.rows import drawn

register = template.Library()


@register.simple_tag
def icon(name: str, cls: str = "") -> SafeString:
    """One icon of the sprite, decorative: the words beside it carry the meaning."""
    return icons.icon(str(name), str(cls))


@register.simple_tag
def rows(template_name: str, **context: object) -> SafeString:
    """`{% rows "dashboard/rentals.jinja" rows=rows %}`: a long list of ready strings. See core.rows."""
    return drawn(template_name, **context)


@register.simple_tag
def sprite(name: str) -> str:
    """The address of a symbol of the sprite, for the logo and the mark."""
    return f"{static('icons.svg')}#{name}"


class SlotNode(template.Node):
    """Renders its content in the page's own context and keeps it under a name."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        context[self.name] = SafeString(self.nodelist.render(context).strip())
        return SafeString("")


@register.tag
def slot(parser: Parser, token: Token) -> SlotNode:
    """`{% slot body %}…{% endslot %}` makes `body` for an include with `only`.

    The content is rendered where it stands, so that a form in it keeps its csrf_token.
    """
    bits = token.split_contents()
    if len(bits) != 2 or not bits[1].isidentifier():
        raise template.TemplateSyntaxError("slot takes one name: {% slot body %}")
    nodelist = parser.parse(("endslot",))
    parser.delete_first_token()
    return SlotNode(bits[1], nodelist)


class OnceNode(template.Node):
    """Renders its content once per language and process, since it depends on nothing else."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self.rendered: dict[str | None, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        language = get_language()
        if language not in self.rendered:
            self.rendered[language] = self.nodelist.render(context)
        return self.rendered[language]


@register.tag
def once(parser: Parser, _token: Token) -> OnceNode:
    """`{% once %}…{% endonce %}` around a part of the frame that knows no user, no request and no page."""
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodelist)


register.simple_tag(charts.term_svg, name="term_svg")
register.simple_tag(charts.now_mark, name="now_mark")
register.simple_tag(charts.day_strip, name="day_strip")
register.simple_tag(charts.bins, name="bins")
register.simple_tag(charts.months, name="months")


@lru_cache(maxsize=256)
def _path(name: str) -> str:
    return reverse(name)


@register.simple_tag
def page_url(name: str) -> str:
    """The address of a page without parameters, found once per process; empty when there is none.

    For the frame around every page: it must stand even where a page of it does not. A test finds the empty ones.
    """
    try:
        return _path(name)
    except NoReverseMatch:
        return ""
