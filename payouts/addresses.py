"""Only what a place to be paid must look like, by its kind, before anybody confirms it."""

import re
import unicodedata
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from stdnum import bic

from billing.ibans import is_iban
from core.addresses import check_evm_address, check_icp_account_id, check_icp_principal
from core.currencies import CURRENCIES
from core.errors import Refused
from payouts.states import MethodKind, Network

# A name on a bank transfer. Source: EPC132-08, "SEPA Credit Transfer Scheme Customer-to-PSP Implementation Guidelines".
LONGEST_HOLDER = 70
# Where a transfer in euros reaches. Source: EPC409-09, "EPC list of SEPA scheme countries", as IBANs begin.
SEPA = frozenset(
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO SE SI SK SM VA"
    .split()
)  # fmt: skip
_STRIPE_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{8,60}", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Where money goes: `iban` and perhaps `bic` of a bank account, else an `address`, with its `network` where it exists on
    several. `holder` is whose account it is.
    """

    kind: MethodKind
    holder: str
    iban: str = ""
    bic: str = ""
    address: str = ""
    network: str = ""


def checked_place(place: Place, currency: str) -> Place:
    """The place as it is kept: without blanks, in capitals or with the capitals that check it.

    Raises Refused(currency, holder, iban, bic, network, bad_address) at the field that is to blame.
    """
    if currency not in CURRENCIES:
        raise Refused(_("Choose one of the currencies."), code="currency", field="currency")
    match place.kind:
        case MethodKind.BANK:
            return _bank(place, currency)
        case MethodKind.ICP:
            return replace(place, address=_icp(place.address), iban="", bic="", network="")
        case MethodKind.EVM:
            if place.network not in Network.values:
                raise Refused(_("Choose the network of this address."), code="network", field="network")
            return replace(place, address=check_evm_address(place.address), iban="", bic="")
        case MethodKind.STRIPE:
            if not _STRIPE_ACCOUNT.fullmatch(place.address):
                raise Refused(_("Stripe named no account."), code="bad_address", field="address")
            return replace(place, iban="", bic="", network="")


def _bank(place: Place, currency: str) -> Place:
    iban, code = _closed_up(place.iban), _closed_up(place.bic)
    if not (iban.isascii() and iban.isalnum() and is_iban(iban)):
        raise Refused(
            _("This is not a possible IBAN: its digits do not fit each other. Is one missing or mistyped?"),
            code="iban",
            field="iban",
        )
    if currency == "EUR" and iban[:2] not in SEPA:
        raise Refused(
            _("Euros are paid by SEPA, which does not reach this country. Give an account in a SEPA country."),
            code="iban",
            field="iban",
        )
    if code and not (code.isascii() and code.isalnum() and bic.is_valid(code)):
        raise Refused(_("A BIC has eight or eleven letters and digits, such as COBADEFFXXX."), code="bic", field="bic")
    if not code and currency != "EUR":
        raise Refused(_("Outside of SEPA the bank’s BIC is needed. It stands on your statements."), code="bic", field="bic")
    return replace(place, holder=_holder(place.holder), iban=iban, bic=code, address="", network="")


def _holder(text: str) -> str:
    name = " ".join(text.split())
    if not 2 <= len(name) <= LONGEST_HOLDER or not name.isprintable():
        raise Refused(
            _("Write whose account it is in 2 to %(most)d characters.") % {"most": LONGEST_HOLDER}, code="holder", field="holder"
        )
    if not all(_is_latin(sign) for sign in name if sign.isalpha()):
        raise Refused(_("Write the name in Latin letters, as the bank has it."), code="holder", field="holder")
    return name


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")


def _icp(text: str) -> str:
    """A principal has dashes; an account id is the long one without."""
    written = "".join(text.split())
    longest_principal = 53
    if "-" in written or len(written) <= longest_principal:
        return check_icp_principal(written)
    return check_icp_account_id(written)


def _closed_up(text: str) -> str:
    return "".join(text.split()).upper()
