"""Only the forms of the payout console: what staff writes down about money that left."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin_pieces import typed_amount, typed_units
from core import clock
from core.errors import Refused
from core.staff_pages import ReasonForm
from core.tokens import DECIMALS
from payouts.models import Payout
from payouts.settling import IN_TOKENS, LONGEST_REFERENCE, ledger_name


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
    tokens = forms.CharField(
        label=_("Tokens that left"), max_length=80, help_text=_("Whole tokens, such as 23.5, the network’s fee included.")
    )
    network_fee = forms.CharField(
        label=_("The network’s fee"), max_length=80, initial="0", help_text=_("In the token; it is in what left, and ours.")
    )
    decimals = forms.IntegerField(
        label=_("The token’s decimals"),
        min_value=0,
        max_value=36,
        required=False,
        help_text=_("Only for a token that we do not know yet; for ICP and others as common leave it empty."),
    )

    def said(self, payout: Payout) -> dict[str, Any]:
        """What `mark_paid` is told. Raises `Refused` at the fields decimals, tokens and network_fee for what is no amount."""
        data = self.cleaned_data
        decimals = known_decimals(ledger_name(payout, data["paid_currency"]), data["decimals"])
        return {
            **{name: data[name] for name in ("reference", "paid_at", "paid_currency")},
            "paid_units": typed_units(data["tokens"], decimals, "tokens"),
            "network_fee": typed_units(data["network_fee"], decimals, "network_fee"),
        }


def known_decimals(code: str, given: int | None) -> int:
    """The decimals of a token by its name in the ledger: ours, else staff's. Raises `Refused` (bad_token) for neither."""
    decimals = DECIMALS.get(code, given)
    if decimals is None:
        raise Refused(gettext("We do not know this token: say how many decimals it has."), code="bad_token", field="decimals")
    return decimals


class ReturnedForm(ReasonForm):
    """Why it came back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("What the bank says. It is kept in the history, and told to the provider.")


class TokenReturnedForm(ReasonForm):
    """Why it came back, and how much of it did."""

    tokens = forms.CharField(
        label=_("Tokens that came back"),
        max_length=80,
        required=False,
        help_text=_("Whole tokens, such as 23.5. Left empty: all that left but the network’s fee."),
    )
    decimals = TokenPaidForm.base_fields["decimals"]
    field_order = ("tokens", "decimals", "reason")

    def said(self, payout: Payout) -> int | None:
        """The smallest units that came back, None for what is left to the service. Raises `Refused` at the fields decimals and
        tokens for what is no amount.
        """
        text = self.cleaned_data["tokens"].strip()
        if not text:
            return None
        return typed_units(text, known_decimals(payout.paid_currency, self.cleaned_data["decimals"]), "tokens")


# A refusal names a member of the service; the form calls it so.
FIELDS = {"fee_minor": "fee", "paid_units": "tokens", "units": "tokens"}


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
