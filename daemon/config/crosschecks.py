"""What no table can say alone: does every name that is used exist, is everything unique that must be, can it work?

One function a subject, each yields its misfits; :data:`CHECKS` is the list of them. They see the whole desk, so an
admin reads all that is wrong at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from daemon.config.accounts import Written
from daemon.config.positions import Path
from daemon.config.shape import Misfit, nearest, shown
from parsers.spelling import fold, fold_label
from parsers.subject import opening_key, thread_key
from rules import calendars
from rules.subjects import QUERIES
from rules.ticket import STATES

Check = Callable[[Written], Iterator[Misfit]]


def unknown(path: Path, what: str, read: str, known: Iterable[str]) -> Iterator[Misfit]:
    """A misfit where ``read`` is none of ``known``; an empty text refers to nothing."""
    names = list(known)
    if read and read not in names:
        near = nearest(read, names)
        hint = f'did you mean "{near}"? Known: ' if near else "known: "
        yield Misfit(path, f"there is no {what} {shown(read)}; {hint}{', '.join(names) or 'none'}")


def repeated(named: Iterable[tuple[Path, str]], what: str) -> Iterator[Misfit]:
    """A misfit for every text that stood before; comparing is up to the caller's keys. Empty ones are left alone."""
    seen: dict[str, Path] = {}
    for path, key in named:
        first = seen.setdefault(key, path)
        if key and first != path:
            yield Misfit(path, f"{what} is used already; each needs its own", other=first)


# ---------------------------------------------------------------- names that refer to other tables


def references(written: Written) -> Iterator[Misfit]:
    """Groups, calendars, priorities and kinds that other tables name."""
    for path, read in _groups_named(written):
        yield from unknown(path, "group", read, written.groups)
    for path, read in _calendars_named(written):
        yield from unknown(path, "calendar", read, written.calendars)
    for path, read in _priorities_named(written):
        yield from unknown(path, "priority", read, written.priorities)
    for path, read in _kinds_named(written):
        yield from unknown(path, "kind", read, written.kinds)


Named = Iterator[tuple[Path, str]]
Conditions = Mapping[str, frozenset[str]]


def _groups_named(written: Written) -> Named:
    for key, kind in written.kinds.items():
        yield ("kinds", key, "default_group"), kind.default_group
    for key, group in written.groups.items():
        yield ("groups", key, "escalates_to"), group.escalates_to
    for number, category in enumerate(written.categories):
        yield ("categories", number, "group"), category.group
    for number, canned in enumerate(written.canned):
        yield from ((("canned", number, "groups", place), name) for place, name in enumerate(canned.groups))
    for number, box in enumerate(written.mailboxes):
        yield from ((("mailboxes", number, "addresses", a, "group"), fixed.group) for a, fixed in box.addresses.items())


def _calendars_named(written: Written) -> Named:
    yield from ((("groups", key, "calendar"), group.calendar) for key, group in written.groups.items())
    yield from ((("priorities", key, "calendar"), each.calendar) for key, each in written.priorities.items())


def _priorities_named(written: Written) -> Named:
    for key, kind in written.kinds.items():
        yield ("kinds", key, "default_priority"), kind.default_priority
    for number, box in enumerate(written.mailboxes):
        for address, fixed in box.addresses.items():
            yield ("mailboxes", number, "addresses", address, "priority"), fixed.priority


def _kinds_named(written: Written) -> Named:
    yield from ((("escalations", number, "kind"), case.kind) for number, case in enumerate(written.escalations))
    for number, box in enumerate(written.mailboxes):
        for address, fixed in box.addresses.items():
            path: Path = ("mailboxes", number, "addresses", address, "kinds")
            yield from (((*path, place), kind) for place, kind in enumerate(fixed.kinds))


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
        if kind.label and not kind.phrase:
            text = '"phrase" is missing here; it is the label with its article, such as "la incidencia"'
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
    yield from repeated(((("kinds", k, "prefix"), v.prefix) for k, v in written.kinds.items()), "this prefix")
    yield from repeated(((("kinds", k, "label"), fold(v.label)) for k, v in written.kinds.items()), "this label")


def subjects(written: Written) -> Iterator[Misfit]:
    """Opening subjects differ after cleaning, from each other and from the registration's, and survive the cleaning."""
    marks, named = written.threading, list(_fixed_subjects(written))
    for path, subject in named:
        if not opening_key(subject, marks):
            yield Misfit(path, "nothing is left of this subject once it is cleaned; write the words that open a ticket")
        elif thread_key(subject, marks) != opening_key(subject, marks):
            yield Misfit(path, "this subject begins like a reply or a forwarded mail; begin it with another word")
    keys = [(path, opening_key(subject, marks)) for path, subject in named]
    yield from repeated(keys, "this subject (as it is compared: spaces and gateway tags aside)")


def _fixed_subjects(written: Written) -> Named:
    yield from (
        (("kinds", key, "subject"), kind.subject) for key, kind in written.kinds.items() if kind.subject.strip()
    )
    yield ("requesters", "registration_subject"), written.requesters.registration_subject


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
    for path, at in _times(written):
        if at and not _TIME.fullmatch(at):
            yield Misfit(path, f'{shown(at)} is no time of day; write it like "08:00"')


_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_WEEKLY = re.compile(f"(?:{'|'.join(calendars.DAYS)}) {_TIME.pattern}", re.ASCII)


def _times(written: Written) -> Named:
    yield ("reports", "proof"), written.reports.proof
    yield ("reports", "digest"), written.reports.digest
    yield from ((("reports", "worklist", number), at) for number, at in enumerate(written.reports.worklist))


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
        if list(days) != sorted(set(days)):
            yield Misfit((name, "reminders"), "the days must rise, such as [2, 5]")
        if days and days[-1] >= table.close_after:
            text = (
                f"the last reminder, after {days[-1]} days, must come before close_after, which is {table.close_after}"
            )
            yield Misfit((name, "close_after" if days == type(table)().reminders else "reminders"), text)


def uniques(written: Written) -> Iterator[Misfit]:
    """Names by which people and rules pick one of several."""
    services = [(("services", n), (s.name, *s.aliases)) for n, s in enumerate(written.services)]
    yield from repeated(_spellings(services), "this name or alias of a service")
    categories = [(("categories", n), (c.name, *c.aliases)) for n, c in enumerate(written.categories)]
    yield from repeated(_spellings(categories), "this name or alias of a category")
    yield from repeated(((("canned", n, "title"), fold(c.title)) for n, c in enumerate(written.canned)), "this title")
    yield from repeated(((("rules", n, "name"), rule.name) for n, rule in enumerate(written.rules)), "this rule's name")
    cases = ((("escalations", n, "name"), fold(case.name)) for n, case in enumerate(written.escalations))
    yield from repeated(cases, "this name of a case")
    labels = ((("groups", key, "label"), fold(group.label)) for key, group in written.groups.items())
    yield from repeated(labels, "this group's label")


def _spellings(named: Iterable[tuple[Path, tuple[str, ...]]]) -> Named:
    """Every spelling once a row, as a choice compares it: at the name, or at the alias."""
    for path, (name, *aliases) in named:
        keys = {fold_label(name)}
        yield (*path, "name"), fold_label(name)
        for number, alias in enumerate(aliases):
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
    final: list[tuple[int, Conditions]] = []
    for number, rule in enumerate(written.rules):
        conditions = {key: _any_of(value) for key, value in rule.when.items()}
        wider = next((n for n, earlier in final if _is_wider(earlier, conditions)), None)
        if wider is not None:
            name, when = written.rules[wider].name, written.rules[wider].when
            how = "takes all that it would" if when else "decides without conditions"
            text = f"no mail comes as far as this rule: {shown(name)} {how}; write that one behind it"
            yield Misfit(("rules", number), text, at_key=True, warning=True, other=("rules", wider))
            if not when:
                return
        if not rule.continue_:
            final.append((number, conditions))


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


def languages(written: Written, known: Iterable[str]) -> Iterator[Misfit]:
    """Every language that is named has its folder of letters; the folders' words.toml are ``known``."""
    known = list(known)
    for path, read in _languages_named(written):
        yield from unknown(path, "language", read, known)


def _languages_named(written: Written) -> Named:
    yield ("desk", "language"), written.desk.language
    yield ("letters", "language"), written.letters.language
    yield from ((("groups", key, "language"), group.language) for key, group in written.groups.items())
    yield from ((("people", number, "language"), one.language) for number, one in enumerate(written.people))
    for number, box in enumerate(written.mailboxes):
        for address, fixed in box.addresses.items():
            yield ("mailboxes", number, "addresses", address, "language"), fixed.language


CHECKS: tuple[Check, ...] = (
    references, kinds, subjects, hours, promises, reminders, uniques, canned, reached, unheld,
)  # fmt: skip
"""The checks of this module, in the order in which their misfits are told."""
