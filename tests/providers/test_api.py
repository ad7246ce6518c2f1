"""The market by machine: what everybody and what an account sees, how bad parameters are answered, pages and limits."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Account, User
from accounts.queries import personal_account
from accounts.services import create_token
from accounts.states import Scope
from providers.api import SearchThrottle
from providers.models import Offering, Provider
from providers.services import allow_account, create_offering, record_standing, update_offering
from tests.providers.conftest import FIGURES

URL = "/api/v1/offerings"


@pytest.fixture(autouse=True)
def fresh_limits(db: None) -> None:
    """Each test begins with no request counted."""
    cache.clear()


@pytest.fixture
def token_api(customer: User) -> APIClient:
    """A machine with a token that may read offerings."""
    return machine(customer, [Scope.OFFERINGS_READ])


def machine(user: User, scopes: list[Scope]) -> APIClient:
    _token, secret = create_token(user, personal_account(user), "Machine", scopes, None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def names(response: Any) -> list[str]:
    return [row["name"] for row in response.json()["results"]]


def test_everybody_finds_public_offerings(api: APIClient, publish: Callable[..., Offering], provider: Provider) -> None:
    publish(name="Small", monthly_minor=490, cores=1)
    publish(name="Large", cores=32)
    publish(name="Hidden", visibility="private")
    create_offering(provider, **(FIGURES | {"name": "Draft"}))
    assert names(api.get(URL)) == ["Small", "Large"]
    assert names(api.get(URL, {"q": "cores:>=8"})) == ["Large"]
    assert names(api.get(URL, {"cores_max": "4", "type": ["compute", "gpu"], "country": "DE"})) == ["Small"]
    assert names(api.get(URL, {"sort": "newest"})) == ["Large", "Small"]
    row = api.get(URL).json()["results"][0]
    assert (row["monthly_minor"], row["memory_gb"], row["provider"]["slug"], row["standing"]) == (490, "32.00", "quietstack", None)
    assert not {"stock", "taken", "reference", "labels", "search", "price_eur_minor"} & set(row)


def test_an_account_also_finds_what_is_shared_with_it(
    api: APIClient, token_api: APIClient, customer_client: Client, customer_account: Account, offering: Offering
) -> None:
    update_offering(offering, visibility="shared")
    allow_account(offering, customer_account)
    assert names(api.get(URL)) == []
    assert names(token_api.get(URL)) == names(customer_client.get(URL)) == ["VPS 8 NVMe"]
    assert api.get(f"{URL}/{offering.slug}").status_code == 404
    assert token_api.get(f"{URL}/{offering.slug}").status_code == 200


def test_a_token_needs_the_scope(customer: User, offering: Offering) -> None:
    other = machine(customer, [Scope.SSH_KEYS_READ])
    for url in (URL, f"{URL}/{offering.slug}"):
        response = other.get(url)
        assert response.status_code == 403
        assert "offerings:read" in response.json()["detail"]
    bad = APIClient()
    bad.credentials(HTTP_AUTHORIZATION="Bearer dct_wrong")
    assert bad.get(URL).status_code == 401


def test_one_offering_with_its_terms_and_figures(api: APIClient, offering: Offering) -> None:
    record_standing(offering.provider, offering, uptime_percent=Decimal("99.992"), uptime_days=90)
    body = api.get(f"{URL}/{offering.slug}").json()
    assert (body["name"], body["free"], body["description"]) == ("VPS 8 NVMe", 5, "")
    assert body["terms"][-1] == {"hours": 8760, "allowed": False, "reason": "180 days at most"}
    assert (body["standing"]["uptime_percent"], body["standing"]["score"]) == ("99.992", None)


def test_what_is_missing_or_hidden_is_the_same_404(api: APIClient, draft: Offering) -> None:
    answers = [api.get(f"{URL}/{slug}") for slug in (draft.slug, "no-such-thing")]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == answers[1].json()
    assert answers[0]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"q": "cores:>=abc"}, "q"),
        ({"q": "x" * 501}, "q"),
        ({"type": "quantum"}, "type"),
        ({"country": "de"}, "country"),
        ({"country": "QQ"}, "country"),
        ({"price_min": "abc"}, "price_min"),
        ({"memory_max": "-1"}, "memory_max"),
        ({"cores_min": "1e3"}, "cores_min"),
        ({"uptime": "100"}, "uptime"),
        ({"in_stock": "maybe"}, "in_stock"),
        ({"sort": "evil"}, "sort"),
        ({"after": "zzz"}, "after"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(
    api: APIClient, offering: Offering, params: dict[str, str], parameter: str
) -> None:
    response = api.get(URL, params)
    assert response.status_code == 422
    assert [error["parameter"] for error in response.json()["errors"]] == [parameter]


def test_a_query_error_points_at_the_place_and_offers_a_repair(api: APIClient, offering: Offering) -> None:
    (error,) = api.get(URL, {"q": "cores:>=4 country:(DE OR"}).json()["errors"]
    assert error["detail"] == ("Character 19: The bracket opened at character 19 is never closed. Perhaps: cores:>=4 country:DE")


def test_pages_are_linked_and_complete(api: APIClient, publish: Callable[..., Offering]) -> None:
    made = [publish(name=f"Number {number}", monthly_minor=1000 + number).name for number in range(5)]
    url, seen = f"{URL}?limit=2&q=number", []
    while url:
        response = api.get(url)
        seen += names(response)
        body = response.json()
        if body["next"]:
            assert f'<{body["next"]}>; rel="next"' in response["Link"]
        url = body["next"]
    assert seen == made
    assert body["previous"]


def test_a_cursor_of_another_sorting_is_refused(api: APIClient, publish: Callable[..., Offering]) -> None:
    for number in range(3):
        publish(name=f"Number {number}")
    url = api.get(f"{URL}?limit=2").json()["next"]
    assert api.get(f"{url}&sort=newest").status_code == 422


def test_the_number_of_statements_does_not_grow(api: APIClient, publish: Callable[..., Offering]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"{URL}?q=debian&limit=100").status_code == 200
        return len(captured)

    publish()
    statements()
    few = statements()
    for number in range(30):
        publish(name=f"More {number}")
    assert statements() == few


def test_too_many_searches_are_asked_to_wait(api: APIClient, token_api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchThrottle, "rate", "2/min")
    assert [api.get(URL).status_code for _search in range(3)] == [200, 200, 429]
    refused = api.get(URL)
    assert refused["Content-Type"] == "application/problem+json"
    assert int(refused["Retry-After"]) > 0
    assert token_api.get(URL).status_code == 200


def test_only_reading_is_possible(token_api: APIClient, offering: Offering) -> None:
    for method in (token_api.post, token_api.put, token_api.patch, token_api.delete):
        assert method(f"{URL}/{offering.slug}").status_code in (403, 405)
    assert Offering.objects.count() == 1


def test_a_made_up_forwarding_header_is_no_new_caller(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SearchThrottle, "rate", "2/min")
    answers = [api.get(URL, headers={"X-Forwarded-For": f"198.51.100.{number}"}).status_code for number in range(3)]
    assert answers == [200, 200, 429]
