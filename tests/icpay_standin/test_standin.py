"""The stand-in itself: it takes what ICPay takes and refuses everything else, so that a test which passes has really asked well."""

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.icpay_standin import Account
from tests.icpay_standin.api import Api, Request

LINK = {
    "amountUsd": 19.99,
    "name": "VPS",
    "description": "DC-1",
    "metadata": {"contract_id": "DC-1", "charge": "c", "payment": "p"},
}


@pytest.fixture
def api() -> Api:
    """A door over an empty account."""
    return Api(Account(), "pk", "sk")


def post(api: Api, path: str, body: Any, *, token: str = "pk", content_type: str = "application/json") -> tuple[int, Any]:
    answer = api.answer(Request("POST", path, body=json.dumps(body), token=token, content_type=content_type))
    assert answer is not None
    return answer


def test_a_link_is_an_intent_over_exactly_that_amount(api: Api) -> None:
    status, link = post(api, "/sdk/public/payment-links", LINK)
    intent = api.account.intents[link["paymentIntentId"]]
    assert (status, intent["amountUsd"], intent["status"], intent["amount"]) == (201, "19.99", "requires_payment", "0")
    chosen = api.account.choose(intent["id"], "ic_icp")
    assert Decimal(chosen["amount"]) == Decimal("410472280")


@pytest.mark.parametrize(
    "change",
    [
        {"amountUsd": "19.99"},
        {"amountUsd": 0},
        {"amountUsd": 19.999},
        {"amountUsd": True},
        {"amount": 5},
        {"name": 5},
        {"metadata": {"contract_id": "DC-1"}},
        {"metadata": {"contract_id": 1, "charge": "c", "payment": "p"}},
    ],
)
def test_a_link_that_icpay_would_not_make_is_refused(change: dict[str, Any], api: Api) -> None:
    assert post(api, "/sdk/public/payment-links", {**LINK, **change})[0] == 400
    assert api.account.intents == {}


def test_each_door_wants_its_own_key(api: Api) -> None:
    assert post(api, "/sdk/public/payment-links", LINK, token="sk")[0] == 401
    assert api.answer(Request("GET", "/sdk/payments/x", token="pk")) == (401, {"statusCode": 401, "message": "Unauthorized"})
    assert post(api, "/sdk/public/payment-links", LINK, content_type="text/plain")[0] == 415


def test_what_is_not_there_is_said_so(api: Api) -> None:
    for path in ("/sdk/payments/x", "/sdk/payment-intents/x", "/sdk/elsewhere"):
        answer = api.answer(Request("GET", path, token="sk"))
        assert answer is not None
        assert answer[0] == 404


def test_each_change_has_its_event(api: Api) -> None:
    page = api.account.create_link({"amountUsd": Decimal(5), "metadata": {}})
    paid = api.account.pay(page["paymentIntentId"], off=-1)
    api.account.refund(paid["id"])
    kinds = [event["type"] for event in api.account.events]
    assert kinds == ["payment_intent.created", "payment.created", "payment.updated", "payment.completed", "payment.refunded"]
    assert api.account.events[3]["data"]["object"]["status"] == "mismatched"
