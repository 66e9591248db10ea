"""The parser process: reads tasks from standard input, answers mail by mail on standard output (daemon/mail/reader.py).

It ends when its input does; signals that end the daemon are not for it.
`python -m daemon.mail.reader_child CPU_S MEMORY`.
"""

from __future__ import annotations

import mmap
import os
import resource
import signal
import sys
from dataclasses import replace
from typing import BinaryIO

from daemon.faults import kill_point
from daemon.files import Files, Octets
from daemon.mail.pipe import Poisoned, Task, UnkeptError, read, write
from parsers.attachments import attachment_chunks
from parsers.mail import Attachment, Mail, OverBudget, parse


def main() -> None:
    """Answer until the input ends."""
    cpu_s, memory = int(sys.argv[1]), int(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with _answers() as answers:
        write(answers, True)
        while True:
            try:
                task = read(sys.stdin.buffer)
            except EOFError:
                return
            for octets in task.mails:
                _allow(cpu_s)
                write(answers, _read_one(octets, task))


def _answers() -> BinaryIO:
    """Standard output for answers alone. What a library prints or logs of a mail goes nowhere: the words are its
    sender's, and the log may be a pipe that nobody reads."""
    own = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return own


def _allow(cpu_s: int) -> None:
    """So many seconds of processor time from now on; after them SIGXCPU ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + cpu_s + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _read_one(octets: Octets, task: Task) -> Mail | Poisoned:
    kill_point("parsing")
    try:
        if isinstance(octets, bytes):
            return _parsed(octets, task)
        with octets.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
            return _parsed(raw, task)
    except OverBudget as over:
        return Poisoned(str(over), final=True)
    except UnkeptError as fault:
        return Poisoned(str(fault), unkept=True)
    except MemoryError:
        return Poisoned("parser: out of memory")
    except Exception as defect:  # noqa: BLE001 the ledger holds it, and the raw mail to look at
        return Poisoned(f"parser: {type(defect).__name__}: {defect}"[:300])


def _parsed(raw: bytes | mmap.mmap, task: Task) -> Mail:
    mail = parse(raw, task.budget, task.marks)
    if not mail.attachments:
        return mail
    files = Files(task.files)
    return replace(mail, attachments=tuple(_kept(raw, each, files) for each in mail.attachments))


def _kept(raw: bytes | mmap.mmap, attachment: Attachment, files: Files) -> Attachment:
    """Its octets stored by digest; what was unpacked in memory is not sent along."""
    if not files.has(attachment.digest):
        try:
            digest = files.keep(attachment_chunks(raw, attachment))
        except OSError as fault:
            raise UnkeptError(f"its files cannot be kept: {fault}") from fault
        if digest != attachment.digest:
            raise ValueError(f"attachment {attachment.name!r} has another digest than its octets")
    return replace(attachment, content=None)


if __name__ == "__main__":
    main()
