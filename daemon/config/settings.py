"""config.toml becomes one value, or a list of everything that is wrong with it.

The order: read and join the files (sources.py), lay them over the defaults (defaults.py), fit them to the declared
types (shape.py), read the words (catalogue.py) and canned replies, check what no type can express (crosschecks.py, the
other …_checks.py), run the rules' own tests. A fault skips only the steps that need what is missing, so that an admin
sees everything there is to correct at once.
"""

from __future__ import annotations

import dataclasses
import mimetypes
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from daemon.config import crosschecks, form_checks, people_checks, server_checks, value_checks
from daemon.config.accounts import Account, Alerts, Database, Log, Metrics, Smtp, Written, beside
from daemon.config.catalogue import SHIPPED, STANDARD, Words, folders, letter_files, letter_patterns, read_catalogue
from daemon.config.crosschecks import Check
from daemon.config.defaults import complete
from daemon.config.positions import Path as KeyPath
from daemon.config.shape import Misfit, fit
from daemon.config.sources import Document, Problem, read_document
from rules import rule_checks, rule_tests
from rules.desk import Desk
from rules.letters import File
from rules.tables import Canned

CHECKS: tuple[Check, ...] = (
    server_checks.mailboxes,
    server_checks.servers,
    server_checks.database,
    *crosschecks.CHECKS,
    *value_checks.CHECKS,
    *people_checks.CHECKS,
    form_checks.forms,
)


Server = TypeVar("Server", Account, Smtp)


@dataclass(frozen=True)
class Settings:
    """A configuration without a fault. Paths in it are absolute; ``files`` are all that it was made from."""

    desk: Desk
    database: Database
    mailboxes: tuple[Account, ...]
    smtp: Smtp
    log: Log
    metrics: Metrics
    alerts: Alerts
    path: Path
    files: tuple[Path, ...]
    patterns: tuple[str, ...] = ()
    """Include patterns, absolute: a new file that matches one belongs to the configuration."""
    warnings: tuple[Problem, ...] = ()
    """Problems found by the further checks of :func:`load` that keep nothing from working."""

    def watching(self, other: Settings) -> Settings:
        """These settings with the mailboxes of ``other``."""
        desk = dataclasses.replace(self.desk, mailboxes=other.desk.mailboxes)
        return dataclasses.replace(self, desk=desk, mailboxes=other.mailboxes)


class ConfigErrors(Exception):  # noqa: N818 - it is several
    """Everything that is wrong with a configuration, in the order of the files. ``for_books`` and ``for_letters`` are
    the settings all the same if nothing is wrong with the tables of :data:`FOR_BOOKS`, or of :data:`FOR_LETTERS`."""

    def __init__(
        self,
        problems: list[Problem],
        files: tuple[Path, ...] = (),
        patterns: tuple[str, ...] = (),
        for_books: Settings | None = None,
        for_letters: Settings | None = None,
    ) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
        self.files = files
        self.patterns = patterns
        self.for_books = for_books
        self.for_letters = for_letters

    def joined(self, build: Callable[[Desk], object]) -> ConfigErrors:
        """These faults, and those that ``build`` raises about the letters, if the letters can be tried at all."""
        try:
            if self.for_letters:
                build(self.for_letters.desk)
        except ConfigErrors as further:
            return ConfigErrors([*self.problems, *further.problems], self.files, self.patterns)
        return self


FOR_BOOKS = frozenset({"database", "desk"})
"""The tables needed to look into the books."""
FOR_LETTERS = frozenset({"desk", "mailboxes", "smtp", "kinds", "groups", "letters"})
"""The tables needed to write a letter."""


def load(path: Path, *further: Check) -> Settings:
    """The settings that stand in ``path``; raises :class:`ConfigErrors` with every fault, those of ``further`` too."""
    path = path.absolute()
    document = read_document(path)
    problems = list(document.problems)
    if not document.sources:
        raise ConfigErrors(problems, tuple(document.files), document.patterns)
    written, misfits, doubtful = fit(Written, complete(document.table))
    own = Path(beside(path, written.letters.templates)) if written.letters.templates else None
    catalogue, wrong_words = read_catalogue(own, written.letters.language or written.desk.language)
    replies, absent = _canned(written, path, own, catalogue)
    absent += _absent_letters(own)
    desk = _desk(written, path, own, catalogue, replies)
    checked = (*_checked(written, desk, further), *absent, *_unmatched(document))
    misfits += [misfit for misfit in checked if not _touches(misfit.path, doubtful)]
    faulty = {*doubtful, *(misfit.path for misfit in misfits if not misfit.warning)}
    first = _to_mend_first(faulty, document.problems)
    misfits += [] if first else _of_rules(rule_tests.run_tests(desk))
    problems = _in_order([*problems, *wrong_words, *(_problem(misfit, document) for misfit in misfits)], document)
    problems += [_problem(misfit, document) for misfit in _not_run(desk, first)]
    files = _files(document, replies, own)
    patterns = document.patterns + letter_patterns(own)
    settings = _settings(written, desk, path, files, document.patterns)
    if all(problem.warning for problem in problems):
        return dataclasses.replace(settings, warnings=tuple(problems))
    raise ConfigErrors(problems, files, patterns, *_for_less(settings, faulty, document))


def _for_less(settings: Settings, faulty: set[KeyPath], document: Document) -> tuple[Settings | None, Settings | None]:
    """The settings for the books and for letters; None for either if something that it needs is wrong."""
    tables = {path[0] for path in faulty}
    for_letters = None if FOR_LETTERS & tables or document.problems else settings
    return None if FOR_BOOKS & tables else settings, for_letters


def _problem(misfit: Misfit, document: Document) -> Problem:
    problem = document.problem(misfit.path, misfit.text, misfit.at_key)
    if misfit.other:
        other = document.problem(misfit.other, "", at_key=True)
        place = f"in line {other.line}" if other.file == problem.file else f"at {other.file}:{other.line}"
        problem = dataclasses.replace(problem, text=f"{problem.text}; the other stands {place}")
    return dataclasses.replace(problem, warning=misfit.warning)


def _unmatched(document: Document) -> Iterator[Misfit]:
    """A warning for each pattern that no file matches: a folder may still be empty, but the name may also be wrong."""
    for number in document.unmatched:
        text = f"no file matches {document.patterns[number]}: nothing is included by it"
        yield Misfit(("include", number), text, warning=True)


def _in_order(problems: list[Problem], document: Document) -> list[Problem]:
    order = {str(file): number for number, file in enumerate(document.files)}
    return sorted(dict.fromkeys(problems), key=lambda p: (order.get(p.file, len(order)), p))


def _touches(path: KeyPath, doubtful: frozenset[KeyPath]) -> bool:
    """Whether ``path`` lies in, at or around a doubtful place: what is said of it may follow from the fault there."""
    return any(path[: len(place)] == place or place[: len(path)] == path for place in doubtful)


def _checked(written: Written, desk: Desk, further: tuple[Check, ...]) -> Iterator[Misfit]:
    for check in (*CHECKS, *further):
        yield from check(written)
    yield from crosschecks.languages(written, desk.catalogue)
    yield from crosschecks.queries(written, desk.catalogue)
    yield from crosschecks.articles(written, desk.catalogue)
    yield from form_checks.callers(written, desk.catalogue)
    yield from _of_rules(rule_checks.problems(desk))


def _of_rules(problems: Iterable[rule_tests.Problem]) -> Iterator[Misfit]:
    return (Misfit(("rules", each.rule, *each.path), each.text) for each in problems)


_ROUTED_BY = frozenset({"rules", "kinds", "services", "categories", "groups", "priorities", "addresses"})
"""What routing looks at: as long as one of these is in doubt, the tests of the rules tell nothing."""


def _to_mend_first(faulty: set[KeyPath], unread: list[Problem]) -> list[str]:
    """What must be mended before the rules' own tests can be run: tables, or files ``unread``."""
    tables = {str(path[0]) for path in faulty if _ROUTED_BY.intersection(path)}
    return sorted(tables | {Path(problem.file).name for problem in unread})


def _not_run(desk: Desk, first: list[str]) -> Iterator[Misfit]:
    """A note that the tests of the rules were not run. It comes last, because nothing need be done about it."""
    if first and any(rule.tests for rule in desk.rules):
        yield Misfit(("rules",), f"the tests of the rules were not run: mend {', '.join(first)} first", at_key=True)


# ---------------------------------------------------------------- paths and files


def _canned(
    written: Written, config: Path, own: Path | None, catalogue: dict[str, Words]
) -> tuple[tuple[Canned, ...], list[Misfit]]:
    """The canned replies with their texts read and their attachments found: beside config.toml, else with the letters
    in the desk's language, or in the standard one if there are none in it."""
    replies: list[Canned] = []
    misfits: list[Misfit] = []
    known = written.desk.language if written.desk.language in catalogue else STANDARD
    folders = [config.parent, *(root / known for root in (own, SHIPPED) if root)]
    for number, reply in enumerate(written.canned):
        at: KeyPath = ("canned", number)
        file = "" if reply.text else _find(reply.file, folders, (*at, "file"), misfits)
        text = _read_text(file, (*at, "file"), misfits) if file else reply.text
        files = (_find(a, folders, (*at, "attachments", n), misfits) for n, a in enumerate(reply.attachments))
        replies.append(dataclasses.replace(reply, text=text, file=file, attachments=tuple(files)))
    return tuple(replies), misfits


def _absent_letters(own: Path | None) -> list[Misfit]:
    if own is None or own in folders(own):
        return []
    return [Misfit(("letters", "templates"), f"there is no folder {own}; it is looked for beside config.toml")]


def _find(name: str, folders: list[Path], at: KeyPath, misfits: list[Misfit]) -> str:
    if not name:
        return ""
    candidates = [folder / Path(name).expanduser() for folder in folders]
    found = next((path for path in candidates if _is_file(path)), None)
    if not found:
        misfits.append(
            Misfit(at, f"there is no file {candidates[0]}; it is looked for beside config.toml and with the letters")
        )
    return str(found or candidates[0])


def _is_file(path: str | Path) -> bool:
    """Path.is_file would raise where the name is too long, or its folder may not be looked into."""
    return os.path.isfile(path)  # noqa: PTH113


def _read_text(file: str, at: KeyPath, misfits: list[Misfit]) -> str:
    """The text; "" for a file that was not found, which :func:`_find` has told."""
    if not _is_file(file):
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        misfits.append(Misfit(at, f"{file} is not UTF-8 text; save it as UTF-8"))
    except OSError as error:
        misfits.append(Misfit(at, f"cannot read {file}: {error.strerror}"))
    return ""


def _file(path: Path) -> File:
    """A file that a canned reply carries, its type guessed from its name."""
    return File(path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", path.read_bytes())


def _files(document: Document, replies: tuple[Canned, ...], own: Path | None) -> tuple[Path, ...]:
    canned = [Path(name) for reply in replies for name in (reply.file, *reply.attachments) if name]
    return tuple(dict.fromkeys([*document.files, *letter_files(own), *canned]))


# ---------------------------------------------------------------- the value


def _desk(
    written: Written, config: Path, own: Path | None, catalogue: dict[str, Words], replies: tuple[Canned, ...]
) -> Desk:
    """The rules' part, with what stands in other files filled in."""
    parts = {part.name: getattr(written, part.name) for part in dataclasses.fields(Desk)}
    letters = dataclasses.replace(written.letters, templates=str(own or ""))
    mailboxes = tuple(_located(box, config) for box in written.mailboxes)
    files = {path: _file(Path(path)) for reply in replies for path in reply.attachments if _is_file(path)}
    filled = {"mailboxes": mailboxes, "letters": letters, "canned": replies, "catalogue": catalogue, "files": files}
    return Desk(**{**parts, **filled, "service_address": written.smtp.sender})


def _settings(written: Written, desk: Desk, path: Path, files: tuple[Path, ...], patterns: tuple[str, ...]) -> Settings:
    alerts = written.alerts
    return Settings(
        desk=desk,
        database=written.database.located(path),
        mailboxes=tuple(box for box in desk.mailboxes if isinstance(box, Account)),
        smtp=_located(written.smtp, path),
        log=written.log,
        metrics=dataclasses.replace(written.metrics, textfile=beside(path, written.metrics.textfile)),
        alerts=dataclasses.replace(alerts, smtp=_located(alerts.smtp, path)) if alerts.smtp else alerts,
        path=path,
        files=files,
        patterns=patterns,
    )


def _located(server: Server, config: Path) -> Server:
    """The account with the paths of its files made absolute, from the folder of config.toml."""
    oauth2 = server.oauth2 and dataclasses.replace(
        server.oauth2,
        client_secret_file=beside(config, server.oauth2.client_secret_file),
        refresh_token_file=beside(config, server.oauth2.refresh_token_file),
    )
    password, authority = beside(config, server.password_file), beside(config, server.ca_file)
    return dataclasses.replace(server, password_file=password, ca_file=authority, oauth2=oauth2)
