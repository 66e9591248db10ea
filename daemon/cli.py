"""`acuse`: the command line. Each verb is one function; heavy imports wait until their verb is called."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from daemon.operations.logs import set_up_logs

SYSTEM_CONFIG = Path("/etc/acuse/config.toml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its exit code. Expected faults become one clear message on standard error and exit code 1."""
    options = parser().parse_args(arguments)
    from daemon.config.accounts import SecretError
    from daemon.config.settings import ConfigErrors
    from daemon.store.errors import StoreError

    try:
        return VERBS[options.verb](options)
    except ConfigErrors as errors:
        return _complain(*map(str, errors.problems))
    except (StoreError, SecretError) as fault:
        return _complain(f"acuse: {fault}")
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """Every verb with its options."""
    top = argparse.ArgumentParser(prog="acuse", description="An incident desk that lives entirely in mail.")
    top.add_argument("--config", type=Path, help="default: $ACUSE_CONFIG, ./config.toml, /etc/acuse/config.toml")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    verb("init", "write a commented config.toml").add_argument("dir", nargs="?", type=Path, default=Path())
    demo = verb("demo", "show the whole flow on an embedded mail server")
    demo.add_argument("--keep", action="store_true", help="leave it running, to attach a mail client")
    demo.add_argument("--week", action="store_true", help="show a week of a desk with three groups instead")
    bench = verb("bench", "measure the daemon on a private Dovecot and smtp-sink, beside others")
    bench.add_argument("--mails", type=int, default=3000, help="opening mails of a run")
    bench.add_argument("--runs", type=int, default=5, help="rounds; the contestants take turns")
    bench.add_argument("--tickets", default="0,20000,1000000", help="how many lie in the database already")
    bench.add_argument("--database", default="", metavar="URL", help="an empty PostgreSQL database instead of SQLite")
    bench.add_argument("--roundup", type=Path, metavar="DIR", help="an environment that holds Roundup")
    bench.add_argument("--django-helpdesk", type=Path, metavar="DIR", help="an environment that holds django-helpdesk")
    bench.add_argument("--peer-mails", type=int, default=300, help="opening mails of a run of those two")
    bench.add_argument("--also", default="", help="backlog,large_file,latency; with PostgreSQL two_daemons,takeover")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    verb("check", "check configuration, rules, their tests and templates")
    doctor = verb("doctor", "talk to the real servers")
    doctor.add_argument("--round-trip", action="store_true", help="send a mail to ourselves and wait for it")
    verb("run", "the daemon").add_argument("--once", action="store_true", help="treat what waits, then stop")
    explain = verb("explain", "what would be done with raw mails; nothing is written")
    explain.add_argument("--mailbox", default="", help="the mailbox that they came to")
    explain.add_argument("files", nargs="+", type=Path, metavar="FILE")
    lists = verb("list", "tickets")
    lists.add_argument("--state", default="", help="assigned, pending, resolved or closed")
    lists.add_argument("--group", default="", help="a group's key")
    lists.add_argument("--since", default="", help="opened on this day or later: YYYY-MM-DD")
    show = verb("show", "one ticket with its journal and letters")
    show.add_argument("number")
    export = verb("export", "a ticket's raw mails, attachments and journal")
    export.add_argument("number")
    export.add_argument("--to", type=Path, required=True, metavar="DIR")
    audit = verb("audit", "prove the books")
    migrates = verb("migrate", "bring the schema of the database up to date, or move the desk to PostgreSQL")
    migrates.add_argument("--to", default="", metavar="URL", help="an empty PostgreSQL database, postgresql://…")
    verb("backup", "a consistent copy of the books while the daemon runs").add_argument("file", type=Path)
    erase = verb("erase", "forget a person; the books still balance")
    erase.add_argument("address")
    erase.add_argument("--yes", action="store_true", help="do it; without, it is only shown")
    for name, text in (("retry", "treat quarantined mails again"), ("release", "treat held mails now")):
        verb(name, text).add_argument("ids", nargs="+", type=int, metavar="ID")
    verb("schema", "JSON Schema of config.toml, for completion in editors")
    for one in (explain, lists, show, audit):
        one.add_argument("--json", action="store_true")
    return top


# -- configuration


def config_path(options: argparse.Namespace) -> Path:
    """The file that --config, the environment or custom names."""
    if options.config:
        return Path(options.config)
    if named := os.environ.get("ACUSE_CONFIG"):
        return Path(named)
    return Path("config.toml") if Path("config.toml").exists() else SYSTEM_CONFIG


def init(options: argparse.Namespace) -> int:
    """`acuse init [DIR]`."""
    from daemon.commands.starting import write_config

    try:
        path = write_config(options.dir)
    except FileExistsError as fault:
        return _complain(f"acuse: {fault}")
    print(f"{path}: written. Edit it, then: acuse --config {path} check")
    return 0


def check(options: argparse.Namespace) -> int:
    """`acuse check`: every problem at once."""
    from daemon.commands.checking import check as all_problems

    path = config_path(options)
    problems = all_problems(path)
    for problem in problems:
        print(problem)
    if not problems:
        print(f"{path}: no problems")
    return int(bool(problems))


def schema(options: argparse.Namespace) -> int:
    """`acuse schema`."""
    from daemon.config.schema import schema as config_schema

    print(json.dumps(config_schema(), ensure_ascii=False, indent=2))
    return 0


# -- the daemon


def run(options: argparse.Namespace) -> int:
    """`acuse run [--once]`."""
    from daemon.lean import share_arenas
    from daemon.operations.patience import wait_for_database
    from daemon.service import open_service, run_until_signal

    share_arenas()
    path = config_path(options)
    service = open_service(path) if options.once else wait_for_database(lambda: open_service(path))
    set_up_logs(service.live.current.settings.log)
    if not options.once:
        run_until_signal(service)
        return 0
    from daemon.mail.imap import ImapError
    from daemon.mail.smtp_wire import SmtpError

    try:
        service.once()
    except (ImapError, SmtpError) as fault:
        return _complain(f"acuse: {fault}")
    finally:
        service.stop()
    return 0


def demo(options: argparse.Namespace) -> int:
    """`acuse demo [--keep]`."""
    from daemon.demo.flow import demo as show_demo

    return show_demo(keep=options.keep, week=options.week)


def bench(options: argparse.Namespace) -> int:
    """`acuse bench`: prints its table; a server that is not installed is said with the way to install it."""
    from daemon.bench.command import Options, sizes
    from daemon.bench.command import bench as measure
    from daemon.bench.servers import MissingServerError

    wanted = Options(
        options.mails, options.runs, sizes(options.tickets), options.database, options.roundup,
        options.django_helpdesk, options.peer_mails, tuple(filter(None, options.also.split(","))), options.json,
    )  # fmt: skip
    try:
        return measure(wanted)
    except MissingServerError as missing:
        return _complain(f"acuse: {missing}")


def doctor(options: argparse.Namespace) -> int:
    """`acuse doctor`."""
    from daemon.commands.doctor import examine

    return examine(_settings(options), round_trip=options.round_trip)


# -- looking


def explain(options: argparse.Namespace) -> int:
    """`acuse explain`: the production code, read-only."""
    from daemon.commands.explain import as_text
    from daemon.commands.explain import explain as explained

    settings = _settings(options)
    names = [box.name for box in settings.mailboxes]
    if options.mailbox and options.mailbox not in names:
        return _complain(f"acuse: there is no mailbox «{options.mailbox}»; there are: {', '.join(names)}")
    if missing := [str(path) for path in options.files if not path.is_file()]:
        return _complain(*(f"acuse: there is no file {path}" for path in missing))
    for one in explained(options.files, settings, options.mailbox, datetime.now(UTC)):
        print(json.dumps(one.as_json(), ensure_ascii=False) if options.json else as_text(one))
    return 0


def list_tickets(options: argparse.Namespace) -> int:
    """`acuse list`."""
    from daemon.commands.showing import listed, table

    rows = listed(_settings(options), options.state, options.group, options.since)
    print(json.dumps(rows, ensure_ascii=False, indent=2) if options.json else table(rows))
    return 0


def show(options: argparse.Namespace) -> int:
    """`acuse show NUMBER`."""
    from daemon.commands.showing import as_text, shown

    ticket = shown(_settings(options), options.number)
    if ticket is None:
        return _complain(f"acuse: there is no ticket {options.number}")
    print(json.dumps(ticket, ensure_ascii=False, indent=2) if options.json else as_text(ticket))
    return 0


def export(options: argparse.Namespace) -> int:
    """`acuse export NUMBER --to DIR`."""
    from daemon.commands.showing import exported

    settings = _settings(options)
    files = exported(settings, options.number, options.to)
    if not files:
        return _complain(f"acuse: there is no ticket {options.number}")
    print(f"{options.to}: {files} files")
    return 0


def audit(options: argparse.Namespace) -> int:
    """`acuse audit`: proves the books."""
    from daemon.commands.auditing import prove

    proof = prove(_settings(options))
    print(json.dumps(proof.as_json(), ensure_ascii=False, indent=2) if options.json else proof.as_text())
    return int(bool(proof.findings))


# -- asking the daemon


def set_back(options: argparse.Namespace) -> int:
    """`acuse retry ID…`, `acuse release ID…`: by ourselves, or by the daemon where it runs."""
    from daemon.commands.requests import ask

    print(ask(_settings(options), options.verb, {"ids": options.ids}))
    return 0


def migrate(options: argparse.Namespace) -> int:
    """`acuse migrate [--to URL]`."""
    from daemon.commands import bookkeeping

    settings = _settings(options)
    print(bookkeeping.move(settings, options.to) if options.to else bookkeeping.migrate(settings))
    return 0


def backup(options: argparse.Namespace) -> int:
    """`acuse backup FILE`."""
    from daemon.commands.bookkeeping import backup as copy

    print(copy(_settings(options), options.file))
    return 0


def erase(options: argparse.Namespace) -> int:
    """`acuse erase ADDRESS [--yes]`: shows first."""
    from daemon.commands import bookkeeping

    settings = _settings(options)
    found = bookkeeping.found_of(settings, options.address)
    if not found:
        return _complain(f"acuse: nothing is known of {options.address}")
    print(bookkeeping.told(settings, options.address, found))
    print(bookkeeping.erase(settings, options.address) if options.yes else "Nothing was changed: --yes does it.")
    return 0


VERBS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "init": init,
    "demo": demo,
    "check": check,
    "bench": bench,
    "doctor": doctor,
    "run": run,
    "explain": explain,
    "list": list_tickets,
    "show": show,
    "export": export,
    "audit": audit,
    "retry": set_back,
    "release": set_back,
    "migrate": migrate,
    "backup": backup,
    "erase": erase,
    "schema": schema,
}
"""Verb → function; each gives the exit code."""


def _settings(options: argparse.Namespace) -> Any:
    from daemon.config.settings import load

    return load(config_path(options))


def _complain(*lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
