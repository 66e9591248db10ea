"""The fixed subjects of a desk (D, M): openings, registration, queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from parsers.spelling import fold_label
from parsers.subject import SubjectMarks, opening_key, thread_key
from rules import wording
from rules.caching import once_per_desk
from rules.desk import Desk

TOKEN_ROOM = " [" + 26 * "A" + "]"
"""What a token adds to the subject of its link: room that the link's body must leave."""

QUERIES = {"mine": "mine", "requests": "mine", "consult": "consult"}
"""The catalogue's subjects that ask without a number, and the query that each is."""

_ANY = "i000000000000"
"""Stands for the number in a subject that asks about a ticket: no ticket has it, for there is no such day."""


@dataclass(frozen=True, slots=True)
class FixedSubjects:
    """``openings`` are (key, kind), in the kinds' order; ``registration`` is M's; ``queries`` leads from the folded
    subject, with :data:`_ANY` for a ticket's number, to the query."""

    marks: SubjectMarks
    openings: tuple[tuple[str, str], ...]
    registration: str
    queries: Mapping[str, str]


@once_per_desk
def fixed_subjects(desk: Desk) -> FixedSubjects:
    """The fixed subjects of ``desk``."""
    marks = desk.threading
    return FixedSubjects(
        marks,
        tuple((opening_key(kind.subject, marks), name) for name, kind in desk.kinds.items()),
        opening_key(desk.requesters.registration_subject, marks),
        dict.fromkeys(map(fold_label, own_lists(desk)), "mine") | {
            fold_label(text): name
            for entry, name in QUERIES.items()
            for text in wording.spellings(desk, "subjects", entry)
        } | {
            fold_label(thread_key(wording.subject(desk, entry, language, kind, number=_ANY))): entry
            for entry, language, kind in product(("status", "withdraw"), desk.catalogue, desk.kinds)
        },
    )  # fmt: skip


def own_lists(desk: Desk) -> Iterator[str]:
    """«Mis avisos», «Mis órdenes de trabajo», «My work orders»: one's own tickets by the name of a kind."""
    for (language, words), kind in product(desk.catalogue.items(), desk.kinds):
        subject = words["subjects"].get("of_kind", "")
        for noun, ending in product([wording.noun(desk, kind, language)], words["grammar"].get("plurals", ())):
            first, _, rest = noun.partition(" ")
            yield subject.format(kinds=f"{first}{ending} {rest}".rstrip())
            yield subject.format(kinds=noun + ending)


def query_of(key: str, number: str, desk: Desk) -> str:
    """Which query the subject with the thread key ``key`` is: status, mine, withdraw, consult; "" for none.

    ``number`` is the number in it; the subject is the fixed one of a language but for case and accents.
    """
    asked = fold_label(key)
    return fixed_subjects(desk).queries.get(asked.replace(fold_label(number), _ANY) if number else asked, "")
