"""Columns of money refuse absurd figures, and a new currency is no migration. Texts that no database stores are known as such."""

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.fields import CurrencyField, MinorField
from core.money import MAX_MINOR
from core.text import is_storable, storable

any_text = st.text(st.characters(codec=None, exclude_categories=[]), max_size=30)


@pytest.mark.parametrize("minor", [MAX_MINOR + 1, -MAX_MINOR - 1, 10**400])
def test_absurd_amounts_do_not_validate(minor: int) -> None:
    with pytest.raises(ValidationError):
        MinorField().clean(minor, None)
    assert MinorField().clean(MAX_MINOR, None) == MAX_MINOR


def test_currencies_are_those_of_the_table_and_not_part_of_migrations() -> None:
    assert CurrencyField().clean("EUR", None) == "EUR"
    with pytest.raises(ValidationError):
        CurrencyField().clean("XBT", None)
    assert CurrencyField().deconstruct()[3] == {"max_length": 3}


@pytest.mark.django_db
@given(any_text)
def test_whatever_is_called_storable_can_be_stored(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text, %s::jsonb", [storable(text), json.dumps(storable({text: [text]}))])
    assert is_storable(storable(text))
    assert (storable(text) == text) == is_storable(text)
