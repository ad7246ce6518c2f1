"""VIES asked by machine and in the queue: one question a day, an answer within three seconds, silence never taken for a no."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
import yaml
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Account, User
from accounts.states import Scope
from billing import services
from billing.models import VatCheck
from billing.services import vat as vat_service
from billing.states import VatCheckState
from billing.tax import TaxFacts
from billing.vat_ids import split_vat_id
from billing.vies_gateway import ask_patiently, ask_quickly
from core import clock
from core.errors import Refused
from core.http import OutsideError
from core.models import DomainEvent
from core.tasks import drain
from tests.machines import all_but, machine, problem
from tests.vendor_specs import vendor_spec_or_skip
from tests.vies_standin import KNOWN, SELLER_ID, Vies, invalid, trouble, valid

pytestmark = pytest.mark.django_db

URL = "/api/v1/vat/validate"
FRENCH = split_vat_id("FR40303265045")
ASKED = {"country_code": "FR", "vat_number": "40303265045"}


# --- The question and its answer --------------------------------------------------------------------------------------------


def test_the_stand_in_speaks_as_the_vendor_s_description_says() -> None:
    spec = yaml.safe_load(vendor_spec_or_skip("vies.yaml", "VIES's own description").read_text())
    question, answer, common = (
        spec["definitions"][name]["properties"] for name in ("CheckVatRequest", "CheckVatResponse", "CommonResponse")
    )
    assert spec["paths"]["/check-vat-number"]["post"]
    assert question.keys() >= KNOWN
    assert {question[name]["type"] for name in KNOWN} == {"string"}
    assert valid().keys() <= answer.keys()
    assert trouble().keys() <= common.keys()


def test_it_is_asked_on_behalf_of_the_seller(vies: Vies) -> None:
    answer = ask_quickly(FRENCH)
    assert vies.asked == [
        {"countryCode": "FR", "vatNumber": "40303265045", "requesterMemberStateCode": "DE", "requesterNumber": SELLER_ID[2:]}
    ]
    assert (answer.state, answer.name, answer.address, answer.consultation_number) == (
        VatCheckState.VALID,
        "PAPIERBOOT SARL",
        "1 RUE DE LA PAIX\n75002 PARIS",
        "WAPIAAAAW1234567",
    )


@pytest.mark.parametrize("own", ["", "DE000000000", "HRB 1234"])
def test_a_seller_without_an_id_asks_without_one(own: str, vies: Vies, settings: Any) -> None:
    settings.INVOICE_SELLER_VAT_ID = own
    ask_quickly(FRENCH)
    assert vies.asked == [{"countryCode": "FR", "vatNumber": "40303265045"}]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (trouble(), 200, "MS_UNAVAILABLE"),
        (trouble("GLOBAL_MAX_CONCURRENT_REQ"), 500, "GLOBAL_MAX_CONCURRENT_REQ"),
        ({}, 200, "status 200"),
        ({"valid": "true"}, 200, "status 200"),
        ({"valid": None, "errorWrappers": [None]}, 200, "status 200"),
        ({"errorWrappers": [{"error": {"a": 1}}]}, 400, "status 400"),
        (b"[]", 200, "status 200"),
        (b"null", 200, "status 200"),
        (b"<html>Service Unavailable</html>", 503, "status 503, no JSON"),
        (b"", 200, "status 200, no JSON"),
        (b"\xff\xfe", 200, "status 200, no JSON"),
    ],
)
def test_an_answer_without_a_word_on_the_id_is_no_answer(body: Any, status: int, error: str, vies: Vies) -> None:
    vies.says(body, status=status)
    for answer in (ask_quickly(FRENCH), ask_patiently(FRENCH)):
        assert (answer.state, answer.error) == (VatCheckState.UNAVAILABLE, error)


def test_odd_texts_are_cut_to_what_can_be_kept(vies: Vies) -> None:
    vies.says({"valid": True, "name": "N\x00" * 600, "address": 7, "requestIdentifier": None})
    answer = ask_quickly(FRENCH)
    assert (answer.name, answer.address, answer.consultation_number) == ("N" * 500, "", "")


def test_nobody_there_is_silence(no_vies: None) -> None:
    with pytest.raises(OutsideError):
        ask_quickly(FRENCH)
    assert ask_patiently(FRENCH).state == VatCheckState.UNAVAILABLE


# --- By machine -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def caller(customer: User) -> APIClient:
    return machine(customer)


@pytest.mark.parametrize(
    ("said", "state", "name"),
    [(valid(), "valid", "PAPIERBOOT SARL"), (invalid(), "invalid", ""), (trouble(), "unavailable", "")],
)
def test_the_answer_is_valid_invalid_or_unavailable(
    said: dict[str, Any], state: str, name: str, vies: Vies, caller: APIClient
) -> None:
    vies.says(said)
    answer = caller.post(URL, ASKED)
    body = answer.json()
    assert (answer.status_code, body["state"], body["name"]) == (200, state, name)
    assert caller.get(f"/api/v1/vat/checks/{body['id']}").json()["state"] == state


@pytest.mark.parametrize("said", [valid(), invalid()])
def test_an_answer_stands_for_a_day_for_everybody(said: dict[str, Any], vies: Vies, caller: APIClient, stranger: User) -> None:
    vies.says(said)
    first = caller.post(URL, ASKED).json()
    again = caller.post(URL, {"country_code": "fr", "vat_number": "FR 40 303 265 045"}).json()
    other = machine(stranger)
    others = other.post(URL, ASKED).json()
    assert (again, len(vies.asked)) == (first, 1)
    assert {**others, "id": "", "created_at": "", "check_url": ""} == {**first, "id": "", "created_at": "", "check_url": ""}
    assert other.get(f"/api/v1/vat/checks/{first['id']}").status_code == 404
    assert other.get(f"/api/v1/vat/checks/{others['id']}").status_code == 200
    assert other.post(URL, ASKED).json()["id"] == others["id"]
    with clock.at(clock.now() + timedelta(days=1, seconds=1)):
        assert caller.post(URL, ASKED).json()["id"] != first["id"]
    assert len(vies.asked) == 2


def test_an_answer_to_another_requester_proves_nothing(vies: Vies, caller: APIClient, settings: Settings) -> None:
    settings.INVOICE_SELLER_VAT_ID = ""
    caller.post(URL, ASKED)
    settings.INVOICE_SELLER_VAT_ID = SELLER_ID
    assert services.with_known_check(TaxFacts("FR", "75002", is_business=True, vat_id="FR40303265045")).vat_check == "unavailable"
    again = caller.post(URL, ASKED).json()
    assert [question.get("requesterNumber") for question in vies.asked] == [None, SELLER_ID[2:]]
    assert VatCheck.objects.get(public_id=again["id"]).requester == SELLER_ID


def test_silence_stands_for_a_minute(vies: Vies, caller: APIClient) -> None:
    vies.says(trouble())
    assert [caller.post(URL, ASKED).json()["state"] for _time in range(2)] == ["unavailable"] * 2
    assert len(vies.asked) == 1
    vies.says(valid())
    with clock.at(clock.now() + timedelta(seconds=61)):
        assert caller.post(URL, ASKED).json()["state"] == "valid"


def test_who_is_slow_is_waited_for_in_the_queue(vies: Vies, caller: APIClient) -> None:
    vies.says(valid(), seconds=2.8)
    started = time.monotonic()
    answer = caller.post(URL, ASKED)
    assert time.monotonic() - started < 3
    body = answer.json()
    assert (answer.status_code, body["state"]) == (202, "pending")
    assert answer["Location"] == f"/api/v1/vat/checks/{body['id']}"
    assert body["check_url"] == f"http://testserver{answer['Location']}"
    # Asking on meanwhile asks nobody.
    assert caller.post(URL, ASKED).json()["id"] == body["id"]
    drain()
    found = caller.get(answer["Location"]).json()
    assert (found["state"], found["name"], found["consultation_number"]) == ("valid", "PAPIERBOOT SARL", "WAPIAAAAW1234567")
    assert len(vies.asked) == 2


def test_a_check_that_waits_is_settled_for_everybody_who_asked(
    no_vies: None, caller: APIClient, stranger: User, settings: Any, request: pytest.FixtureRequest
) -> None:
    first, second = (client.post(URL, ASKED) for client in (caller, machine(stranger)))
    assert {first.status_code, second.status_code} == {202}
    assert first.json()["id"] != second.json()["id"]
    assert DomainEvent.objects.filter(name="vat.check_delayed").count() == 1
    request.getfixturevalue("vies")
    drain()
    assert set(VatCheck.objects.values_list("state", "name")) == {("valid", "PAPIERBOOT SARL")}


def test_the_queue_takes_silence_for_silence(no_vies: None, caller: APIClient) -> None:
    location = caller.post(URL, ASKED)["Location"]
    drain()
    assert caller.get(location).json()["state"] == "unavailable"
    assert VatCheck.objects.get().attempts == 1


def test_a_question_whose_asker_was_killed_is_asked_again(vies: Vies, customer_account: Account) -> None:
    check, is_ours = vat_service._open(FRENCH, customer_account)
    assert is_ours
    assert services.sweep_vat_checks() == 0
    with clock.at(clock.now() + timedelta(minutes=2, seconds=1)):
        assert services.sweep_vat_checks() == 1
        assert services.sweep_vat_checks() == 0
    check.refresh_from_db()
    assert (check.state, len(vies.asked)) == ("valid", 1)


def test_an_answer_is_never_changed_into_another_one(vies: Vies, caller: APIClient) -> None:
    caller.post(URL, ASKED)
    check = VatCheck.objects.get()
    vies.says(invalid())
    services.ask_vies(check.pk)
    check.refresh_from_db()
    assert (check.state, len(vies.asked)) == ("valid", 1)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"country_code": "DE", "vat_number": "136695978"}, "its digits do not fit"),
        ({"country_code": "FR", "vat_number": "FR123"}, "VAT id of France"),
    ],
)
def test_an_id_that_cannot_exist_is_invalid_without_asking(
    asked: dict[str, str], words: str, vies: Vies, caller: APIClient
) -> None:
    body = caller.post(URL, asked).json()
    assert (body["state"], body["id"]) == ("invalid", None)
    assert words in body["detail"]
    assert not vies.asked
    assert not VatCheck.objects.exists()


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"country_code": "XI", "vat_number": "110305878"}, "/country_code"),
        ({"country_code": "EU", "vat_number": "372022452"}, "/country_code"),
        ({"country_code": "CH", "vat_number": "123"}, "/country_code"),
        ({"country_code": "DEU", "vat_number": "136695976"}, "/country_code"),
        ({"country_code": "D\x00", "vat_number": "136695976"}, "/country_code"),
        ({"country_code": "DE", "vat_number": "136695976'; DROP TABLE x--"}, "/vat_number"),
        ({"country_code": "DE", "vat_number": "13669597\x00"}, "/vat_number"),
        ({"country_code": "DE", "vat_number": "1" * 1_000_000}, "/vat_number"),
        ({"country_code": "DE", "vat_number": "１３６６９５９７６"}, "/vat_number"),
        ({"country_code": "DE", "vat_number": ["136695976"]}, "/vat_number"),
        ({"country_code": "DE", "vat_number": None}, "/vat_number"),
        ({"country_code": "DE"}, "/vat_number"),
    ],
)
def test_what_is_no_question_is_refused_and_nothing_is_kept(
    asked: dict[str, Any], pointer: str, vies: Vies, caller: APIClient
) -> None:
    problem(caller.post(URL, asked), 422, pointer=pointer)
    assert not vies.asked
    assert not VatCheck.objects.exists()


def test_bodies_that_are_none_are_refused(vies: Vies, caller: APIClient) -> None:
    for body in (b"", b"{", b"[]", b'"DE"', b"\x00"):
        answer = caller.generic("POST", URL, body, content_type="application/json")
        assert answer.status_code in {400, 422}, body
        assert json.loads(answer.content)["detail"]
    assert not vies.asked


def test_nobody_and_tokens_without_the_scope_ask_nothing(api: APIClient, customer: User, vies: Vies) -> None:
    problem(api.post(URL, ASKED), 401)
    problem(all_but(customer, Scope.QUOTES_WRITE).post(URL, ASKED), 403)
    assert not vies.asked


def test_a_machine_that_asks_on_and_on_is_held_up(caller: APIClient, vies: Vies) -> None:
    answers = [caller.post(URL, ASKED).status_code for _time in range(31)]
    assert answers == [200] * 30 + [429]
    assert len(vies.asked) == 1


def test_an_account_asks_about_so_many_ids_an_hour(customer_account: Account, vies: Vies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vat_service, "QUESTIONS_AN_HOUR", 1)
    services.check_vat_id(FRENCH, customer_account)
    # What is known is told all the same.
    services.check_vat_id(FRENCH, customer_account)
    other = split_vat_id("IT00743110157")
    with pytest.raises(Refused) as refused:
        services.check_vat_id(other, customer_account)
    assert refused.value.code == "too_many_checks"
    # Somebody who orders is not held up: there is no answer, and no reverse charge.
    facts = services.with_check(TaxFacts("IT", is_business=True, vat_id=str(other)), customer_account)
    assert (facts.vat_check, len(vies.asked)) == ("unavailable", 1)
    with clock.at(clock.now() + timedelta(hours=1, seconds=1)):
        assert services.check_vat_id(other, customer_account).state == "valid"


@pytest.mark.parametrize(
    "facts",
    [
        TaxFacts("FR"),
        TaxFacts("FR", vat_id="FR40303265045"),
        TaxFacts("CH", is_business=True, vat_id="CHE123456788"),
        TaxFacts("GB", is_business=True, vat_id="XI110305878"),
    ],
)
def test_nobody_is_asked_where_the_answer_would_mean_nothing(facts: TaxFacts, customer_account: Account, vies: Vies) -> None:
    assert services.with_check(facts, customer_account).vat_check == ""
    assert services.with_known_check(facts).vat_check == ""
    assert not vies.asked
