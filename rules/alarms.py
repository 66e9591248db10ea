"""When the admins are told that something fails: once it has lasted, once only, and once more when all is well."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules import wording
from rules.desk import Desk
from rules.quarantine import reason_of

Details = tuple[tuple[str, str], ...]

BACK: Mapping[str, str] = {
    "mailbox_down": "mailbox_back",
    "login": "mailbox_back",
    "filing_refused": "filing_back",
    "storage": "storage_back",
    "smtp_down": "smtp_back",
    "database": "database_back",
    "defect": "defect_back",
    "disk_full": "disk_back",
    "due_failed": "due_back",
    "job_failed": "",
    "oauth_expiry": "",
    "config_differs": "",
    "route_failed": "",
}
"""What can fail → what is told when it works again, keys of the catalogue's `[alerts]`; "": nothing."""

OF_A_MAILBOX = frozenset({"mailbox_down", "login", "filing_refused"})
"""What is about a mailbox, by its name."""
AT_ONCE = frozenset({"login", "disk_full", "job_failed", "oauth_expiry"})
"""What is told without waiting: it does not pass by itself."""

LOGINS_REFUSED = 3
"""How often in a row a server must refuse our name and password before it counts."""
GROUPED = timedelta(hours=1)
"""How often at most the admins are told of mails that came to quarantine, all together."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that fails now: a key of :data:`BACK`, what of it («apertura»), since when, and what is known."""

    topic: str
    about: str
    since: datetime
    details: Details = ()

    @property
    def key(self) -> str:
        """The name under which it is remembered as told."""
        return f"{self.topic}:{self.about}"


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is to be told. ``key`` is remembered, or with ``well`` forgotten, in the transaction that tells it."""

    key: str
    topic: str
    details: Details = ()
    well: bool = False


def due(
    troubles: Sequence[Trouble], well: Collection[str], told: Collection[str], after: timedelta, now: datetime
) -> tuple[Alarm, ...]:
    """What is to be told now. ``well`` are the keys of what this daemon knows to work, ``told`` those of alarms that
    stand; nothing is said of what neither fails nor is known to work."""
    new = [
        Alarm(trouble.key, trouble.topic, trouble.details)
        for trouble in troubles
        if trouble.key not in told and (trouble.topic in AT_ONCE or now - trouble.since >= after)
    ]
    failing = {trouble.key for trouble in troubles}
    over = [_over(key) for key in sorted(told) if key in well and key not in failing]
    return (*new, *over)


def _over(key: str) -> Alarm:
    topic, _, about = key.partition(":")
    return Alarm(key, BACK.get(topic, ""), (("mailbox", about),) if topic in OF_A_MAILBOX else (), well=True)


def gone(told: Collection[str], known: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Of the alarms that stand, by their keys, those about what is no more: ``known`` holds, by topic, the mailboxes,
    jobs and secrets that there are."""
    parted = ((key, *key.partition(":")) for key in told)
    return tuple(key for key, topic, _, about in parted if about and about not in known.get(topic, ()))


def quarantine_details(found: Mapping[str, int], last_told: datetime | None, now: datetime, desk: Desk) -> Details:
    """What is told of mails that came to quarantine since ``last_told``, by their ``why``; () for nothing now."""
    if not found or (last_told is not None and now - last_told < GROUPED):
        return ()
    reasons = {wording.word(desk, "quarantine", reason_of(why)) for why in found}
    return (("count", str(sum(found.values()))), ("reason", ", ".join(sorted(reasons))))


def text(topic: str, details: Details, desk: Desk, now: datetime) -> tuple[str, str]:
    """Subject and text of an alarm for the second route, which knows no templates."""
    words = desk.words()
    headline = str(words["alerts"].get(topic, topic))
    labels: Mapping[str, str] = words["alert_details"]
    lines = [f"{labels.get(key, key)}: {value}" for key, value in details if value]
    advice = str(words["alert_advice"].get(topic, ""))
    return f"{desk.desk.name}: {headline}", "\n".join([headline, advice, "", wording.record(desk, now), *lines, ""])
