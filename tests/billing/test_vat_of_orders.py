"""The tax of quotes, orders and extensions: what was shown is what is charged, and what proves it is frozen with it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import Account, User
from billing import services
from billing.buyers import Buyer
from billing.models import Charge, Quote
from billing.tax import TaxFacts
from billing.tax_evidence import country_of_connection
from core import clock
from core.errors import Refused
from providers.models import Offering
from tests import walk
from tests.billing.conftest import BUYER
from tests.vies_standin import Vies, invalid, trouble, valid

pytestmark = pytest.mark.django_db

FRENCH_PERSON = Buyer("Aude", "aude@example.com", "1 rue de la Paix", "Paris", "FR", "75002")
FRENCH_FIRM = Buyer(
    "Aude", "aude@example.com", "1 rue de la Paix", "Paris", "FR", "75002", "Papierboot SARL", "FR40303265045", True
)
SWISS = Buyer("Urs", "urs@example.com", "Kirchgasse 1", "Zürich", "CH", "8001")


@pytest.fixture
def quoted(customer: User, customer_account: Account, offering: Offering) -> Any:
    """A quote for a buyer, VIES asked before."""

    def quote(buyer: Buyer, hours: int = 2160) -> Quote:
        facts = services.with_check(buyer.tax_facts, customer_account)
        return services.create_quote(customer_account, customer, offering, hours, facts)

    return quote


@pytest.fixture
def ordered(quoted: Any, customer: User) -> Any:
    """An order of such a quote by the same buyer."""
    return lambda buyer, **more: services.order(quoted(buyer), user=customer, buyer=buyer, **more)


def words(charge: Charge) -> tuple[str, str, str, Decimal, int]:
    decision = charge.tax_decision
    return decision["category"], decision["scheme"], decision["country"], charge.tax_rate, charge.tax_minor


# --- What is charged --------------------------------------------------------------------------------------------------------


def test_a_quote_binds_facts_and_decision(quoted: Any, vies: Vies) -> None:
    quote = quoted(FRENCH_FIRM)
    assert TaxFacts.from_json(quote.tax_facts) == TaxFacts("FR", "75002", True, "FR40303265045", "valid")
    assert (quote.tax_decision["category"], quote.tax_country, quote.tax_minor, quote.gross_minor) == ("AE", "FR", 0, 11520)
    assert "reverse charge" in quote.tax_decision["reason"]


@pytest.mark.parametrize(
    ("buyer", "oss", "expected"),
    [
        (BUYER, False, ("S", "local", "DE", Decimal("0.19"), 2189)),
        (FRENCH_PERSON, True, ("S", "oss", "FR", Decimal("0.2"), 2304)),
        (FRENCH_PERSON, False, ("S", "local", "DE", Decimal("0.19"), 2189)),
        (FRENCH_FIRM, False, ("AE", "", "FR", Decimal(0), 0)),
        (SWISS, False, ("O", "", "CH", Decimal(0), 0)),
        (Buyer("A", "a@b.c", "Tie 1", "Helsinki", "FI", "00100"), True, ("S", "oss", "FI", Decimal("0.255"), 2938)),
        (Buyer("A", "a@b.c", "Tie 1", "Mariehamn", "FI", "22100"), True, ("O", "", "FI", Decimal(0), 0)),
    ],
)
def test_each_buyer_pays_their_own_tax(
    buyer: Buyer, oss: bool, expected: tuple[Any, ...], ordered: Any, vies: Vies, settings: Settings
) -> None:
    settings.INVOICE_SELLER_OSS = oss
    charge = ordered(buyer)
    assert words(charge) == expected
    assert charge.gross_minor == 11520 + charge.tax_minor
    assert charge.vat_recheck_at is None


def test_a_small_business_charges_none_at_home(ordered: Any, settings: Settings) -> None:
    settings.INVOICE_SELLER_VAT_SCHEME = "small_business"
    assert words(ordered(BUYER)) == ("E", "", "DE", Decimal(0), 0)


# --- What proves it ---------------------------------------------------------------------------------------------------------


def test_the_evidence_is_frozen_with_the_charge(ordered: Any, vies: Vies) -> None:
    at = clock.now()
    with clock.at(at):
        charge = ordered(FRENCH_FIRM, connection_country="FR")
    charge.refresh_from_db()
    assert charge.tax_evidence == {
        "billing_address": {
            "name": "Papierboot SARL",
            "street": "1 rue de la Paix",
            "postcode": "75002",
            "city": "Paris",
            "country": "FR",
        },
        "is_business": True,
        "vat_id": "FR40303265045",
        "vat_check": {
            "state": "valid",
            "vat_id": "FR40303265045",
            "name": "PAPIERBOOT SARL",
            "address": "1 RUE DE LA PAIX\n75002 PARIS",
            "consultation_number": "WAPIAAAAW1234567",
            "requester": "DE136695976",
            "answered_at": at.isoformat(),
        },
        "connection_country": "FR",
    }


def test_what_was_not_known_is_said_to_be_so(ordered: Any, vies: Vies, settings: Settings) -> None:
    vies.says(trouble())
    settings.INVOICE_SELLER_OSS = True
    evidence = ordered(FRENCH_FIRM).tax_evidence
    assert (evidence["vat_check"], evidence["connection_country"]) == ({"state": "unavailable", "vat_id": "FR40303265045"}, "")
    assert ordered(SWISS).tax_evidence["vat_check"] is None


@pytest.mark.parametrize(
    ("header", "sent", "known"),
    [
        ("", "FR", ""),
        ("CF-IPCountry", "fr", "FR"),
        ("CF-IPCountry", "XX", ""),
        ("CF-IPCountry", "T1", ""),
        ("CF-IPCountry", "<b>", ""),
    ],
)
def test_the_country_of_the_connection_is_what_our_proxy_says(
    header: str, sent: str, known: str, settings: Settings, rf: Any
) -> None:
    settings.COUNTRY_HEADER = header
    assert country_of_connection(rf.get("/", headers={"CF-IPCountry": sent})) == known
    assert country_of_connection(rf.get("/")) == ""


# --- Nobody pays unseen -----------------------------------------------------------------------------------------------------


def refused(quote: Quote, user: User, buyer: Buyer) -> Refused:
    with pytest.raises(Refused) as raised:
        services.order(quote, user=user, buyer=buyer)
    assert not Charge.objects.exists()
    return raised.value


def test_another_buyer_than_the_quote_was_made_for_sees_the_new_price_first(
    quoted: Any, customer: User, vies: Vies, settings: Settings
) -> None:
    settings.INVOICE_SELLER_OSS = True
    quote = quoted(FRENCH_PERSON)
    said = refused(quote, customer, FRENCH_FIRM)
    assert (said.code, said.data) == (
        "tax_changed",
        {"tax_rate": "0", "tax_country": "FR", "tax_minor": 0, "gross_minor": 11520},
    )
    assert refused(quoted(FRENCH_FIRM), customer, FRENCH_PERSON).data["tax_minor"] == 2304
    assert refused(quote, customer, SWISS).code == "country_changed"


def test_a_postcode_outside_of_the_area_changes_the_price(quoted: Any, customer: User) -> None:
    heligoland = Buyer("Hein", "hein@example.com", "Am Hafen 1", "Helgoland", "DE", "27498")
    assert refused(quoted(BUYER), customer, heligoland).data["tax_minor"] == 0


def test_an_answer_that_came_in_between_changes_the_price(quoted: Any, customer: User, vies: Vies, settings: Settings) -> None:
    settings.INVOICE_SELLER_OSS = True
    vies.says(trouble())
    quote = quoted(FRENCH_FIRM)
    assert quote.tax_minor == 2304
    vies.says(valid())
    with clock.at(clock.now() + timedelta(minutes=2)):
        assert refused(quote, customer, FRENCH_FIRM).code == "tax_changed"
        charge = services.order(quoted(FRENCH_FIRM), user=customer, buyer=FRENCH_FIRM)
    assert words(charge)[0] == "AE"


def test_a_yes_of_yesterday_is_asked_for_anew(quoted: Any, customer: User, vies: Vies, settings: Settings) -> None:
    settings.INVOICE_SELLER_OSS, settings.QUOTE_MINUTES = True, 3000
    quote = quoted(FRENCH_FIRM)
    vies.says(invalid())
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        assert refused(quote, customer, FRENCH_FIRM).code == "tax_changed"
    assert len(vies.asked) == 2


def test_a_quote_of_before_there_were_decisions_is_asked_for_again(quote: Quote, customer: User) -> None:
    Quote.objects.update(tax_facts={}, tax_decision={})
    assert refused(quote, customer, BUYER).code == "tax_changed"


# --- Silence ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oss", [True, False])
def test_while_vies_is_silent_vat_is_charged_and_it_is_asked_again(oss: bool, ordered: Any, vies: Vies, settings: Settings) -> None:
    settings.INVOICE_SELLER_OSS = oss
    vies.says(trouble())
    at = clock.now()
    with clock.at(at):
        charge = ordered(FRENCH_FIRM)
    assert words(charge)[0] == "S"
    assert charge.vat_recheck_at == at + timedelta(minutes=15)


def test_a_no_is_not_asked_again(ordered: Any, vies: Vies) -> None:
    vies.says(invalid())
    charge = ordered(FRENCH_FIRM)
    assert (words(charge)[0], charge.vat_recheck_at) == ("S", None)


# --- Sales across borders -----------------------------------------------------------------------------------------------------


def sold(charge: Charge, cents: int, **changes: Any) -> None:
    Charge.objects.filter(pk=charge.pk).update(threshold_eur_minor=cents, paid_at=clock.now(), **changes)


def test_consumers_of_other_states_count_until_the_threshold(ordered: Any, quoted: Any, settings: Settings) -> None:
    charge = ordered(FRENCH_PERSON)
    assert charge.threshold_eur_minor == 11520
    sold(charge, 10_000_00 - 11520)
    quoted(FRENCH_PERSON)
    sold(charge, 10_000_00 - 11519)
    with pytest.raises(Refused) as raised:
        quoted(FRENCH_PERSON)
    assert (raised.value.code, raised.value.field) == ("oss_needed", "country")
    # At home, outside of the Union, and with the One-Stop Shop all goes on.
    quoted(BUYER)
    quoted(SWISS)
    settings.INVOICE_SELLER_OSS = True
    assert quoted(FRENCH_PERSON).tax_country == "FR"


def test_the_year_after_one_beyond_the_threshold_is_refused_too_and_the_next_is_not(ordered: Any, quoted: Any) -> None:
    with clock.at(walk.START):
        charge = ordered(FRENCH_PERSON)
        sold(charge, 10_000_01, created_at=walk.START)
    for year, passes in ((2026, False), (2027, False), (2028, True)):
        with clock.at(walk.START.replace(year=year, month=6)):
            if passes:
                quoted(FRENCH_PERSON)
            else:
                with pytest.raises(Refused):
                    quoted(FRENCH_PERSON)


def test_what_nobody_paid_counts_no_more(ordered: Any, quoted: Any) -> None:
    charge = ordered(FRENCH_PERSON)
    Charge.objects.update(threshold_eur_minor=10_000_01)
    with pytest.raises(Refused):
        quoted(FRENCH_PERSON)
    services.close_charge(charge.pk)
    quoted(FRENCH_PERSON)


@pytest.mark.parametrize("buyer", [BUYER, FRENCH_FIRM, SWISS])
def test_nobody_else_counts(buyer: Buyer, ordered: Any, vies: Vies) -> None:
    assert ordered(buyer).threshold_eur_minor is None


def test_another_currency_counts_at_the_day_s_reference_rate(
    customer: User, customer_account: Account, provider_user: User
) -> None:
    offering = walk.offered_by(provider_user, currency="USD", monthly_minor=100_00)
    quote = services.create_quote(customer_account, customer, offering, 720, FRENCH_PERSON.tax_facts)
    charge = services.order(quote, user=customer, buyer=FRENCH_PERSON)
    rate = charge.tax_evidence["threshold_rate"]
    assert rate["currency"] == "USD"
    assert rate["day"]
    assert charge.threshold_eur_minor == int(Decimal(10000) / Decimal(rate["per_euro"]) + Decimal("0.5"))


# --- Extensions ---------------------------------------------------------------------------------------------------------------


def running(customer: User, provider_user: User, buyer: Buyer) -> Any:
    offering = walk.offered_by(provider_user)
    return walk.Walk(customer, offering, buyer=buyer).running()


def test_an_extension_is_decided_anew(customer: User, provider_user: User, vies: Vies, settings: Settings) -> None:
    settings.INVOICE_SELLER_OSS = True
    with clock.at(walk.START):
        services.with_check(FRENCH_FIRM.tax_facts, customer.memberships.get().account)
    rental = running(customer, provider_user, FRENCH_FIRM)
    first = rental.contract.charges.get(purpose="contract")
    assert words(first)[0] == "AE"
    with clock.at(rental.now + timedelta(days=3)):
        rental.contract.refresh_from_db()
        # The page shows what VIES said last; the charge asks anew.
        assert services.expected_rate(first) == 0
        vies.says(invalid())
        charge = services.open_extension_charge(rental.contract, 168, customer, "DE")
        assert words(charge)[:4] == ("S", "oss", "FR", Decimal("0.2"))
        assert charge.tax_evidence["connection_country"] == "DE"
        assert services.expected_rate(first) == Decimal("0.2")
    assert len(vies.asked) == 2


def test_an_extension_is_addressed_to_the_billing_details_of_its_day(
    customer: User, provider_user: User, settings: Settings
) -> None:
    settings.INVOICE_SELLER_OSS = True
    rental = running(customer, provider_user, BUYER)
    first = rental.contract.charges.get(purpose="contract")
    with clock.at(rental.now + timedelta(days=3)):
        rental.contract.refresh_from_db()
        before = services.open_extension_charge(rental.contract, 168, customer)
        assert before.buyer == first.buyer
        moved = replace(BUYER, street="Kärntner Ring 1", city="Wien", postcode="1010", country="AT")
        services.save_billing_profile(rental.contract.customer_id, moved)
        assert services.expected_rate(first) == Decimal("0.2")
        charge = services.open_extension_charge(rental.contract, 168, customer)
        assert (charge.buyer["city"], charge.buyer["email"], charge.tax_rate) == ("Wien", BUYER.email, Decimal("0.2"))
        before.refresh_from_db()
        assert before.closed_at is not None
        # The order keeps what it was frozen with.
        first.refresh_from_db()
        assert first.buyer == BUYER.as_json()
        # Another street at the same price is another address.
        services.save_billing_profile(rental.contract.customer_id, replace(moved, street="Graben 2"))
        assert services.open_extension_charge(rental.contract, 168, customer).pk != charge.pk


def test_an_extension_while_vies_is_silent_is_asked_again(customer: User, provider_user: User, vies: Vies) -> None:
    with clock.at(walk.START):
        services.with_check(FRENCH_FIRM.tax_facts, customer.memberships.get().account)
    rental = running(customer, provider_user, FRENCH_FIRM)
    vies.says(trouble())
    with clock.at(rental.now + timedelta(days=3)):
        rental.contract.refresh_from_db()
        charge = services.open_extension_charge(rental.contract, 168, customer)
        assert (words(charge)[0], charge.vat_recheck_at) == ("S", clock.now() + timedelta(minutes=15))
