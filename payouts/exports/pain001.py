"""The only module that imports sepaxml: payouts in euros as a SEPA credit transfer, pain.001.001.09, checked against its schema.

The message's id and time are put in afterwards, so that a file belongs to its row; and where a bank's BIC is unknown, its place
says so. Source: EPC132-08, "SEPA Credit Transfer Scheme Customer-to-PSP Implementation Guidelines".
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from lxml import etree
from sepaxml import SepaTransfer
from stdnum import bic as bics
from stdnum import iban as ibans
from text_unidecode import unidecode

from billing.sellers import is_stub
from core.errors import Refused
from payouts.models import Payout

SCHEMA = "pain.001.001.09"
NAME_LENGTH = 70
# The letters of SEPA; everything else is spelled with them, or left out.
_FOREIGN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


def transfers(file_id: UUID, payouts: Sequence[Payout], now: datetime) -> str:
    """The file of payouts to bank accounts in euros, to be carried out today by the seller's calendar.

    Raises `Refused`: no_debtor (a setting is missing or wrong), bad_holder (a name has no letter that SEPA knows).
    """
    sheet = SepaTransfer(_debtor(), schema=SCHEMA, clean=False)
    today = now.astimezone(ZoneInfo(settings.INVOICE_SELLER_TIMEZONE)).date()
    for payout in payouts:
        sheet.add_payment({**_payment(payout), "execution_date": today})
    document = etree.fromstring(sheet.export(validate=False))
    _name(document, file_id, now)
    _schema().assertValid(document)
    written: bytes = etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written.decode()


def sepa_text(text: str, length: int) -> str:
    """Text in SEPA's letters, on one line: "Müller & Søn" is "Muller + Son". It neither begins nor ends with a slash."""
    spelled = unidecode(text).replace("&", "+")
    return " ".join(_FOREIGN.sub(" ", spelled).split()).strip("/ ").replace("//", "/")[:length].rstrip("/ ")


def end_to_end_id(payout: Payout) -> str:
    """Under which a payout is found on both statements: its public id without dashes, 32 of the 35 letters there are."""
    return payout.public_id.hex


def _debtor() -> dict[str, Any]:
    name = settings.INVOICE_SELLER_NAME
    account = ibans.compact(settings.PAYOUT_IBAN or settings.INVOICE_SELLER_IBAN)
    bank = bics.compact(settings.PAYOUT_BIC)
    if is_stub(name) or not sepa_text(name, NAME_LENGTH):
        raise Refused(_("A bank has to know who pays: set INVOICE_SELLER_NAME."), code="no_debtor")
    if not ibans.is_valid(account):
        raise Refused(_("A bank has to know which account pays: set PAYOUT_IBAN, or INVOICE_SELLER_IBAN."), code="no_debtor")
    if bank and not bics.is_valid(bank):
        raise Refused(_("PAYOUT_BIC is the code of no bank: correct it, or leave it empty."), code="no_debtor")
    found: dict[str, Any] = {"name": sepa_text(name, NAME_LENGTH), "IBAN": account, "batch": True, "currency": "EUR"}
    return {**found, "BIC": bank} if bank else found


def _payment(payout: Payout) -> dict[str, Any]:
    place = payout.destination
    holder = sepa_text(place["holder"], NAME_LENGTH)
    if not holder:
        raise Refused(
            _("The holder’s name at %(provider)s has no letter that a bank can read.") % {"provider": payout.provider.name},
            code="bad_holder",
        )
    found = {
        "name": holder,
        "IBAN": ibans.compact(place["iban"]),
        "amount": int(payout.amount_minor),
        "description": f"Decent Cloud payout {payout.public_id.hex[:8]}",
        "endtoend_id": end_to_end_id(payout),
    }
    return {**found, "BIC": bics.compact(place["bic"])} if place["bic"] else found


def _name(document: Any, file_id: UUID, now: datetime) -> None:
    space = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}
    for path, text in (
        ("//p:GrpHdr/p:MsgId", file_id.hex),
        ("//p:GrpHdr/p:CreDtTm", f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"),
        ("//p:PmtInf/p:PmtInfId", f"{file_id.hex}-1"),
    ):
        for found in document.xpath(path, namespaces=space):
            found.text = text
    for bank in document.xpath("//p:FinInstnId[not(*)]", namespaces=space):
        other = etree.SubElement(bank, f"{{{space['p']}}}Othr")
        etree.SubElement(other, f"{{{space['p']}}}Id").text = "NOTPROVIDED"


@cache
def _schema() -> Any:
    """The schema as the library ships it."""
    with as_file(files("sepaxml") / "schemas" / f"{SCHEMA}.xsd") as path:
        return etree.XMLSchema(etree.parse(path))
