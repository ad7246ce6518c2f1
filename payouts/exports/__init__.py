"""Only the files that staff takes to where it pays: one for banks, one for the dashboard in which tokens are sent."""

from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import Refused
from payouts.exports.sheet import rows_of
from payouts.models import Payout
from payouts.states import ExportFormat, MethodKind

# Imported by name at the first file: its XML library takes memory that web servers do not need otherwise.
_PAIN001 = "payouts.exports.pain001"
# So many in one file: a person goes through it before it is paid.
MOST = 200


def file_of(file_format: ExportFormat, file_id: UUID, payouts: Sequence[Payout], now: datetime) -> str:
    """The text of the file, UTF-8. Raises `Refused`: bad_format (it cannot carry all of these), too_many, no_debtor, bad_holder."""
    if len(payouts) > MOST:
        raise Refused(_("Choose at most %(most)d payouts for one file.") % {"most": MOST}, code="too_many")
    others = [payout for payout in payouts if not carries(file_format, payout)]
    if others:
        text = ngettext(
            "%(count)d of these payouts cannot be paid with this file: %(format)s.",
            "%(count)d of these payouts cannot be paid with this file: %(format)s.",
            len(others),
        )
        raise Refused(text % {"count": len(others), "format": ExportFormat(file_format).label}, code="bad_format")
    if file_format == ExportFormat.CSV:
        return rows_of(payouts)
    transfers: str = import_module(_PAIN001).transfers(file_id, payouts, now)
    return transfers


def carries(file_format: ExportFormat, payout: Payout) -> bool:
    """Whether such a file can pay it: SEPA knows euros and bank accounts only, and the sheet is for whatever it cannot."""
    by_sepa = payout.method.kind == MethodKind.BANK and payout.currency == "EUR"
    return by_sepa if file_format == ExportFormat.PAIN001 else not by_sepa


def file_name(file_format: str, made_at: datetime, file_id: UUID) -> str:
    """ "payouts-2026-03-02-1f0c.xml": the day in UTC, and how its message id begins."""
    suffix = "xml" if file_format == ExportFormat.PAIN001 else "csv"
    return f"payouts-{made_at:%Y-%m-%d}-{file_id.hex[:8]}.{suffix}"
