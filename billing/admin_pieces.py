"""Only what staff's pages of money share: their forms, columns and fields of amounts, the way to a rental."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import User
from billing.gateway_facts import GatewayError
from contracts.models import Contract
from core.admin import ReadOnlyAdmin
from core.errors import Refused
from core.formats import minor, when
from core.models import DomainEvent
from core.money import BadAmount, parse_major
from core.staff_pages import ReasonForm
from core.tokens import parse_units

Row = TypeVar("Row", bound=Model)


class SureForm(forms.Form):
    """Nothing to write: the button on the page is the decision."""


class ReferenceForm(forms.Form):
    """Where the money can be found again."""

    reference = forms.CharField(label=_("Bank’s reference"), max_length=120, help_text=_("As it stands on the statement."))


class GoodwillForm(ReasonForm):
    """How much goes back and why. The key makes one decision of a form that is sent twice."""

    amount = forms.CharField(
        label=_("Amount, VAT included"), max_length=20, help_text=_("In the payment’s currency, such as 12.50.")
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    field_order = ("amount", "reason")


def typed_amount(text: str, code: str) -> int:
    """Minor units of what staff typed. Raises `Refused` for what is no amount of that currency."""
    try:
        return parse_major(text, code)
    except BadAmount as bad:
        raise Refused(str(bad), code="bad_amount", field="amount") from bad


def amount_column(field: str, label: Any) -> Any:
    """A column of minor units as money."""

    @admin.display(description=label, ordering=field)
    def shown(_admin: Any, row: Any) -> str:
        return minor(getattr(row, field), row.currency)

    return shown


class MoneyAdmin(ReadOnlyAdmin[Row]):
    """Its pages say amounts as money: nobody at staff should have to divide by a hundred, or know for what not to."""

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All fields, and each of minor units as money."""
        return [
            _as_money(name) if isinstance(name, str) and name.endswith("_minor") else name
            for name in super().get_fields(request, obj)
        ]


def _as_money(field: str) -> Callable[[Any], str]:
    @admin.display(description=field.removesuffix("_minor").replace("_", " "))
    def shown(row: Any) -> str:
        value = getattr(row, field)
        return "-" if value is None else minor(value, row.currency)

    return shown


def typed_units(text: str, decimals: int, field: str) -> int:
    """Smallest units of the tokens that staff typed. Raises `Refused` (bad_units) at the field for what is no amount of them."""
    try:
        return parse_units(text, decimals)
    except ValueError as error:
        raise Refused(
            gettext("Write tokens in digits with a point, such as 23.5, with at most %(places)d places.") % {"places": decimals},
            code="bad_units",
            field=field,
        ) from error


def contract_link(contract: Contract) -> SafeString:
    """The rental that it is about, to go to."""
    return format_html('<a href="{}">{}</a>', reverse("admin:contracts_contract_change", args=[contract.pk]), contract.reference)


def steps_taken(events: Iterable[DomainEvent], words: Mapping[str, StrOrPromise]) -> SafeString:
    """What happened when (UTC), and who did it: each event of which there is a word, a line."""
    known = [event for event in events if event.name in words]
    people = User.objects.in_bulk({event.data.get("actor") for event in known} - {None})
    return format_html_join(
        "",
        "<div>{} UTC: {} ({})</div>",
        ((when(event.at), words[event.name], people.get(event.data.get("actor"), gettext("the system"))) for event in known),
    )


def unless_silent(call: Callable[[], None]) -> None:
    """A gateway that does not answer is no fault of staff: the decision stands, and the sweep sends it again."""
    try:
        call()
    except GatewayError as error:
        raise Refused(
            gettext("It is decided, but the gateway does not answer. It is sent again by itself."), code="gateway_silent"
        ) from error
