"""Where the configuration comes from: the environment first, and a local market's own file only where no database is named."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from decentcloud.checks import check_database, check_production

ROOT = Path(__file__).resolve().parents[2]
# What this run's own settings have put into our environment.
OURS = {"DATABASE_URL", "DEBUG", "SECRET_KEY", "SITE_URL", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT"}
OURS |= {"SANDBOX_ENABLED", "SANDBOX_WEBHOOK_SECRETS", "EMAIL_URL", "LOG_LEVEL"}


def read(home: Path, **environment: str) -> dict[str, object]:
    """The settings of a process with this environment."""
    names = ["DEBUG", "SECRET_KEY", "SANDBOX_ENABLED", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "DATABASE_IS_EMBEDDED", "DATABASES"]
    names += ["REFUND_APPROVAL_LIMITS"]
    program = f"import json; from decentcloud import settings as s; print(json.dumps({{n: getattr(s, n) for n in {names!r}}}))"
    plain = {name: value for name, value in os.environ.items() if name not in OURS}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=plain | {"DECENTCLOUD_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "env").write_text("DEBUG=on\nSECRET_KEY=local\n")
    return tmp_path


def test_a_local_market_reads_what_make_run_has_made(home: Path) -> None:
    found = read(home)
    assert found["DEBUG"] is True
    assert found["SECRET_KEY"] == "local"
    assert found["SANDBOX_ENABLED"] is True
    assert found["DATABASE_IS_EMBEDDED"] is True


def test_the_environment_wins_over_the_file(home: Path) -> None:
    found = read(home, DEBUG="off", SECRET_KEY="mine")
    assert found["DEBUG"] is False
    assert found["SECRET_KEY"] == "mine"


def test_where_a_database_is_named_nothing_local_is_read(home: Path) -> None:
    found = read(home, DATABASE_URL="postgres://me:secret@db.example:5433/market")
    assert found["DEBUG"] is False
    assert found["SECRET_KEY"] == ""
    assert found["SANDBOX_ENABLED"] is False
    assert found["ALLOWED_HOSTS"] == []
    assert found["SECURE_SSL_REDIRECT"] is True
    assert found["DATABASE_IS_EMBEDDED"] is False
    database = found["DATABASES"]["default"]
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "market")
    assert database["CONN_HEALTH_CHECKS"] is True


def test_the_example_as_it_stands_is_a_configuration(home: Path) -> None:
    lines = re.findall(r"(?m)^# ([A-Z][A-Z0-9_]+)=(.*)$", (ROOT / ".env.example").read_text())
    found = read(home, **{name: value for name, value in lines if name != "DATABASE_URL"})
    assert found["DATABASE_IS_EMBEDDED"] is True
    assert found["REFUND_APPROVAL_LIMITS"] == {}


def test_a_socket_can_be_named_too(home: Path) -> None:
    database = read(home, DATABASE_URL="postgres://me@/market?host=/run/postgresql")["DATABASES"]["default"]
    assert (database["HOST"], database["NAME"], database["USER"]) == ("/run/postgresql", "market", "me")


def test_another_database_than_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_database() == []
    monkeypatch.setitem(django_settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert [problem.id for problem in check_database()] == ["decentcloud.E001"]


def test_what_belongs_on_a_desk_is_found_before_it_goes_out(settings: Settings) -> None:
    settings.DATABASE_IS_EMBEDDED = False
    settings.SITE_URL = "https://market.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SANDBOX_ENABLED = False
    settings.REFUND_APPROVAL_LIMITS = {"EUR": 50_000}
    assert check_production() == []
    settings.DATABASE_IS_EMBEDDED = True
    settings.SITE_URL = "http://127.0.0.1:8000"
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    settings.SANDBOX_ENABLED = True
    settings.REFUND_APPROVAL_LIMITS = {}
    found = {problem.id for problem in check_production()}
    assert found == {"decentcloud.E002", "decentcloud.I001", "decentcloud.W001", "decentcloud.W002", "decentcloud.W003"}
