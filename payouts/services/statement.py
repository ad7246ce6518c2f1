"""Only the making of monthly statements: frozen when the month is over, printed after it, each once."""

import hashlib
import hmac
import logging
import secrets
from datetime import date, timedelta
from importlib import import_module

from django.core.files.base import ContentFile
from django.db import connection
from django.utils.translation import gettext as _

from billing.sellers import gaps
from billing.services import open_task
from billing.states import LedgerAccount, TaskKind
from billing.taxation import seller
from core import clock
from core.errors import Refused
from core.sweeps import each
from core.transactions import require_no_transaction
from payouts.models import Statement
from payouts.statements import Content, balance_before, booked_in, month_after, month_start, summed
from providers.models import Provider

logger = logging.getLogger(__name__)

# What one round makes at most: a schedule must be done within a minute.
ROUND = 20
# What was booked in the last second of a month may be committed a little later.
SETTLES = timedelta(minutes=10)
# Imported by name where it prints: it wants Pango, and web servers never need it.
_PAPER = "payouts.statement_paper"


def make_statement(provider_id: int, currency: str, month: date) -> Statement:
    """The statement of a month (UTC) that is over, made now or found. Raises ValueError for a month that is not over."""
    if month_start(month_after(month)) > clock.now() - SETTLES:
        raise ValueError(f"{month:%Y-%m} is not over")
    provider = Provider.objects.get(pk=provider_id)
    booked = booked_in(provider, currency, month)
    opening = balance_before(provider, currency, month)
    payer = seller()
    content = Content(
        month=f"{month:%Y-%m}",
        currency=currency,
        opening=opening,
        closing=opening + sum(row.yours for row in booked),
        provider={
            "name": provider.legal_name or provider.name,
            "address": provider.legal_address,
            "country": provider.legal_country or provider.country,
            "vat_id": provider.vat_id,
        },
        payer=payer,
        is_draft=bool(gaps(payer)),
        sums=summed(booked),
    )
    statement, _is_new = Statement.objects.get_or_create(
        provider=provider,
        currency=currency,
        month=month,
        defaults={
            "opening_minor": content.opening,
            "closing_minor": content.closing,
            "content": content.as_json(),
            "made_at": clock.now(),
        },
    )
    return statement


def make_due_statements() -> int:
    """Make the statements of months that are over, and print those that have no file yet. Every hour; returns how many it made.

    A month in which nothing was booked has none.
    """
    made = each(_due(), lambda due: make_statement(*due))
    return made + each(list(Statement.objects.filter(pdf="").order_by("id")[:ROUND]), _print)


def _due() -> list[tuple[int, str, date]]:
    this_month = (clock.now() - SETTLES).date().replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT DISTINCT split_part(line.owner, ':', 2)::bigint, line.currency,
                date_trunc('month', entry.at AT TIME ZONE 'UTC')::date AS month
            FROM billing_ledgerline AS line JOIN billing_ledgerentry AS entry ON entry.id = line.entry_id
            WHERE line.account = %s AND entry.at < %s AND NOT EXISTS (
                SELECT FROM payouts_statement AS made WHERE line.owner = 'provider:' || made.provider_id
                    AND made.currency = line.currency AND made.month = date_trunc('month', entry.at AT TIME ZONE 'UTC')::date)
            ORDER BY month LIMIT %s""",
            [LedgerAccount.PROVIDER_PAYABLE.value, month_start(this_month), ROUND],
        )
        return list(cursor.fetchall())


def _print(statement: Statement) -> None:
    """Compare-and-set on "empty": the first one's file is the statement's for ever; another's is thrown away."""
    require_no_transaction()
    try:
        paper = import_module(_PAPER)
    except OSError as error:
        logger.warning("statements wait for their files: %s", error)
        return
    data: bytes = paper.print_statement(Content.from_json(statement.content))
    storage = statement.pdf.storage
    name = storage.save(f"statements/{statement.month:%Y-%m}-{secrets.token_hex(8)}.pdf", ContentFile(data))
    digest = hashlib.sha256(data).hexdigest()
    if not Statement.objects.filter(pk=statement.pk, pdf="").update(pdf=name, pdf_sha256=digest):
        storage.delete(name)


def read_statement(statement: Statement) -> bytes:
    """The bytes of a statement's PDF, proved to be those that were stored.

    Raises `Refused`: waiting (it is being made), damaged (staff then has a task about it).
    """
    if not statement.pdf:
        raise Refused(_("It is being made: usually within the hour. The CSV is there already."), code="waiting")
    try:
        with statement.pdf.open("rb") as file:
            data: bytes = file.read()
    except (OSError, ValueError):
        data = b""
    if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), statement.pdf_sha256):
        text = _("The file of statement %(name)s is damaged: restore it from a backup.") % {"name": statement}
        open_task(f"statement:{statement.pk}", TaskKind.DOCUMENTS, text)
        raise Refused(_("Its file is damaged. We have been told and restore it; the CSV is there."), code="damaged")
    return data
