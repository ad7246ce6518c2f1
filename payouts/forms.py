"""The forms of places to be paid, one for each kind that can be typed. Rules live in payouts.addresses."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import ServiceForm
from core.currencies import CURRENCY_CHOICES
from payouts.addresses import LONGEST_HOLDER, Place
from payouts.states import MethodKind, Network
from providers.models import Provider

# For what machines read: nothing is corrected, nothing is kept by the browser.
_PLAIN = {"class": "mono", "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}
_ADDRESS_AT_MOST = 200


class MethodForm(ServiceForm):
    """What all kinds have in common: for which earnings."""

    kind: ClassVar[MethodKind]

    currency = forms.ChoiceField(label=_("For what you earn in"), choices=CURRENCY_CHOICES)

    def place(self, provider: Provider) -> Place:
        """Where the money goes, as it was typed."""
        data: dict[str, Any] = self.cleaned_data
        holder = data.get("holder") or (provider.legal_name or provider.name)[:120]
        return Place(self.kind, holder, data.get("iban", ""), data.get("bic", ""), data.get("address", ""), data.get("network", ""))


class BankForm(MethodForm):
    """A bank account."""

    kind = MethodKind.BANK

    holder = forms.CharField(
        label=_("Account holder"),
        max_length=LONGEST_HOLDER,
        help_text=_("As the bank has it, in Latin letters. A transfer to another name may come back."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    iban = forms.CharField(
        label=_("IBAN"),
        max_length=60,
        help_text=_("Euros need an account in a SEPA country."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    bic = forms.CharField(
        label=_("BIC"),
        max_length=20,
        required=False,
        help_text=_("Needed for every currency but the euro."),
        widget=forms.TextInput(attrs=_PLAIN),
    )


class IcpForm(MethodForm):
    """An account on the Internet Computer."""

    kind = MethodKind.ICP

    address = forms.CharField(
        label=_("Principal or account id"),
        max_length=_ADDRESS_AT_MOST,
        help_text=_("Groups of five with dashes between them, or 64 digits and letters."),
        widget=forms.TextInput(attrs=_PLAIN),
    )


class EvmForm(MethodForm):
    """An address of Ethereum and its kin."""

    kind = MethodKind.EVM

    network = forms.ChoiceField(
        label=_("Network"),
        choices=[("", _("Choose one")), *Network.choices],
        help_text=_("Tokens sent on another network than the one you look at may be lost."),
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=_ADDRESS_AT_MOST,
        help_text=_("It begins with 0x. Copy it as your wallet shows it, with small letters and capitals."),
        widget=forms.TextInput(attrs=_PLAIN),
    )


FORMS: dict[str, type[MethodForm]] = {form.kind.value: form for form in (BankForm, IcpForm, EvmForm)}
