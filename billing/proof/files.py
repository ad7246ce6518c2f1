"""Only the files of documents: read again from the storage and compared with the SHA-256 that was kept when they were stored."""

import hashlib
from collections.abc import Iterator

from django.db.models.fields.files import FieldFile

from billing.models import Document
from billing.proof.difference import MOST_NAMED, Difference

# Looked at each time: the newest, and as many from all years.
SAMPLED = 100
_CHUNK = 256 * 1024


def sampled_files() -> list[int]:
    """The documents whose files are looked at when not all are."""
    stored = Document.objects.filter(stored_at__isnull=False)
    newest = list(stored.order_by("-id").values_list("pk", flat=True)[:SAMPLED])
    if len(newest) < SAMPLED:
        return newest
    # Any ids will do; those that were never given or have no file are passed over.
    older = Document.objects.raw(
        "SELECT document.id FROM (SELECT 1 + floor(random() * %s)::bigint AS id FROM generate_series(1, %s)) AS any_of"
        " JOIN billing_document AS document USING (id) WHERE stored_at IS NOT NULL",
        [newest[0], SAMPLED],
    )
    return sorted({*newest, *(document.pk for document in older)})


def all_files() -> Iterator[int]:
    """Every document that has files."""
    return Document.objects.filter(stored_at__isnull=False).order_by("pk").values_list("pk", flat=True).iterator(chunk_size=5_000)


def differing_files(pk: int) -> list[Difference]:
    """What is wrong with the files of one document."""
    document = Document.objects.only("number", "pdf", "pdf_sha256", "cii", "cii_sha256", "ubl", "ubl_sha256").get(pk=pk)
    kept: tuple[tuple[FieldFile, str], ...] = (
        (document.pdf, document.pdf_sha256),
        (document.cii, document.cii_sha256),
        (document.ubl, document.ubl_sha256),
    )
    found = []
    for file, expected in kept:
        if not file.name and not expected:
            continue
        fault = _fault(file, expected)
        if fault:
            found.append(Difference("bytes", f"{document.number}: {file.name or 'a file'} {fault}", (f"document:{pk}",)))
    return found[:MOST_NAMED]


def _fault(file: FieldFile, expected: str) -> str:
    """What is wrong with a file, or nothing."""
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stored:
            for chunk in iter(lambda: stored.read(_CHUNK), b""):
                digest.update(chunk)
    except (OSError, ValueError) as error:
        return f"cannot be read: {type(error).__name__}"
    return "" if digest.hexdigest() == expected else "is not the file that was stored"
