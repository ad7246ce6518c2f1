"""Writing what offerings are found by: the search vector, the labels and the words that mistyped ones are put right to."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from providers.models import Offering, SearchWord
from providers.search.document import labels_of, text_of
from providers.search.words import correctable, trigrams
from providers.states import OfferingStatus, Visibility

_BATCH = 1000
# A control character that folding leaves in no label, because arrays of arrays cannot be of unequal length.
_SEPARATOR = "\x1f"
# Both configurations in one vector: 'simple' finds names as they are written, 'english' finds "servers" by "server".
_WRITE = """
    UPDATE providers_offering AS offering
    SET search = to_tsvector('simple', fresh.body) || to_tsvector('english', fresh.body),
        labels = string_to_array(fresh.labels, E'\\x1f')
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS fresh (id, body, labels)
    WHERE offering.id = fresh.id
"""


def write_index(offerings: Sequence[Offering]) -> None:
    """Make the given offerings findable as they are now; each needs its provider loaded. One statement for all."""
    texts = [text_of(offering) for offering in offerings]
    _write(offerings, texts)
    _learn(
        text
        for offering, text in zip(offerings, texts, strict=True)
        if offering.status == OfferingStatus.PUBLISHED and offering.visibility == Visibility.PUBLIC
    )


def rebuild_index() -> int:
    """Write the index of every offering anew, in batches, each its own transaction; returns how many. For bulk loads."""
    count, last = 0, 0
    while True:
        rows = Offering.objects.filter(pk__gt=last).select_related("provider").defer("search", "labels")
        batch = list(rows.order_by("pk")[:_BATCH])
        if not batch:
            return count
        with transaction.atomic():
            write_index(batch)
        count += len(batch)
        last = batch[-1].pk


def _write(offerings: Sequence[Offering], texts: list[str]) -> None:
    labels = [labels_of(offering) for offering in offerings]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [[offering.pk for offering in offerings], texts, [_SEPARATOR.join(found) for found in labels]])
    for offering, found in zip(offerings, labels, strict=True):
        offering.labels = found


def _learn(texts: Iterable[str]) -> None:
    """Remember new words. Only public offerings teach: a correction must not tell of one that others cannot see."""
    heard = correctable(texts)
    known = set(SearchWord.objects.filter(word__in=heard).values_list("word", flat=True))
    SearchWord.objects.bulk_create(
        (SearchWord(word=word, trigrams=trigrams(word)) for word in sorted(heard - known)), ignore_conflicts=True
    )
