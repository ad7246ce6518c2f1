"""Every component in every state of the styleguide: what it says it takes is what it takes, and nothing of it is inline."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.utils import translation

from decentcloud import styleguide
from decentcloud.styleguide_examples import examples

STATES = [(name, state) for name, states in examples().items() for state in states]
# They need a request: the tests of the pages render them.
FRAME = {"topbar", "footer", "account_menu"}
# Stand in a line of text, where a space too many is seen.
INLINE = sorted(styleguide.IN_A_ROW)


def parameters(name: str) -> set[str]:
    """The parameters that a component's docblock names."""
    return {word.strip() for line in styleguide.docblock(name)[1] for word in line.split(":")[0].split(",")}


def drawn(name: str, state: dict[str, Any]) -> str:
    return str(get_template(f"c/{name}.html").render(state))


def test_styleguide_shows_every_component() -> None:
    files = {path.stem for path in (settings.BASE_DIR / "templates/c").glob("*.html")}
    assert set(examples()) == files - FRAME


@pytest.mark.parametrize("name", sorted(examples()))
def test_docblock_names_exactly_the_parameters_that_the_states_use(name: str) -> None:
    used = {key for state in examples()[name] for key in state}
    assert used == parameters(name)


@pytest.mark.parametrize(("name", "state"), STATES, ids=[name for name, _ in STATES])
def test_component_renders_clean_html(name: str, state: dict[str, Any]) -> None:
    html = drawn(name, state)
    assert not re.search(r"\sstyle=|\son\w+=|<style|{[{%]", html)
    for tag in ("div", "span", "p", "dl", "dd", "dt", "ul", "ol", "li", "svg", "nav", "form", "fieldset", "label", "section"):
        assert len(re.findall(rf"<{tag}[\s>]", html)) == html.count(f"</{tag}>"), tag


@pytest.mark.parametrize("name", INLINE)
def test_inline_component_brings_no_space_of_its_own(name: str) -> None:
    for state in examples()[name]:
        html = drawn(name, state)
        assert html == html.strip()


def test_numbers_in_drawings_keep_their_point_in_every_language() -> None:
    states = examples()
    with translation.override("de"):
        html = "".join(drawn(name, states[name][0]) for name in ("term", "uptime", "histogram", "chart_months"))
    numbers = re.findall(r'\s(?:x|y|x1|x2|y1|y2|width|height)="([^"]*)"', html)
    assert numbers
    assert [number for number in numbers if not re.fullmatch(r"\d+(\.\d+)?%?", number)] == []


def test_what_people_wrote_is_escaped() -> None:
    evil = "<script>alert(1)</script>"
    for name, state in (
        ("badge", {"label": evil}),
        ("notice", {"text": evil, "title": evil}),
        ("message", {"text": evil, "by": evil}),
        ("facts", {"pairs": [{"label": evil, "value": evil}]}),
        ("copy", {"value": evil}),
        ("term", {"released": 1, "label": evil, "start": evil}),
        ("button", {"label": evil, "icon": '"><script>'}),
        ("uptime", {"days": [{"tone": '"><script>', "label": evil}], "label": evil}),
    ):
        assert "<script>" not in drawn(name, state), name


def test_market_within_three_percent_is_at_market_price() -> None:
    assert "At market price" in drawn("market", {"percent": 3})
    assert "At market price" in drawn("market", {"percent": -3})
    assert "4 % below market" in drawn("market", {"percent": -4})
    assert "4 % above market" in drawn("market", {"percent": 4})
    assert drawn("market", {"percent": None}) == ""


def test_figure_without_a_value_says_too_few() -> None:
    html = drawn("figures", {"items": [{"label": "Uptime", "value": None}, {"label": "Trouble", "value": 0}]})
    assert "too few" in html
    assert "<dd>0</dd>" in html


def test_pager_of_one_page_is_nothing() -> None:
    assert drawn("pager", {"newer": None, "older": None, "range": "1 to 3 of 3"}) == ""


def test_disabled_link_is_no_link() -> None:
    html = drawn("button", {"label": "Older", "url": "/x", "disabled": True})
    assert "<a" not in html
    assert 'aria-disabled="true"' in html
