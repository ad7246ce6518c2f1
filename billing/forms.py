"""Only what people type on the pages of billing: asked for in their words, checked here for form, in the services for truth."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import ServiceForm
from accounts.models import SshKey, User
from accounts.ssh import LONGEST_LINE
from billing.buyers import Buyer
from billing.gateway_facts import PaymentGateway
from billing.models import BillingProfile, Quote, SandboxDispute, SandboxPayment
from billing.sandbox_outcomes import Decision, Outcome
from billing.services.checkout import Wishes
from billing.services.order import HOST_NAME
from core.countries import country_choices
from providers.states import TERMS

ADDRESS = ("name", "company", "vat_id", "street", "postcode", "city", "country")
_VAT_ID = re.compile(r"[A-Z]{2}[A-Z0-9+*]{2,13}", re.ASCII)


class QuoteForm(forms.Form):
    """What the offering's page asks: for how long."""

    hours = forms.TypedChoiceField(choices=[(hours, hours) for hours in TERMS], coerce=int)


class ProfileForm(ServiceForm):
    """To whom an account's charges are addressed."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Leave it empty when you order for yourself."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    vat_id = forms.CharField(
        label=gettext_lazy("VAT id"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Two letters and the number, as on your invoices."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    street = forms.CharField(
        label=gettext_lazy("Street and number"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postcode = forms.CharField(
        label=gettext_lazy("Postcode"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code"}),
    )
    city = forms.CharField(
        label=gettext_lazy("City"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"), choices=country_choices, widget=forms.Select(attrs={"autocomplete": "country"})
    )

    def clean_vat_id(self) -> str:
        """Without blanks and in capitals; whether it exists is for VIES to say."""
        vat_id = re.sub(r"[\s.-]", "", self.cleaned_data["vat_id"]).upper()
        if vat_id and not _VAT_ID.fullmatch(vat_id):
            raise forms.ValidationError(_("A VAT id begins with two letters, such as DE123456789."))
        return vat_id

    def clean(self) -> dict[str, Any]:
        """A German postcode is needed and has five digits; others are as various as countries."""
        data = self.cleaned_data
        if data.get("country") == "DE" and not re.fullmatch(r"[0-9]{5}", data.get("postcode", "")):
            self.add_error("postcode", _("A German postcode has five digits."))
        return data

    def buyer(self) -> Buyer:
        """Who owes the charge. A company or a VAT id makes it a business."""
        data = {name: self.cleaned_data[name] for name in ADDRESS}
        email = self.cleaned_data.get("email", "")
        return Buyer(**data, email=email, is_business=bool(data["company"] or data["vat_id"]))


class OrderForm(ProfileForm):
    """How the server is to be set up, who is charged, and the two things that an order needs to be said."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail for the receipt"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    hours = forms.TypedChoiceField(
        label=gettext_lazy("Term"), choices=[(hours, hours) for hours in TERMS], coerce=int, widget=forms.RadioSelect
    )
    operating_system = forms.ChoiceField(label=gettext_lazy("Operating system"), widget=forms.RadioSelect)
    host_name = forms.CharField(
        label=gettext_lazy("Host name"),
        max_length=63,
        required=False,
        help_text=gettext_lazy("Letters, digits and hyphens. Only you and the provider see it."),
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    ssh_key = forms.ChoiceField(label=gettext_lazy("SSH key"), required=False, widget=forms.RadioSelect)
    public_key = forms.CharField(
        label=gettext_lazy("Public key"),
        # Room for a private key pasted by mistake: it gets its own, important answer.
        max_length=4 * LONGEST_LINE,
        required=False,
        help_text=gettext_lazy("One line, as in ~/.ssh/id_ed25519.pub. Never paste a private key."),
        widget=forms.Textarea(attrs={"class": "mono", "rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Anything the provider should know"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    terms = forms.BooleanField(error_messages={"required": gettext_lazy("Tick that you have read the terms.")})
    start_now = forms.BooleanField(
        error_messages={"required": gettext_lazy("Tick that the service may start now; without it nothing can be set up.")}
    )

    def __init__(self, *args: Any, quote: Quote, keys: list[SshKey], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = {str(key.pk): key for key in keys}
        systems = quote.terms["operating_systems"]
        self.needs_login = bool(systems)
        system, key = self.fields["operating_system"], self.fields["ssh_key"]
        assert isinstance(system, forms.ChoiceField)
        assert isinstance(key, forms.ChoiceField)
        system.choices = [(name, name) for name in systems]
        system.required = bool(systems)
        key.choices = [(pk, own.name) for pk, own in self.keys.items()]
        self.fields["note"].label = _("Anything %(provider)s should know") % {"provider": quote.offering.provider.name}

    def clean_host_name(self) -> str:
        """One label of a host name."""
        name: str = self.cleaned_data["host_name"]
        if name and not HOST_NAME.fullmatch(name):
            raise forms.ValidationError(
                _("A host name has letters, digits and hyphens, at most 63 of them, and begins and ends without a hyphen.")
            )
        return name

    def clean(self) -> dict[str, Any]:
        """A server that one logs in to needs a key, chosen or pasted; what is pasted counts."""
        data = super().clean()
        has_key = bool(data.get("public_key") or data.get("ssh_key")) or not {"public_key", "ssh_key"}.isdisjoint(self.errors)
        if self.needs_login and not has_key:
            self.add_error("ssh_key" if self.keys else "public_key", _("Without a key nobody can log in: choose or paste one."))
        return data

    def wanted(self, quote: Quote) -> tuple[int, str]:
        """The term and the country that were chosen; the quote's own where none, or nothing possible, was."""
        return self.cleaned_data.get("hours", quote.hours), self.cleaned_data.get("country", quote.country)

    def wishes(self) -> Wishes:
        """How the server is wanted. A pasted key counts, else the chosen one."""
        data = self.cleaned_data
        return Wishes(
            operating_system=data["operating_system"],
            host_name=data["host_name"],
            ssh_key=None if data["public_key"] else self.keys.get(data["ssh_key"]),
            public_key=data["public_key"],
            note=data["note"],
        )


class MethodForm(forms.Form):
    """How a charge is paid."""

    method = forms.ChoiceField(widget=forms.RadioSelect, error_messages={"required": gettext_lazy("Choose how you want to pay.")})

    def __init__(self, *args: Any, gateways: list[PaymentGateway], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        method = self.fields["method"]
        assert isinstance(method, forms.ChoiceField)
        method.choices = [(gateway.name, gateway.label) for gateway in gateways]


class OutcomeForm(forms.Form):
    """What the pretend bank is told to say."""

    outcome = forms.TypedChoiceField(choices=Outcome.choices, coerce=Outcome)


class DecisionForm(forms.Form):
    """How the pretend bank ends a dispute of one payment."""

    decision = forms.TypedChoiceField(choices=Decision.choices, coerce=Decision)
    dispute = forms.ModelChoiceField(queryset=SandboxDispute.objects.none(), to_field_name="external_id")

    def __init__(self, *args: Any, bank: SandboxPayment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dispute = self.fields["dispute"]
        assert isinstance(dispute, forms.ModelChoiceField)
        dispute.queryset = bank.disputes.all()


def billing_initial(profile: BillingProfile | None, user: User) -> dict[str, str]:
    """What the billing fields say before anything is typed: the kept address, else what is known of the user."""
    start = {"name": user.name, "email": user.email}
    return start if profile is None else start | {name: getattr(profile, name) for name in ADDRESS}
