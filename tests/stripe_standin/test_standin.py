"""The stand-in itself: what it answers looks like Stripe's, and what it is asked is really checked."""

import json
from typing import Any

import pytest

from billing.stripe_facts import payment_facts
from tests.stripe_standin import Account, Standin, connect, standin
from tests.stripe_standin.account import Refusal
from tests.stripe_standin.api import Request
from tests.stripe_standin.schema import faults
from tests.stripe_standin.server import SECRET_KEY
from tests.vendor_specs import vendor_spec_or_skip

PRICE = {"currency": "eur", "unit_amount": 4570, "tax_behavior": "inclusive", "product_data": {"name": "VPS"}}


@pytest.fixture
def account() -> Account:
    """Paid, given back in part, disputed; and a provider sent something, of which a part came back."""
    account = Account()
    customer = account.create_customer({"name": "Cora", "email": "cora@example.com", "address": {"country": "DE"}})
    session = account.create_session(
        {
            "customer": customer["id"],
            "expires_at": int(account.now()) + 2100,
            "line_items": [{"price_data": PRICE, "quantity": 1}],
        }
    )
    account.pay(session["id"])
    (charge,) = account.all("ch")
    account.create_refund({"charge": charge["id"], "amount": 100})
    account.dispute(charge["id"], amount=1000)
    provider = connect.create_account(account, {"type": "express", "country": "DE"})
    connect.set_up(account, provider["id"])
    sent = connect.create_transfer(
        account, {"amount": 500, "currency": "eur", "destination": provider["id"], "source_transaction": charge["id"]}
    )
    connect.create_reversal(account, {"amount": 100}, sent["id"])
    return account


def test_each_object_has_members_that_stripe_s_have(account: Account) -> None:
    path = vendor_spec_or_skip("stripe-fixtures.json", "the stand-in's answers are not compared with Stripe's own examples")
    examples = json.loads(path.read_text())["resources"]
    # Not in the example, which shows only what a refund has that did not fail.
    more = {"refund": {"failure_balance_transaction", "failure_reason"}}
    for row in (*account.rows.values(), *account.events):
        example = examples[row["object"]]
        assert set(row) - set(example) - more.get(row["object"], set()) == set(), row["object"]
        for name in set(row) & set(example):
            assert _alike(row[name], example[name]), f"{row['object']}.{name}"


def _alike(ours: Any, theirs: Any) -> bool:
    """Of one kind, as far as both say something; an id may stand for its object."""
    if ours is None or theirs is None:
        return True
    if isinstance(theirs, dict) or isinstance(ours, dict):
        return isinstance(ours, dict | str) and isinstance(theirs, dict | str)
    return type(ours) is type(theirs)


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("name=Cora&metadata[a]=b", 0),
        ("nmae=Cora", 1),
        ("address[line1]=Weg&address[strasse]=Weg", 1),
        ("tax_exempt=perhaps", 1),
    ],
)
def test_a_request_is_checked_to_its_last_member(body: str, wrong: int) -> None:
    vendor_spec_or_skip("stripe-schemas.json", "requests to Stripe are not checked against its schema")
    assert len(faults("POST", "/v1/customers", "", body)) == wrong


def test_a_newer_parameter_is_known_only_with_the_value_that_we_send() -> None:
    vendor_spec_or_skip("stripe-schemas.json", "requests to Stripe are not checked against its schema")
    needed = "success_url=https://a.example&"
    assert faults("POST", "/v1/checkout/sessions", "", f"{needed}ui_mode=hosted_page") == []
    assert faults("POST", "/v1/checkout/sessions", "", f"{needed}ui_mode=embedded_page") != []
    assert faults("GET", "/v1/refunds", "charge=ch_1&paymnt=1", "") == ["unknown parameter paymnt"]


def test_who_has_no_key_gets_no_answer() -> None:
    with standin() as running:
        request = Request("GET", "/v1/refunds", token="sk_test_guess", version=running.account.version)
        assert (running.api.answer(request) or (0,))[0] == 401


def test_a_key_that_was_used_for_something_else_is_refused() -> None:
    with standin() as running:
        assert ask(running, "name=Cora") == ask(running, "name=Cora")
        status, body = ask(running, "name=Piet")
        assert (status, body["error"]["type"]) == (400, "idempotency_error")
        assert len(running.account.all("cus")) == 1


def ask(running: Standin, body: str) -> tuple[int, Any]:
    version = running.account.version
    answer = running.api.answer(Request("POST", "/v1/customers", body=body, key="k", token=SECRET_KEY, version=version))
    assert answer is not None
    return answer


def test_its_session_reads_as_a_payment(account: Account) -> None:
    (session,) = account.all("cs")
    facts = payment_facts(session)
    assert (facts.status, facts.amount_minor, facts.currency, facts.reported) == ("succeeded", 4570, "EUR", None)


@pytest.mark.parametrize(("amount", "taken"), [(2970, True), (2971, False)])
def test_out_of_a_charge_no_more_is_sent_than_it_has_left(account: Account, amount: int, taken: bool) -> None:
    """4570, less 100 refunded, 1000 disputed and 500 sent, of which what came back leaves no room."""
    (charge,), (provider,) = account.all("ch"), account.all("acct")
    asked = {"amount": amount, "currency": "eur", "destination": provider["id"], "source_transaction": charge["id"]}
    if taken:
        connect.create_transfer(account, asked)
    else:
        with pytest.raises(Refusal, match="must not exceed the source amount"):
            connect.create_transfer(account, asked)
    assert len(account.all("tr")) == 1 + taken
