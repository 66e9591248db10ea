"""Letters: what rules decided becomes the exact mail that one person gets.

:meth:`Letters.compose` makes the tokens of a letter's links, renders its template in the right language and joins text,
HTML and files into one MIME message. What each letter is given stands in daemon/writing/samples.py.

A template sees: ``letter``, ``ticket`` (or None), ``v`` (the letter's values), ``links`` (a tuple) and ``link`` (the
same by key), ``rows`` (the ticket's fields), ``files`` (those that go with it), ``solution``, ``question``, ``said``
(faults explained), ``kind`` (words: the, The, of, noun, label, number_label, o), ``group``, ``desk_name``,
``desk_address``, ``service``, ``number``, ``now``, ``to``, ``copy`` (True for a participant: no links), ``lang``; and
as filters the formats, the views and the building blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import starmap
from types import SimpleNamespace
from typing import Any

from daemon.composed import Composed
from daemon.writing import mime
from daemon.writing.fault_views import Said, explain_faults
from daemon.writing.folding import Folder
from daemon.writing.heading import heading
from daemon.writing.language import Language, standard_language
from daemon.writing.link_views import Blanks, Shown
from daemon.writing.page_forms import PageForms, PlainPages
from daemon.writing.tables import list_files
from parsers.form import Fault
from parsers.subject import thread_key
from rules.desk import Desk
from rules.letters import LETTERS, Grant, Letter
from rules.masking import masked
from rules.reading import token_digest
from rules.subjects import fixed_subjects

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
    "near_miss": {"form": "", "left_out": False},
    "desk_refusal": {"action": "", "faults": (), "read": "", "by": "", "at": None, "event": "", "files": ()},
    "delivery_failure": {"contact": "", "diagnostic": "", "tried_since": None},
    "survey_thanks": {"comment": "", "before": 0},
    "search_results": {"more": False, "actions": ()},
    "worklist": {"actions": ()},
    "report": {"finding": "", "overdue": 0, "late": 0},
    "registration": {"held": "", "faults": ()},
    "welcome": {"held": 0, "kinds": ()},
    "admin_alert": {"details": (), "count": 1},
}
"""Values that may be left out, and what then holds."""


class Letters:
    """Every letter of a desk. Built once per configuration, never changed."""

    def __init__(self, desk: Desk, languages: Mapping[str, Language]) -> None:
        self._desk = desk
        self._languages = languages
        self._marks = fixed_subjects(desk).marks

    @classmethod
    def load(cls, desk: Desk, forms: type[PlainPages] = PageForms) -> Letters:
        """Read the templates: the shipped ones, under those of `[letters] templates`. OSError: one cannot be read."""
        return cls(desk, {key: Language.load(key, desk, forms) for key in desk.catalogue})

    def compose(self, letter: Letter, to: str, now: datetime, new_token: Callable[[], str]) -> Composed:
        """The mail of ``letter`` to ``to``, one of its addresses; only the first of them gets links.

        ``new_token`` gives 26 random base32 characters; equal grants of a letter share one. ValueError where an address
        or a header would not survive being written.
        """
        letter = masked(letter)
        language = self._language(letter)
        shown, blanks, grants = _linked(letter, to, language, new_token)
        context = self._context(letter, to, now, shown, language)
        subject = context["subject"] = mime.clean(language.page.subject(letter.name, context))
        key = (letter.name, context["kind"].key, letter.ticket and letter.ticket.group, context["copy"], shown)
        text, html = language.forms.encoded(key, letter.name, context, blanks)
        content, attachments, tail = mime.body(text, html, (*context["files"], *context["folded"]), letter.attachments)
        spec, number = LETTERS[letter.name], context["number"]
        message_id = f"{letter.name}.{new_token().lower()}@{self._desk.desk.domain}"
        return Composed(
            subject,
            message_id,
            subject_key=thread_key(subject, self._marks) if spec.threads and number else "",
            side=spec.side,
            number=number,
            grants=grants,
            head=heading(letter, to, subject, message_id, self._desk, now) + content,
            attachments=attachments,
            tail=tail,
        )

    def _language(self, letter: Letter) -> Language:
        return self._languages.get(letter.language) or self._languages[standard_language(self._desk)]

    def _context(
        self, letter: Letter, to: str, now: datetime, shown: tuple[Shown, ...], language: Language
    ) -> dict[str, Any]:
        """Everything that a template may use."""
        ticket, kind, desk = letter.ticket, language.kind(letter), self._desk
        folder = Folder(language.page.words)
        values = {**DEFAULTS.get(letter.name, {}), **letter.values}
        return {
            **language.alike,
            "letter": letter,
            "ticket": ticket,
            "number": ticket.number if ticket else "",
            "v": SimpleNamespace(**{key: folder.value(value, key) for key, value in values.items()}),
            "said": _said(values.get("faults", ()), kind.key, language, desk),
            "links": shown,
            "link": SimpleNamespace(**{link.key: link for link in shown}),
            "rows": tuple(starmap(folder.row, language.page.tickets.values(ticket))) if ticket else (),
            "solution": folder.value(ticket.solution, "solution") if ticket else "",
            "question": folder.value(ticket.question, "question") if ticket else "",
            "kind": kind,
            "of": kind.of,
            "the": kind.the,
            "noun": kind.noun,
            "group": desk.groups.get(ticket.group) if ticket else None,
            "now": now,
            "to": to,
            "copy": to != letter.to[0],
            "files": (*letter.files, *list_files(values.get("rows", ()), language.page.tickets, desk, language.key)),
            "folded": tuple(folder.files),
        }


def _linked(
    letter: Letter, to: str, language: Language, new_token: Callable[[], str]
) -> tuple[tuple[Shown, ...], Blanks, Grants]:
    """The links as shown, their blanks, each grant's token; a copy for anybody but the first gets none."""
    if to != letter.to[0]:
        return (), {}, ()
    granted = dict.fromkeys(link.grant for link in letter.links if link.grant)
    tokens = {grant: new_token() for grant in granted}
    shown, blanks = language.links.show(letter, tokens, language.kind(letter).The)
    return shown, blanks, tuple((token_digest(token), grant) for grant, token in tokens.items())


def _said(faults: Sequence[Fault], kind: str, language: Language, desk: Desk) -> tuple[Said, ...]:
    """The faults of a form, each explained."""
    return explain_faults(faults, desk.fields_of(kind) if kind else (), language.page.formats) if faults else ()
