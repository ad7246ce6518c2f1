"""Only what people type where tokens are to go back to. Rules live in billing.refund_networks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import ServiceForm
from billing.refund_networks import NETWORKS


class RefundAddressForm(ServiceForm):
    """A network and an address on it."""

    network = forms.ChoiceField(
        label=_("Network"), help_text=_("The one you paid on. Tokens sent on another network than the one you look at may be lost.")
    )
    address = forms.CharField(
        label=_("Address"),
        max_length=200,
        help_text=_("A principal or account id on the Internet Computer; elsewhere the address as your wallet shows it. Copy it."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose one")), *((code, network.name) for code, network in NETWORKS.items())]
        self.fields["network"].choices = choices  # type: ignore[attr-defined]  # it is a ChoiceField
