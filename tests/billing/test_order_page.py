"""The order page: a bound price, never another one, and nothing kept of what was refused."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.invitations import token_of
from accounts.models import Account, SshKey, User
from accounts.services import accept_invitation, add_ssh_key, create_organisation, create_user, invite
from accounts.states import Role
from billing import services
from billing.models import BillingProfile, Charge, Quote
from billing.tax import TaxFacts
from contracts.models import Contract
from core import clock
from providers.models import Offering, StockHold
from providers.services import archive_offering, duplicate_offering, publish_offering, update_offering
from tests.billing.conftest import OTHER_SSH_KEY, SSH_KEY
from tests.cast import browser_of

pytestmark = pytest.mark.django_db

FORM = {
    "hours": "2160",
    "operating_system": "Debian 13",
    "host_name": "build-01",
    "ssh_key": "",
    "public_key": SSH_KEY,
    "note": "Rack A, please.",
    "name": "Cora Customer",
    "email": "cora@example.com",
    "company": "",
    "vat_id": "",
    "street": "Am Alten Fährhaus 12",
    "postcode": "20457",
    "city": "Hamburg",
    "country": "DE",
    "terms": "on",
    "start_now": "on",
}


def url_of(quote: Quote) -> str:
    return f"/order/{quote.public_id}"


def send(client: Client, quote: Quote, **changes: str) -> Any:
    form = {**FORM, **changes}
    return client.post(url_of(quote), {name: value for name, value in form.items() if value != "—"})


def text_of(answer: HttpResponse) -> str:
    return re.sub(r"\s+", " ", answer.content.decode()).replace("\u00a0", " ").replace("&#x27;", "'")


def newest() -> Quote:
    return Quote.objects.order_by("-pk")[0]


# --- Asking for a price -------------------------------------------------------------------------------------------------------


def test_the_offering_page_asks_for_a_price_and_leads_to_the_order(customer_client: Client, offering: Offering) -> None:
    answer = customer_client.post(f"/offerings/{offering.slug}/quote", {"hours": "2160"})
    quote = Quote.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url_of(quote))
    assert (quote.hours, quote.country, quote.gross_minor) == (2160, "DE", 13709)


def test_who_is_not_signed_in_comes_back_to_the_offering(client: Client, offering: Offering) -> None:
    answer = client.post(f"/offerings/{offering.slug}/quote", {"hours": "2160"})
    assert unquote(answer["Location"]).endswith(f"?next=/offerings/{offering.slug}")
    assert not Quote.objects.exists()


def test_a_price_is_asked_for_by_post_only(customer_client: Client, offering: Offering) -> None:
    assert customer_client.get(f"/offerings/{offering.slug}/quote").status_code == 405


@pytest.mark.parametrize("hours", ["", "0", "-24", "25", "720.5", "9" * 4000, "month"])
def test_a_term_that_does_not_exist_is_refused(hours: str, customer_client: Client, offering: Offering) -> None:
    answer = customer_client.post(f"/offerings/{offering.slug}/quote", {"hours": hours})
    assert answer["Location"] == f"/offerings/{offering.slug}"
    assert not Quote.objects.exists()
    assert not StockHold.objects.exists()


def test_a_term_that_this_provider_does_not_offer_is_refused(customer_client: Client, offering: Offering) -> None:
    answer = customer_client.post(f"/offerings/{offering.slug}/quote", {"hours": "8760"})
    assert answer["Location"] == f"/offerings/{offering.slug}"
    assert not Quote.objects.exists()


def test_the_provider_cannot_rent_its_own(provider_client: Client, offering: Offering) -> None:
    provider_client.post(f"/offerings/{offering.slug}/quote", {"hours": "720"})
    assert not Quote.objects.exists()
    assert not StockHold.objects.exists()


def test_an_unverified_address_rents_nothing(offering: Offering) -> None:
    client = browser_of(create_user("new@example.com", "correct-horse-battery"))
    client.post(f"/offerings/{offering.slug}/quote", {"hours": "720"})
    assert not Quote.objects.exists()


@pytest.mark.parametrize("slug", ["no-such-offering", "x" * 300])
def test_an_offering_that_is_not_there_has_no_price(slug: str, customer_client: Client) -> None:
    assert customer_client.post(f"/offerings/{slug}/quote", {"hours": "720"}).status_code == 404


def test_asking_ten_times_holds_one_unit(customer_client: Client, offering: Offering) -> None:
    for _time in range(10):
        customer_client.post(f"/offerings/{offering.slug}/quote", {"hours": "720"})
    offering.refresh_from_db()
    assert (Quote.objects.count(), offering.taken) == (10, 1)


# --- The page -----------------------------------------------------------------------------------------------------------------


def test_the_page_shows_net_set_up_vat_and_gross_and_the_button_says_it(customer_client: Client, quote: Quote) -> None:
    text = text_of(customer_client.get(url_of(quote)))
    for words in ("€ 115.20", "VAT 19 %", "€ 21.89", "€ 137.09", "Order with obligation to pay € 137.09", "none"):
        assert words in text
    assert f"{quote.expires_at:%H:%M} UTC" in text


def test_the_page_says_what_each_day_gives_back(customer_client: Client, quote: Quote) -> None:
    text = text_of(customer_client.get(url_of(quote)))
    # 30 of 90 days served: € 76.80 net is unused, and € 14.59 of its VAT.
    assert text.count('<th scope="row" class="plain">') == 4 + 89
    assert '<th scope="row" class="plain">30 days</th><td class="num">€ 91.39</td>' in text


def test_nobody_but_the_account_sees_a_quote(
    quote: Quote, client: Client, provider_client: Client, stranger_client: Client, staff_client: Client
) -> None:
    for other in (provider_client, stranger_client, staff_client):
        assert other.get(url_of(quote)).status_code == 404
        assert send(other, quote).status_code == 404
    assert client.get(url_of(quote))["Location"].startswith("/accounts/login/")
    assert client.post(url_of(quote), FORM)["Location"].startswith("/accounts/login/")
    assert not Contract.objects.exists()


def test_a_quote_that_never_was_looks_like_a_stranger_s(customer_client: Client, quote: Quote) -> None:
    assert customer_client.get("/order/00000000-0000-4000-8000-000000000000").status_code == 404


def test_the_page_takes_the_same_queries_however_many_keys_there_are(
    customer: User,
    customer_account: Account,
    customer_client: Client,
    quote: Quote,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    # Session, user, membership, quote, keys, billing profile.
    for key in ("", SSH_KEY, OTHER_SSH_KEY):
        if key:
            add_ssh_key(customer_account, customer, "", key)
        with django_assert_num_queries(6):
            customer_client.get(url_of(quote))


# --- Ordering -----------------------------------------------------------------------------------------------------------------


def test_an_order_makes_a_contract_a_charge_and_keeps_key_and_address(
    customer_client: Client, quote: Quote, customer: User
) -> None:
    answer = send(customer_client, quote)
    charge = Charge.objects.get()
    assert answer["Location"] == f"/checkout/{charge.public_id}"
    contract = charge.contract
    assert (contract.operating_system, contract.host_name, contract.note) == ("Debian 13", "build-01", "Rack A, please.")
    assert contract.ssh_fingerprint == SshKey.objects.get().fingerprint
    assert charge.gross_minor == quote.gross_minor == 13709
    assert charge.buyer["email"] == "cora@example.com"
    assert not charge.buyer["is_business"]
    assert BillingProfile.objects.get().street == "Am Alten Fährhaus 12"


def test_a_double_click_makes_one_order(customer_client: Client, quote: Quote) -> None:
    first, second = send(customer_client, quote), send(customer_client, quote)
    assert first["Location"] == second["Location"]
    assert (Contract.objects.count(), Charge.objects.count(), SshKey.objects.count()) == (1, 1, 1)


def test_an_ordered_quote_leads_to_its_checkout(customer_client: Client, quote: Quote) -> None:
    address = send(customer_client, quote)["Location"]
    assert customer_client.get(url_of(quote))["Location"] == address


def test_a_key_that_the_account_has_is_used_as_it_is(
    customer_client: Client, quote: Quote, customer: User, customer_account: Account
) -> None:
    own = add_ssh_key(customer_account, customer, "laptop", SSH_KEY)
    send(customer_client, quote)
    assert Contract.objects.get().ssh_fingerprint == own.fingerprint
    assert SshKey.objects.count() == 1


def test_a_chosen_key_is_used_and_a_pasted_one_goes_before_it(
    customer_client: Client, quote: Quote, customer: User, customer_account: Account
) -> None:
    own = add_ssh_key(customer_account, customer, "laptop", SSH_KEY)
    send(customer_client, quote, ssh_key=str(own.pk), public_key=OTHER_SSH_KEY)
    assert Contract.objects.get().ssh_fingerprint != own.fingerprint
    assert SshKey.objects.count() == 2


def test_the_key_of_another_account_is_not_offered_and_not_taken(
    customer_client: Client, quote: Quote, stranger: User, stranger_account: Account
) -> None:
    foreign = add_ssh_key(stranger_account, stranger, "theirs", SSH_KEY)
    answer = send(customer_client, quote, ssh_key=str(foreign.pk), public_key="")
    assert answer.status_code == 200
    assert foreign.fingerprint not in text_of(answer)
    assert not Contract.objects.exists()


BAD: list[tuple[dict[str, str], str]] = [
    ({"operating_system": "Windows 95"}, "operating_system"),
    ({"operating_system": ""}, "operating_system"),
    ({"host_name": "-build"}, "host_name"),
    ({"host_name": "build_01"}, "host_name"),
    ({"host_name": "x" * 64}, "host_name"),
    ({"host_name": "build.example.com"}, "host_name"),
    ({"ssh_key": "", "public_key": ""}, "public_key"),
    ({"public_key": "ssh-ed25519 AAAA"}, "public_key"),
    ({"public_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "public_key"),
    ({"public_key": "x" * 1_000_000}, "public_key"),
    ({"note": "x" * 2001}, "note"),
    ({"name": ""}, "name"),
    ({"name": "x" * 121}, "name"),
    ({"email": "nobody"}, "email"),
    ({"vat_id": "12345"}, "vat_id"),
    ({"street": ""}, "street"),
    ({"postcode": "123"}, "postcode"),
    ({"city": ""}, "city"),
    ({"country": "XX"}, "country"),
    ({"hours": "25"}, "hours"),
    ({"terms": "—"}, "terms"),
    ({"start_now": "—"}, "start_now"),
]


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    changes: dict[str, str], field: str, customer_client: Client, quote: Quote
) -> None:
    answer = send(customer_client, quote, **changes)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert "to put right" in text_of(answer)
    assert f'id="id_{field}_error"' in text_of(answer)
    for model in (Contract, Charge, SshKey, BillingProfile):
        assert not model._default_manager.exists()
    quote.refresh_from_db()
    assert (quote.contract, Quote.objects.count()) == (None, 1)


def test_a_company_is_a_business_and_its_vat_id_is_written_one_way(customer_client: Client, quote: Quote) -> None:
    send(customer_client, quote, company="Papierboot GmbH", vat_id="de 123.456.788")
    buyer = Charge.objects.get().buyer
    assert (buyer["company"], buyer["vat_id"], buyer["is_business"]) == ("Papierboot GmbH", "DE123456788", True)


def test_other_countries_have_other_postcodes(
    customer: User, customer_account: Account, customer_client: Client, offering: Offering
) -> None:
    quote = services.create_quote(customer_account, customer, offering, 2160, TaxFacts("IE"))
    send(customer_client, quote, country="IE", postcode="")
    assert Charge.objects.get().buyer["postcode"] == ""


# --- Another price ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("changes", "hours", "country"), [({"hours": "720"}, 720, "DE"), ({"country": "FR"}, 2160, "FR")])
@pytest.mark.parametrize("pressed", [{}, {"requote": "1"}])
def test_another_term_or_country_is_quoted_before_it_is_ordered(
    changes: dict[str, str], hours: int, country: str, pressed: dict[str, str], customer_client: Client, quote: Quote
) -> None:
    answer = send(customer_client, quote, **changes, **pressed)
    fresh = newest()
    assert answer["Location"] == url_of(fresh)
    assert (fresh.pk != quote.pk, fresh.hours, fresh.country) == (True, hours, country)
    assert not Contract.objects.exists()
    assert StockHold.objects.count() == 1


def test_what_was_typed_survives_a_new_price_but_the_ticks_do_not(customer_client: Client, quote: Quote) -> None:
    send(customer_client, quote, hours="720", requote="1", host_name="kept-01", street="Kept Street 5", note="kept note")
    page = customer_client.get(url_of(newest()))
    text = text_of(page)
    for words in ("kept-01", "Kept Street 5", "kept note", "SVTG4 laptop"):
        assert words in text
    assert re.search(r'name="hours" value="720" id="[^"]+" checked', text)
    assert not re.search(r'name="(terms|start_now)"[^>]*checked', text)


def test_a_draft_of_one_offering_is_not_another_s(
    customer: User, customer_account: Account, customer_client: Client, quote: Quote
) -> None:
    send(customer_client, quote, hours="720", requote="1", host_name="kept-01")
    other = publish_offering(duplicate_offering(quote.offering))
    elsewhere = services.create_quote(customer_account, customer, other, 720, TaxFacts("DE"))
    assert "kept-01" not in text_of(customer_client.get(url_of(elsewhere)))


def test_an_absurd_draft_is_cut_to_what_the_fields_hold(customer_client: Client, quote: Quote) -> None:
    send(customer_client, quote, requote="1", note="x" * 1_000_000)
    assert len(customer_client.session["order_draft"]["values"]["note"]) == 2000


def test_an_expired_quote_says_so_and_is_not_ordered(customer_client: Client, quote: Quote) -> None:
    with clock.at(quote.expires_at):
        text = text_of(customer_client.get(url_of(quote)))
        assert "Ask for the price again" in text
        assert "Order with obligation" not in text
        answer = send(customer_client, quote)
        assert answer["Location"] == url_of(quote)
        assert not Contract.objects.exists()
        assert send(customer_client, quote, requote="1")["Location"] == url_of(newest())
        assert newest().pk != quote.pk


def test_a_changed_offering_is_looked_at_again_before_it_is_ordered(customer_client: Client, quote: Quote) -> None:
    update_offering(quote.offering, memory_gb=16)
    assert send(customer_client, quote)["Location"] == url_of(quote)
    assert not Contract.objects.exists()
    assert not SshKey.objects.exists()


def test_a_changed_price_does_not_change_a_quote_that_stands(customer_client: Client, quote: Quote) -> None:
    update_offering(quote.offering, monthly_minor=9999)
    send(customer_client, quote)
    assert Charge.objects.get().gross_minor == 13709


def test_an_archived_offering_is_not_ordered_any_more(customer_client: Client, quote: Quote) -> None:
    archive_offering(quote.offering)
    assert send(customer_client, quote)["Location"] == url_of(quote)
    assert not Contract.objects.exists()


def test_a_second_quote_of_the_same_unit_cannot_be_ordered_as_well(
    customer: User, customer_account: Account, customer_client: Client, quote: Quote, offering: Offering
) -> None:
    other = services.create_quote(customer_account, customer, offering, 2160, TaxFacts("DE"))
    send(customer_client, quote)
    assert send(customer_client, other)["Location"] == url_of(other)
    assert Contract.objects.count() == 1


@pytest.mark.parametrize(("role", "orders"), [(Role.OWNER, 1), (Role.MEMBER, 1), (Role.BILLING, 0)])
def test_in_an_organisation_the_role_decides_who_orders_and_whose_address_is_kept(
    role: Role, orders: int, customer: User, stranger: User, offering: Offering
) -> None:
    team = create_organisation(customer, "Papierboot GmbH")
    quote = services.create_quote(team, customer, offering, 2160, TaxFacts("DE"))
    accept_invitation(token_of(invite(team, stranger.email, role, customer)), stranger)
    client = browser_of(stranger)
    session = client.session
    session["account"] = team.pk
    session.save()
    assert client.get(url_of(quote)).status_code == 200
    send(client, quote)
    assert Contract.objects.filter(customer=team, ordered_by=stranger).count() == orders
    assert BillingProfile.objects.filter(account=team).exists() == (role == Role.OWNER)
