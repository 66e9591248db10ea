"""How a letter speaks of a kind of ticket, in one language."""

from __future__ import annotations

from dataclasses import dataclass

from rules import wording
from rules.desk import Desk


@dataclass(frozen=True, slots=True)
class KindWords:
    """«la incidencia», «de la incidencia», «incidencia», and «a» or «o» for what agrees with it; ``key`` is the kind's
    own. All are "" where a letter is about no kind."""

    key: str = ""
    the: str = ""
    of: str = ""
    noun: str = ""
    number_label: str = ""
    o: str = ""

    @property
    def The(self) -> str:  # noqa: N802 - as templates write it where a sentence begins
        """«La incidencia»."""
        return capital(self.the)

    @property
    def label(self) -> str:
        """«Incidencia»."""
        return capital(self.noun)


def kind_words(desk: Desk, kind: str, language: str) -> KindWords:
    """The words for ``kind``: the admin's own in the desk's language, else the catalogue's."""
    words = desk.words(language)
    grammar, phrase, of = words["grammar"], wording.phrase(desk, kind, language), wording.of(desk, kind, language)
    noun = wording.noun(desk, kind, language)
    own = desk.kinds[kind].number_label if language == desk.desk.language else ""
    known = words.get("kinds", {}).get(kind, {}).get("number_label", "")
    return KindWords(
        kind,
        the=str(grammar["the"]).format(phrase=phrase),
        of=of,
        noun=noun,
        number_label=own or known or str(grammar["number_label"]).format(of=of),
        o="a" if phrase.removesuffix(noun) in grammar["feminine"] else "o",
    )


def capital(text: str) -> str:
    """The first letter as a capital."""
    return text[:1].upper() + text[1:]
