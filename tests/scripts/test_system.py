"""What the scripts say when something is missing that pip cannot install."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def plain_machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a plain user on a machine whose Python has no venv."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {
        "id": "echo 1000",
        "python3": 'case "$*" in *ensurepip*) exit 1 ;; *version_info*) echo python3.11-venv ;; esac',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"} | {"PYTHON": "python3"}


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_what_is_there_is_not_talked_about() -> None:
    done = run("scripts/system", "chromium", "pango", "fonts")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_plain_user_cannot_install_is_named_with_its_line(plain_machine: dict[str, str]) -> None:
    done = run("scripts/system", "venv", environment=plain_machine)
    assert done.returncode == 1
    assert "Missing: venv, for a Python environment for the project." in done.stderr
    assert "    sudo apt-get update && sudo apt-get install -y --no-install-recommends python3.11-venv\n" in done.stderr


def test_an_unknown_name_is_a_mistake() -> None:
    assert run("scripts/system", "teapot").returncode == 2


@pytest.mark.parametrize("script", [".ci/run", "scripts/python", "scripts/system"])
def test_a_shell_script_is_executable_and_parses(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert run("bash", "-n", script).returncode == 0
