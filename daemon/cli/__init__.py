"""`acuse`: the command line. What it can be asked stands in daemon/cli/arguments.py."""

from __future__ import annotations

import argparse
import errno
import sys
from collections.abc import Sequence

from daemon.cli import output
from daemon.cli.arguments import parser
from daemon.cli.output import complain
from daemon.commands import Unable

EXTRAS = {"psycopg": "postgresql", "aiosmtpd": "demo", "pymap": "demo"}
"""Packages that a plain `pip install` leaves out, and the extra that brings each."""
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
        return complain(f"acuse: {fault}")
    except BrokenPipeError:
        output.give_up()
        return 1
    except ModuleNotFoundError as fault:
        return complain(f"acuse: {_of_an_extra(fault)}")
    except OSError as fault:
        return complain(f"acuse: {_of_a_file(fault)}")
    except KeyboardInterrupt:
        return 130


def _do(options: argparse.Namespace) -> int:
    """Run the verb; what the configuration or the store complains of is told as it stands."""
    from daemon.config.accounts import SecretError
    from daemon.config.settings import ConfigErrors
    from daemon.store.errors import StoreError

    try:
        return int(options.do(options))
    except ConfigErrors as errors:
        return complain(*map(str, errors.problems), f"acuse: `{options.verb}` needs this mended first")
    except (StoreError, SecretError) as fault:
        raise Unable(fault) from fault


def _of_an_extra(fault: ModuleNotFoundError) -> str:
    """How to install what is missing; anything else that is missing is a defect."""
    if (name := fault.name) not in EXTRAS:
        raise fault
    return f'{name} is not installed; in the folder of the program: pip install ".[{EXTRAS[name]}]"'


def _of_a_file(fault: OSError) -> str:
    """What to say of a file that cannot be used, or of a full disk; anything else is a defect."""
    if fault.filename:
        return f"{fault.filename}: {fault.strerror}"
    if fault.errno not in NO_ROOM:
        raise fault
    output.give_up()
    return str(fault.strerror)
