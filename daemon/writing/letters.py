"""Letters: what rules decided becomes the exact mail that one person gets.

:meth:`Letters.compose` makes the tokens of a letter's links, renders its template in the right language and joins text,
HTML and files into one MIME message. What each letter is given stands in daemon/writing/samples.py.

A template sees: ``letter``, ``ticket`` (or None), ``v`` (the letter's values), ``links`` (a tuple) and ``link`` (the
same by key), ``rows`` (the ticket's fields), ``files`` (those that go with it), ``solution``, ``question``, ``said``
(faults explained), ``kind`` (words: the, The, of, noun, label, number_label, o), ``group``, ``desk_name``,
``desk_address``, ``service``, ``number``, ``now``, ``to``, ``copy`` (True for a participant: no links), ``lang``,
``ticket_actions`` (the words that name them); and as filters the formats, the views and the building blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from daemon.config.catalogue import folders
from daemon.writing import mime
from daemon.writing.faulted import explain_faults
from daemon.writing.folding import Folder, Row
from daemon.writing.formats import Formats
from daemon.writing.forms import Forms, Plain
from daemon.writing.list_views import ListViews
from daemon.writing.mime import Composed
from daemon.writing.pages import Page, read_sources
from daemon.writing.shown import Blanks, LinkViews, Shown
from daemon.writing.tables import list_files
from daemon.writing.ticket_views import TicketViews
from parsers.subject import SubjectMarks, thread_key
from rules import wording
from rules.action_forms import ACTIONS
from rules.decision import Grant, Letter
from rules.desk import Desk
from rules.letters import LETTERS, LetterSpec
from rules.masking import masked

Grants = tuple[tuple[bytes, Grant], ...]

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "confirmation": {"counts_from": None, "opened_by": "", "warnings": (), "similar": ""},
    "assignment": {"why": "new", "by": "", "text": "", "case": (), "earlier": (), "warnings": (), "similar": ""},
    "update": {"text": "", "by": "", "deadlines": (), "warnings": ()},
    "info_request": {"by": "", "closes_at": None},
    "reply": {"by": "", "until": None},
    "validation": {"again": False, "closes_at": None},
    "reminder": {"again": False, "by": "", "last": False, "closes_at": None},
    "desk_rejection": {"reason": "", "text": "", "by": ""},
    "verdict_notice": {"at": None, "verb": "", "used": ""},
    "status": {"journal": (), "deadlines": (), "rows": (), "total": 0},
    "refusal": {"fields": (), "form": "", "left_out": False, "attach_again": ()},
    "near_miss": {"form": ""},
    "desk_refusal": {"action": "", "faults": (), "read": "", "by": "", "at": None, "event": "", "files": ()},
    "delivery_failure": {"contact": "", "diagnostic": "", "tried_since": None},
    "survey_thanks": {"comment": "", "before": 0},
    "report": {"finding": "", "overdue": 0, "late": 0},
    "registration": {"held": "", "faults": ()},
    "welcome": {"held": 0, "kinds": ()},
    "admin_alert": {"details": (), "count": 1},
}
"""Values that may be left out, and what then holds."""


class Letters:
    """Every letter of a desk. Built once per configuration, never changed."""

    def __init__(self, desk: Desk, pages: Mapping[str, Page], forms: type[Plain] = Forms) -> None:
        self._pages = pages
        self._forms = {language: forms(page) for language, page in pages.items()}
        self._views = {language: LinkViews(page.words) for language, page in pages.items()}
        self._same = {language: _same(desk, page.words, language) for language, page in pages.items()}
        self._standard = desk.letters.language or desk.desk.language
        self._kinds = {(language, kind): kind_words(desk, kind, language) for language in pages for kind in desk.kinds}
        self._marks = SubjectMarks(desk.threading.prefixes, desk.threading.tags)
        self._verbatim = frozenset({"From", "To", "Reply-To", "Date", "Message-ID", "In-Reply-To", "References"})

    @classmethod
    def load(cls, desk: Desk, forms: type[Plain] = Forms) -> Letters:
        """Read the templates: the shipped ones, under those of `[letters] templates`. OSError: one cannot be read."""
        places = folders(template_folder(desk))
        standard = desk.letters.language or desk.desk.language
        pages = {}
        for language, words in desk.catalogue.items():
            formats = Formats(words, desk.zone)
            sources = read_sources(places, (standard, language))
            tickets = TicketViews(desk, formats, language)
            pages[language] = Page(sources, formats, tickets, ListViews(formats, tickets))
        return cls(desk, pages, forms)

    def compose(self, letter: Letter, to: str, desk: Desk, now: datetime, new_token: Callable[[], str]) -> Composed:
        """The mail of ``letter`` to ``to``, one of its addresses; only the first of them gets links.

        ``new_token`` gives 26 random base32 characters; equal grants of a letter share one. ValueError where an address
        or a header would not survive being written.
        """
        letter = masked(letter)
        page, language = self._page(letter)
        shown, blanks, grants = self._links(letter, to, page, language, new_token)
        context = self._context(letter, to, desk, now, shown, page, language)
        subject = context["subject"] = mime.clean(page.subject(letter.name, context))
        key = (letter.name, context["kind"]["key"], letter.ticket and letter.ticket.group, context["copy"], shown)
        text, html = self._forms[language].encoded(key, letter.name, context, blanks)
        content, attachments, tail = mime.body(text, html, (*context["files"], *context["folded"]), letter.attachments)
        spec, number = LETTERS[letter.name], letter.ticket.number if letter.ticket else ""
        message_id = f"{letter.name}.{new_token().lower()}@{desk.desk.domain}"
        headers = self._headers(letter, spec, to, subject, message_id, desk, now)
        return Composed(
            letter.name,
            to,
            subject,
            message_id,
            thread_key(subject, self._marks) if spec.threads and number else "",
            spec.side,
            number,
            grants,
            mime.header_block(headers, self._verbatim) + content,
            attachments,
            tail,
        )

    def _page(self, letter: Letter) -> tuple[Page, str]:
        language = letter.language if letter.language in self._pages else self._standard
        return self._pages[language], language

    def _links(
        self, letter: Letter, to: str, page: Page, language: str, new_token: Callable[[], str]
    ) -> tuple[tuple[Shown, ...], Blanks, Grants]:
        """The links as shown, their blanks, each grant's token; a copy for anybody but the first gets none."""
        if to != letter.to[0]:
            return (), {}, ()
        tokens: dict[Grant, str] = {}
        for link in letter.links:
            if link.grant and link.grant not in tokens:
                tokens[link.grant] = new_token()
        shown, blanks = self._views[language].show(letter, tokens, self._kind(letter, page)["The"])
        return shown, blanks, tuple((sha256(token.upper().encode()).digest(), grant) for grant, token in tokens.items())

    def _kind(self, letter: Letter, page: Page) -> Mapping[str, str]:
        kind = letter.ticket.kind if letter.ticket else letter.values.get("kind", "")
        return self._kinds.get((self._page(letter)[1], kind), NO_KIND)

    def _context(
        self,
        letter: Letter,
        to: str,
        desk: Desk,
        now: datetime,
        shown: tuple[Shown, ...],
        page: Page,
        language: str,
    ) -> dict[str, Any]:
        """Everything that a template may use."""
        ticket, kind = letter.ticket, self._kind(letter, page)
        folder = Folder(page.words)
        values = {**DEFAULTS.get(letter.name, {}), **letter.values}
        fields = desk.fields_of(kind["key"]) if values.get("faults") and kind["key"] else ()
        return {
            **self._same[language],
            "letter": letter,
            "ticket": ticket,
            "number": ticket.number if ticket else "",
            "v": SimpleNamespace(**{key: folder.value(value, key) for key, value in values.items()}),
            "said": explain_faults(values["faults"], fields, page.formats) if values.get("faults") else (),
            "links": shown,
            "link": SimpleNamespace(**{link.key: link for link in shown}),
            "rows": _rows(letter, desk, folder),
            "solution": folder.value(ticket.solution, "solution") if ticket else "",
            "question": folder.value(ticket.question, "question") if ticket else "",
            "kind": kind,
            "of": kind["of"],
            "the": kind["the"],
            "noun": kind["noun"],
            "group": desk.groups.get(ticket.group) if ticket else None,
            "now": now,
            "to": to,
            "copy": to != letter.to[0],
            "files": (*letter.files, *list_files(values.get("rows", ()), page.tickets, desk, language)),
            "folded": tuple(folder.files),
        }

    def _headers(
        self, letter: Letter, spec: LetterSpec, to: str, subject: str, message_id: str, desk: Desk, now: datetime
    ) -> list[mime.Header]:
        ticket = letter.ticket
        root = _thread_root(letter, spec, desk)
        references = mime.message_ids((root, letter.in_reply_to))
        answered = letter.in_reply_to or root
        automatic = "auto-replied" if letter.in_reply_to or spec.guard in ("notice", "near_miss") else "auto-generated"
        headers = [
            ("From", mime.mailbox(desk.desk.name, desk.service_address)),
            ("To", mime.address(to)),
            ("Reply-To", mime.address(desk.desk_address) if spec.side == "group" else ""),
            ("Subject", subject),
            ("Date", mime.date(now)),
            ("Message-ID", f"<{message_id}>"),
            ("In-Reply-To", mime.message_ids((answered,))),
            ("References", references),
            ("Auto-Submitted", automatic),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Acuse-Number", ticket.number if ticket else ""),
            ("X-Acuse-Letter", letter.name),
            ("MIME-Version", "1.0"),
        ]
        return [(name, value) for name, value in headers if value]


def template_folder(desk: Desk) -> Path | None:
    """`[letters] templates` as a path; None for the shipped ones alone."""
    return Path(desk.letters.templates) if desk.letters.templates else None


NO_KIND: Mapping[str, str] = dict.fromkeys(("key", "the", "The", "of", "noun", "label", "number_label", "o"), "")


def kind_words(desk: Desk, kind: str, language: str) -> Mapping[str, str]:
    """How a letter speaks of a kind: «la incidencia», «La incidencia», «de la incidencia», «incidencia», and «a» or «o»
    for what agrees with it."""
    words = desk.words(language)
    grammar, phrase = words["grammar"], wording.phrase(desk, kind, language)
    article = next((a for a in grammar["articles"] if phrase.startswith(a)), "")
    noun = phrase.removeprefix(article)
    the = str(grammar["the"]).format(phrase=phrase)
    of = wording.of(desk, kind, language)
    own = desk.kinds[kind].number_label if language == desk.desk.language else ""
    known = words.get("kinds", {}).get(kind, {}).get("number_label", "")
    return {
        "key": kind,
        "the": the,
        "The": the[:1].upper() + the[1:],
        "of": of,
        "noun": noun,
        "label": noun[:1].upper() + noun[1:],
        "number_label": own or known or str(grammar["number_label"]).format(of=of),
        "o": "a" if article in grammar["feminine"] else "o",
    }


def _same(desk: Desk, words: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """What a template may use and is the same in every letter of a language."""
    layout, actions = words["layout"], words["actions"]
    return {
        "desk": desk.desk.name,
        "desk_address": desk.desk_address,
        "desk_name": desk.desk.name,
        "service": desk.service_address,
        "lang": language,
        "foot": desk.letters.foot,
        "foot_genuine": layout["foot_genuine"].format(desk=desk.desk.name, address=desk.service_address),
        "foot_password": layout["foot_password"].format(desk=desk.desk.name),
        "ticket_actions": tuple(actions[key] for key, form in ACTIONS.items() if form.on_ticket and key in actions),
    }


def _rows(letter: Letter, desk: Desk, folder: Folder) -> tuple[Row, ...]:
    """The ticket's fields in the order in which they were given, labels as the kind has them now; a field that was
    kept when it was reclassified is called as in another kind."""
    if not letter.ticket:
        return ()
    labels = desk.field_labels(letter.ticket.kind)
    return tuple(folder.row(labels.get(name, name), value) for name, value in letter.ticket.fields)


def _thread_root(letter: Letter, spec: LetterSpec, desk: Desk) -> str:
    """What a ticket's letters of one side hang under: the opening for its requester, an id of our own for the group."""
    if not letter.ticket or not spec.side:
        return ""
    own = f"{letter.ticket.number}.group@{desk.desk.domain}"
    return own if spec.side == "group" else letter.ticket.thread_id
