"""Only the forms by which staff proposes journals: one for each kind, and what the service is told by each.

`proposed` of each is the journal that the service makes of it; it raises `Refused` at a field.
"""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.admin_pieces import typed_amount, typed_units
from billing.journal_queries import Owed, debts, provider_id_of, tax_owed
from billing.models import Journal
from billing.services import journal as services
from billing.states import JournalKind, JournalPlace
from core.currencies import CURRENCIES
from core.errors import Refused
from core.formats import minor
from core.staff_pages import ReasonForm
from core.tokens import DECIMALS, token_text
from providers.models import Provider

CODES = [*CURRENCIES, *DECIMALS]


def amount_text(amount: int, code: str) -> str:
    """ "€ 12.50", or "12.5 ICP"."""
    return minor(amount, code) if code in CURRENCIES else token_text(amount, code)


class JournalForm(ReasonForm):
    """What every kind asks for."""

    reference = forms.CharField(label=_("Reference"), max_length=120, help_text=_("As it stands on the statement, or the chain."))

    def sum_of(self, field: str, code: str) -> services.Sum:
        """An amount as it was typed, in a currency or token. Raises `Refused` (bad_amount, bad_units) at its field."""
        text = self.cleaned_data[field]
        try:
            amount = typed_amount(text, code) if code in CURRENCIES else typed_units(text, DECIMALS[code], field)
        except Refused as refused:
            raise Refused(refused.reason, code=refused.code, field=field) from refused
        return services.Sum(amount, code)


class OwedForm(JournalForm):
    """Of what stands there, with its figures: one is chosen, and how much of it."""

    amount = forms.CharField(label=_("Amount"), max_length=40, help_text=_("In its currency, such as 12.50."))

    def chosen(self) -> tuple[str, str]:
        """Owner and currency."""
        owner, _bar, code = self.cleaned_data["owed"].rpartition("|")
        return owner, code


def _taxes() -> list[tuple[str, str]]:
    """VAT of each scheme, country and rate."""
    return [(_value(row), f"{row.owner}: {minor(row.amount, row.currency)}") for row in tax_owed()]


def _debts() -> list[tuple[str, str]]:
    """Each provider's debt, by its name."""
    rows = debts()
    names = Provider.objects.in_bulk({provider_id_of(row.owner) for row in rows})
    return [(_value(row), f"{names.get(provider_id_of(row.owner), row.owner)}: {minor(row.amount, row.currency)}") for row in rows]


def _value(row: Owed) -> str:
    return f"{row.owner}|{row.currency}"


class TaxPaidForm(OwedForm):
    """VAT paid to the office."""

    owed = forms.ChoiceField(label=_("Of"), choices=_taxes)
    other_amount = forms.CharField(
        label=_("Left the bank"), max_length=40, required=False, help_text=_("Only where the bank paid in another currency.")
    )
    other_currency = forms.ChoiceField(label=_("In"), required=False, choices=[("", "–"), *((code, code) for code in CURRENCIES)])
    field_order = ("owed", "amount", "other_amount", "other_currency", "reference", "reason")

    def proposed(self, user: User) -> Journal:
        """With the same out of the bank, unless something else is said."""
        owner, code = self.chosen()
        paid, data = self.sum_of("amount", code), self.cleaned_data
        is_other = data["other_amount"].strip() or data["other_currency"]
        out = self.sum_of("other_amount", data["other_currency"] or code) if is_other else paid
        return services.propose_tax_payment(owner, paid, out, user, reference=data["reference"], reason=data["reason"])


class WriteOffForm(OwedForm):
    """What a provider owes is given up."""

    owed = forms.ChoiceField(label=_("Of"), choices=_debts)
    field_order = ("owed", "amount", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["reference"]

    def proposed(self, user: User) -> Journal:
        """At our loss."""
        owner, code = self.chosen()
        return services.propose_write_off(owner, self.sum_of("amount", code), user, reason=self.cleaned_data["reason"])


def _codes(codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, code) for code in codes]


class FundingForm(JournalForm):
    """The owner's money."""

    place = forms.ChoiceField(label=_("Came to"), choices=JournalPlace.choices)
    amount = forms.CharField(label=_("Amount"), max_length=40)
    currency = forms.ChoiceField(label=_("In"), choices=_codes(CODES), initial="EUR")
    field_order = ("place", "amount", "currency", "reference", "reason")

    def proposed(self, user: User) -> Journal:
        """As it came."""
        data = self.cleaned_data
        amount = self.sum_of("amount", data["currency"])
        return services.propose_funding(
            JournalPlace(data["place"]), amount, user, reference=data["reference"], reason=data["reason"]
        )


class TransferForm(JournalForm):
    """From one place of ours to another."""

    source = forms.ChoiceField(label=_("From"), choices=JournalPlace.choices)
    amount = forms.CharField(label=_("Left there"), max_length=40)
    currency = forms.ChoiceField(label=_("In"), choices=_codes(CODES), initial="EUR")
    target = forms.ChoiceField(label=_("To"), choices=JournalPlace.choices)
    other_amount = forms.CharField(
        label=_("Arrived"), max_length=40, help_text=_("In the same currency what is missing is booked as a fee.")
    )
    other_currency = forms.ChoiceField(label=_("In"), choices=_codes(CODES), initial="EUR")
    field_order = ("source", "amount", "currency", "target", "other_amount", "other_currency", "reference", "reason")

    def proposed(self, user: User) -> Journal:
        """As it left and as it arrived."""
        data = self.cleaned_data
        left, arrived = self.sum_of("amount", data["currency"]), self.sum_of("other_amount", data["other_currency"])
        return services.propose_transfer(
            *(JournalPlace(data["source"]), left, JournalPlace(data["target"]), arrived, user),
            reference=data["reference"],
            reason=data["reason"],
        )


FORMS: dict[JournalKind, type[TaxPaidForm | WriteOffForm | FundingForm | TransferForm]] = {
    JournalKind.TAX_PAID: TaxPaidForm,
    JournalKind.DEBT_WRITTEN_OFF: WriteOffForm,
    JournalKind.OWNER_PAID_IN: FundingForm,
    JournalKind.MOVED: TransferForm,
}
