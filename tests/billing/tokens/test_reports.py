"""ICPay's history as our balance there: every page of it, each line once, and silence that proves nothing."""

from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from django_q.models import OrmQ

from billing import services
from billing.gateway_facts import GatewayError
from billing.gateways import gateway
from billing.models import LedgerEntry, Payment
from billing.proof import find_differences
from billing.tasks import FAR_REPORTS_SECONDS, read_far_reports
from core import clock
from decentcloud.reactions import SCHEDULES
from tests.billing.tokens.conftest import both_at, bring, fresh
from tests.icpay_standin import Standin

pytestmark = pytest.mark.django_db

HISTORY = "GET /sdk/payments/history"


def lines(icpay: Standin, days: int = 8) -> list[tuple[str, int]]:
    now = clock.now()
    return [(line.source_id, line.amount_minor) for line in gateway("icpay").balance_lines(now - timedelta(days=days), now)]


def test_every_page_of_the_history_is_read(icpay: Standin, payment: Payment) -> None:
    others = [icpay.account.create_intent({"amount": "5", "tokenShortcode": "ic_icp"})["id"] for _number in range(230)]
    paid = [icpay.account.pay(intent)["id"] for intent in others]
    assert [source for source, _amount in lines(icpay)] == paid
    assert icpay.api.asked(HISTORY) == 3


def test_a_line_is_told_once_though_pages_shift_while_they_are_read(
    icpay: Standin, payment: Payment, monkeypatch: pytest.MonkeyPatch
) -> None:
    intents = [icpay.account.create_intent({"amount": "5", "tokenShortcode": "ic_icp"})["id"] for _number in range(120)]
    paid = [icpay.account.pay(intent)["id"] for intent in intents]
    newest_first = [*reversed(icpay.account.history())]
    shown = iter([newest_first, [newest_first[0], *newest_first]])
    monkeypatch.setattr(icpay.account, "history", lambda: next(shown))
    assert sorted(source for source, _amount in lines(icpay)) == sorted(paid)


def test_where_the_history_falls_silent_the_rest_waits_and_the_proof_says_so(icpay: Standin, payment: Payment) -> None:
    icpay.account.pay(payment.external_id)
    bring(icpay)
    icpay.api.failures[HISTORY] = [503, 503]
    assert services.read_reports() == 0
    assert [difference.check for difference in find_differences()] == ["gateway_balance"]
    assert services.read_reports() == 1
    assert find_differences() == []


def test_a_history_of_another_shape_is_no_answer(icpay: Standin, payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icpay.account, "history", lambda: [{"id": "x", "status": "completed", "createdAt": "2026-01-01"}])
    with pytest.raises(GatewayError):
        lines(icpay, days=4000)


def test_money_at_icpay_that_the_ledger_does_not_know_is_named(icpay: Standin, payment: Payment) -> None:
    with both_at(icpay, clock.now() - timedelta(days=5)):
        foreign = icpay.account.create_intent({"amount": "900", "tokenShortcode": "ic_icp", "metadata": {}})
        paid = icpay.account.pay(foreign["id"])
    services.read_reports()
    (difference,) = find_differences()
    assert (difference.check, difference.rows) == ("gateway_balance", (f"entry:bt:icpay:{paid['id']}",))


def test_a_line_that_the_ledger_has_in_another_amount_is_named(icpay: Standin, payment: Payment) -> None:
    at_icpay = icpay.account.pay(payment.external_id)
    bring(icpay)
    services.read_reports()
    assert find_differences() == []
    icpay.account.payments[at_icpay["id"]]["paidAmount"] = str(int(at_icpay["paidAmount"]) - 1)
    assert [difference.check for difference in find_differences()] == ["gateway_balance"]


def test_reading_it_again_and_again_books_one_line(icpay: Standin, payment: Payment) -> None:
    at_icpay = icpay.account.pay(payment.external_id)
    for _time in range(3):
        services.read_reports()
        services.apply_payment("icpay", payment.external_id)
        services.reread_uncleared()
    assert fresh(payment).state == "succeeded"
    assert LedgerEntry.objects.filter(key=f"bt:icpay:{at_icpay['id']}").count() == 1


def asked_since(icpay: Standin, days: int) -> bool:
    """Whether the last look at the history went back so many days, to the minute."""
    (since,) = [dict(parse_qsl(asked.query))["fromTimestamp"] for asked in icpay.api.requests if asked.name == HISTORY][-1:]
    return abs(clock.now() - timedelta(days=days) - datetime.fromisoformat(since)) < timedelta(minutes=1)


def test_every_hour_it_is_read_closely_and_at_night_as_far_back_as_a_payment_may_be_in_flight(
    icpay: Standin, payment: Payment
) -> None:
    with both_at(icpay, clock.now() - timedelta(days=20)):
        slow = icpay.account.begin(payment.external_id)
    icpay.account.finish(slow["id"])
    assert services.read_reports() == 0
    assert asked_since(icpay, 8)
    assert fresh(payment).state == "pending"
    assert read_far_reports() == 1
    assert asked_since(icpay, 408)
    assert fresh(payment).state == "succeeded"
    assert LedgerEntry.objects.filter(key=f"bt:icpay:{slow['id']}").count() == 1
    assert find_differences() == []
    assert read_far_reports() == 0


def test_what_goes_back_of_a_payment_of_long_ago_is_found_at_night(icpay: Standin, payment: Payment) -> None:
    with both_at(icpay, clock.now() - timedelta(days=390)):
        old = icpay.account.begin(payment.external_id)
    icpay.account.finish(old["id"])
    read_far_reports()
    icpay.account.refund(old["id"])
    services.read_reports()
    assert fresh(payment).refunded_minor == 0
    read_far_reports()
    assert fresh(payment).refunded_minor == 4570
    assert find_differences() == []


def test_the_far_history_is_read_every_night_as_a_job_that_may_take_its_time(db: None) -> None:
    (nightly,) = [schedule for schedule in SCHEDULES if schedule.name == "balance reports of long ago read"]
    (hourly,) = [schedule for schedule in SCHEDULES if schedule.name == "balance reports read"]
    assert (nightly.every, hourly.every) == (timedelta(days=1), timedelta(hours=1))
    nightly.function()
    (job,) = [job.task for job in OrmQ.objects.all()]
    assert (job["func"], job["timeout"]) == ("billing.tasks.read_far_reports", FAR_REPORTS_SECONDS)
