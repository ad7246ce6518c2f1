"""Two tabs, two workers, one thing: what is pressed or brought at the same moment happens once."""

from uuid import uuid4

import pytest

from accounts.models import User
from billing import sandbox_bank, services
from billing.gateway_facts import GatewayError
from billing.models import Charge, Payment, Quote, SandboxMessage, SandboxPayment, SandboxRefund
from billing.proof import find_differences
from billing.sandbox_messages import deliver
from billing.sandbox_outcomes import Outcome
from billing.tax import TaxFacts
from billing.webhooks import accept
from core import clock
from core.errors import Refused
from core.models import WebhookEvent
from tests.billing.conftest import BUYER, OTHER_SSH_KEY, post
from tests.billing.test_order_page import FORM, url_of
from tests.cast import browser_of
from tests.races import at_once
from tests.walk import Walk, offered_by

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 6


def test_six_clicks_on_order_make_one_contract(quote: Quote) -> None:
    browsers = [browser_of(quote.user) for _number in range(TIMES)]
    answers = at_once(TIMES, lambda number: browsers[number].post(url_of(quote), FORM | {"public_key": OTHER_SSH_KEY}))
    charge = Charge.objects.get()
    assert {answer["Location"] for answer in answers} == {f"/checkout/{charge.public_id}"}


def test_six_quotes_for_one_held_unit_make_one_contract(quote: Quote) -> None:
    quotes = [
        quote,
        *(services.create_quote(quote.account, quote.user, quote.offering, 720, TaxFacts("DE")) for _more in range(TIMES - 1)),
    ]

    def order(number: int) -> str:
        try:
            return services.order(quotes[number], user=quote.user, buyer=BUYER).contract.reference
        except Refused as refused:
            return refused.code

    answers = at_once(TIMES, order)
    assert {answer for answer in answers if "-" not in answer} <= {"hold_used", "quote_replaced"}
    assert [answer for answer in answers if "-" in answer] == [Charge.objects.get().contract.reference]


def test_six_clicks_on_extend_ask_for_one_extension(customer: User, provider_user: User) -> None:
    rental = Walk(customer, offered_by(provider_user)).running()

    def extend(_number: int) -> int:
        with clock.at(rental.now):
            return services.open_extension_charge(rental.contract, 720, customer).pk

    assert len(set(at_once(TIMES, extend))) == 1
    assert rental.contract.charges.count() == 2


def test_six_clicks_on_pay_open_one_page(charge: Charge) -> None:
    addresses = at_once(TIMES, lambda _number: services.start_payment(charge, "sandbox").checkout_url)
    assert set(addresses) == {f"/sandbox/{Payment.objects.get().public_id}"}
    assert SandboxPayment.objects.count() == 1


def test_six_tabs_of_the_bank_say_one_thing(bank_page: SandboxPayment) -> None:
    outcomes = [Outcome.PAID, Outcome.DECLINED, Outcome.WRONG_AMOUNT, Outcome.SLOW, Outcome.LATE, Outcome.REFUND_FAILS]

    def choose(number: int) -> bool:
        try:
            sandbox_bank.choose(bank_page.external_id, outcomes[number])
        except Refused:
            return False
        return True

    chosen = at_once(TIMES, choose)
    # A declined payment may be tried again, so that one may go before the other.
    assert 1 <= sum(chosen) <= 2
    post()
    assert find_differences() == []


def test_refunds_that_are_ordered_at_once_never_exceed_what_was_paid(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)

    def refund(_number: int) -> bool:
        try:
            sandbox_bank.give_back(bank_page.external_id, key=uuid4(), amount_minor=5000)
        except GatewayError:
            return False
        return True

    assert sum(at_once(TIMES, refund)) == 2
    key = uuid4()
    same = at_once(TIMES, lambda _number: sandbox_bank.give_back(bank_page.external_id, key=key, amount_minor=1000).pk)
    assert len(set(same)) == 1
    assert SandboxRefund.objects.count() == 3


def test_a_message_that_six_workers_bring_arrives_once(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    message = SandboxMessage.objects.get()
    assert sum(at_once(TIMES, lambda _number: deliver(message.pk, accept))) == 1
    assert WebhookEvent.objects.filter(source="sandbox").count() == 1


def test_the_bank_s_clock_may_tick_twice_at_once(bank_page: SandboxPayment) -> None:
    sandbox_bank.choose(bank_page.external_id, Outcome.PAID)
    sandbox_bank.give_back(bank_page.external_id, key=uuid4(), amount_minor=1000)
    assert sum(at_once(TIMES, lambda _number: sandbox_bank.tick())) == 1
    assert SandboxMessage.objects.filter(kind="refund.updated").count() == 1
