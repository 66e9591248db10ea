"""`acuse`: the command line. Each verb is one function; heavy imports wait until their verb is called."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.commands import COMMAND, Unable, output
from daemon.commands.arguments import parser

if TYPE_CHECKING:
    from daemon.config.settings import Settings

SYSTEM_CONFIG = Path("/etc/acuse/config.toml")
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; its exit code. Expected faults become one clear message on standard error and exit code 1."""
    output.prepare()
    options = parser().parse_args(arguments)
    try:
        code = _do(options)
        sys.stdout.flush()
        return code
    except Unable as fault:
        return _complain(f"acuse: {fault}")
    except BrokenPipeError:
        output.give_up()
        return 1
    except OSError as fault:
        return _complain(f"acuse: {_of_a_file(fault)}")
    except KeyboardInterrupt:
        return 130


def _do(options: argparse.Namespace) -> int:
    """The verb; what the configuration or the store says against it is told as it stands."""
    from daemon.config.accounts import SecretError
    from daemon.config.settings import ConfigErrors
    from daemon.store.errors import StoreError

    try:
        return VERBS[options.verb](options)
    except ConfigErrors as errors:
        return _complain(*map(str, errors.problems), f"acuse: `{options.verb}` needs this mended first")
    except (StoreError, SecretError) as fault:
        raise Unable(fault) from fault


def _of_a_file(fault: OSError) -> str:
    """What to say of a file that cannot be used, or of a full disk; anything else is a defect."""
    if fault.filename:
        return f"{fault.filename}: {fault.strerror}"
    if fault.errno not in NO_ROOM:
        raise fault
    output.give_up()
    return str(fault.strerror)


# -- configuration


def config_path(options: argparse.Namespace) -> Path:
    """The file that --config, the environment or custom names; Unable where there is none of custom either."""
    if named := options.config or os.environ.get("ACUSE_CONFIG"):
        return Path(named)
    usual = (Path("config.toml"), SYSTEM_CONFIG)
    if found := [path for path in usual if path.exists()]:
        return found[0]
    places = " or ".join(str(path.absolute()) for path in usual)
    raise Unable(f"there is no configuration at {places}: `acuse init` writes one, `acuse --config FILE …` names one")


def init(options: argparse.Namespace) -> int:
    """`acuse init [DIR]`."""
    from daemon.commands.starting import write_config

    path = write_config(options.dir)
    print(f"{path}: written. Edit it, then: {COMMAND} --config {path} check")
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
    return int(not all(problem.warning for problem in problems))


def schema(options: argparse.Namespace) -> int:
    """`acuse schema`."""
    from daemon.config.schema import schema as config_schema

    print(output.as_json(config_schema(), indent=2))
    return 0


# -- the daemon


def run(options: argparse.Namespace) -> int:
    """`acuse run [--once]`."""
    from daemon.commands import running

    path = config_path(options)
    if options.once:
        print(f"mails treated: {running.once(path)}")
    else:
        running.forever(path)
    return 0


def demo(options: argparse.Namespace) -> int:
    """`acuse demo [--keep] [--week]`; however it is ended, it cleans up."""
    from daemon.demo.flow import demo as show_demo

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    return show_demo(keep=options.keep, week=options.week)


def bench(options: argparse.Namespace) -> int:
    """`acuse bench`: prints its table; a server that is not installed is said with the way to install it."""
    from daemon.bench.command import Options, sizes
    from daemon.bench.command import bench as measure
    from daemon.bench.servers import MissingServerError

    wanted = Options(
        options.mails, 0 if options.only else options.runs, sizes(options.tickets), options.database, options.roundup,
        options.django_helpdesk, options.peer_mails, tuple(filter(None, (options.only or options.also).split(","))),
        options.grown, options.json,
    )  # fmt: skip
    try:
        return measure(wanted)
    except MissingServerError as missing:
        raise Unable(missing) from missing


def doctor(options: argparse.Namespace) -> int:
    """`acuse doctor`."""
    from daemon.commands.doctor import examine

    return examine(_settings(options), round_trip=options.round_trip)


# -- looking


def explain(options: argparse.Namespace) -> int:
    """`acuse explain`: the production code, read-only."""
    from daemon.commands.explain import as_text
    from daemon.commands.explain import explain as explained

    for one in explained(options.files, _settings(options), options.mailbox, datetime.now(UTC)):
        print(output.as_json(one.as_json()) if options.json else as_text(one))
    return 0


def list_tickets(options: argparse.Namespace) -> int:
    """`acuse list`."""
    from daemon.commands import showing

    rows = showing.listed(_for_books(options), options.state, options.group, options.since)
    if options.json:
        print(output.as_json(rows, indent=2))
    else:
        showing.print_lines(showing.ticket_table(rows))
    return 0


def show(options: argparse.Namespace) -> int:
    """`acuse show NUMBER`."""
    from daemon.commands import showing

    ticket = showing.shown(_for_books(options), options.number)
    if options.json:
        print(output.as_json(ticket, indent=2))
    else:
        print(showing.as_text(ticket))
    return 0


def export(options: argparse.Namespace) -> int:
    """`acuse export NUMBER --to DIR`."""
    from daemon.commands.showing import exported

    print(f"{options.to}: {exported(_for_books(options), options.number, options.to)} files")
    return 0


def audit(options: argparse.Namespace) -> int:
    """`acuse audit`: proves the books."""
    from daemon.commands.auditing import prove
    from daemon.commands.progress import progress

    with progress() as tell:
        proof = prove(_settings(options), lambda check, rows: tell(check, rows, 0))
    if options.json:
        print(output.as_json(proof.as_json(), indent=2))
    else:
        print(proof.as_text())
    return int(bool(proof.findings))


# -- asking the daemon


def set_back(options: argparse.Namespace) -> int:
    """`acuse retry [ID…]`, `acuse release [ID…]`: by ourselves, or by the daemon where it runs."""
    from daemon.commands import setting_back, showing

    settings = _settings(options)
    if options.ids:
        print(setting_back.set_back(settings, options.verb, options.ids))
    else:
        showing.print_lines(setting_back.mail_table(settings, options.verb))
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
    print(bookkeeping.told(settings, options.address))
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


def _settings(options: argparse.Namespace) -> Settings:
    from daemon.config.settings import load

    return load(config_path(options))


def _for_books(options: argparse.Namespace) -> Settings:
    """For a verb that only looks into the books, which an admin may want while the configuration is being changed."""
    from daemon.config.settings import ConfigErrors

    try:
        return _settings(options)
    except ConfigErrors as errors:
        if errors.for_books is None:
            raise
        _complain(f"acuse: the configuration has faults, {len(errors.problems)} in all: `acuse check` tells them")
        return errors.for_books


def _complain(*lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return 1
