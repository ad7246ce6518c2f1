"""The shop says before it opens what is wrong with the settings of cards."""

import pytest
from pytest_django import Settings

from decentcloud.stripe_checks import check_stripe, check_stripe_in_production


@pytest.fixture(autouse=True)
def real(settings: Settings) -> Settings:
    """Settings that are all in order."""
    settings.STRIPE_SECRET_KEY = "sk_live_1"
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_1"]
    settings.STRIPE_API_BASE = ""
    settings.STRIPE_CHECKOUT_ORIGIN = "https://checkout.stripe.com"
    return settings


def found() -> list[str]:
    return [problem.id or "" for problem in (*check_stripe(), *check_stripe_in_production())]


def test_what_is_in_order_is_not_mentioned() -> None:
    assert found() == []


def test_without_any_of_it_cards_are_not_offered_and_that_is_said(real: Settings) -> None:
    real.STRIPE_SECRET_KEY, real.STRIPE_WEBHOOK_SECRETS = "", []
    (said,) = check_stripe_in_production()
    assert (said.id, said.is_serious()) == ("decentcloud.I010", False)
    assert check_stripe() == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("STRIPE_WEBHOOK_SECRETS", [], "decentcloud.W010"),
        ("STRIPE_SECRET_KEY", "", "decentcloud.W011"),
        ("STRIPE_SECRET_KEY", "pk_live_1", "decentcloud.E010"),
        ("STRIPE_SECRET_KEY", "sk_test_1", "decentcloud.W012"),
        ("STRIPE_SECRET_KEY", "rk_test_1", "decentcloud.W012"),
        ("STRIPE_API_BASE", "http://127.0.0.1:12111", "decentcloud.W013"),
        ("STRIPE_CHECKOUT_ORIGIN", "http://127.0.0.1:12111", "decentcloud.W014"),
    ],
)
def test_half_of_it_or_a_desk_s_is_named(name: str, value: object, problem: str, real: Settings) -> None:
    setattr(real, name, value)
    assert found() == [problem]
