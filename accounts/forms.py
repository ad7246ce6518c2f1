"""The forms of the account pages. Rules live in the services; a refusal comes back as an error at its field."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.ssh import LONGEST_LINE
from accounts.states import Role, Scope, Theme
from core import clock
from core.errors import Refused


class ServiceForm(forms.Form):
    """A form in front of a service call. What is missing is asked for in our words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bare = forms.Field.default_error_messages["required"]
        for field in self.fields.values():
            if field.error_messages["required"] == bare:
                field.error_messages["required"] = _("Choose one.") if isinstance(field, forms.ChoiceField) else _("Fill this in.")

    def refuse(self, refused: Refused) -> None:
        """Show why the service said no, at the field that it names."""
        self.add_error(refused.field if refused.field in self.fields else None, refused.reason)


class ProfileForm(ServiceForm):
    """How one is called, and how pages look."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=120,
        help_text=_("Shown to the members of your organisations. Providers you rent from do not see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Colours"), choices=Theme.choices, widget=forms.RadioSelect)


class SshKeyForm(ServiceForm):
    """A public key, pasted."""

    name = forms.CharField(
        label=_("Name"), required=False, max_length=80, help_text=_("Without one, the key’s own comment names it.")
    )
    public_key = forms.CharField(
        label=_("Public key"),
        # Room for a private key pasted by mistake: it gets its own, important answer.
        max_length=4 * LONGEST_LINE,
        help_text=_("One line, from the file that ends in .pub. It begins with its type, such as ssh-ed25519."),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )

    def refuse(self, refused: Refused) -> None:
        """Show why; a private key is not written into the page once more."""
        super().refuse(refused)
        if refused.code == "ssh_key_private":
            self.data = {"name": self.data.get("name", "")}


# How long a token lasts, in days; 0 is until revoked.
LIFETIMES = {"30": _("30 days"), "90": _("90 days"), "365": _("One year"), "0": _("Until revoked")}


class TokenForm(ServiceForm):
    """What a new token is for."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What uses it: a script, a server, a person."))
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=(), widget=forms.CheckboxSelectMultiple, help_text=_("As little as will do.")
    )
    lifetime = forms.ChoiceField(label=_("It lasts"), choices=list(LIFETIMES.items()), initial="90")

    def __init__(self, data: Any, scopes: Iterable[Scope]) -> None:
        super().__init__(data)
        self.fields["scopes"].choices = [(scope.value, scope.label) for scope in scopes]  # type: ignore[attr-defined]  # of a choice field

    def expires_at(self) -> datetime | None:
        """When the token ends, in UTC; None for until revoked."""
        days = int(self.cleaned_data["lifetime"])
        return clock.now() + timedelta(days=days) if days else None


class OrganisationForm(ServiceForm):
    """The name of an organisation."""

    name = forms.CharField(
        label=_("Name of the organisation"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class InvitationForm(ServiceForm):
    """Who is invited, as what."""

    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(
        label=_("Role"),
        choices=Role.choices,
        initial=Role.MEMBER,
        help_text=_("Owners do everything. Members rent and provide. Billing sees and pays invoices."),
    )


class RoleForm(ServiceForm):
    """Another role for a member."""

    role = forms.ChoiceField(choices=Role.choices)


class SwitchForm(ServiceForm):
    """Which account to act for."""

    account = forms.IntegerField(min_value=1, max_value=2**63 - 1)


def first_error(form: forms.Form) -> str:
    """The first thing that is wrong with a form that has no page of its own."""
    errors: list[Any] = [message for messages in form.errors.values() for message in messages]
    return str(errors[0]) if errors else ""
