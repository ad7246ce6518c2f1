"""Only what the page of documents lets one choose by."""

from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.document_list import Wanted
from billing.states import DocumentKind


class WantedForm(forms.Form):
    """Kind, year and rental. What makes no sense asks for nothing: a filter is no place for errors."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    year = forms.TypedChoiceField(label=gettext_lazy("Year"), required=False, coerce=int, empty_value=None)
    rental = forms.CharField(
        label=gettext_lazy("Rental"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"placeholder": "7Q4M-2KXP", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, years: list[int], data: Mapping[str, str]) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.fields["kind"].choices = [("", _("All")), *DocumentKind.choices]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["year"].choices = [("", _("All")), *((year, year) for year in years)]  # type: ignore[attr-defined]  # as above

    def wanted(self) -> Wanted:
        """What was chosen, as far as it makes sense."""
        self.is_valid()
        chosen = self.cleaned_data
        return Wanted(chosen.get("kind", ""), chosen.get("year"), _reference(chosen.get("rental", "")))


def _reference(typed: str) -> str:
    """A rental's reference as it is written, however it was typed: "7q4m2kxp" too."""
    signs = "".join(sign for sign in typed.upper() if sign.isalnum())
    return f"{signs[:4]}-{signs[4:]}" if signs else ""
