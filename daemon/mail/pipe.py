"""What passes between the daemon and its parser process, value by value over a pipe: tasks there, answers back.

Apart from both, so that the parser process starts without what only the daemon needs.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from daemon.files import Octets
from parsers.mail import Budget
from parsers.reply import TextMarks

HEADER = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class Poisoned:
    """A mail that could not be read. ``final``: it goes over a budget, and another try would find the same.
    ``unkept``: its files found no place here, which is no fault of the mail."""

    why: str
    final: bool = False
    unkept: bool = False


class UnkeptError(Exception):
    """There is no room for the files of a mail, or no place."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one batch is read by, and its mails."""

    budget: Budget
    marks: TextMarks
    files: Path
    mails: tuple[Octets, ...]


def write(pipe: IO[bytes], value: Any) -> None:
    """One value, behind its length."""
    octets = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    pipe.write(HEADER.pack(len(octets)) + octets)
    pipe.flush()


def read(pipe: IO[bytes]) -> Any:
    """The next value; EOFError where the other side has ended. Both sides are processes of ours."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError("no more")
    (length,) = HEADER.unpack(header)
    octets = pipe.read(length)
    if len(octets) < length:
        raise EOFError("cut off")
    return pickle.loads(octets)  # noqa: S301 see above
