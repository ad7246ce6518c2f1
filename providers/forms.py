"""What providers type: their profile, an offering, a file of offerings, an address to share with. Rules stand in rules.py."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms import ServiceForm
from core.countries import country_choices
from core.currencies import CURRENCIES, CURRENCY_CHOICES, currency
from core.errors import Refused
from core.money import BadAmount, parse_major
from providers.models import Offering, Provider
from providers.rules import MOST_LIST_ENTRY, broken_rules
from providers.services.offering import FIELDS
from providers.states import TERMS, DiskType, ExtensionPrice, OfferingType, TaxStatus, Virtualisation, Visibility

# Fields that are never without a value, even where nothing is typed.
_TELLING = frozenset(("visibility", "extension_price", "min_hours", "max_hours", "stock"))
# Sections of a form: a title, and its fields with their width.
Layout = Sequence[tuple[Any, Sequence[tuple[str, str]]]]
LARGEST_FILE = 2 * 1024 * 1024
# The two sums are typed in major units, so they have names of their own.
_SUMS = {"monthly_price": "monthly_minor", "setup_fee": "setup_fee_minor"}
_COLUMN_TO_FIELD = {column: name for name, column in _SUMS.items()}
_SEPARATORS = re.compile(r"[\n\r|,;]+")


class ListField(forms.CharField):
    """Several short texts, one a line; | , and ; separate them too. Repeats and blanks are dropped."""

    widget = forms.Textarea(attrs={"rows": 4})

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list is what the column holds
        """The entries in order."""
        entries = (" ".join(entry.split()) for entry in _SEPARATORS.split(super().to_python(value) or ""))
        return list(dict.fromkeys(entry for entry in entries if entry))

    def prepare_value(self, value: Any) -> Any:
        """One entry a line."""
        return "\n".join(value) if isinstance(value, list) else value

    def run_validators(self, value: Any) -> None:
        """Look at each entry as at a text of its own."""
        for entry in value:
            super().run_validators(entry)


def _number(label: Any, hint: Any = "", *, decimals: int = 0, digits: int = 9) -> forms.Field:
    attrs = {"inputmode": "decimal" if decimals else "numeric", "autocomplete": "off"}
    widget = forms.TextInput(attrs=attrs)
    if decimals:
        return forms.DecimalField(
            label=label, help_text=hint, required=False, decimal_places=decimals, max_digits=digits, widget=widget
        )
    return forms.IntegerField(label=label, help_text=hint, required=False, widget=widget)


def _text(label: Any, hint: Any = "", *, most: int, required: bool = False) -> forms.CharField:
    return forms.CharField(label=label, help_text=hint, max_length=most, required=required)


class OfferingForm(ServiceForm):
    """An offering as its provider writes it. `taken` is how much of the stock is rented out."""

    name = _text(gettext_lazy("Name"), most=80, required=True)
    reference = _text(
        gettext_lazy("Your reference"), gettext_lazy("Your own number for it. An import finds the offering by it."), most=64
    )
    type = forms.ChoiceField(label=gettext_lazy("Kind"), choices=OfferingType.choices)
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    visibility = forms.ChoiceField(label=gettext_lazy("Who sees it"), choices=Visibility.choices, required=False)

    currency = forms.ChoiceField(label=gettext_lazy("Currency"), choices=CURRENCY_CHOICES)
    monthly_price = _text(gettext_lazy("Price a month"), gettext_lazy("Before VAT, for 30 days."), most=20, required=True)
    setup_fee = _text(gettext_lazy("Set-up fee"), gettext_lazy("Before VAT, once."), most=20)
    min_hours = _number(gettext_lazy("Shortest term, hours"), gettext_lazy("24 is a day, 720 a month."))
    max_hours = _number(gettext_lazy("Longest term, hours"), gettext_lazy("8760 is a year."))
    extension_price = forms.ChoiceField(label=gettext_lazy("An extension costs"), choices=ExtensionPrice.choices, required=False)
    stock = _number(gettext_lazy("Stock"), gettext_lazy("How many can be rented at the same time."))
    auto_accept = forms.BooleanField(label=gettext_lazy("Accept orders at once, without asking me"), required=False)
    auto_accept_max_hours = _number(
        gettext_lazy("At once up to a term of, hours"), gettext_lazy("Longer orders wait for your answer. Empty: all terms.")
    )

    cpu_brand = _text(gettext_lazy("Processor maker"), most=40)
    cpu_model = _text(gettext_lazy("Processor"), most=80)
    cores = _number(gettext_lazy("Cores"))
    cpu_ghz = _number(gettext_lazy("Clock, GHz"), decimals=2, digits=4)
    memory_gb = _number(gettext_lazy("Memory, GB"), decimals=2)
    memory_ecc = forms.BooleanField(label=gettext_lazy("ECC memory"), required=False)
    disk_type = forms.ChoiceField(label=gettext_lazy("Disk type"), choices=[("", "–"), *DiskType.choices], required=False)
    disk_count = _number(gettext_lazy("Disks"))
    disk_gb = _number(gettext_lazy("Size of each disk, GB"))
    gpu_name = _text(gettext_lazy("GPU"), most=80)
    gpu_count = _number(gettext_lazy("GPUs"))
    gpu_gb = _number(gettext_lazy("Memory of each GPU, GB"), decimals=2, digits=7)
    uplink_mbit = _number(gettext_lazy("Uplink, Mbit/s"))
    traffic_tb = _number(gettext_lazy("Traffic a month, TB"), decimals=2)
    traffic_unmetered = forms.BooleanField(label=gettext_lazy("Unmetered traffic"), required=False)
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=country_choices)
    city = _text(gettext_lazy("City"), most=80)
    operating_systems = ListField(
        label=gettext_lazy("Operating systems"),
        help_text=gettext_lazy("One a line: what a customer can choose."),
        required=False,
        max_length=MOST_LIST_ENTRY,
    )
    virtualisation = forms.ChoiceField(
        label=gettext_lazy("Virtualisation"), choices=[("", "–"), *Virtualisation.choices], required=False
    )
    control_panel = _text(gettext_lazy("Control panel"), most=60)
    features = ListField(
        label=gettext_lazy("Features"),
        help_text=gettext_lazy("One a line, such as IPv6 or Snapshots."),
        required=False,
        max_length=MOST_LIST_ENTRY,
    )
    sla_uptime_percent = _number(gettext_lazy("Promised uptime, percent"), decimals=3, digits=6)
    sla_response_minutes = _number(gettext_lazy("Promised first answer, minutes"))

    def __init__(self, *args: Any, taken: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.taken = taken
        for name, known in _CLOSED.items():
            self.fields[name].error_messages["invalid_choice"] = _("One of %(choices)s.") % {"choices": ", ".join(known)}
        self.fields["country"].error_messages["invalid_choice"] = _("Two letters of a country, such as DE.")

    def clean(self) -> dict[str, Any]:
        """What the fields say together: sums in their currency, and the rules of an offering."""
        cleaned: dict[str, Any] = dict(super().clean() or {})
        for name, default in _DEFAULTS.items():
            if name in cleaned and cleaned[name] in (None, ""):
                cleaned[name] = default
        for name, column in _SUMS.items():
            if cleaned.get("currency") and name in cleaned:
                self._read_sum(cleaned, name, column)
        self.cleaned_data = cleaned
        broken = broken_rules({name: cleaned[name] for name in FIELDS if name in cleaned}, taken=self.taken)
        for column, sentence in broken.items():
            self.add_error(_COLUMN_TO_FIELD.get(column, column), sentence)
        return self.cleaned_data

    def refuse(self, refused: Refused) -> None:
        """Show why the service said no, at every field that it names."""
        named: dict[str, str] = refused.data.get("fields") or {refused.field: refused.reason}
        for column, sentence in named.items():
            field = _COLUMN_TO_FIELD.get(column, column)
            self.add_error(field if field in self.fields else None, sentence)

    def values(self) -> dict[str, Any]:
        """The columns of a valid form, for the services."""
        return {name: self.cleaned_data[name] for name in FIELDS}

    def _read_sum(self, cleaned: dict[str, Any], name: str, column: str) -> None:
        try:
            cleaned[column] = parse_major(cleaned[name] or "0", cleaned["currency"])
        except BadAmount as error:
            self.add_error(name, str(error))


# Choices that a file names by their codes.
_CLOSED: dict[str, Sequence[str]] = {
    "type": OfferingType.values,
    "visibility": Visibility.values,
    "currency": list(CURRENCIES),
    "extension_price": ExtensionPrice.values,
    "disk_type": DiskType.values,
    "virtualisation": Virtualisation.values,
}
# Sizes of what an offering need not have.
_EMPTY_AT_ZERO = frozenset(("cores", "cpu_ghz", "memory_gb", "disk_count", "disk_gb", "gpu_count", "gpu_gb", "uplink_mbit"))
# What an empty cell or field means where the column cannot be empty.
_DEFAULTS: dict[str, Any] = {
    "visibility": Visibility.PUBLIC.value,
    "extension_price": ExtensionPrice.FROZEN.value,
    "min_hours": TERMS[0],
    "max_hours": TERMS[-1],
    **dict.fromkeys(("stock", "cores", "disk_count", "disk_gb", "gpu_count", "uplink_mbit"), 0),
    **dict.fromkeys(("cpu_ghz", "memory_gb", "gpu_gb"), Decimal(0)),
}

FIELDSETS: Layout = (
    (
        gettext_lazy("What it is"),
        (
            ("name", "two-thirds"), ("reference", "third"), ("type", "half"), ("visibility", "half"), ("description", ""),
        ),
    ),
    (
        gettext_lazy("Price and terms"),
        (
            ("monthly_price", "third"), ("setup_fee", "third"), ("currency", "third"), ("min_hours", "half"),
            ("max_hours", "half"), ("extension_price", ""),
        ),
    ),
    (
        gettext_lazy("Stock and orders"),
        (("stock", "half"), ("auto_accept_max_hours", "half"), ("auto_accept", "")),
    ),
    (
        gettext_lazy("Processor and memory"),
        (
            ("cpu_brand", "half"), ("cpu_model", "half"), ("cores", "third"), ("cpu_ghz", "third"), ("memory_gb", "third"),
            ("memory_ecc", ""),
        ),
    ),
    (gettext_lazy("Disks"), (("disk_type", "third"), ("disk_count", "third"), ("disk_gb", "third"))),
    (gettext_lazy("GPU"), (("gpu_name", "third"), ("gpu_count", "third"), ("gpu_gb", "third"))),
    (
        gettext_lazy("Network and place"),
        (
            ("uplink_mbit", "half"), ("traffic_tb", "half"), ("traffic_unmetered", ""), ("country", "half"), ("city", "half"),
        ),
    ),
    (
        gettext_lazy("Software"),
        (("operating_systems", "half"), ("features", "half"), ("virtualisation", "half"), ("control_panel", "half")),
    ),
    (
        gettext_lazy("What you promise"),
        (("sla_uptime_percent", "half"), ("sla_response_minutes", "half")),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class FieldRow:
    """A field and how much of a row it takes: third, half, two-thirds, or all (""). `optional` is "" where empty is a value."""

    field: forms.BoundField
    width: str
    optional: str | None


def fieldsets(form: forms.Form, layout: Layout) -> list[tuple[Any, str, list[FieldRow]]]:
    """The form's fields by section: title, id, fields."""
    return [
        (title, f"part-{number}", [FieldRow(form[name], width, "" if name in _TELLING else None) for name, width in fields])
        for number, (title, fields) in enumerate(layout, 1)
    ]


def initial_for(provider: Provider) -> dict[str, Any]:
    """What a new offering of the provider begins with."""
    return {"country": provider.country, "city": provider.city, "min_hours": TERMS[0], "max_hours": TERMS[-1], "stock": 1}


def initial_of(offering: Offering) -> dict[str, Any]:
    """The offering as the form shows it."""
    scale = currency(offering.currency).exponent
    initial: dict[str, Any] = {name: _as_written(name, getattr(offering, name)) for name in FIELDS}
    for name, column in _SUMS.items():
        initial[name] = f"{Decimal(initial.pop(column)).scaleb(-scale):f}"
    return initial


def _as_written(name: str, value: Any) -> Any:
    """Figures without zeros that say nothing; a size that an offering has not is empty."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    if not value and name in _EMPTY_AT_ZERO:
        return None
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class ProviderForm(ServiceForm):
    """Who a provider is, to customers and on documents."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("Customers see it beside each offering.")
    )
    description = forms.CharField(
        label=gettext_lazy("About you"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    website = forms.URLField(label=gettext_lazy("Website"), max_length=200, required=False, assume_scheme="https")
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=country_choices)
    city = forms.CharField(label=gettext_lazy("City"), max_length=80, required=False)
    legal_name = forms.CharField(label=gettext_lazy("Legal name"), max_length=160, required=False)
    legal_address = forms.CharField(
        label=gettext_lazy("Legal address"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    legal_country = forms.ChoiceField(
        label=gettext_lazy("Country of the legal seat"), choices=lambda: [("", "–"), *country_choices()], required=False
    )
    vat_id = forms.CharField(label=gettext_lazy("VAT id"), max_length=20, required=False)
    tax_status = forms.ChoiceField(label=gettext_lazy("Tax status"), choices=TaxStatus.choices)

    def clean_website(self) -> str:
        """Only what a browser opens without harm."""
        website: str = self.cleaned_data["website"]
        if website and not website.startswith(("https://", "http://")):
            raise forms.ValidationError(_("An address that begins with https://."))
        return website


PROVIDER_FIELDSETS: Layout = (
    (
        gettext_lazy("What customers see"),
        (("name", ""), ("country", "half"), ("city", "half"), ("website", ""), ("description", "")),
    ),
    (
        gettext_lazy("For documents"),
        (
            ("legal_name", ""), ("legal_address", ""), ("legal_country", "half"), ("vat_id", "half"), ("tax_status", ""),
        ),
    ),
)  # fmt: skip


def profile_of(provider: Provider) -> dict[str, Any]:
    """The provider as the form shows it."""
    return {name: getattr(provider, name) for name in ProviderForm.base_fields}


class ImportForm(ServiceForm):
    """A file of offerings."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV in UTF-8, with a comma, semicolon or tab between cells. 5,000 rows and 2 MB at most."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/tab-separated-values"}),
    )

    def clean_file(self) -> Any:
        """Nothing that is too large is even read."""
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(_("The file is larger than 2 MB. Split it in two."))
        return file


class AllowForm(ServiceForm):
    """Somebody to show a shared offering to."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"), max_length=254, help_text=gettext_lazy("The address that the customer signs in with.")
    )
