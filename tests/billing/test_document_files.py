"""The files of documents: made once from what was frozen, whoever dies or races meanwhile, and waiting where none can be made."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from billing import services
from billing.documents import rendering
from billing.documents.content import DocumentContent
from billing.models import Document, StaffTask
from billing.proof import Scope, find_differences
from billing.services.document_bytes import read_document
from billing.states import DocumentForm
from core import clock
from core.models import DomainEvent
from core.tasks import drain
from providers.models import Offering
from tests.races import killed_after
from tests.walk import START, rented

pytestmark = [pytest.mark.django_db, pytest.mark.paper]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents are kept in a folder of the test's own, which a child process writes to like its parent."""
    storage = FileSystemStorage(tmp_path)
    for form in DocumentForm:
        monkeypatch.setattr(Document._meta.get_field(form.value), "storage", storage)
    return tmp_path


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def named() -> list[str]:
    rows = Document.objects.values_list("pdf", "cii", "ubl")
    return sorted(name.split("/")[-1] for row in rows for name in row if name)


def test_a_reaction_stores_what_was_issued(customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    drain()
    invoice = Document.objects.get(kind="invoice")
    assert invoice.stored_at is not None
    for form in DocumentForm:
        data = read_document(invoice, form)
        assert getattr(invoice, f"{form.value}_sha256") == hashlib.sha256(data).hexdigest()
    assert read_document(invoice, DocumentForm.PDF).startswith(b"%PDF-")
    assert b"INV-2026-000001" in read_document(invoice, DocumentForm.CII)
    receipt = Document.objects.get(kind="receipt")
    assert (bool(receipt.pdf), bool(receipt.cii), bool(receipt.ubl)) == (True, False, False)
    assert DomainEvent.objects.filter(name="document.stored").count() == 2
    assert find_differences(Scope(every_file=True)) == []


def test_nobody_guesses_where_a_file_is(customer: User, offering: Offering) -> None:
    rented("requested", customer, offering)
    drain()
    name = Document.objects.get().pdf.name
    assert name.startswith("2026/RCP-2026-000001-")
    assert len(name) == len("2026/RCP-2026-000001-") + 16 + len(".pdf")


def test_files_are_stored_once_and_never_changed(customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    drain()
    before = Document.objects.order_by("id").values_list("pdf", "pdf_sha256", "stored_at")
    kept = list(before)
    changes: list[dict[str, Any]] = [{"pdf": "x.pdf"}, {"pdf_sha256": "0" * 64}, {"stored_at": None, "pdf": "", "pdf_sha256": ""}]
    assert services.store_document(Document.objects.latest("pk").pk) is False
    assert services.store_waiting_documents() == 0
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            Document.objects.update(**change)
    assert list(before.all()) == kept


def test_the_same_document_is_the_same_bytes(customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    drain()
    invoice = Document.objects.get(kind="invoice")
    again = rendering.render(content_of(invoice))
    assert hashlib.sha256(again.pdf).hexdigest() == invoice.pdf_sha256


def content_of(document: Document) -> DocumentContent:
    return DocumentContent.from_json(document.content)


def test_the_sweep_leaves_a_fresh_document_to_its_reaction(customer: User, offering: Offering) -> None:
    rented("requested", customer, offering)
    issued = Document.objects.get().issued_at
    with clock.at(issued):
        assert services.store_waiting_documents() == 0
    with clock.at(issued.replace(hour=issued.hour + 1)):
        assert services.store_waiting_documents() == 1


def test_without_pango_documents_wait_and_staff_reads_the_line_that_helps(
    customer: User, offering: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_to_draw_with(_name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(rendering, "import_module", nothing_to_draw_with)
    rented("accepted", customer, offering)
    drain()
    assert services.store_waiting_documents() == 0
    assert not Document.objects.filter(stored_at__isnull=False).exists()
    task = StaffTask.objects.get()
    assert "scripts/system pango" in task.text
    assert task.closed_at is None
    monkeypatch.undo()
    assert services.store_waiting_documents() == 2
    task.refresh_from_db()
    assert task.closed_at is not None
    assert not Document.objects.filter(stored_at=None).exists()


def test_a_storage_that_fails_keeps_nothing_half_done(
    folder: Path, customer: User, offering: Offering, monkeypatch: pytest.MonkeyPatch
) -> None:
    rented("accepted", customer, offering)
    invoice = Document.objects.get(kind="invoice")
    storage = invoice.pdf.storage
    save = storage.save

    def full(name: str, content: object) -> str:
        if name.endswith(".ubl.xml"):
            raise OSError("No space left on device")
        return str(save(name, content))

    with monkeypatch.context() as patched:
        patched.setattr(storage, "save", full)
        with pytest.raises(OSError, match="No space"):
            services.store_document(invoice.pk)
    assert files_in(folder) == []
    assert Document.objects.get(kind="invoice").stored_at is None
    assert services.store_document(invoice.pk) is True
    assert len(files_in(folder)) == 3


@pytest.mark.django_db(transaction=True)
def test_of_four_that_store_at_once_one_does_and_leaves_only_its_files(folder: Path, customer: User, offering: Offering) -> None:
    rented("accepted", customer, offering)
    invoice = Document.objects.get(kind="invoice")
    # Loaded before the threads race for it.
    rendering.render(content_of(invoice))

    def work(_number: int) -> bool:
        try:
            return services.store_document(invoice.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 1
    assert files_in(folder) == named()
    assert DomainEvent.objects.filter(name="document.stored").count() == 1


@pytest.mark.django_db(transaction=True)
def test_killed_while_they_are_made_documents_get_their_files_and_keep_their_numbers(
    folder: Path, customer: User, offering: Offering
) -> None:
    rented("cancelled", customer, offering)
    numbers = list(Document.objects.order_by("id").values_list("number", "sequence", "content"))
    # Loaded before: a child that dies while importing would prove nothing.
    rendering.render(content_of(Document.objects.latest("pk")))
    killed = 0
    for milliseconds in (5, 30, 80, 160, 320, 640):
        killed += killed_after(milliseconds / 1000, _store_a_year_later)
    assert killed >= 3
    with clock.at(START.replace(year=START.year + 1)):
        services.store_waiting_documents()
    assert list(Document.objects.order_by("id").values_list("number", "sequence", "content")) == numbers
    assert not Document.objects.filter(stored_at=None).exists()
    # What a killed one had written lies there under a name that no document has; each document's own files are right.
    assert set(named()) <= set(files_in(folder))
    for document in Document.objects.all():
        for form in DocumentForm:
            if getattr(document, form.value):
                read_document(document, form)
    assert DomainEvent.objects.filter(name="document.stored").count() == 3


def _store_a_year_later() -> None:
    with clock.at(START.replace(year=START.year + 1)):
        services.store_waiting_documents()
