"""The styleguide: each component with what its file says of itself and with its states, rendered."""

import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template import Engine
from django.template.loader import get_template

from decentcloud.styleguide_examples import STATES, SWATCHES, examples

# Shown side by side; the rest stand below each other.
IN_A_ROW = frozenset({"icon", "logo", "button", "badge", "chip", "tag", "place", "market", "monogram"})
# Parts of the frame around the page: they are on it already.
FRAME = frozenset({"topbar_links", "htmx", "messages"})


def docblock(name: str) -> tuple[str, list[str]]:
    """What a component's file says of itself: the sentence on top, and one line for each parameter."""
    source = str(Engine.get_default().get_template(f"c/{name}.html").source)
    lines = source.split("{% endcomment %}", maxsplit=1)[0].removeprefix("{% comment %}").strip().splitlines()
    return lines[0], [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def icons() -> list[str]:
    """The names in the sprite, without the logo's parts."""
    sprite = Path(str(finders.find("icons.svg"))).read_text()
    return [name for name in re.findall(r'<symbol id="([\w-]+)"', sprite) if name not in {"logo", "mark"}]


def page() -> dict[str, Any]:
    """The styleguide's context: each component with what it says of itself and with its states, rendered."""
    components = []
    for name, states in examples().items():
        if name in FRAME:
            continue
        says, parameters = docblock(name)
        drawn = [get_template(f"c/{name}.html").render(state) for state in states]
        components.append({"name": name, "says": says, "parameters": parameters, "states": drawn, "row": name in IN_A_ROW})
    return {"components": components, "swatches": SWATCHES, "contract_states": STATES, "icons": icons()}
