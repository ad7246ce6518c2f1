"""The house rules that no linter knows: floors of foreign keys, one clock, one door for states, no float near money."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# From the ground up: a package may know those before it.
FLOORS = ["core", "accounts", "providers", "contracts", "billing", "payouts", "messaging", "dashboard", "decentcloud"]
MONEY_ROOMS = ["core/money.py", "core/currencies.py", "contracts", "billing", "payouts"]
LONGEST_FILE = 400
LONGEST_VIEW = 25


def sources(*places: str) -> Iterator[Path]:
    """Our own Python files, migrations apart."""
    for place in places or FLOORS:
        path = ROOT / place
        yield from [path] if path.is_file() else sorted(p for p in path.rglob("*.py") if "migrations" not in p.parts)


def templates() -> Iterator[Path]:
    yield from sorted(p for p in (ROOT / "templates").rglob("*") if p.suffix in {".html", ".jinja", ".txt"})


def lines_with(pattern: str, paths: Iterator[Path], *, except_in: tuple[str, ...] = ()) -> list[str]:
    """Where a pattern stands, as `file:line text`; it may reach over several lines."""
    found = []
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        if name in except_in:
            continue
        text = path.read_text()
        for match in re.finditer(pattern, text):
            number = text.count("\n", 0, match.start()) + 1
            found.append(f"{name}:{number} {text.splitlines()[number - 1].strip()}")
    return found


def trees(*places: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sources(*places):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def imported(node: ast.AST) -> list[str]:
    """The modules an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_foreign_keys_go_down_the_floors() -> None:
    up = []
    for model in apps.get_models():
        own = model._meta.app_label
        if own not in FLOORS:
            continue
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            other = field.related_model
            label = own if other is None or isinstance(other, str) else other._meta.app_label
            if label in FLOORS and FLOORS.index(label) > FLOORS.index(own):
                up.append(f"{own}.{model.__name__}.{field.name} -> {label}")
    assert up == []


def test_every_floor_is_an_app_of_its_own() -> None:
    assert {config.name for config in apps.get_app_configs()} >= set(FLOORS)


def test_only_the_clock_knows_the_time() -> None:
    pattern = r"timezone\.now\b|auto_now|datetime\.(now|utcnow|today)\b|date\.today\b|\bNow\(|\btime\.time\(|CURRENT_TIMESTAMP"
    assert lines_with(pattern, sources(), except_in=("core/clock.py",)) == []


@pytest.mark.parametrize(
    ("module", "home"),
    [
        ("django_q", ("core/jobs.py",)),
        ("stripe", ("billing/stripe_gateway.py",)),
        ("requests", ("core/http.py",)),
        ("sepaxml", ("payouts/exports/pain001.py",)),
        ("django.dispatch", ()),
        ("django.db.models.signals", ()),
    ],
)
def test_a_module_with_one_importer_has_no_second(module: str, home: tuple[str, ...]) -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if any(found == module or found.startswith(f"{module}.") for found in imported(node))
        if name not in home
    ]
    assert found == []


def test_no_import_of_ours_hides_in_a_function() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if any(module.split(".")[0] in FLOORS for module in imported(node))
    ]
    assert found == []


def test_no_import_is_for_the_type_checker_only() -> None:
    assert lines_with(r"\bTYPE_CHECKING\b", sources()) == []


def test_states_change_through_the_door_only() -> None:
    pattern = r"\.update\([^()]*\bstate=|bulk_update\([^()]*[\"']state[\"']|source=[\"']\*[\"']"
    # The one door of leased work (reactions, webhooks) is itself made of compare-and-set.
    assert lines_with(pattern, sources(), except_in=("core/leases.py",)) == []


def test_only_billing_accepts_a_contract_because_it_issues_the_invoice_with_it() -> None:
    pattern = r"contracts\.services(\.provider)? import[^\n]*\baccept\b|\b(contracts|services)\.accept\("
    doors = ("contracts/services/__init__.py", "contracts/services/order.py", "billing/services/document.py")
    assert lines_with(pattern, sources(), except_in=doors) == []


def test_money_is_never_a_float() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees(*MONEY_ROOMS)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id in {"float", "FloatField"})
        or (isinstance(node, ast.Attribute) and node.attr == "FloatField")
    ]
    assert found == []


def test_pages_carry_no_inline_style_script_or_unescaped_text() -> None:
    pages = (path for path in templates() if path.suffix != ".txt" and not {"mail", "email", "emails"} & set(path.parts))
    pattern = r"(?i)\sstyle\s*=|<style\b|\son[a-z]+\s*=\s*[\"']|javascript:|<script(?![^>]*\ssrc=)|\|\s*safe\b|autoescape\s+off"
    assert lines_with(pattern, pages) == []


def test_no_template_tag_is_broken_over_two_lines() -> None:
    assert lines_with(r"\{%[^%\n]*\n|\{\{[^}\n]*\n", templates()) == []


def test_no_room_is_a_lumber_room() -> None:
    lumber = {"utils", "util", "helpers", "helper", "misc", "common"}
    assert [str(path) for path in sources() if path.stem in lumber or path.parent.name in lumber] == []


def test_no_file_holds_two_rooms() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in sources() if len(path.read_text().splitlines()) > LONGEST_FILE] == []


def test_views_are_short() -> None:
    views = (path for path in sources() if path.stem.startswith("views") or path.parent.name == "views")
    long = []
    for path in views:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                if (node.end_lineno or 0) - body[0].lineno + 1 >= LONGEST_VIEW:
                    long.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno} {node.name}")
    assert long == []


def test_nothing_is_left_for_later() -> None:
    own = [*sources(*FLOORS, "tests", "scripts"), *templates(), *(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]
    ours = (path for path in own if path != Path(__file__) and "vendor" not in path.parts)
    assert lines_with(r"\b(TODO|FIXME|HACK)\b|NotImplementedError", ours) == []


def test_the_example_environment_names_exactly_what_the_settings_read() -> None:
    read = {
        call.args[0].value
        for _, tree in trees("decentcloud/environment.py", "decentcloud/settings.py", "decentcloud/business_settings.py")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "env"
        if call.args and isinstance(call.args[0], ast.Constant)
    }
    named = set(re.findall(r"(?m)^(?:# ?)?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text()))
    assert named == read
