"""Only the bytes of documents: made once from what was frozen, stored under a name that nobody guesses, read with proof.

Rendering takes a second and stands outside of any transaction; whoever is second to store finds the document stored and throws
its own files away. A process that is killed in between leaves files that no document names: nobody finds them, and they do no harm.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from billing.documents.content import DocumentContent
from billing.documents.rendering import RenderingUnavailable, render
from billing.models import Document
from billing.services.task import close_task, open_task, reopen_task
from billing.states import DocumentForm, TaskKind
from core import clock
from core.models import DomainEvent
from core.outbox import emit
from core.sweeps import each
from core.transactions import require_no_transaction

logger = logging.getLogger(__name__)

# What one round of the sweep stores at most: a job of the queue lives for a minute.
ROUND = 40
# The one task about a machine that cannot render.
WAITING = "documents:waiting"
# Before that, the document's own reaction is at work on it.
LEFT_ALONE = timedelta(minutes=2)

_LEFT = "document.left"

_left_to_the_sweep: ContextVar[bool] = ContextVar("left_to_the_sweep", default=False)


class Damaged(Exception):
    """The file in the storage is not the one that was stored, or is gone. Nobody may be given it."""


@contextmanager
def left_to_the_sweep() -> Iterator[None]:
    """Make no bytes inside the block, in this context: who simulates months leaves them to the worker. They are no news then.

    Emits ``document.left`` for each.
    """
    token = _left_to_the_sweep.set(True)
    try:
        yield
    finally:
        _left_to_the_sweep.reset(token)


def store_document(document_id: int) -> bool:
    """Make a document's files and store them; True if that was done now, by us.

    Emits ``document.stored``, with whether it `is_news`.

    Where the machine cannot render, the document waits for the sweep. Outside of a transaction (else RuntimeError).
    """
    require_no_transaction()
    document = Document.objects.get(pk=document_id)
    if document.stored_at is not None:
        return False
    if _left_to_the_sweep.get():
        with transaction.atomic():
            emit(_LEFT, f"document:{document.pk}")
        return False
    try:
        return _store(document)
    except RenderingUnavailable as problem:
        _file_waiting(problem)
        return False


def store_waiting_documents() -> int:
    """Store what has no files yet: its reaction died, or the machine could not render. Every minute; returns how many.

    Where it still cannot, they go on waiting.
    """
    waiting = Document.objects.filter(stored_at=None, issued_at__lte=clock.now() - LEFT_ALONE).order_by("issued_at", "id")[:ROUND]
    try:
        stored = each(waiting, _store)
    except ExceptionGroup as problems:
        cannot, others = problems.split(RenderingUnavailable)
        if cannot is not None:
            _file_waiting(cannot.exceptions[0])
        if others is not None:
            raise others from None
        return 0
    close_task(WAITING, None)
    return stored


def _file_waiting(problem: Exception) -> None:
    """Staff learns of it, and of the line that mends it; it strikes itself off when the sweep has nothing to complain about."""
    logger.warning("documents wait for their files: %s", problem)
    reopen_task(
        WAITING,
        TaskKind.DOCUMENTS,
        _("Documents wait for their files, because this machine cannot make PDFs: %(problem)s.") % {"problem": problem},
    )


def _store(document: Document) -> bool:
    rendered = render(DocumentContent.from_json(document.content))
    made = {DocumentForm.PDF: rendered.pdf, DocumentForm.CII: rendered.cii, DocumentForm.UBL: rendered.ubl}
    saved: dict[str, str] = {}
    try:
        for form, data in made.items():
            if data is not None:
                saved[form.value] = _save(document, form, data)
                saved[f"{form.value}_sha256"] = hashlib.sha256(data).hexdigest()
        stored = _keep(document, saved)
    except BaseException:
        _throw_away(document, saved)
        raise
    if not stored:
        _throw_away(document, saved)
    return stored


def _save(document: Document, form: DocumentForm, data: bytes) -> str:
    name = f"{document.year}/{document.number}-{secrets.token_hex(8)}{form.suffix}"
    file: FieldFile = getattr(document, form.value)
    return str(file.storage.save(name, ContentFile(data)))


def _keep(document: Document, saved: dict[str, str]) -> bool:
    """Compare-and-set on "empty": the first one's files are the document's for ever."""
    with transaction.atomic():
        stored = Document.objects.filter(pk=document.pk, stored_at=None).update(stored_at=clock.now(), **saved)
        if stored:
            subject = f"contract:{document.contract_id}"
            left = DomainEvent.objects.filter(name=_LEFT, subject=f"document:{document.pk}").exists()
            emit("document.stored", subject, document=document.pk, kind=document.kind, number=document.number, is_news=not left)
    return bool(stored)


def _throw_away(document: Document, saved: dict[str, str]) -> None:
    for form in DocumentForm:
        if form.value in saved:
            file: FieldFile = getattr(document, form.value)
            file.storage.delete(saved[form.value])


def read_document(document: Document, form: DocumentForm) -> bytes:
    """The bytes of one of a stored document's files, proved to be those that were stored.

    Raises `Damaged`, which staff then has a task about.
    """
    try:
        return _proved(document, form)
    except Damaged as damage:
        logger.error("%s", damage)  # noqa: TRY400 -- what is wrong with the file, not where it was found
        text = _("The file of %(number)s is damaged: restore it from a backup. %(damage)s.") % {
            "number": document.number,
            "damage": damage,
        }
        open_task(f"damaged:{document.pk}", TaskKind.DOCUMENTS, text[:500])
        raise


def _proved(document: Document, form: DocumentForm) -> bytes:
    file: FieldFile = getattr(document, form.value)
    try:
        with file.open("rb") as stored:
            data = stored.read()
    except (OSError, ValueError) as error:
        raise Damaged(f"{document.number}: {file.name or form.value} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != getattr(document, f"{form.value}_sha256"):
        raise Damaged(f"{document.number}: {file.name} is not the file that was stored")
    return bytes(data)
