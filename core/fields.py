"""The only model fields of our own: an amount in minor units and a currency code."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from core.currencies import CURRENCY_CHOICES
from core.money import MAX_MINOR


class MinorField(models.BigIntegerField[Any, Any]):
    """An amount in minor units of the currency that stands beside it in the row. Forms and serializers made from it refuse
    absurd figures; that it is not negative, where it may not be, is a constraint of the table.
    """

    default_validators = [MinValueValidator(-MAX_MINOR), MaxValueValidator(MAX_MINOR)]


class CurrencyField(models.CharField[Any, Any]):
    """An ISO 4217 code out of the table in core/currencies.py. A new currency is a line there and no migration."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 3)
        kwargs.setdefault("choices", CURRENCY_CHOICES)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("choices", None)
        return name, path, args, kwargs
