"""Only the forms of the payout console: what staff writes down about money that left."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.admin_pieces import typed_amount
from core import clock
from core.errors import Refused
from core.staff_pages import ReasonForm
from payouts.models import Payout
from payouts.settling import IN_TOKENS, LONGEST_REFERENCE


def this_minute() -> datetime:
    """Now, as precisely as somebody types it."""
    return clock.now().replace(second=0, microsecond=0)


class PaidForm(forms.Form):
    """Where one payout is found outside, and when it left; bank accounts."""

    reference = forms.CharField(
        label=_("Reference"), max_length=LONGEST_REFERENCE, help_text=_("Under which the payment is found: each has its own.")
    )
    paid_at = forms.DateTimeField(
        label=_("Left us at (UTC)"),
        initial=this_minute,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    fee = forms.CharField(
        label=_("The bank’s fee"),
        max_length=20,
        initial="0",
        help_text=_("On top of the amount, in its currency; borne by the platform."),
    )

    def said(self, payout: Payout) -> dict[str, Any]:
        """What `mark_paid` is told. Raises `Refused` at the field fee for what is no amount."""
        return {
            "reference": self.cleaned_data["reference"],
            "paid_at": self.cleaned_data["paid_at"],
            "fee_minor": self._fee(payout),
        }

    def _fee(self, payout: Payout) -> int:
        try:
            return typed_amount(self.cleaned_data["fee"], payout.currency)
        except Refused as refused:
            raise Refused(refused.reason, code="bad_fee", field="fee") from refused


class TokenPaidForm(forms.Form):
    """The same of one that is paid in a token: how many of its units left."""

    reference = forms.CharField(
        label=_("Transaction"),
        max_length=LONGEST_REFERENCE,
        help_text=_("Its hash or number on the chain: each payment has its own."),
    )
    paid_at = PaidForm.base_fields["paid_at"]
    paid_currency = forms.CharField(label=_("Token"), max_length=12, help_text=_("Such as ckUSDC."))
    paid_units = forms.RegexField(
        r"^[0-9]{1,38}\Z", label=_("Units that left"), help_text=_("Of the token’s smallest, the network’s fee included.")
    )

    def said(self, payout: Payout) -> dict[str, Any]:
        """What `mark_paid` is told."""
        data = self.cleaned_data
        return {**{name: data[name] for name in ("reference", "paid_at", "paid_currency")}, "paid_units": int(data["paid_units"])}


class ReturnedForm(ReasonForm):
    """Why it came back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("What the bank says. It is kept in the history, and told to the provider.")


# A refusal names a member of the service; the form calls it so.
FIELDS = {"fee_minor": "fee"}


class PaidRow:
    """One payout on the page of many, with its form. Left without a reference it is left out."""

    def __init__(self, payout: Payout, data: Any = None) -> None:
        kind = TokenPaidForm if payout.method.kind in IN_TOKENS else PaidForm
        self.payout = payout
        prefix = f"p{payout.pk}"
        is_given = bool(data and str(data.get(f"{prefix}-reference", "")).strip())
        self.form: PaidForm | TokenPaidForm = kind(data if is_given else None, prefix=prefix, use_required_attribute=False)

    def refuse(self, refused: Refused) -> None:
        """Say why at the field that is to blame."""
        field = FIELDS.get(refused.field, refused.field)
        self.form.add_error(field if field in self.form.fields else None, refused.reason)
