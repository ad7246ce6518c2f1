"""Only the export of a year: as a zip while it is sent, in a process of its own whose memory is looked at when all is out."""

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import django

if __name__ == "__main__":
    django.setup()

# Models can only be imported now.
from django.core.files.base import ContentFile
from django.db import connection

from accounts.models import Account
from accounts.states import AccountKind
from bench.table import Row, say
from billing.document_list import documents_of_year
from billing.models import Payment
from billing.models.document import document_storage
from billing.states import DocumentForm, PaymentState
from billing.views.documents import files_of
from core import clock
from core.zip_stream import zip_stream

FEW, MANY = 1_000, 10_000
MOST_BYTES = 200 * 10**6
YEAR = 2025
_FILL = """
    INSERT INTO billing_document (public_id, key, kind, number, year, sequence, account_id, contract_id, charge_id, payment_id,
        language, currency, category, scheme, tax_country, tax_rate, net_minor, tax_minor, gross_minor, credited_net_minor,
        credited_tax_minor, issued_at, issued_on, content, pdf, pdf_sha256, cii, cii_sha256, ubl, ubl_sha256, stored_at)
    SELECT gen_random_uuid(), 'bench:' || %(account)s || ':' || n, 'receipt', 'B' || %(account)s || '-' || n, %(year)s,
        %(account)s * 100000 + n, %(account)s, %(contract)s, %(charge)s, %(payment)s, 'en', 'EUR', 'S', 'local', 'DE', 0.19,
        100, 19, 119, 0, 0, %(now)s, %(now)s::date, '{}', %(pdf)s, %(pdf_sha256)s, %(cii)s, %(cii_sha256)s, %(ubl)s,
        %(ubl_sha256)s, %(now)s
    FROM generate_series(1, %(count)s) AS n
"""


@dataclass(frozen=True)
class Export:
    """One zip: how much it was, and the most that the process ever held."""

    peak_bytes: int
    zip_bytes: int
    seconds: float


def measure(files: dict[DocumentForm, bytes]) -> list[Row]:
    """A row: ten thousand documents of these files, beside a thousand of them."""
    say(f"a zip of {MANY:,} documents")
    few, many = (_export(_account_with(count, files)) for count in (FEW, MANY))
    return [
        Row(
            f"zip of {MANY:,} documents",
            f"{many.peak_bytes / 1e6:.0f} MB held, {many.zip_bytes / 1e6:.0f} MB sent in {many.seconds:.0f} s",
            f"{few.peak_bytes / 1e6:.0f} MB held for {FEW:,}",
            f"{many.peak_bytes / few.peak_bytes:.2f}",
            f"< {MOST_BYTES / 1e6:.0f} MB",
            many.peak_bytes < MOST_BYTES,
            "The zip's own list of what is in it grows with it; all else is one file at a time.",
        )
    ]


def _account_with(count: int, files: dict[DocumentForm, bytes]) -> int:
    """An account that has so many documents, all with the same files: what is read and sent is as much as if they differed."""
    payment = Payment.objects.filter(state=PaymentState.SUCCEEDED).select_related("charge").earliest("pk")
    account = Account.objects.create(kind=AccountKind.ORGANISATION, name=f"Export of {count}")
    kept = {form.value: document_storage().save(f"bench/document{form.suffix}", ContentFile(data)) for form, data in files.items()}
    hashes = {f"{form.value}_sha256": hashlib.sha256(data).hexdigest() for form, data in files.items()}
    rows = {"account": account.pk, "contract": payment.charge.contract_id, "charge": payment.charge_id, "payment": payment.pk}
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {**rows, **kept, **hashes, "year": YEAR, "count": count, "now": clock.now()})
    return account.pk


def _export(account_id: int) -> Export:
    command = [sys.executable, "-m", "bench.documents_zip", str(account_id)]
    return Export(**json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _main(account_id: int) -> None:
    """Send all of it nowhere, and say what it took."""
    account = Account.objects.get(pk=account_id)
    begun = time.perf_counter()
    sent = sum(len(piece) for piece in zip_stream(files_of(documents_of_year(account, YEAR))))
    seconds = time.perf_counter() - begun
    # Not what getrusage says: that remembers the process which this one was forked from.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    print(json.dumps({"peak_bytes": int(peak.split()[1]) * 1024, "zip_bytes": sent, "seconds": seconds}))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
