"""The files that staff takes to where it pays: true to the schema, in letters that banks read, kept as they were made."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from io import StringIO
from typing import Any

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pytest_django import Settings

from accounts.models import User
from core import clock
from payouts.exports.pain001 import sepa_text
from payouts.models import Payout, PayoutExport, PayoutMethod
from payouts.services.payout import approve_payout, export_payouts, propose_payout
from payouts.states import ExportFormat
from providers.models import Provider
from tests.payouts.console.conftest import EVM, IBAN, LATER, confirmed, refusal_of

pytestmark = pytest.mark.django_db

SPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
Approve = Callable[..., Payout]


@pytest.fixture
def approved(ready: Provider, staff: User, colleague: User) -> Approve:
    """An approved payout; whatever is given stands in its frozen destination."""

    def approve(at: datetime = LATER, **place: str) -> Payout:
        with clock.at(at):
            payout = propose_payout(ready.pk, "EUR", staff)
            approve_payout(payout.pk, colleague)
        payout = Payout.objects.get(pk=payout.pk)
        payout.destination |= place
        payout.save(update_fields=["destination"])
        return payout

    return approve


def exported(payout: Payout, staff: User, file_format: ExportFormat = ExportFormat.PAIN001, at: datetime = LATER) -> PayoutExport:
    with clock.at(at):
        return export_payouts([payout.pk], file_format, staff)


def texts(document: Any, path: str) -> list[str]:
    return [found.text for found in document.xpath(path, namespaces=SPACE)]


# SEPA ---------------------------------------------------------------------------------------------------------------------------


def test_file_validates_against_the_schema_that_the_library_ships(approved: Approve, staff: User) -> None:
    content = exported(approved(), staff).content
    # Another reader of schemas than the one that made the file.
    xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / "pain.001.001.09.xsd")).validate(content)


def test_file_says_who_pays_whom_how_much_and_under_which_name(approved: Approve, staff: User, settings: Settings) -> None:
    settings.INVOICE_SELLER_NAME = "Müller & Söhne GmbH"
    settings.PAYOUT_IBAN, settings.PAYOUT_BIC = "AT61 1904 3002 3457 3201", "BKAUATWW"
    payout = approved(holder="Łukasz Żółć & Co. <spół>")
    export = exported(payout, staff)
    document = etree.fromstring(export.content.encode())
    assert texts(document, "//p:GrpHdr/p:MsgId") == [export.public_id.hex]
    assert texts(document, "//p:GrpHdr/p:CreDtTm") == ["2026-03-22T09:30:00Z"]
    assert texts(document, "//p:GrpHdr/p:NbOfTxs") == texts(document, "//p:PmtInf/p:NbOfTxs") == ["1"]
    amount = f"{payout.amount_minor // 100}.{payout.amount_minor % 100:02}"
    assert texts(document, "//p:CtrlSum") == [amount, amount]
    assert texts(document, "//p:Dbtr/p:Nm") == ["Muller + Sohne GmbH"]
    assert texts(document, "//p:DbtrAcct//p:IBAN") == ["AT611904300234573201"]
    assert texts(document, "//p:BICFI") == ["BKAUATWW", "COBADEFFXXX"]
    assert texts(document, "//p:ReqdExctnDt/p:Dt") == ["2026-03-22"]
    (transfer,) = document.xpath("//p:CdtTrfTxInf", namespaces=SPACE)
    assert texts(transfer, ".//p:EndToEndId") == [payout.public_id.hex]
    assert texts(transfer, ".//p:InstdAmt") == [amount]
    assert transfer.xpath(".//p:InstdAmt/@Ccy", namespaces=SPACE) == ["EUR"]
    assert texts(transfer, ".//p:Cdtr/p:Nm") == ["Lukasz Zolc + Co. spol"]
    assert texts(transfer, ".//p:CdtrAcct//p:IBAN") == [IBAN]
    assert texts(transfer, ".//p:Ustrd") == [f"Decent Cloud payout {payout.public_id.hex[:8]}"]


def test_day_is_the_sellers(approved: Approve, staff: User) -> None:
    # Half past eleven at night in London is tomorrow in Berlin.
    export = exported(approved(), staff, at=LATER.astimezone(UTC).replace(hour=23, minute=30))
    assert texts(etree.fromstring(export.content.encode()), "//p:ReqdExctnDt/p:Dt") == ["2026-03-23"]


def test_a_bank_without_a_code_says_so(approved: Approve, staff: User) -> None:
    document = etree.fromstring(exported(approved(bic=""), staff).content.encode())
    assert texts(document, "//p:DbtrAgt//p:Othr/p:Id") == ["NOTPROVIDED"]
    assert texts(document, "//p:BICFI") == []


@pytest.mark.parametrize(
    "missing",
    [
        {"INVOICE_SELLER_NAME": ""},
        {"INVOICE_SELLER_NAME": "Example GmbH"},
        {"INVOICE_SELLER_IBAN": ""},
        {"PAYOUT_IBAN": "DE00 1234"},
        {"PAYOUT_BIC": "NOBANK"},
    ],
)
def test_without_a_debtor_no_file_is_made(approved: Approve, staff: User, settings: Settings, missing: dict[str, str]) -> None:
    payout = approved()
    for name, value in missing.items():
        setattr(settings, name, value)
    with clock.at(LATER):
        assert refusal_of(export_payouts, [payout.pk], ExportFormat.PAIN001, staff) == "no_debtor"


def test_a_name_that_no_bank_can_read_is_refused(approved: Approve, staff: User) -> None:
    payout = approved(holder="☃ / ☃")
    with clock.at(LATER):
        assert refusal_of(export_payouts, [payout.pk], ExportFormat.PAIN001, staff) == "bad_holder"


@given(st.text(max_size=200), st.integers(1, 140))
def test_any_text_is_spelled_in_sepas_letters(text: str, length: int) -> None:
    spelled = sepa_text(text, length)
    assert len(spelled) <= length
    assert set(spelled) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
    assert not spelled.startswith("/")
    assert not spelled.endswith("/")
    assert "//" not in spelled
    assert spelled == spelled.strip()


# By hand ------------------------------------------------------------------------------------------------------------------------


def test_sheet_has_a_line_for_each_token_payout_and_no_formula(
    approved: Approve, ready: Provider, staff: User, method: PayoutMethod
) -> None:
    confirmed(ready, EVM, at=LATER)
    now = LATER + timedelta(hours=25)
    payout = approved(now, holder="=HYPERLINK(1)")
    with clock.at(now):
        assert refusal_of(export_payouts, [payout.pk], ExportFormat.PAIN001, staff) == "bad_format"
    content = exported(payout, staff, ExportFormat.CSV, now).content
    (row,) = csv.DictReader(StringIO(content.removeprefix("\ufeff")))
    assert (row["address"], row["network"], row["kind"], row["iban"]) == (EVM.address, "base", "evm", "")
    assert (row["amount"], row["currency"]) == (f"{payout.amount_minor // 100}.{payout.amount_minor % 100:02}", "EUR")
    assert (row["reference"], row["holder"]) == (payout.public_id.hex, "'=HYPERLINK(1)")


def test_file_is_kept_with_the_sum_of_its_bytes(approved: Approve, staff: User) -> None:
    payout = approved()
    export = exported(payout, staff)
    assert export.sha256 == sha256(PayoutExport.objects.get().content.encode()).hexdigest()
    assert list(export.payouts.all()) == [payout]
