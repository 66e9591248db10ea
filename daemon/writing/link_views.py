"""A letter's links as they are shown: label, effect, `mailto:` address, and the parts of a copy block.

Number and tokens are all that differs between the links of two tickets of a kind in a group. So links are shown with
*blanks* in their place, and once a letter's text and HTML are rendered the blanks are filled in: what is made of links
alone, as the fourteen rows of an assignment's actions, is then the same for every ticket and can be remembered.

A blank is as long as what it stands for and of the same signs, so that it is encoded, escaped and wrapped alike; it is
random, so that nothing a sender writes can hold one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from daemon.writing.questions import blank
from parsers.links import mailto
from rules.action_forms import event_of
from rules.letters import Grant, Letter, Link

REMEMBERED = 1024
"""Links."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A link as a template shows it: its words, its `mailto:` address, and the parts of its copy block.

    Equal to itself alone: the same link is one object, however many letters it stands in.
    """

    key: str
    label: str
    effect: str
    url: str
    to: str
    subject: str
    body: str
    number: str = ""
    mail: int = 0

    def with_body(self, body: str) -> Shown:
        """The same with the whole of a body that the link had to shorten, for its copy block."""
        return replace(self, body=_copied(body) or self.body)


Blanks = Mapping[str, str]
"""The number and the tokens of a letter's links, by the names of their blanks."""


class LinkViews:
    """Shows links in one language."""

    def __init__(self, words: Mapping[str, Any]) -> None:
        self._words = words
        self._known = lru_cache(maxsize=REMEMBERED)(self._show)

    def show(self, letter: Letter, tokens: Mapping[Grant, str], the: str) -> tuple[tuple[Shown, ...], Blanks]:
        """The links of ``letter`` with their labels and effects, and the blanks in them for its number and ``tokens``;
        ``the`` is what the letter calls its ticket. A letter about several things keeps their numbers as they are."""
        number = letter.ticket.number if letter.ticket else ""
        blanks = {f"token{place}": token for place, token in enumerate(tokens.values())}
        marks = dict(zip(tokens, (f" [{blank(name)}]" for name in blanks), strict=True))

        def shown(link: Link) -> Shown:
            subject = link.subject.replace(number, blank("number")) if number else link.subject
            mark = marks[link.grant] if link.grant else ""
            purpose = link.grant.purpose if link.grant else ""
            about = (link.grant.number, link.grant.mail) if link.grant and not number else ("", 0)
            return self._known(link.key, link.to, subject + mark, link.body, link.label, purpose, the, about)

        return tuple(map(shown, letter.links)), {**blanks, "number": number} if number else blanks

    def _show(
        self, key: str, to: str, subject: str, body: str, label: str, purpose: str, the: str, about: tuple[str, int]
    ) -> Shown:
        """``about``: the number or the mail that a link is named with, in a letter about several."""
        label = label or self._label(key, purpose, about[1] or about[0])
        effect = str(self._words["action_effects"].get(key, "")).replace("{The}", the)
        return Shown(key, label, effect, mailto(to, subject, body), to, subject, _copied(body), *about)

    def _label(self, key: str, purpose: str, what: object) -> str:
        """An action is called by its word; any other link by its own, which may share the key."""
        key, words = event_of(key), self._words
        sections = ("actions", "links") if purpose == "action" else ("links", "quarantine_verbs", "actions")
        label = str(next((words[section][key] for section in sections if key in words[section]), key))
        return f"{label} {what}" if what else label


def _copied(body: str) -> str:
    """A body as a copy block shows it: without our last instruction, which says how a mail that a link opened is
    sent."""
    *lines, last = body.split("\n")
    return "\n".join(lines if last.startswith("[") else (*lines, last)).strip()
