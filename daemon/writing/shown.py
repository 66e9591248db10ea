"""A letter's links as they are shown: label, effect, `mailto:` address, and the parts of a copy block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from parsers.links import mailto
from rules.action_forms import SAME_WORD
from rules.decision import Grant, Link


@dataclass(frozen=True, slots=True)
class Shown:
    """A link as a template shows it: its words, its `mailto:` address, and the parts of its copy block."""

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


def show(link: Link, tokens: Mapping[Grant, str], words: Mapping[str, Any], the: str, named: bool) -> Shown:
    """A link with its label, its effect and its token."""
    subject = f"{link.subject} [{tokens[link.grant]}]" if link.grant else link.subject
    effect = str(words["action_effects"].get(link.key, ""))
    return Shown(
        link.key,
        link.label or _label(link, words, named),
        effect.replace("{The}", the),
        mailto(link.to, subject, link.body),
        link.to,
        subject,
        _copied(link.body),
        link.grant.number if link.grant else "",
        link.grant.mail if link.grant else 0,
    )


def _copied(body: str) -> str:
    """A body as a copy block shows it: without our instructions in brackets."""
    return "\n".join(line for line in body.split("\n") if not line.startswith("[")).strip()


def _label(link: Link, words: Mapping[str, Any], named: bool) -> str:
    """An action is called by its word; any other link by its own, which may share the key. ``named``: in a letter about
    several things, with the number of what it is about."""
    key = SAME_WORD.get(link.key, link.key)
    acts = link.grant is not None and link.grant.purpose == "action"
    sections = ("actions", "links") if acts else ("links", "quarantine_verbs", "actions")
    label = str(next((words[section][key] for section in sections if key in words[section]), key))
    return f"{label} {link.grant.mail or link.grant.number}" if link.grant and named else label
