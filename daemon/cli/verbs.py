"""The verbs of `acuse`, a function each: what was asked on the command line is done, told, and made an exit code.

What a verb needs is imported once it is called: `acuse --help` loads no database.
"""

from __future__ import annotations

import argparse
import signal
from datetime import UTC, datetime

from daemon.cli import configured, output
from daemon.commands import COMMAND, Unable

# -- configuration


def init(options: argparse.Namespace) -> int:
    """`acuse init [DIR]`."""
    from daemon.commands.starting import write_config

    path = write_config(options.dir)
    print(f"{path}: written. Edit it, then: {COMMAND} --config {path} check")
    return 0


def check(options: argparse.Namespace) -> int:
    """`acuse check`: every problem at once."""
    from daemon.commands.checking import check as all_problems

    path = configured.config_path(options)
    problems = all_problems(path)
    for problem in problems:
        print(problem)
    if not all(problem.warning for problem in problems):
        return 1
    print(f"{path}: no {'errors' if problems else 'problems'}")
    return 0


def schema(options: argparse.Namespace) -> int:
    """`acuse schema`."""
    from daemon.config.schema import schema as config_schema

    print(output.as_json(config_schema(), indent=2))
    return 0


# -- the daemon


def run(options: argparse.Namespace) -> int:
    """`acuse run [--once]`."""
    from daemon.commands import running

    path = configured.config_path(options)
    if options.once:
        print(f"mails treated: {running.once(path)}")
    else:
        running.forever(path)
    return 0


def demo(options: argparse.Namespace) -> int:
    """`acuse demo [--keep | --week]`; however it is ended, it cleans up."""
    from daemon.demo.flow import demo as show_demo

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    return show_demo(keep=options.keep, week=options.week)


def bench(options: argparse.Namespace) -> int:
    """`acuse bench`: prints its table; a server that is not installed is said with the way to install it."""
    from daemon.bench.command import SCENARIOS, Options
    from daemon.bench.command import bench as measure
    from daemon.bench.servers import MissingServerError
    from daemon.commands.showing import known

    scenarios = tuple(filter(None, (options.only or options.also).split(",")))
    known(*(("scenario", name, SCENARIOS) for name in scenarios))
    wanted = Options(
        options.mails, 0 if options.only else options.runs, options.tickets, options.database, options.roundup,
        options.django_helpdesk, options.peer_mails, scenarios, options.grown, options.json,
    )  # fmt: skip
    try:
        return measure(wanted)
    except MissingServerError as missing:
        raise Unable(missing) from missing


def doctor(options: argparse.Namespace) -> int:
    """`acuse doctor`."""
    from daemon.commands.doctor import examine

    return examine(configured.settings(options), round_trip=options.round_trip)


# -- looking


def explain(options: argparse.Namespace) -> int:
    """`acuse explain`: the production code, read-only."""
    from daemon.commands.explain import as_text
    from daemon.commands.explain import explain as explained

    for one in explained(options.files, configured.settings(options), options.mailbox, datetime.now(UTC)):
        print(output.as_json(one.as_json()) if options.json else as_text(one))
    return 0


def list_tickets(options: argparse.Namespace) -> int:
    """`acuse list`."""
    from daemon.commands import showing

    rows = showing.listed(configured.for_books(options), options.state, options.group, options.since)
    if options.json:
        print(output.as_json(rows, indent=2))
    else:
        showing.print_lines(showing.ticket_table(rows))
    return 0


def show(options: argparse.Namespace) -> int:
    """`acuse show NUMBER`."""
    from daemon.commands import showing

    ticket = showing.shown(configured.for_books(options), options.number)
    if options.json:
        print(output.as_json(ticket, indent=2))
    else:
        print(showing.as_text(ticket))
    return 0


def export(options: argparse.Namespace) -> int:
    """`acuse export NUMBER --to DIR`."""
    from daemon.commands.showing import counted, exported

    print(f"{options.to}: {counted(exported(configured.for_books(options), options.number, options.to))}")
    return 0


def audit(options: argparse.Namespace) -> int:
    """`acuse audit`: proves the books."""
    from daemon.commands.auditing import prove
    from daemon.commands.progress import progress

    with progress() as tell:
        proof = prove(configured.settings(options), lambda check, rows: tell(check, rows, 0))
    if options.json:
        print(output.as_json(proof.as_json(), indent=2))
    else:
        print(proof.as_text())
    return int(bool(proof.findings))


# -- asking the daemon


def set_back(options: argparse.Namespace) -> int:
    """`acuse retry [ID…]`, `acuse release [ID…]`: by ourselves, or by the daemon where it runs."""
    from daemon.commands import setting_back, showing

    settings = configured.settings(options)
    if options.ids:
        print(setting_back.set_back(settings, options.verb, options.ids))
    else:
        showing.print_lines(setting_back.mail_table(settings, options.verb))
    return 0


def migrate(options: argparse.Namespace) -> int:
    """`acuse migrate [--to URL]`."""
    from daemon.commands import bookkeeping

    settings = configured.settings(options)
    print(bookkeeping.move(settings, options.to) if options.to else bookkeeping.migrate(settings))
    return 0


def backup(options: argparse.Namespace) -> int:
    """`acuse backup FILE`."""
    from daemon.commands.bookkeeping import backup as copy

    print(copy(configured.settings(options), options.file))
    return 0


def erase(options: argparse.Namespace) -> int:
    """`acuse erase ADDRESS [--yes]`: shows first."""
    from daemon.commands import bookkeeping

    settings = configured.settings(options)
    print(bookkeeping.told(settings, options.address))
    print(bookkeeping.erase(settings, options.address) if options.yes else "Nothing was changed: --yes does it.")
    return 0
