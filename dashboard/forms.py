"""Only what people write on the dashboard: reasons, confirmations, connection details."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.money import MAX_MINOR

REASON_LENGTH = 500
USER_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}", re.IGNORECASE)


class CancelEarlyForm(forms.Form):
    """Leave before anything was delivered; carries the net refund that was seen, so that a worse one is not taken silently."""

    reason = forms.CharField(label=_("Why"), max_length=REASON_LENGTH, required=False)
    expected_refund_minor = forms.IntegerField(min_value=0, max_value=MAX_MINOR, widget=forms.HiddenInput)

    def carry(self, expected_refund_minor: int) -> None:
        """Carry today's figure; a form that comes back with yesterday's would only be refused again."""
        self.initial["expected_refund_minor"] = expected_refund_minor
        if self.is_bound:
            written = {name: self.data.get(name) for name in self.data}
            self.data = {**written, "expected_refund_minor": str(expected_refund_minor)}


class CancelForm(CancelEarlyForm):
    """Leave a delivered rental, whose disk is lost."""

    sure = forms.BooleanField(
        label=_("I have saved what I need from this server."),
        error_messages={"required": _("Tick this when you have saved what you need: nothing can be brought back.")},
    )


class ComplainForm(forms.Form):
    """Say during the check what is not as it was offered."""

    reason = forms.CharField(
        label=_("What differs from the offering"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The provider and our staff read it. Name what you found and what was promised."),
        error_messages={"required": _("Say what differs from the offering.")},
    )


class ExtendForm(forms.Form):
    """Choose how much longer; the choices carry price and new end."""

    hours = forms.TypedChoiceField(label=_("Add"), coerce=int)

    def __init__(self, choices: list[tuple[int, str]], data: Any = None, usual: int | None = None) -> None:
        super().__init__(data, initial={"hours": usual})
        hours = self.fields["hours"]
        assert isinstance(hours, forms.TypedChoiceField)
        hours.choices = choices


class DeclineForm(forms.Form):
    """Say no to a request, with a reason that the customer reads."""

    OTHER = "other"
    REASONS = {
        "stock": _("Out of stock"),
        "system": _("Cannot offer this system"),
        "abuse": _("Suspected abuse"),
        OTHER: _("Something else"),
    }

    reason = forms.ChoiceField(label=_("Reason, the customer reads it"), choices=list(REASONS.items()))
    words = forms.CharField(
        label=_("In your words"),
        max_length=REASON_LENGTH - 40,
        required=False,
        help_text=_("Needed for “Something else”."),
    )

    def clean(self) -> dict[str, Any]:
        """Something else has to be said."""
        cleaned = super().clean() or {}
        if cleaned.get("reason") == self.OTHER and not cleaned.get("words") and "words" not in self.errors:
            self.add_error("words", gettext("Say what it is; the customer reads it."))
        return cleaned

    @property
    def said(self) -> str:
        """The reason as one text."""
        chosen, words = self.cleaned_data["reason"], str(self.cleaned_data["words"])
        if chosen == self.OTHER:
            return words
        label = str(self.REASONS[chosen])
        return f"{label}: {words}" if words else label


class ReasonForm(forms.Form):
    """A reason that somebody else reads."""

    reason = forms.CharField(
        label=_("Reason, the customer reads it"),
        max_length=REASON_LENGTH,
        error_messages={"required": _("Give a reason; the customer reads it.")},
    )


class Ipv6Field(forms.GenericIPAddressField):
    """An IPv6 address that is refused in our words: Django's own way of cleaning brings its own."""

    def to_python(self, value: Any) -> str:
        """The address in its shortest form."""
        try:
            return str(super().to_python(value))
        except ValidationError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class DeliverForm(forms.Form):
    """What the customer needs to connect."""

    ipv4 = forms.GenericIPAddressField(
        label=_("IPv4"),
        protocol="IPv4",
        required=False,
        widget=forms.TextInput(attrs={"class": "mono"}),
        error_messages={"invalid": _("Four numbers up to 255, with points, such as 203.0.113.48.")},
    )
    ipv6 = Ipv6Field(
        label=_("IPv6"),
        protocol="IPv6",
        required=False,
        widget=forms.TextInput(attrs={"class": "mono"}),
        error_messages={"invalid": _("An address such as 2001:db8:4c::48, without the length of the network.")},
    )
    login = forms.CharField(
        label=_("User"),
        max_length=200,
        initial="root",
        widget=forms.TextInput(attrs={"class": "mono"}),
        error_messages={"required": _("Say as whom the customer logs in, such as root.")},
    )
    port = forms.IntegerField(
        label=_("SSH port"),
        min_value=1,
        max_value=65_535,
        initial=22,
        required=False,
        widget=forms.TextInput(attrs={"class": "mono", "inputmode": "numeric"}),
        error_messages={
            "invalid": _("A number from 1 to 65535."),
            "min_value": _("A number from 1 to 65535."),
            "max_value": _("A number from 1 to 65535."),
        },
    )
    host_key = forms.CharField(label=_("Host key"), max_length=120, required=False, widget=forms.TextInput(attrs={"class": "mono"}))
    console_url = forms.URLField(
        label=_("Console"),
        max_length=200,
        required=False,
        assume_scheme="https",
        error_messages={"invalid": _("A web address such as https://console.example.com.")},
    )
    notes = forms.CharField(
        label=_("Notes"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Never a password: the customer’s own key opens the door."),
    )

    def clean(self) -> dict[str, Any]:
        """Somewhere the customer must be able to go."""
        cleaned = super().clean() or {}
        if not self.errors and not any(cleaned.get(name) for name in ("ipv4", "ipv6", "console_url", "notes")):
            self.add_error("ipv4", gettext("Give an address, a console, or say in the notes how it is reached."))
        return cleaned
