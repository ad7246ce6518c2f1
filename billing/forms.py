"""Only what people type on the pages of billing: asked for in their words, checked here for form, in the services for truth."""

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
from billing.postcodes import postcode_problem
from billing.sandbox_outcomes import Decision, Outcome
from billing.services.checkout import Wishes
from billing.services.order import HOST_NAME
from billing.states import BuyerKind, DocumentLanguage
from billing.tax import TaxFacts
from billing.vat_ids import tidy_vat_id
from core.countries import country_choices
from core.errors import Refused
from providers.states import TERMS

ADDRESS = ("name", "company", "vat_id", "street", "postcode", "city", "country", "language")


class QuoteForm(forms.Form):
    """What the offering's page asks: for how long."""

    hours = forms.TypedChoiceField(choices=[(hours, hours) for hours in TERMS], coerce=int)


class ProfileForm(ServiceForm):
    """To whom an account's charges are addressed. Where no kind of buyer is said, a company or a VAT id makes it a business."""

    kind = forms.ChoiceField(label=gettext_lazy("You buy as"), choices=BuyerKind.choices, required=False, widget=forms.RadioSelect)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("As it stands in the register. A sole trader’s own name will do."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    vat_id = forms.CharField(
        label=gettext_lazy("VAT id"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Two letters and the number, as on your invoices."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
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

    language = forms.ChoiceField(
        label=gettext_lazy("Language of receipts and invoices"), choices=DocumentLanguage.choices, required=False
    )

    def clean_vat_id(self) -> str:
        """Without blanks and in capitals, and possible in its country; whether it exists is for VIES to say."""
        if self.data.get("kind") == BuyerKind.PERSON:
            return ""
        try:
            return tidy_vat_id(self.cleaned_data["vat_id"])
        except Refused as refused:
            raise forms.ValidationError(refused.reason) from refused

    def clean(self) -> dict[str, Any]:
        """A company is named, and a postcode fits its country."""
        data = self.cleaned_data
        if data.get("kind") == BuyerKind.COMPANY and not data.get("company") and "company" not in self.errors:
            self.add_error("company", _("Say which company buys, or choose “%(person)s”.") % {"person": BuyerKind.PERSON.label})
        if "country" in data and "postcode" in data and (problem := postcode_problem(data["country"], data["postcode"])):
            self.add_error("postcode", problem)
        return data

    @property
    def is_business(self) -> bool:
        """What was chosen, or what was typed speaks for; a VAT id that is wrong does, too."""
        if kind := self.cleaned_data.get("kind"):
            return bool(kind == BuyerKind.COMPANY)
        return bool(self.cleaned_data.get("company") or self.data.get("vat_id", "").strip())

    def buyer(self) -> Buyer:
        """Who owes the charge. A private person has neither company nor VAT id."""
        data = {name: self.cleaned_data[name] for name in ADDRESS}
        if not self.is_business:
            data |= {"company": "", "vat_id": ""}
        data["language"] = data["language"] or DocumentLanguage.EN.value
        return Buyer(**data, email=self.cleaned_data.get("email", ""), is_business=self.is_business)


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

    def facts(self, quote: Quote) -> TaxFacts:
        """What a new price rests on: what was typed and can be read, for everything else the quote's own."""
        data, bound = self.cleaned_data, quote.tax_facts
        return TaxFacts(
            country=data.get("country", quote.country),
            postcode=data.get("postcode", bound.get("postcode", "")),
            is_business=self.is_business,
            vat_id=data.get("vat_id", "") if self.is_business else "",
        )

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


class TransactionForm(forms.Form):
    """By which transaction a customer has sent tokens."""

    transaction = forms.RegexField(
        r"\A[\x21-\x7e]+\Z",
        max_length=120,
        label=gettext_lazy("Transaction id"),
        help_text=gettext_lazy("As your wallet shows it. It helps us to find your payment, and does not make it paid."),
    )


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
    start = {"name": user.name, "email": user.email, "kind": BuyerKind.PERSON.value, "language": DocumentLanguage.EN.value}
    if user.language in DocumentLanguage.values:
        start["language"] = user.language
    if profile is None:
        return start
    kind = BuyerKind.COMPANY if profile.is_business else BuyerKind.PERSON
    return start | {name: getattr(profile, name) for name in ADDRESS} | {"kind": kind.value}
