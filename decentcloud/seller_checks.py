"""Who sells must be true before the first real sale: complete, well-formed, lawful, and with a place for its documents."""

from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import checks
from django.db import DatabaseError
from stdnum import bic

from billing.ibans import is_iban
from billing.sellers import gaps
from billing.tax import SMALL_BUSINESS, THRESHOLD_EUR_CENTS
from billing.taxation import sales_across_borders, seller
from billing.vat_ids import read_vat_id
from core.currencies import CURRENCIES
from core.errors import Refused
from core.formats import minor
from core.vat import vat_state
from decentcloud.environment import BASE_DIR

SCHEMES = ("standard", SMALL_BUSINESS)
# From this share of the threshold on, there is little time left to register.
NEAR = THRESHOLD_EUR_CENTS * 8 // 10
PANGO = "pangoft2-1.0"


def check_seller(**_scope: object) -> list[checks.CheckMessage]:
    """What is set must be well-formed, on a desk too: a document is numbered with it for ever."""
    return list(_malformed())


def _malformed() -> Iterator[checks.CheckMessage]:
    country = settings.INVOICE_SELLER_COUNTRY
    if vat_state(country, settings.INVOICE_SELLER_POSTCODE) is None:
        text = (
            f"INVOICE_SELLER_COUNTRY and _POSTCODE: {country!r} is not in the VAT area of the EU, for which the tax rules are made."
        )
        yield checks.Error(text, id="decentcloud.E020")
    elif vat_id := settings.INVOICE_SELLER_VAT_ID:
        try:
            read_vat_id(vat_id[:2], vat_id)
        except Refused as refused:
            yield checks.Error(f"INVOICE_SELLER_VAT_ID: {refused.reason}", id="decentcloud.E021")
    if settings.INVOICE_SELLER_IBAN and not is_iban(settings.INVOICE_SELLER_IBAN):
        yield checks.Error("INVOICE_SELLER_IBAN: no account of this number can exist.", id="decentcloud.E022")
    if settings.PAYOUT_IBAN and not is_iban(settings.PAYOUT_IBAN):
        yield checks.Error("PAYOUT_IBAN: no account of this number can exist.", id="decentcloud.E026")
    if settings.PAYOUT_BIC and not bic.is_valid(settings.PAYOUT_BIC):
        yield checks.Error("PAYOUT_BIC: no bank has this code.", id="decentcloud.E027")
    try:
        ZoneInfo(settings.INVOICE_SELLER_TIMEZONE)
    except (KeyError, ValueError, OSError):
        yield checks.Error("INVOICE_SELLER_TIMEZONE names no time zone.", hint="Europe/Berlin", id="decentcloud.E023")
    if settings.INVOICE_SELLER_VAT_SCHEME not in SCHEMES:
        yield checks.Error(f"INVOICE_SELLER_VAT_SCHEME is none of {', '.join(SCHEMES)}.", id="decentcloud.E024")
    if settings.INVOICE_SELLER_VAT_CURRENCY not in CURRENCIES:
        yield checks.Error("INVOICE_SELLER_VAT_CURRENCY is not a currency of this shop.", id="decentcloud.E025")


def check_sellers_documents(**_scope: object) -> list[checks.CheckMessage]:
    """For `check --deploy`: what documents need before they are lawful."""
    found: list[checks.CheckMessage] = []
    if missing := gaps(seller()):
        hint = "An accountant must confirm all of it before the first real sale: docs/accounting.md."
        text = f"The seller is not configured, so every document is a draft: {', '.join(missing)}."
        found.append(checks.Warning(text, hint=hint, id="decentcloud.W020"))
    if settings.INVOICE_SELLER_OSS and settings.INVOICE_SELLER_VAT_SCHEME == SMALL_BUSINESS:
        text = (
            "INVOICE_SELLER_OSS is on for a small business: it charges other countries' VAT and none at home. Ask the accountant."
        )
        found.append(checks.Warning(text, id="decentcloud.W021"))
    if find_library(PANGO) is None:
        text = "Pango is missing: receipts and invoices wait without their PDF."
        found.append(checks.Warning(text, hint="scripts/system pango fonts", id="decentcloud.W022"))
    if _is_within_program(settings.STORAGES["documents"]):
        text = "Documents are kept within the program's own folder: the next installation may delete them."
        found.append(checks.Warning(text, hint="DOCUMENT_STORAGE=/var/lib/… or s3://bucket/prefix", id="decentcloud.W023"))
    return found


def check_threshold(**scope: Any) -> list[checks.CheckMessage]:
    """For `check --database default`: the sales across borders up to which a seller needs no One-Stop Shop."""
    if not scope.get("databases") or settings.INVOICE_SELLER_OSS:
        return []
    try:
        sold = sales_across_borders(0)
    except DatabaseError:
        # Before the first migration there is nothing sold.
        return []
    most = max(sold.this_year, sold.last_year)
    euros = f"{minor(most, 'EUR')} of {minor(THRESHOLD_EUR_CENTS, 'EUR')}"
    if not sold.stay_below:
        text = f"Sales to consumers of other EU countries: {euros}. They are refused until INVOICE_SELLER_OSS is on."
        # No error: it would keep `migrate` from running.
        return [checks.Warning(text, hint="Register for the One-Stop Shop.", id="decentcloud.W025")]
    if sold.this_year >= NEAR:
        text = f"Sales to consumers of other EU countries: {euros}. Beyond it they are refused without the One-Stop Shop."
        return [checks.Warning(text, hint="Register for the One-Stop Shop in time.", id="decentcloud.W024")]
    return []


def _is_within_program(storage: dict[str, Any]) -> bool:
    location = storage.get("OPTIONS", {}).get("location")
    return storage["BACKEND"].endswith("FileSystemStorage") and bool(location) and Path(location).is_relative_to(BASE_DIR)
