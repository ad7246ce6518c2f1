"""What is installed is pinned, hashed, from wherever the installer is told to look, and has a reason."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[a-z,]+\])?(?P<bounds>[^#;]*)")


def entries(name: str) -> list[str]:
    """The lines of a list that name a package."""
    return [line for line in (ROOT / name).read_text().splitlines() if line and line[0].isalnum()]


def names(file: str) -> set[str]:
    return {match["name"].lower().replace("_", "-") for line in entries(file) if (match := ENTRY.match(line))}


@pytest.mark.parametrize("file", ["requirements.in", "requirements-dev.in"])
def test_every_library_has_a_reason(file: str) -> None:
    assert [line for line in entries(file) if not re.search(r"\s# \S", line)] == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes_and_no_address(file: str) -> None:
    text = (ROOT / file).read_text()
    assert re.findall(r"(?m)^-.*|https?://|file:/|--find-links|--index-url|--extra-index-url", text) == []
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert [block.splitlines()[0] for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(
    ("wanted", "lock"), [("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt")]
)
def test_the_lock_holds_all_that_is_wanted(wanted: str, lock: str) -> None:
    assert names(wanted) - names(lock) == set()


def test_work_stands_on_the_versions_of_the_shop() -> None:
    def pins(file: str) -> set[str]:
        return {line.split()[0] for line in entries(file)}

    assert pins("requirements.txt") <= pins("requirements-dev.txt")
