"""Orders by machine, sent twice, at once, or with one key for two bodies: done once, answered the same; and how much each asks."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from accounts.queries import personal_account
from billing import services
from billing.models import Charge, Quote
from billing.tax import TaxFacts
from contracts.models import Contract
from core import clock
from core.models import IdempotencyRecord
from providers.models import Offering, StockHold
from providers.services import update_offering
from tests.billing.orders_by_machine import CHARGES, CONTRACTS, QUOTES, asked, footprint, wanted
from tests.machines import machine, problem

pytestmark = pytest.mark.django_db


def test_same_key_and_body_are_done_once_and_another_body_is_refused(customer_api: APIClient, offering: Offering) -> None:
    def send(key: str, **changes: Any) -> Any:
        return customer_api.post(QUOTES, asked(offering, **changes), headers={"Idempotency-Key": key})

    first = send("one")
    again = send("one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.content, again["Location"], again["Idempotent-Replayed"]) == (first.content, first["Location"], "true")
    before = footprint()
    problem(send("one", hours=720), 422, "idempotency_key_reused")
    assert footprint() == before
    assert send("two").json()["id"] != first.json()["id"]


def test_refusal_is_repeated_too(customer_api: APIClient, stranger: User, offering: Offering) -> None:
    update_offering(offering, stock=1)
    hold = services.create_quote(personal_account(stranger), stranger, offering, 720, TaxFacts("DE")).hold
    first = customer_api.post(QUOTES, asked(offering), headers={"Idempotency-Key": "one"})
    StockHold.objects.filter(pk=hold.pk).update(expires_at=clock.now() - timedelta(minutes=1))
    again = customer_api.post(QUOTES, asked(offering), headers={"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code, again.content) == (409, 409, first.content)
    assert customer_api.post(QUOTES, asked(offering), headers={"Idempotency-Key": "two"}).status_code == 201


def test_key_of_another_caller_is_another_key(customer_api: APIClient, stranger: User, offering: Offering) -> None:
    one, other = (
        client.post(QUOTES, asked(offering), headers={"Idempotency-Key": "one"}) for client in (customer_api, machine(stranger))
    )
    assert one.json()["id"] != other.json()["id"]


def test_queries_of_a_quote_and_an_order_are_pinned(
    customer_api: APIClient, offering: Offering, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    customer_api.get(f"{QUOTES}/{uuid4()}")
    with django_assert_num_queries(16):
        answer = customer_api.post(QUOTES, asked(offering))
    with django_assert_num_queries(3):
        customer_api.get(answer["Location"])
    with django_assert_num_queries(20):
        ordered = customer_api.post(CONTRACTS, wanted(answer.json()["id"]))
    with django_assert_num_queries(3):
        customer_api.get(f"{CHARGES}/{ordered.json()['charge']['id']}")


def _in_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    return run


@pytest.mark.django_db(transaction=True)
def test_order_under_way_is_409_for_its_repeat_and_then_answered_the_same(customer_api: APIClient, quote: Quote) -> None:
    def send() -> Any:
        return customer_api.post(CONTRACTS, wanted(quote), headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            # While we hold the quote, the first request cannot finish.
            Quote.objects.select_for_update().get(pk=quote.pk)
            first: Future[Any] = pool.submit(_in_thread(send))
            while not IdempotencyRecord.objects.exists():
                assert not first.done(), first.result().content
            early = pool.submit(_in_thread(send)).result(timeout=60)
            problem(early, 409, "in_progress")
            assert 1 <= int(early["Retry-After"]) <= 60
            assert not Contract.objects.exists()
        done = first.result(timeout=60)
    late = send()
    assert (done.status_code, late.status_code, late.content) == (201, 201, done.content)
    assert Contract.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", [["one"] * 4, ["one", "two", "three", "four"]])
def test_orders_sent_at_once_make_one_contract(customer_api: APIClient, quote: Quote, keys: list[str]) -> None:
    def send(key: str) -> Any:
        return customer_api.post(CONTRACTS, wanted(quote), headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(4) as pool:
        answers = [future.result(timeout=60) for future in [pool.submit(_in_thread(lambda k=key: send(k))) for key in keys]]
    assert {answer.status_code for answer in answers} <= {201, 409}
    references = {answer.json()["contract"]["reference"] for answer in answers if answer.status_code == 201}
    assert references == {Contract.objects.get().reference}
    assert Charge.objects.count() == 1
    offering = Offering.objects.get()
    assert offering.taken == 1
