"""The payment page that the shop asks Stripe for: what it says, and when a payment on it counts."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import services
from billing.gateway_facts import GatewayError, PaymentStatus, Started
from billing.gateways import gateway, offered_gateways
from billing.models import Charge, LedgerEntry, Payment, StaffTask
from billing.proof import find_differences
from core import clock
from core.errors import Refused
from core.money import CURRENCIES
from tests.billing.cards.conftest import both_at, bring, fresh
from tests.stripe_standin import Standin
from tests.stripe_standin.api import decoded
from tests.stripe_standin.objects import Obj
from tests.walk import offered_by, ordered

pytestmark = pytest.mark.django_db


def asked(stripe: Standin, path: str) -> list[Obj]:
    """What the shop has sent to this path."""
    return [decoded(request.body) for request in stripe.api.requests if (request.method, request.path) == ("POST", path)]


def test_the_page_is_over_one_line_whose_price_is_the_gross(stripe: Standin, charge: Charge, payment: Payment) -> None:
    (params,) = asked(stripe, "/v1/checkout/sessions")
    assert params["line_items"] == [
        {
            "quantity": 1,
            "price_data": {
                "currency": "eur",
                "unit_amount": charge.gross_minor,
                "tax_behavior": "inclusive",
                "product_data": {"name": charge.subject},
            },
        }
    ]
    marks = {"charge": str(charge.public_id), "payment": str(payment.public_id), "contract": charge.contract.reference}
    assert params["metadata"] == params["payment_intent_data"]["metadata"] == marks
    assert params["allowed_payment_method_types"] == ["card"]
    assert params["tax_id_collection"] == {"enabled": True}
    for name in ("adaptive_pricing", "invoice_creation"):
        assert params[name] == {"enabled": False}
    assert (params["mode"], params["ui_mode"], params["allow_promotion_codes"]) == ("payment", "hosted_page", False)
    assert (params["automatic_tax"], params["customer_update"]) == ({"enabled": True}, {"address": "auto", "name": "auto"})
    assert params["success_url"].endswith(f"/checkout/{charge.public_id}/return?session_id={{CHECKOUT_SESSION_ID}}")
    assert params["cancel_url"].endswith(f"/checkout/{charge.public_id}")


def test_the_customer_at_stripe_is_the_frozen_buyer(stripe: Standin, payment: Payment) -> None:
    (params,) = asked(stripe, "/v1/customers")
    assert params["address"] == {"line1": "Weg 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
    assert (params["name"], params["email"], params["tax_exempt"]) == ("Cora Customer", "customer@example.com", "none")


def test_only_our_own_rule_makes_a_customer_exempt(stripe: Standin, charge: Charge) -> None:
    charge.buyer |= {"company": "Cora SAS", "vat_id": "FR40303265045", "country": "FR"}
    charge.tax_decision |= {"category": "AE"}
    charge.save()
    services.start_payment(charge, "stripe")
    (customer,) = asked(stripe, "/v1/customers")
    assert (customer["name"], customer["tax_exempt"]) == ("Cora SAS", "reverse")
    (page,) = asked(stripe, "/v1/checkout/sessions")
    assert "tax_id_collection" not in page


def test_the_page_closes_no_sooner_than_stripe_allows_and_the_order_waits_for_it(charge: Charge, payment: Payment) -> None:
    ahead = payment.expires_at - clock.now()
    assert timedelta(minutes=34) < ahead <= timedelta(minutes=35)
    assert Charge.objects.get(pk=charge.pk).expires_at >= payment.expires_at - timedelta(seconds=1)


def test_slow_methods_are_offered_only_where_orders_wait_for_two_weeks(stripe: Standin, charge: Charge, settings: Settings) -> None:
    settings.PAYMENT_DEADLINE_MINUTES = 14 * 24 * 60
    services.start_payment(charge, "stripe")
    (params,) = asked(stripe, "/v1/checkout/sessions")
    assert "allowed_payment_method_types" not in params


def test_a_paid_page_pays_the_order(stripe: Standin, payment: Payment) -> None:
    stripe.account.pay(payment.external_id, country="FR")
    bring(stripe)
    paid = fresh(payment)
    assert (paid.state, paid.received_minor, paid.card_country) == ("succeeded", 4570, "FR")
    assert paid.external_id.startswith("cs_")
    assert paid.external_intent_id.startswith("pi_")
    assert paid.external_charge_id.startswith("ch_")
    assert paid.charge.paid_at is not None
    lines = LedgerEntry.objects.get(kind="balance").lines
    assert {(line.account, int(line.amount)) for line in lines.all()} == {
        ("gateway_balance", 4454),
        ("gateway_fees", 116),
        ("gateway_clearing", -4570),
    }
    assert find_differences() == []


@pytest.mark.parametrize("code", sorted(CURRENCIES))
def test_every_currency_is_paid_to_the_unit(code: str, stripe: Standin, customer: User, provider_user: User) -> None:
    monthly = 12_340 if code == "KWD" else 12_345
    contract = ordered(customer, offered_by(provider_user, currency=code, monthly_minor=monthly))
    payment = services.start_payment(contract.charges.get(), "stripe")
    page = stripe.account.get(payment.external_id)
    assert (page["amount_total"], page["currency"]) == (payment.amount_minor, code.lower())
    stripe.account.pay(payment.external_id)
    bring(stripe)
    assert (fresh(payment).state, fresh(payment).received_minor) == ("succeeded", payment.amount_minor)
    assert find_differences() == []


def test_an_amount_off_the_step_is_not_sent(stripe: Standin, payment: Payment) -> None:
    payment.amount_minor, payment.currency = 12_345, "KWD"
    with pytest.raises(GatewayError) as refused:
        gateway("stripe").start(payment)
    assert refused.value.permanent


def test_settled_in_another_currency_the_bridge_stands_between(stripe: Standin, payment: Payment) -> None:
    stripe.account.habits.settled_in = "usd"
    stripe.account.pay(payment.external_id)
    bring(stripe)
    lines = LedgerEntry.objects.get(kind="balance").lines
    assert {(line.account, line.owner, line.currency, int(line.amount)) for line in lines.all()} == {
        ("gateway_balance", "stripe", "USD", 4902),
        ("gateway_fees", "stripe", "USD", 125),
        ("fx", "USD", "USD", -5027),
        ("fx", "EUR", "EUR", 4570),
        ("gateway_clearing", "stripe", "EUR", -4570),
    }
    assert find_differences() == []


def test_another_amount_is_a_mismatch(stripe: Standin, payment: Payment) -> None:
    stripe.account.pay(payment.external_id, amount=4569)
    bring(stripe)
    odd = fresh(payment)
    assert (odd.state, odd.anomaly, odd.charge.paid_at) == ("mismatched", "wrong_amount", None)
    assert find_differences() == []


def test_a_page_that_names_our_payment_and_is_not_its_page_is_a_payment_of_its_own(stripe: Standin, payment: Payment) -> None:
    first = stripe.account.get(payment.external_id)
    second = {**first, "id": "cs_test_other"}
    stripe.account.rows[second["id"]] = second
    stripe.account.descriptions[second["id"]] = "x"
    stripe.account.pay(second["id"])
    stripe.account.pay(payment.external_id)
    bring(stripe)
    assert sorted(Payment.objects.values_list("external_id", "anomaly")) == sorted(
        [(second["id"], ""), (payment.external_id, "paid_twice")]
    )
    assert find_differences() == []


def test_a_page_without_our_marks_pays_for_nothing(stripe: Standin, payment: Payment) -> None:
    page = stripe.account.get(payment.external_id)
    page.update(id="cs_test_strange", metadata={"charge": "x' OR 1=1", "payment": ""})
    stripe.account.rows["cs_test_strange"] = page
    stripe.account.descriptions["cs_test_strange"] = "x"
    stripe.account.pay("cs_test_strange")
    bring(stripe)
    assert fresh(payment).state == "pending"
    assert StaffTask.objects.get().kind == "unknown_payment"


@pytest.mark.parametrize(("tax", "tasks"), [(None, 0), (729, 1), (730, 0), (0, 1)])
def test_another_opinion_of_the_vat_is_a_task_and_blocks_nothing(
    tax: int | None, tasks: int, stripe: Standin, payment: Payment
) -> None:
    stripe.account.habits.tax = tax
    stripe.account.pay(payment.external_id)
    bring(stripe)
    assert fresh(payment).state == "succeeded"
    assert StaffTask.objects.filter(kind="tax_opinion").count() == tasks


def test_without_automatic_tax_there_is_no_second_opinion(stripe: Standin, charge: Charge, settings: Settings) -> None:
    settings.STRIPE_AUTOMATIC_TAX = False
    stripe.account.habits.tax = 1
    payment = services.start_payment(charge, "stripe")
    stripe.account.pay(payment.external_id)
    bring(stripe)
    assert fresh(payment).state == "succeeded"
    assert not StaffTask.objects.exists()


@pytest.mark.parametrize(("well", "state"), [(True, "succeeded"), (False, "failed")])
def test_a_slow_method_keeps_the_order_until_its_end(well: bool, state: str, stripe: Standin, payment: Payment) -> None:
    stripe.account.pay(payment.external_id, slowly=True)
    bring(stripe)
    assert fresh(payment).state == "processing"
    with both_at(stripe, clock.now() + timedelta(hours=3)):
        assert services.expire_unpaid_charges() == 0
    stripe.account.finish(payment.external_id, well=well)
    bring(stripe)
    assert fresh(payment).state == state


def test_a_page_with_nothing_to_pay_is_no_payment(stripe: Standin, payment: Payment) -> None:
    stripe.account.get(payment.external_id).update(status="complete", payment_status="no_payment_required", amount_total=0)
    assert gateway("stripe").read(payment.external_id).status == PaymentStatus.FAILED


def test_at_the_deadline_the_page_is_closed_first_and_then_the_order(stripe: Standin, payment: Payment) -> None:
    with both_at(stripe, clock.now() + timedelta(minutes=61)):
        assert services.expire_unpaid_charges() == 1
    assert stripe.account.get(payment.external_id)["status"] == "expired"
    assert fresh(payment).state == "expired"
    assert fresh(payment).charge.contract.state == "expired"


def test_paid_at_the_last_moment_without_a_word_is_paid(stripe: Standin, payment: Payment) -> None:
    stripe.account.pay(payment.external_id)
    with both_at(stripe, clock.now() + timedelta(minutes=61)):
        services.expire_unpaid_charges()
    assert fresh(payment).state == "succeeded"
    assert fresh(payment).charge.contract.state == "requested"


def test_stripe_silent_at_the_deadline_lets_the_order_wait(stripe: Standin, payment: Payment, settings: Settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with both_at(stripe, clock.now() + timedelta(minutes=61)):
        assert services.expire_unpaid_charges() == 0
    assert fresh(payment).charge.contract.state == "requested"


def test_the_page_is_closed_when_the_order_is_cancelled(stripe: Standin, payment: Payment, customer: User) -> None:
    from_rental = payment.charge.contract_id
    services.close_charge(payment.charge_id)
    services.close_charges_of(from_rental)
    assert stripe.account.get(payment.external_id)["status"] == "expired"
    assert fresh(payment).state == "expired"


def test_an_order_that_ends_while_stripe_makes_its_page_sends_nobody_there(
    stripe: Standin, charge: Charge, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = gateway("stripe")
    start = chosen.start

    def start_and_end(payment: Payment) -> Started:
        answer = start(payment)
        services.close_charges_of(charge.contract_id)
        return answer

    monkeypatch.setattr(chosen, "start", start_and_end)
    with pytest.raises(Refused):
        services.start_payment(charge, "stripe")
    (page,) = stripe.account.all("cs")
    assert page["status"] == "expired"


def test_without_a_key_or_a_secret_cards_are_not_offered(stripe: Standin, settings: Settings) -> None:
    assert [offered.name for offered in offered_gateways()] == ["stripe", "sandbox"]
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert [offered.name for offered in offered_gateways()] == ["sandbox"]
    settings.STRIPE_WEBHOOK_SECRETS, settings.STRIPE_SECRET_KEY = ["whsec"], ""
    assert [offered.name for offered in offered_gateways()] == ["sandbox"]
    with pytest.raises(GatewayError):
        gateway("stripe").read("cs_test_1")


def test_a_wrong_key_is_a_fault_that_somebody_puts_right(stripe: Standin, payment: Payment, settings: Settings) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_wrong"
    with pytest.raises(GatewayError) as refused:
        gateway("stripe").read(payment.external_id)
    assert not refused.value.permanent


def test_an_unknown_id_is_refused_for_good(stripe: Standin) -> None:
    with pytest.raises(GatewayError) as refused:
        gateway("stripe").read("cs_test_none")
    assert refused.value.permanent
