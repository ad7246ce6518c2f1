"""What a mistyped word may have meant: the words of public offerings, compared by trigrams in the database and by edits here."""

from collections import defaultdict
from collections.abc import Sequence

from django.db import connection

from providers.search.language import Query, Text, Word
from providers.search.words import is_correctable, trigrams, words

_CANDIDATES = 30
_MOST_CORRECTIONS = 3
_MOST_WORDS = 8
# A word that is known, or begins a known one, is right as it is; the others come with the nearest words by shared trigrams.
_NEAR = """
    SELECT typed.word, near.word
    FROM unnest(%s::text[], %s::text[]) AS typed (word, grams)
    CROSS JOIN LATERAL (SELECT string_to_array(typed.grams, '|')::varchar(3)[] AS grams) AS cut
    CROSS JOIN LATERAL (
        SELECT known.word
        FROM providers_searchword AS known
        WHERE known.trigrams && cut.grams AND abs(length(known.word) - length(typed.word)) <= 2
        ORDER BY cardinality(ARRAY(SELECT unnest(known.trigrams) INTERSECT SELECT unnest(cut.grams))) DESC, known.word
        LIMIT %s
    ) AS near
    WHERE NOT EXISTS (SELECT 1 FROM providers_searchword AS known WHERE known.word LIKE typed.word || '%%')
"""


def corrections(query: Query) -> dict[str, tuple[str, ...]]:
    """For each bare word of the query that stands in no public offering, the known words it may have meant. One query at most."""
    typed = _typed(query)
    if not typed:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [typed, ["|".join(trigrams(word)) for word in typed], _CANDIDATES])
        found = cursor.fetchall()
    near: dict[str, list[str]] = defaultdict(list)
    for word, candidate in found:
        near[word].append(candidate)
    chosen = {word: _nearest(word, candidates) for word, candidates in near.items()}
    return {word: meant for word, meant in chosen.items() if meant}


def _typed(query: Query) -> list[str]:
    single = [
        spoken[0]
        for part in query.parts
        if isinstance(part, Text) and not part.negated
        for one in part.any_of
        if isinstance(one, Word) and len(spoken := words(one.text)) == 1
    ]
    return list(dict.fromkeys(word for word in single if is_correctable(word)))[:_MOST_WORDS]


def _nearest(word: str, candidates: Sequence[str]) -> tuple[str, ...]:
    """The candidates with the fewest edits: one in a short word, two in a longer one."""
    allowed = 1 if len(word) < 6 else 2
    measured = {candidate: edits(word, candidate) for candidate in candidates}
    fewest = min(measured.values(), default=allowed + 1)
    if fewest > allowed:
        return ()
    return tuple(candidate for candidate, count in measured.items() if count == fewest)[:_MOST_CORRECTIONS]


def edits(left: str, right: str) -> int:
    """How many letters have to be put in, left out, changed or swapped with their neighbour to get from one to the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, ours in enumerate(left, 1):
        two_before, before, row = before, row, [i]
        for j, theirs in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (ours != theirs))
            if i > 1 and j > 1 and ours == right[j - 2] and left[i - 2] == theirs:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]
