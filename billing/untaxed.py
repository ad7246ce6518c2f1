"""Only the VAT that is left out: which ways to pay are not taxed for now, what a charge asks for by each, and what it keeps.

`ICPAY_TAX` decides. Where the table of `billing.tax` would charge VAT, a payment by ICPay is of the net alone: there is a receipt
and no invoice, and what the VAT would have been stands in the charge's evidence, for the report of exposure.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from billing.models import Charge
from billing.states import TaxCategory, TaxScheme

ICPAY = "icpay"
NONE, TABLE = "none", "table"
# In a charge's evidence: the table's decision, while the VAT is left out.
LEFT_OUT = "vat_left_out"


@dataclass(frozen=True)
class TableTax:
    """What the table decided for a charge: the decision as it is frozen, its rate, and the VAT in minor units."""

    decision: dict[str, Any]
    rate: Decimal
    tax_minor: int

    def as_json(self) -> dict[str, Any]:
        """For the charge's evidence."""
        return {"decision": self.decision, "rate": format(self.rate, "f"), "tax_minor": self.tax_minor}


def is_left_out(charge: Charge) -> bool:
    """Whether the charge asks for its net alone, although the table would charge VAT."""
    return LEFT_OUT in charge.tax_evidence


def table_tax(charge: Charge) -> TableTax:
    """What the table decided, whatever the charge asks for now."""
    kept = charge.tax_evidence.get(LEFT_OUT)
    if kept is None:
        return TableTax(charge.tax_decision, charge.tax_rate, charge.tax_minor)
    return TableTax(kept["decision"], Decimal(kept["rate"]), kept["tax_minor"])


def table_gross_minor(charge: Charge) -> int:
    """The gross by the table, in minor units."""
    return int(charge.net_minor + table_tax(charge).tax_minor)


def gross_by(charge: Charge, gateway_name: str) -> int:
    """What is asked for where the charge is paid in this way, in minor units: without VAT where it is left out, else the gross."""
    return int(charge.net_minor) if leaves_out_vat(gateway_name) else table_gross_minor(charge)


def leaves_out_vat(gateway_name: str) -> bool:
    """Whether VAT is left out of payments in this way, here and now."""
    return gateway_name == ICPAY and settings.ICPAY_TAX == NONE


def ask_for(charge: Charge, gross_minor: int) -> None:
    """Make a locked charge, which nothing has paid yet, ask for what a payment page asks for: the table's gross, or the net alone.

    Called when a page is opened, so that all pages say what it says, and when a payment settles the charge: of two pages that
    are open it may be the other one. Nothing changes where the charge asks for that much already.
    """
    if gross_minor == charge.gross_minor:
        return
    table = table_tax(charge)
    evidence = {name: value for name, value in charge.tax_evidence.items() if name != LEFT_OUT}
    if gross_minor == charge.net_minor:
        charge.tax_evidence = {**evidence, LEFT_OUT: table.as_json()}
        charge.tax_decision = _nothing(table)
        charge.tax_rate, charge.tax_minor = Decimal(0), 0
    elif gross_minor == charge.net_minor + table.tax_minor:
        charge.tax_evidence = evidence
        charge.tax_decision = table.decision
        charge.tax_rate, charge.tax_minor = table.rate, table.tax_minor
    else:
        raise ValueError(f"charge {charge.pk} never asked for {gross_minor}")
    charge.gross_minor = gross_minor
    charge.save(update_fields=["tax_evidence", "tax_decision", "tax_rate", "tax_minor", "gross_minor"])


def _nothing(table: TableTax) -> dict[str, Any]:
    return {
        "rate": "0",
        "country": table.decision["country"],
        "category": TaxCategory.LEFT_OUT.value,
        "scheme": TaxScheme.NONE.value,
        "reason": f"paid by ICPay, and ICPAY_TAX is {NONE}; the table: {table.decision['reason']}",
    }
