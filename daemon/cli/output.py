"""Standard output as scripts and schedulers leave it, closed, full, cut off, or not in UTF-8; and standard error."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from pathlib import Path
from typing import Any


def prepare() -> None:
    """Let every verb print without precautions: what nobody reads is discarded, what the encoding lacks is escaped."""
    for handle in range(3):
        _let_be_open(handle)
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _let_be_open(handle: int) -> None:
    """A standard stream that was closed leads nowhere, for the processes that we start too: nothing else takes its
    place."""
    try:
        os.fstat(handle)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free, which is this one


def give_up() -> None:
    """Nothing more can be written; Python must not try again while it ends."""
    sys.stdout = _nowhere()


def complain(*lines: str) -> int:
    """Say what is wrong on standard error; the exit code for it."""
    for line in lines:
        print(line, file=sys.stderr)
    return 1


def as_json(value: Any, indent: int | None = None) -> str:
    """For programs: letters as they are in UTF-8, escaped in any other encoding, which says the same."""
    plain = codecs.lookup(sys.stdout.encoding or "utf-8").name != "utf-8"
    return json.dumps(value, ensure_ascii=plain, indent=indent)


def _nowhere() -> io.TextIOWrapper:
    return Path(os.devnull).open("w", encoding="utf-8")
