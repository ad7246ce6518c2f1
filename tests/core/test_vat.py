"""The facts of VAT: the table of rates over the years, and where the Union's VAT area ends."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.countries import CODES
from core.vat import MEMBER_STATES, STANDARD_RATES, NoRate, _read, prefix_of_state, standard_rate, state_of_prefix, vat_state

IN_2026 = (
    "AT 20 BE 21 BG 20 HR 25 CY 19 CZ 21 DK 25 EE 24 FI 25.5 FR 20 DE 19 GR 24 HU 27 IE 23 IT 22 LV 21 LT 21 LU 17 MT 18 NL 21 "
    "PL 23 PT 23 RO 21 SK 23 SI 22 ES 21 SE 25"
).split()


def test_all_27_member_states_have_the_rate_of_2026() -> None:
    known = {state: standard_rate(state, date(2026, 11, 1)) * 100 for state in MEMBER_STATES}
    assert known == {state: Decimal(percent) for state, percent in zip(IN_2026[::2], IN_2026[1::2], strict=True)}
    assert len(known) == 27


@pytest.mark.parametrize(
    ("state", "last_day", "before", "after"),
    [
        ("DE", date(2020, 6, 30), "0.19", "0.16"),
        ("DE", date(2020, 12, 31), "0.16", "0.19"),
        ("IE", date(2020, 8, 31), "0.23", "0.21"),
        ("IE", date(2021, 2, 28), "0.21", "0.23"),
        ("LU", date(2022, 12, 31), "0.17", "0.16"),
        ("LU", date(2023, 12, 31), "0.16", "0.17"),
        ("EE", date(2023, 12, 31), "0.20", "0.22"),
        ("EE", date(2025, 6, 30), "0.22", "0.24"),
        ("FI", date(2024, 8, 31), "0.24", "0.255"),
        ("SK", date(2024, 12, 31), "0.20", "0.23"),
        ("RO", date(2025, 7, 31), "0.19", "0.21"),
    ],
)
def test_a_rate_changes_on_its_first_day(state: str, last_day: date, before: str, after: str) -> None:
    assert standard_rate(state, last_day) == Decimal(before)
    assert standard_rate(state, last_day + timedelta(days=1)) == Decimal(after)


def test_the_table_is_read_line_by_line_and_says_where_from() -> None:
    table = """
        XX  20    2020-01-01
        YY  25.5  2024-09-01    a law, of many words
        XX  21    2025-01-01
    """
    assert _read(table) == {
        "XX": ((date(2020, 1, 1), Decimal("0.2")), (date(2025, 1, 1), Decimal("0.21"))),
        "YY": ((date(2024, 9, 1), Decimal("0.255")),),
    }


def test_each_state_s_days_rise_and_its_rates_are_lawful() -> None:
    for rows in STANDARD_RATES.values():
        days = [first_day for first_day, _rate in rows]
        assert days == sorted(set(days))
        # Article 97 of Directive 2006/112/EC: no standard rate is below 15 %.
        assert all(Decimal("0.15") <= rate <= Decimal("0.27") for _day, rate in rows)


@pytest.mark.parametrize("state", ["CH", "GB", "XI", "MC", "EL", "", "de"])
def test_who_is_no_member_state_has_no_rate(state: str) -> None:
    with pytest.raises(NoRate, match="is known for 2026-01-01"):
        standard_rate(state, date(2026, 1, 1))


def test_before_the_table_begins_nothing_is_guessed() -> None:
    assert standard_rate("FI", date(2013, 1, 1)) == Decimal("0.24")
    with pytest.raises(NoRate):
        standard_rate("FI", date(2012, 12, 31))


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        *[("ES", code) for code in ("35001", "38400", "51001", "52006")],
        *[("FI", code) for code in ("22100", "FI-22 100", "22950")],
        *[("IT", code) for code in ("23041", "22061", "I-23041")],
        *[("DE", code) for code in ("78266", "27498", "D-27498", "２７４９８")],
        *[("GR", code) for code in ("63086", "630 87")],
        *[("FR", code) for code in ("97110", "97200", "97300", "97400", "97500", "97600", "98600", "98714", "98800", "98413")],
        ("DK", "3900"),
    ],
)
def test_parts_of_member_states_lie_outside(country: str, postcode: str) -> None:
    assert vat_state(country, postcode) is None
    assert vat_state(country) == country


@pytest.mark.parametrize(
    ("country", "postcode", "state"),
    [
        ("FR", "98000", "FR"),
        ("MC", "98000", "FR"),
        ("MC", "", "FR"),
        ("FR", "75001", "FR"),
        ("ES", "28035", "ES"),
        ("ES", "07001", "ES"),
        ("FI", "00220", "FI"),
        ("DE", "20457", "DE"),
        ("DE", "27499", "DE"),
        ("IT", "23030", "IT"),
        ("IT", "22060", "IT"),
        ("GR", "63085", "GR"),
        ("PT", "9000-039", "PT"),
        ("NL", "3800 AB", "NL"),
        # The letters and marks around a code's digits mean nothing, and other countries' codes are none of these.
        ("AT", "2749", "AT"),
        ("DE", "", "DE"),
        ("DE", "Hafen", "DE"),
    ],
)
def test_the_rest_of_them_lies_inside(country: str, postcode: str, state: str) -> None:
    assert vat_state(country, postcode) == state


@pytest.mark.parametrize(
    "country", "AX GP MQ RE GF YT PM BL MF WF PF NC TF GB IM JE GG CH LI NO IS AD SM VA GI FO GL GF AW US XI EL EU".split()
)
def test_countries_and_regions_of_their_own_code_lie_outside(country: str) -> None:
    assert vat_state(country, "20457") is None


def test_greece_writes_its_ids_with_other_letters() -> None:
    assert (state_of_prefix("EL"), prefix_of_state("GR")) == ("GR", "EL")
    assert (state_of_prefix("DE"), prefix_of_state("DE")) == ("DE", "DE")


@pytest.mark.parametrize("prefix", ["XI", "EU", "GB", "CH", "IM", "MC", "", "D", "de"])
def test_other_letters_name_no_member_state(prefix: str) -> None:
    assert state_of_prefix(prefix) is None


@given(country=st.one_of(st.sampled_from(CODES), st.text(max_size=3)), postcode=st.text(max_size=12))
def test_whatever_is_typed_the_answer_is_a_member_state_or_nothing(country: str, postcode: str) -> None:
    state = vat_state(country, postcode)
    assert state is None or (state in MEMBER_STATES and state in {country, "FR"})
