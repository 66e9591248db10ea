"""What no table can say alone: does every name that is used exist, is everything unique that must be, can it work?

One function a subject, each yields its misfits; :data:`CHECKS` is the list of them. They see the whole desk, so an
admin reads all that is wrong at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from daemon.config.accounts import Written
from daemon.config.positions import Path
from daemon.config.shape import Misfit, nearest, shown
from parsers.spelling import fold, fold_label
from parsers.subject import letters_key, opening_key, thread_key
from rules import calendars
from rules.subjects import QUERIES
from rules.ticket import STATES

Check = Callable[[Written], Iterator[Misfit]]
Named = Iterator[tuple[Path, Any]]
Conditions = Mapping[str, frozenset[str]]


def at(value: Any, *patterns: str) -> Named:
    """What stands at each of ``patterns``, such as `groups.*.members.*`, with its path; «*» is every key or place."""
    for pattern in patterns:
        yield from _at(value, pattern.split("."), ())


def _at(value: Any, steps: Sequence[str], path: Path) -> Named:
    if not steps:
        yield path, value
    elif steps[0] != "*":
        yield from _at(getattr(value, steps[0]), steps[1:], (*path, steps[0]))
    else:
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _at(inner, steps[1:], (*path, key))


def unknown(path: Path, what: str, read: str, known: Iterable[str]) -> Iterator[Misfit]:
    """A misfit where ``read`` is none of ``known``; an empty text refers to nothing."""
    names = list(known)
    if read and read not in names:
        near = nearest(read, names)
        hint = f'did you mean "{near}"? Known: ' if near else "known: "
        yield Misfit(path, f"there is no {what} {shown(read)}; {hint}{', '.join(names) or 'none'}")


def repeated(named: Iterable[tuple[Path, str]], what: str, key: Callable[[str], str] = str) -> Iterator[Misfit]:
    """A misfit for every text that stood before, compared by ``key``. Empty ones are left alone."""
    seen: dict[str, Path] = {}
    for path, text in named:
        first = seen.setdefault(key(text), path)
        if key(text) and first != path:
            yield Misfit(path, f"{what} is used already; each needs its own", other=first)


# ---------------------------------------------------------------- names that refer to other tables


def references(written: Written) -> Iterator[Misfit]:
    """Groups, calendars, priorities and kinds that other tables name."""
    for table, what, *patterns in REFERENCES:
        for path, read in at(written, *patterns):
            yield from unknown(path, what, read, getattr(written, table))


REFERENCES = (
    ("groups", "group", "kinds.*.default_group", "groups.*.escalates_to", "categories.*.group", "canned.*.groups.*",
     "mailboxes.*.addresses.*.group"),
    ("calendars", "calendar", "groups.*.calendar", "priorities.*.calendar"),
    ("priorities", "priority", "kinds.*.default_priority", "mailboxes.*.addresses.*.priority"),
    ("kinds", "kind", "escalations.*.kind", "mailboxes.*.addresses.*.kinds.*"),
)  # fmt: skip
"""A table, what a row of it is, and where rows are named."""


# ---------------------------------------------------------------- kinds and their forms


def kinds(written: Written) -> Iterator[Misfit]:
    """Prefixes, opening subjects, and what else tells one kind from another."""
    if not written.kinds:
        yield Misfit(("kinds",), "there is no kind of ticket; write at least one table such as [kinds.incident]")
    for key, kind in written.kinds.items():
        if kind.prefix and not re.fullmatch("[A-Z]{1,3}", kind.prefix):
            yield Misfit(
                ("kinds", key, "prefix"), f"{shown(kind.prefix)} is no prefix; write one to three capitals, A to Z"
            )
        if kind.label and not kind.phrase.strip():
            text = '"phrase" is missing here; write it as sentences do: "la incidencia", in English "incident"'
            yield Misfit(("kinds", key, "phrase"), text, at_key=True)
        if not kind.fields:
            yield Misfit(
                ("kinds", key), f"there is nothing to fill in; write at least one [[kinds.{key}.fields]]", at_key=True
            )
        for state in kind.states:
            yield from unknown(("kinds", key, "states", state), "state", state, STATES)
    if not written.priorities:
        text = "there is no priority; write at least one table such as [priorities.Media]"
        yield Misfit(("desk", "standard_priorities"), text)


def subjects(written: Written) -> Iterator[Misfit]:
    """Opening subjects differ after cleaning, from each other and from the registration's, and survive the cleaning."""
    marks, named = written.threading, list(_fixed_subjects(written))
    for path, subject in named:
        if not opening_key(subject, marks):
            yield Misfit(path, "nothing is left of this subject once it is cleaned; write the words that open a ticket")
        elif thread_key(subject, marks) != opening_key(subject, marks):
            yield Misfit(path, "this subject begins like a reply or a forwarded mail; begin it with another word")
    what = "this subject (as it is compared: spaces and gateway tags aside)"
    yield from repeated(named, what, lambda subject: opening_key(subject, marks))
    first: dict[str, tuple[Path, str]] = {}
    for path, subject in named:
        other, like = first.setdefault(letters_key(subject, marks), (path, subject))
        if opening_key(like, marks) != opening_key(subject, marks):
            yield Misfit(path, _ALIKE.format(like=shown(like)), warning=True, other=other)


_ALIKE = (
    "this subject differs from {like} in case, accents or punctuation alone, which people overlook; "
    "make them differ by a word"
)


def _fixed_subjects(written: Written) -> Named:
    named = at(written, "kinds.*.subject", "requesters.registration_subject")
    return ((path, subject) for path, subject in named if subject.strip() or path[0] != "kinds")


# ---------------------------------------------------------------- hours and days


def hours(written: Written) -> Iterator[Misfit]:
    """Calendars, the desk's zone, and the times at which something is sent."""
    for place, text in calendars.problems(written):
        yield Misfit(("calendars", *place), text)
    try:
        ZoneInfo(written.desk.timezone)
    except (LookupError, OSError, ValueError):
        yield from _no_zone(written.desk.timezone)
    reports = written.reports
    if reports.weekly and not _WEEKLY.fullmatch(reports.weekly):
        yield Misfit(("reports", "weekly"), f'{shown(reports.weekly)} is no day and time; write it like "mon 08:00"')
    for path, time in at(written, "reports.proof", "reports.digest", "reports.worklist.*"):
        if time and not _TIME.fullmatch(time):
            yield Misfit(path, f'{shown(time)} is no time of day; write it like "08:00"')


_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_WEEKLY = re.compile(f"(?:{'|'.join(calendars.DAYS)}) {_TIME.pattern}", re.ASCII)


def _no_zone(read: str) -> Iterator[Misfit]:
    from zoneinfo import available_timezones

    near = nearest(read, sorted(available_timezones()))
    hint = f'did you mean "{near}"?' if near else 'write one such as "Europe/Madrid" or "UTC"'
    yield Misfit(("desk", "timezone"), f"there is no time zone {shown(read)}; {hint}")


def promises(written: Written) -> Iterator[Misfit]:
    """Nothing is promised to be solved before somebody has answered."""
    for name, priority in written.priorities.items():
        if priority.resolution < priority.response:
            text = f"this must not be shorter than the response, which is {priority.response}"
            yield Misfit(("priorities", name, "resolution"), text)


def reminders(written: Written) -> Iterator[Misfit]:
    """Reminders come in order and before the closing."""
    for name, table in (("validation", written.validation), ("pending", written.pending)):
        days = table.reminders
        if list(days) != sorted({*days} - {0}):
            yield Misfit((name, "reminders"), "the days must rise, from 1 on, such as [2, 5]")
        if days and days[-1] >= table.close_after:
            text = (
                f"the last reminder, after {days[-1]} days, must come before close_after, which is {table.close_after}"
            )
            yield Misfit((name, "close_after" if days == type(table)().reminders else "reminders"), text)


def uniques(written: Written) -> Iterator[Misfit]:
    """Names by which people and rules pick one of several."""
    for table, one in (("services", "service"), ("categories", "category")):
        yield from repeated(_spellings(at(written, f"{table}.*")), f"this name or alias of a {one}")
    for pattern, what, key in UNIQUE:
        yield from repeated(at(written, pattern), what, key)
    yield from repeated(_group_names(written), "this name of a group", fold_label)
    yield from repeated(((("priorities", name), name) for name in written.priorities), "this priority", fold_label)


UNIQUE: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("kinds.*.prefix", "this prefix", str),
    ("kinds.*.label", "this label", fold),
    ("canned.*.title", "this title", fold),
    ("rules.*.name", "this rule's name", str),
    ("escalations.*.name", "this name of a case", fold),
    ("mailboxes.*.name", "this mailbox's name", str),
)
"""What no two may share, and how it is compared."""


def _group_names(written: Written) -> Named:
    """What technicians call a group by: its label, or else its key."""
    for key, group in written.groups.items():
        yield ("groups", key, "label"), group.label
        if fold_label(key) != fold_label(group.label):
            yield ("groups", key), key


def _spellings(named: Named) -> Named:
    """Every spelling once a row, as a choice compares it: at the name, or at the alias."""
    for path, row in named:
        keys = {fold_label(row.name)}
        yield (*path, "name"), fold_label(row.name)
        for number, alias in enumerate(row.aliases):
            if (key := fold_label(alias)) not in keys:
                keys.add(key)
                yield (*path, "aliases", number), key


def canned(written: Written) -> Iterator[Misfit]:
    """A canned reply has its text here or in a file, not both."""
    for number, reply in enumerate(written.canned):
        if bool(reply.text) == bool(reply.file):
            path: Path = ("canned", number, "file") if reply.text else ("canned", number)
            yield Misfit(path, 'a canned reply needs either "text" or "file"')


def reached(written: Written) -> Iterator[Misfit]:
    """Where a rule takes all that a later one would, that one is never asked."""
    final = _Final()
    for number, rule in enumerate(written.rules):
        conditions = {key: _any_of(value) for key, value in rule.when.items()}
        wider = final.wider(conditions)
        if wider is not None:
            name, when = written.rules[wider].name, written.rules[wider].when
            how = "takes all that it would" if when else "decides without conditions"
            text = f"no mail comes as far as this rule: {shown(name)} {how}; write that one behind it"
            yield Misfit(("rules", number), text, at_key=True, warning=True, other=("rules", wider))
            if not when:
                return
        if not rule.continue_:
            final.add(number, conditions)


class _Final:
    """The rules after which none is asked, found by one condition of each: thousands of rules are many pairs."""

    def __init__(self) -> None:
        self._by_value: dict[tuple[str, str], list[tuple[int, Conditions]]] = {}

    def add(self, number: int, conditions: Conditions) -> None:
        """Where it has the fewest beside it: all the values of one of its conditions."""
        places = ([(key, value) for value in values] for key, values in (conditions or _WITHOUT).items())
        fewest = min(places, key=lambda each: max((len(self._by_value.get(p, ())) for p in each), default=0))
        for place in fewest:
            self._by_value.setdefault(place, []).append((number, conditions))

    def wider(self, conditions: Conditions) -> int | None:
        """The first rule that takes whatever one of ``conditions`` would; any value of theirs leads to it."""
        asked = {**conditions, **_WITHOUT}.items()
        places = [(key, value) for key, values in asked for value in tuple(values)[:1]]
        found = (row for place in places for row in self._by_value.get(place, ()))
        return min((number for number, earlier in found if _is_wider(earlier, conditions)), default=None)


_WITHOUT: Conditions = {"": frozenset(("",))}
"""Where a rule without conditions stands."""


def _is_wider(earlier: Conditions, later: Conditions) -> bool:
    """Whether ``earlier`` hold wherever ``later`` do, as far as their words tell."""
    return earlier.keys() <= later.keys() and all(later[key] <= values for key, values in earlier.items())


def _any_of(value: Any) -> frozenset[str]:
    return frozenset(map(repr, value if isinstance(value, list | tuple) else (value,)))


def unheld(written: Written) -> Iterator[Misfit]:
    """Conditions that no mail could fulfil."""
    for number, rule in enumerate(written.rules):
        for key, why in (*_never_closed(rule.when, written), *_elsewhere(rule.when)):
            yield Misfit(("rules", number, "when", key), f"this never holds: {why}", warning=True)


def _never_closed(when: Mapping[str, Any], written: Written) -> Iterator[tuple[str, str]]:
    kinds = [kind for key, kind in written.kinds.items() if repr(key) in _any_of(when.get("kind", key))]
    groups = {kind.default_group: written.groups.get(kind.default_group) for kind in kinds}
    if (
        when.get("business_hours") is False
        and groups
        and all(group and not group.calendar for group in groups.values())
    ):
        yield "business_hours", f"group {shown(', '.join(groups))} has no calendar, so that it is never closed"


def _elsewhere(when: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    senders, domains = _any_of(when.get("sender", ())), _any_of(when.get("domain", ()))
    if senders and domains and not domains & {f"'{sender.rpartition('@')[2]}" for sender in senders}:
        yield "sender", 'none of these senders is of a domain that "domain" names'


def queries(written: Written, catalogue: Mapping[str, Any]) -> Iterator[Misfit]:
    """Where one mailbox takes openings and queries, no subject is both: it would be an opening."""
    if not any("opening" in box.roles and len(box.roles) > 1 for box in written.mailboxes):
        return
    tables = [words.get("subjects", {}) for words in catalogue.values()]
    asked = {fold_label(table.get(key, "")) for table in tables for key in QUERIES} - {""}
    for path, subject in _fixed_subjects(written):
        if fold_label(subject) in asked:
            text = "people ask the desk by this subject, too: their mails would be taken for openings; use another"
            yield Misfit(path, text, warning=True)


def articles(written: Written, catalogue: Mapping[str, Any]) -> Iterator[Misfit]:
    """A kind's phrase has no article of another language than the desk's: letters would say «your la incidencia»."""
    known = {language: words.get("grammar", {}).get("articles", ()) for language, words in catalogue.items()}
    own = known.get(written.desk.language)
    foreign = {article for each in known.values() for article in each if own is not None and article not in own}
    for path, phrase in at(written, "kinds.*.phrase"):
        if phrase.startswith(tuple(foreign)):
            text = f'letters in the desk\'s language call this kind {shown(phrase)}; write "phrase" in that language'
            yield Misfit(path, text, warning=True)


def languages(written: Written, known: Iterable[str]) -> Iterator[Misfit]:
    """Every language that is named has its folder of letters; the folders' words.toml are ``known``."""
    known = list(known)
    for path, read in at(written, *(f"{table}.language" for table in SPEAKING)):
        yield from unknown(path, "language", read, known)


SPEAKING = ("desk", "letters", "groups.*", "people.*", "mailboxes.*.addresses.*")


CHECKS: tuple[Check, ...] = (
    references, kinds, subjects, hours, promises, reminders, uniques, canned, reached, unheld,
)  # fmt: skip
"""The checks of this module, in the order in which their misfits are told."""
