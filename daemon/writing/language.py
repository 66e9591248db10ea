"""What the letters of one language are written with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.config.catalogue import STANDARD, folders, own_folder
from daemon.writing.formats import Formats
from daemon.writing.kinds import KindWords, kind_words
from daemon.writing.link_views import LinkViews
from daemon.writing.list_views import ListViews
from daemon.writing.page_forms import PlainPages
from daemon.writing.pages import Page, read_sources
from daemon.writing.ticket_views import TicketViews
from rules.desk import Desk
from rules.letters import Letter

NO_KIND = KindWords()


@dataclass(frozen=True, slots=True)
class Language:
    """One language of a desk: its templates, their forms, how links and kinds are called in it, and what every letter
    of it is given alike."""

    key: str
    page: Page
    forms: PlainPages
    links: LinkViews
    kinds: Mapping[str, KindWords]
    alike: Mapping[str, Any]

    @classmethod
    def load(cls, key: str, desk: Desk, forms: type[PlainPages]) -> Language:
        """Read its templates. OSError: one cannot be read."""
        words = desk.catalogue[key]
        formats = Formats(words, desk.zone)
        tickets = TicketViews(desk, formats, key)
        page = Page(sources(desk, key), formats, tickets, ListViews(formats, tickets))
        kinds = {kind: kind_words(desk, kind, key) for kind in desk.kinds}
        return cls(key, page, forms(page), LinkViews(words), kinds, _alike(desk, key))

    def kind(self, letter: Letter) -> KindWords:
        """The words for the kind that ``letter`` is about."""
        key = letter.ticket.kind if letter.ticket else letter.values.get("kind", "")
        return self.kinds.get(key, NO_KIND)


def standard_language(desk: Desk) -> str:
    """The language of a letter for which nobody chose one, or of which there is no folder."""
    return desk.letters.language or desk.desk.language


def sources(desk: Desk, language: str) -> dict[str, str]:
    """The templates of ``language`` by name. OSError: one cannot be read."""
    return read_sources(folders(own_folder(desk.letters)), looked_for(desk, language))


def looked_for(desk: Desk, language: str) -> tuple[str, ...]:
    """The folders where a letter of ``language`` may stand, the last first: what it lacks is the desk's language's, and
    what that lacks :data:`STANDARD`'s."""
    return tuple(dict.fromkeys((STANDARD, standard_language(desk), language)))


def _alike(desk: Desk, language: str) -> Mapping[str, Any]:
    words = desk.catalogue[language]
    layout = words["layout"]
    return {
        "desk": desk.desk.name,
        "desk_address": desk.desk_address,
        "desk_name": desk.desk.name,
        "service": desk.service_address,
        "lang": language,
        "foot": desk.letters.foot,
        "foot_genuine": layout["foot_genuine"].format(desk=desk.desk.name, address=desk.service_address),
        "foot_password": layout["foot_password"].format(desk=desk.desk.name),
    }
