"""The shop says before it opens what is wrong with the settings of tokens."""

import pytest
from pytest_django import Settings

from decentcloud.icpay_checks import check_icpay, check_icpay_in_production


@pytest.fixture(autouse=True)
def real(settings: Settings) -> Settings:
    """Settings that are all in order."""
    settings.ICPAY_PUBLISHABLE_KEY = "pk_live_1"
    settings.ICPAY_SECRET_KEY = "sk_live_1"
    settings.ICPAY_WEBHOOK_SECRETS = ["whsec_1"]
    settings.ICPAY_API_BASE = "https://api.icpay.org"
    settings.ICPAY_PAY_ORIGIN = "https://icpay.org"
    settings.ICPAY_TOLERANCE_UNITS = 0
    return settings


def found() -> list[str]:
    return [problem.id or "" for problem in (*check_icpay(), *check_icpay_in_production())]


def test_what_is_in_order_is_not_mentioned() -> None:
    assert found() == []


def test_without_any_of_it_tokens_are_not_taken_and_that_is_said(real: Settings) -> None:
    real.ICPAY_PUBLISHABLE_KEY, real.ICPAY_SECRET_KEY, real.ICPAY_WEBHOOK_SECRETS = "", "", []
    (said,) = check_icpay_in_production()
    assert (said.id, said.is_serious()) == ("decentcloud.I030", False)
    assert check_icpay() == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ICPAY_WEBHOOK_SECRETS", [], "decentcloud.W031"),
        ("ICPAY_SECRET_KEY", "", "decentcloud.W031"),
        ("ICPAY_PUBLISHABLE_KEY", "", "decentcloud.W031"),
        ("ICPAY_PUBLISHABLE_KEY", "sk_live_1", "decentcloud.E031"),
        ("ICPAY_SECRET_KEY", "pk_live_1", "decentcloud.E032"),
        ("ICPAY_TOLERANCE_UNITS", -1, "decentcloud.E033"),
        ("ICPAY_SECRET_KEY", "sk_test_1", "decentcloud.W032"),
        ("ICPAY_PUBLISHABLE_KEY", "pk_test_1", "decentcloud.W032"),
        ("ICPAY_API_BASE", "https://api.betterstripe.com", "decentcloud.W033"),
        ("ICPAY_PAY_ORIGIN", "http://127.0.0.1:12112", "decentcloud.W033"),
    ],
)
def test_each_mistake_is_named(name: str, value: object, problem: str, real: Settings) -> None:
    setattr(real, name, value)
    assert found() == [problem]
