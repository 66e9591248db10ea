"""The index of words behind «Texto»: what was written in a ticket, folded to plain lower-case letters and digits.

Events are indexed a moment after they are written, outside the hot path; a search reads those that still wait itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from daemon.store.dialect import Session, marks
from parsers.spelling import fold

MOST_WORDS = 20
"""How many words of a search are looked for."""
MOST_WAITING = 5000
"""Events not indexed yet that a search reads itself."""
MOST_LETTERS = 200_000
"""Of an event's different words: PostgreSQL takes a MiB, in which each has four octets beside its own."""
_WORD = re.compile(r"[^\W_]+")
_SPACED = bytes(octet if _WORD.match(chr(octet)) else 32 for octet in range(256))
"""Latin-1 with a space for all that belongs to no word."""


def words_of(text: str) -> list[str]:
    """The words of a text, folded, each as often as it stands there."""
    folded = fold(text)
    try:  # a sixth of the time of looking for each word, and enough for what most people write
        return folded.encode("latin-1").translate(_SPACED).decode("latin-1").split()
    except UnicodeEncodeError:
        return _WORD.findall(folded)


def index(session: Session, limit: int) -> int:
    """Index the oldest events that still wait; returns how many they were. Each is done by one daemon alone."""
    claimed = session.column("SELECT event_id FROM unindexed ORDER BY event_id LIMIT ?" + session.skip_locked, limit)
    rows = list(_texts(session, f"WHERE event_id IN ({marks(claimed)})", *claimed))
    session.many(session.dialect.index_words, [(id_, text, number) for id_, number, text in rows])
    session.run(f"DELETE FROM unindexed WHERE event_id IN ({marks(rows)})", *(row[0] for row in rows))
    return len(rows)


def condition(session: Session, word: str, waiting: Iterable[tuple[str, frozenset[str]]]) -> str:
    """A condition on `tickets`: somewhere in the ticket stands a word that begins with ``word``.

    ``waiting`` are number and words of what is not indexed yet.
    """
    numbers = {number for number, words in waiting if any(each.startswith(word) for each in words)}
    listed = ",".join(f"'{number}'" for number in sorted(numbers) if _NUMBER.fullmatch(number)) or "''"
    return f"(number IN (SELECT number FROM words WHERE {session.dialect.word(word)}) OR number IN ({listed}))"


_NUMBER = re.compile(r"\w+", re.ASCII)


def not_indexed(session: Session) -> list[tuple[str, frozenset[str]]]:
    """Number and words of the events that wait for the index."""
    waiting = _texts(session, "ORDER BY event_id LIMIT ?", MOST_WAITING)
    return [(number, frozenset(text.split())) for _, number, text in waiting]


def _texts(session: Session, which: str, *values: int) -> Iterator[tuple[int, str, str]]:
    """Event, number and the different words of what waits for the index, up to :data:`MOST_LETTERS`."""
    rows = session.all(
        f"SELECT id, number, actor, text, changes, attachments FROM unindexed JOIN events ON id = event_id {which}",
        *values,
    )
    for id_, number, actor, text, changes, attachments in rows:
        texts = (actor, text, *_strings(json.loads(changes)), *_strings(json.loads(attachments or "[]")))
        yield id_, number, " ".join(dict.fromkeys(words_of("\n".join(texts))))[:MOST_LETTERS]


def _strings(value: Any) -> Iterator[str]:
    """Every text inside a JSON value, keys of objects left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
