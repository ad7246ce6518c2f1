"""The rules of the templates that no linter knows: words through gettext, components closed, icons and addresses that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse
from jinja2 import UndefinedError

from core.rows import drawn, environment
from providers.presenters.search import FacetRow

ROOT = Path(settings.BASE_DIR)
TEMPLATES = ROOT / "templates"
# Parts of the frame that need the request: base.html includes them open.
OPEN = {"c/topbar.html", "c/footer.html", "c/account_menu.html"}
# What reads the same in every language.
SAME_EVERYWHERE = re.compile(
    r"Decent Cloud|Decent|Cloud|UTC|VAT|€|API|SSH|CSV|IPv4|IPv6|TB|GB|Mbit/s|GHz|vCPU|ssh-ed25519[^<]*|ssh root@\S+|static/css/\S+"
    # Parts of an address.
    r"|[?&][a-z_]+=|[a-z.]+@[a-z.]+|decent-demo|htmx|&[a-z]+;|&#\d+;|\d[\d.,:]*"
)
# Attributes that are read by people, so their words are translated too.
READ_ALOUD = re.compile(r'\s(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"')


def pages() -> list[Path]:
    return sorted(path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".jinja"})


def name_of(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


def code(path: Path) -> str:
    """A template without its comments."""
    text = re.sub(r"(?s){% comment %}.*?{% endcomment %}", "", path.read_text())
    return re.sub(r"(?s){#.*?#}", "", text)


def found(pattern: str, path: Path) -> Iterator[str]:
    return (match.group(1) for match in re.finditer(pattern, code(path)))


@pytest.mark.parametrize("path", [path for path in sorted(TEMPLATES.rglob("*.*")) if path.suffix in {".html", ".txt"}], ids=name_of)
def test_template_compiles(path: Path) -> None:
    get_template(name_of(path))


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.jinja")), ids=name_of)
def test_rows_compile(path: Path) -> None:
    environment().get_template(name_of(path))


def test_rows_escape_what_they_show_and_miss_nothing_in_silence() -> None:
    evil = FacetRow("n", "\"'><script>", "<b>", "1", selected=False)
    html = drawn("providers/facet.jinja", legend="&", rows=[evil], quiet=False)
    assert "<script>" not in html
    assert "<b>" not in html
    assert 'value="&#34;&#39;&gt;&lt;script&gt;"' in html
    with pytest.raises(UndefinedError):
        drawn("providers/facet.jinja", rows=[evil])


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_components_are_closed_to_the_page_around_them(path: Path) -> None:
    open_includes = [
        tag for tag in found(r'{%\s*(include "c/[^%]*?)\s*%}', path) if not tag.endswith(" only") and tag.split('"')[1] not in OPEN
    ]
    assert open_includes == []


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_forms_in_closed_components_are_not_robbed_of_their_token(path: Path) -> None:
    # `include … only` has no csrf_token: a component that posts must get a ready one, or stand in the page.
    if path.parent.name == "c":
        assert "{% csrf_token %}" not in code(path)


def words(text: str) -> list[str]:
    """The pieces of a template's text that somebody reads and nobody can translate."""
    text = re.sub(r"(?s){%\s*blocktrans(?:late)?\b.*?{%\s*endblocktrans(?:late)?\s*%}", " ", text)
    # These two blocks hold words for machines.
    text = re.sub(r"(?s){%\s*block (?:robots|body_class)\s*%}.*?{%\s*endblock", " ", text)
    text = re.sub(r"(?s)<(script|style|code|pre)\b.*?</\1>", " ", text)
    # An attribute ends at the next quote; tags of the template may hold quotes of their own.
    text = re.sub(r"(?s){%.*?%}|{{.*?}}", "\x00", text)
    spoken = [match.group(1) for match in READ_ALOUD.finditer(text)]
    text = re.sub(r"(?s)<!--.*?-->|<[^>]*>", "\n", text)
    pieces = [piece for part in [*spoken, *text.splitlines()] for piece in part.split("\x00")]
    return [piece.strip() for piece in pieces if re.search(r"[^\W\d_]{2,}", SAME_EVERYWHERE.sub("", piece))]


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_every_word_can_be_translated(path: Path) -> None:
    assert words(code(path)) == []


def test_the_search_for_untranslated_words_finds_them() -> None:
    assert words('<p class="x">Hello {{ name }}, good day</p>') == ["Hello", ", good day"]
    assert words('<a aria-label="Open" href="{% url "x" %}">{% trans "Open" %}</a>') == ["Open"]
    assert words("<p>{% blocktrans trimmed %}Pay {{ x }}{% endblocktrans %} € 7</p>") == []


def test_every_icon_that_is_used_exists() -> None:
    symbols = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text()))
    used = {
        (name_of(path), icon)
        for path in pages()
        for pattern in (r'{%\s*icon "([\w-]+)"', r'\bicon="([\w-]+)"', r'{%\s*sprite "([\w-]+)"')
        for icon in found(pattern, path)
    }
    assert {(page, icon) for page, icon in used if icon not in symbols} == set()


def test_every_page_that_the_frame_leads_to_exists() -> None:
    names = {name for path in pages() for name in found(r'{%\s*page_url "([^"]+)"', path)}
    assert {name for name in names if not reverse(name)} == set()


def test_raw_colours_stand_in_the_tokens_only() -> None:
    css = ROOT / "static/css"
    # Paper and mail know no light-dark(): their sheets stand alone.
    sheets = [sheet for sheet in css.glob("*.css") if sheet.name not in {"tokens.css", "document.css", "paper.css"}]
    raw = r"#[0-9a-fA-F]{3,8}\b(?!\w)|\b(?:rgb|hsl|oklch)a?\("
    hits = [
        f"{sheet.name}: {match.group(0)}"
        for sheet in sheets
        for match in re.finditer(raw, re.sub(r"(?m)^[^{]*(?={)", "", sheet.read_text()))
        # Term previews are the only ids in CSS.
        if not re.match(r"#[tp]\d+$", match.group(0))
    ]
    assert hits == []


def test_mail_uses_the_colours_of_the_document_sheet() -> None:
    colours = re.compile(r"#[0-9a-f]{3,6}\b")
    known = set(colours.findall((ROOT / "static/css/document.css").read_text()))
    assert set(colours.findall(code(TEMPLATES / "mail/base.html"))) <= known
