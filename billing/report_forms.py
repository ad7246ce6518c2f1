"""Only what staff chooses of a report: the days of a journal, the quarter of a declaration."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.reports.quarter import Quarter
from billing.taxation import sellers_today

# The first year that any document can be of.
FIRST_YEAR = 2020


class JournalForm(forms.Form):
    """From one day to another, both included."""

    first = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "first" in cleaned and "last" in cleaned and cleaned["first"] > cleaned["last"]:
            self.add_error("last", gettext("The last day is not before the first."))
        return cleaned


class QuarterForm(forms.Form):
    """One calendar quarter; the latest that is over is chosen until somebody chooses."""

    quarter = forms.TypedChoiceField(label=_("Quarter"), coerce=lambda text: quarter_of(str(text)))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [str(one) for one in quarters_until(sellers_today())]
        self.fields["quarter"].choices = [(one, one) for one in known]  # type: ignore[attr-defined]  # it is a ChoiceField
        self.fields["quarter"].initial = known[1]


def quarters_until(day: date) -> list[Quarter]:
    """The quarter under way and all before it, newest first."""
    under_way = Quarter(day.year, (day.month + 2) // 3)
    every = [Quarter(year, number) for year in range(FIRST_YEAR, day.year + 1) for number in (1, 2, 3, 4)]
    return [one for one in reversed(every) if one <= under_way]


def quarter_of(text: str) -> Quarter:
    """What `str(quarter)` wrote."""
    year, number = text.split("-Q")
    return Quarter(int(year), int(number))


def last_month(today: date) -> dict[str, date]:
    """The days of the month before this one: what the journal is mostly wanted for."""
    last = today.replace(day=1) - timedelta(days=1)
    return {"first": last.replace(day=1), "last": last}


def all_days(today: date) -> dict[str, date]:
    """From the first day that anything can be of until now."""
    return {"first": date(FIRST_YEAR, 1, 1), "last": today}
