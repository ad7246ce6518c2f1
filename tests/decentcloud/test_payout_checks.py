"""The shop says before it opens what is wrong with the settings of payouts that leave by themselves."""

import pytest
from pytest_django import Settings

from decentcloud.payout_checks import check_rails, check_rails_in_production

SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"


@pytest.fixture(autouse=True)
def real(settings: Settings) -> Settings:
    """Settings that are all in order."""
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS, settings.STRIPE_CONNECT = "sk_live_1", ["whsec_1"], True
    settings.ICRC1_WALLET_KEY = SEED
    settings.ICRC1_LEDGER, settings.ICRC1_INDEX = "xevnm-gaaaa-aaaar-qafnq-cai", "xrs4b-hiaaa-aaaar-qafoa-cai"
    settings.ICRC1_CURRENCY, settings.ICRC1_API_BASE, settings.ICRC1_ROOT_KEY = "USD", "https://icp-api.io", ""
    return settings


def found() -> list[str]:
    return [problem.id or "" for problem in (*check_rails(), *check_rails_in_production())]


def test_what_is_in_order_is_not_mentioned() -> None:
    assert found() == []


def test_what_is_switched_off_is_not_mentioned(real: Settings) -> None:
    real.STRIPE_CONNECT, real.ICRC1_WALLET_KEY, real.ICRC1_LEDGER, real.ICRC1_INDEX = False, "", "", ""
    assert found() == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("STRIPE_SECRET_KEY", "", "decentcloud.W050"),
        ("ICRC1_LEDGER", "", "decentcloud.W051"),
        ("ICRC1_WALLET_KEY", "", "decentcloud.W051"),
        ("ICRC1_WALLET_KEY", "abc", "decentcloud.E050"),
        ("ICRC1_LEDGER", "xevnm-gaaaa-aaaar-qafnq-caj", "decentcloud.E051"),
        ("ICRC1_CURRENCY", "XYZ", "decentcloud.E052"),
        ("ICRC1_INDEX", "", "decentcloud.W052"),
        ("ICRC1_ROOT_KEY", "30", "decentcloud.E053"),
        ("ICRC1_API_BASE", "http://127.0.0.1:4943", "decentcloud.W053"),
    ],
)
def test_each_mistake_has_its_line(real: Settings, name: str, value: str, problem: str) -> None:
    setattr(real, name, value)
    assert found() == [problem]


def test_a_bad_key_is_not_quoted(real: Settings) -> None:
    real.ICRC1_WALLET_KEY = "very-secret-and-too-short"
    assert all("secret" not in problem.msg for problem in check_rails())
