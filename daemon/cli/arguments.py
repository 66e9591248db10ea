"""What `acuse` can be asked: every verb with its options and the function that does it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from daemon.cli import verbs

Verb = Callable[[argparse.Namespace], int]
NewVerb = Callable[[str, str, Verb], argparse.ArgumentParser]
"""Adds a verb with its one line of help and the function that does it."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in one line, and where its help stands; exit code 2."""

    def error(self, message: str) -> NoReturn:
        """argparse's hook."""
        self.exit(2, f"{self.format_usage()}{self.prog}: {message}\n`{self.prog} --help` tells more\n")


def parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    top = Parser(prog="acuse", description="An incident desk that lives entirely in mail.", parents=[_everywhere()])
    top.add_argument("--version", action="version", version=f"acuse {version('acuse')}", help="say which version it is")
    top.set_defaults(config=None)
    known = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str, do: Verb) -> argparse.ArgumentParser:
        added = known.add_parser(name, help=text, description=text, parents=[_everywhere()])
        added.set_defaults(do=do)
        return added

    for add in (_setting_up, _running, _looking, _keeping, _trying_out):
        add(verb)
    return top


def _everywhere() -> Parser:
    """What stands before the verb or after it. Without a default: that of the verb would hide what stood before."""
    options = Parser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument(
        "--config", type=Path, metavar="FILE", help="default: $ACUSE_CONFIG, ./config.toml, /etc/acuse/config.toml"
    )
    return options


def _setting_up(verb: NewVerb) -> None:
    init = verb("init", "write a commented config.toml", verbs.init)
    init.add_argument("dir", nargs="?", type=Path, default=Path(), metavar="DIR", help="a folder; left out: this one")
    verb("check", "check configuration, rules, their tests and templates", verbs.check)
    doctor = verb("doctor", "talk to the real servers", verbs.doctor)
    doctor.add_argument("--round-trip", action="store_true", help="send a mail to ourselves and wait for it")
    verb("schema", "JSON Schema of config.toml, for completion in editors", verbs.schema)


def _running(verb: NewVerb) -> None:
    run = verb("run", "the daemon", verbs.run)
    run.add_argument("--once", action="store_true", help="treat what waits, send what is due, stop")
    for name, text in (("retry", "look again at quarantined mails"), ("release", "treat held mails without waiting")):
        help_ = "the mails' numbers; without any, the mails that wait are listed with theirs"
        verb(name, text, verbs.set_back).add_argument("ids", nargs="*", type=_mail, metavar="ID", help=help_)


def _looking(verb: NewVerb) -> None:
    explain = verb("explain", "what would be done with raw mails; nothing is written", verbs.explain)
    explain.add_argument(
        "--mailbox", default="", help="the mailbox that they came to; left out: that they are addressed to"
    )
    explain.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a mail as it came in, with its headers")
    lists = verb("list", "tickets, the newest first", verbs.list_tickets)
    lists.add_argument("--state", default="", help="assigned, pending, resolved or closed")
    lists.add_argument("--group", default="", help="a group's key")
    lists.add_argument("--since", type=_day, metavar="DAY", help="opened on this day or later: YYYY-MM-DD")
    a_number = "a ticket's, such as I171009_000049"
    show = verb("show", "one ticket with its journal and letters", verbs.show)
    show.add_argument("number", metavar="NUMBER", help=a_number)
    audit = verb("audit", "prove that no mail was lost, nothing was done twice and all records agree", verbs.audit)
    for one in (explain, lists, show, audit):
        one.add_argument("--json", action="store_true", help="for programs")
    export = verb("export", "a ticket's raw mails, attachments and journal", verbs.export)
    export.add_argument("number", metavar="NUMBER", help=a_number)
    export.add_argument("--to", type=Path, required=True, metavar="DIR", help="a folder for them; made where missing")


def _keeping(verb: NewVerb) -> None:
    backup = verb("backup", "a consistent copy of the books while the daemon runs", verbs.backup)
    backup.add_argument(
        "file", type=Path, metavar="FILE", help="a new name; mails and attachments go beside it, into FILE.files"
    )
    migrate = verb(
        "migrate", "bring the schema of the database up to date, or move the desk to PostgreSQL", verbs.migrate
    )
    migrate.add_argument("--to", default="", metavar="URL", help="an empty PostgreSQL database, postgresql://…")
    erase = verb("erase", "forget a person; the books still balance", verbs.erase)
    erase.add_argument("address", metavar="ADDRESS", help="one of the person's mail addresses")
    erase.add_argument("--yes", action="store_true", help="do it; without, it is only shown")


def _trying_out(verb: NewVerb) -> None:
    demo = verb("demo", "show the whole flow on an embedded mail server", verbs.demo)
    either = demo.add_mutually_exclusive_group()
    either.add_argument("--keep", action="store_true", help="leave it running, to attach a mail client")
    either.add_argument("--week", action="store_true", help="show a week of a desk with three groups instead")
    bench = verb("bench", "measure the daemon on a private Dovecot and smtp-sink, beside others", verbs.bench)
    bench.add_argument("--mails", type=int, default=3000, help="opening mails of a run")
    bench.add_argument("--runs", type=int, default=5, help="rounds; the contestants take turns")
    bench.add_argument("--tickets", type=_sizes, default="0,20000,1000000", help="how many lie in the database already")
    bench.add_argument("--database", default="", metavar="URL", help="an empty PostgreSQL database instead of SQLite")
    bench.add_argument("--roundup", type=Path, metavar="DIR", help="an environment that holds Roundup")
    bench.add_argument("--django-helpdesk", type=Path, metavar="DIR", help="an environment that holds django-helpdesk")
    bench.add_argument("--peer-mails", type=int, default=0, help="opening mails of a run of those two, if fewer")
    bench.add_argument("--also", default="", help="scenarios, such as backlog,latency,takeover")
    bench.add_argument("--only", default="", help="as --also, without the rounds")
    bench.add_argument("--grown", type=Path, metavar="DIR", help="keep desks with many tickets there for the next time")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no day; write it like 2026-03-31') from None


def _mail(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is no number of a mail; without any, those that wait are listed')
    return int(text)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no list of numbers; write it like 0,20000') from None
