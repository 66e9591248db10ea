"""The configuration in force: one immutable value, replaced as a whole when its files have changed and are valid.

Whoever treats a mail takes :attr:`Live.current` once and keeps it for that mail. A bad file changes nothing: the old
value stays in force, and each bad state is told once.
"""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from daemon.config.accounts import Account
from daemon.config.catalogue import letter_files, letter_patterns, own_folder
from daemon.config.crosschecks import Check
from daemon.config.settings import ConfigErrors, Settings, load
from daemon.config.sources import Problem
from daemon.files import opened
from rules.desk import Desk
from rules.tables import Mailbox

Letters = TypeVar("Letters")
Build = Callable[[Desk], Letters]
"""Makes the letters of a desk; raises :class:`ConfigErrors` where a template is wrong."""


@dataclass(frozen=True)
class Loaded(Generic[Letters]):
    """What is in force. ``version`` is a digest of all files: equal versions are equal configurations. ``templates``
    is one of the admin's own, by their names in their folder. ``restart`` names the tables whose change waits for a
    restart: of the mailboxes the old ones are in force until then, for who treats a mail must know whose it is."""

    settings: Settings
    letters: Letters
    version: str
    templates: str = ""
    restart: tuple[str, ...] = ()

    @cached_property
    def desk_digest(self) -> str:
        """A digest of everything that rules decide by and letters are written with, wherever its files lie and however
        its mailboxes are reached: daemons that share a database must agree on it."""
        desk = self.settings.desk
        seen_by_rules = replace(desk, mailboxes=tuple(map(_as_rules_see, desk.mailboxes)))
        written = repr(seen_by_rules).replace(str(self.settings.path.parent), "") + self.templates
        return hashlib.sha256(written.encode("utf-8", "replace")).hexdigest()[:12]


def _as_rules_see(mailbox: Mailbox) -> Mailbox:
    return Mailbox(**{each.name: getattr(mailbox, each.name) for each in fields(Mailbox)})


@dataclass(frozen=True)
class Changed(Generic[Letters]):
    """New settings are in force."""

    loaded: Loaded[Letters]


@dataclass(frozen=True)
class Refused:
    """The files hold these faults; what was in force stays so."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file's state: the digest decides whether it changed; time and size tell when the digest must be taken anew. ""
    for a missing file."""

    modified_ns: int = 0
    size: int = -1
    digest: str = ""


Stamps = Mapping[Path, Stamp]


@dataclass(frozen=True, slots=True)
class Watch:
    """The files that a configuration is made of, those that may join it included."""

    files: tuple[Path, ...]
    patterns: tuple[str, ...] = ()
    own_letters: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """Every file to look at now; one that has gone missing is still looked for."""
        included = (Path(name) for pattern in self.patterns for name in glob.glob(pattern))  # noqa: PTH207 - as in sources.py
        return tuple(dict.fromkeys([*self.files, *included, *letter_files(self.own_letters)]))


class Live(Generic[Letters]):
    """Watches the files of one configuration. Reading ``current`` is safe in every thread; ``poll`` is for one."""

    def __init__(self, path: Path, build: Build[Letters]) -> None:
        """Load ``path``; raises :class:`ConfigErrors`."""
        self._path = path.absolute()
        self._build = build
        self._further: tuple[Check, ...] = ()
        self._stamps: Stamps = stamps([self._path], {})
        loaded, self._watch = self._load()
        self._note_new()
        self.current = self._stamped(loaded)

    def insist(self, check: Check) -> None:
        """Require from now on that ``check`` finds nothing; raises :class:`ConfigErrors` if it finds something now."""
        self._further += (check,)
        load(self._path, check)

    def poll(self) -> Changed[Letters] | Refused | None:
        """Look at the files; None if they are as they were at the last look."""
        before, self._stamps = self._stamps, stamps(self._watch.paths(), self._stamps)
        try:
            return None if _digests(before) == _digests(self._stamps) else self._take()
        except Exception:  # a check that asks elsewhere had no answer: the change is still to be looked at
            self._stamps = before
            raise

    def _take(self) -> Changed[Letters] | Refused | None:
        try:
            loaded, self._watch = self._load(self.current.settings)
        except ConfigErrors as errors:
            self._watch = Watch(errors.files, errors.patterns, self._watch.own_letters)
            self._note_new()
            return Refused(tuple(problem for problem in errors.problems if not problem.warning))
        self._note_new()
        return self._swap(self._stamped(loaded))

    def _stamped(self, loaded: Loaded[Letters]) -> Loaded[Letters]:
        own = _below(self._watch.own_letters, self._stamps)
        return replace(loaded, version=_version(self._stamps), templates=_version(own))

    def _swap(self, loaded: Loaded[Letters]) -> Changed[Letters] | None:
        """Put ``loaded`` in force; None if its files are the same as before, because a bad change was taken back."""
        before, self.current = self.current, loaded
        return None if before.version == loaded.version else Changed(loaded)

    def _load(self, before: Settings | None = None) -> tuple[Loaded[Letters], Watch]:
        try:
            settings = load(self._path, *self._further)
        except ConfigErrors as errors:
            raise errors.joined(self._build) from errors
        if before and (lost := list(_lost_folders(before, settings))):
            raise ConfigErrors(lost, (*before.files, *settings.files), before.patterns)
        restart = needs_restart(before, settings) if before else ()
        if before and "mailboxes" in restart:
            settings = settings.watching(before)
        watch = Watch(settings.files, settings.patterns, own_folder(settings.desk.letters))
        try:
            return Loaded(settings, self._build(settings.desk), "", restart=restart), watch
        except ConfigErrors as errors:
            patterns = watch.patterns + letter_patterns(watch.own_letters)
            raise ConfigErrors(list(errors.problems), watch.files, patterns) from errors

    def _note_new(self) -> None:
        """Stamp the files that joined. One that changed while it was read keeps its old stamp: it is read again."""
        paths = self._watch.paths()
        new = stamps([path for path in paths if path not in self._stamps], {})
        known = {**self._stamps, **new}
        self._stamps = {path: known[path] for path in paths}


def _lost_folders(before: Settings, after: Settings) -> Iterator[Problem]:
    """A folder that was included and can no longer be looked into: what stood in it was not taken back."""
    kept = set(before.patterns) & set(after.patterns)
    for folder in {file.parent for file in before.files if any(fnmatchcase(str(file), pattern) for pattern in kept)}:
        if not os.access(folder, os.R_OK | os.X_OK):
            text = f"cannot look into {folder}, which include names: put it back, or take it out there"
            yield Problem(str(after.path), 1, 1, text)


# ---------------------------------------------------------------- the state of files


def stamps(paths: Iterable[Path], before: Stamps) -> Stamps:
    """The state of ``paths``; a file whose time and size are as ``before`` is not read."""
    return {path: _stamp(path, before.get(path)) for path in paths}


def _stamp(path: Path, before: Stamp | None) -> Stamp:
    try:
        state = path.stat()
        if before and (before.modified_ns, before.size) == (state.st_mtime_ns, state.st_size):
            return before
        with opened(path) as file:
            return Stamp(state.st_mtime_ns, state.st_size, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return Stamp()


def _digests(of: Stamps) -> dict[Path, str]:
    return {path: stamp.digest for path, stamp in of.items()}


def _below(folder: Path | None, of: Stamps) -> Stamps:
    """The files in ``folder`` by their names there; none without a folder."""
    return {path.relative_to(folder): stamp for path, stamp in of.items() if folder and folder in path.parents}


def _version(of: Stamps) -> str:
    lines = "\n".join(f"{path} {stamp.digest}" for path, stamp in sorted(of.items()))
    return hashlib.sha256(os.fsencode(lines)).hexdigest()[:12]


# ---------------------------------------------------------------- what cannot change live


def needs_restart(before: Settings, after: Settings) -> tuple[str, ...]:
    """The tables that differ in what is set up once: connections, the database, the log, the metrics."""
    pairs = {
        "database": (before.database, after.database),
        "mailboxes": (_connections(before), _connections(after)),
        "smtp": (replace(before.smtp, sender=""), replace(after.smtp, sender="")),
        "log": (before.log, after.log),
        "metrics": (before.metrics, after.metrics),
    }
    return tuple(name for name, (old, new) in pairs.items() if old != new)


def _connections(settings: Settings) -> tuple[Account, ...]:
    """The mailboxes without what the rules read anew for each mail."""
    return tuple(replace(box, roles=(), address="", addresses={}) for box in settings.mailboxes)
