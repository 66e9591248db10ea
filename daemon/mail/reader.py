"""The reader: raw mails become :class:`parsers.mail.Mail` in a child process that may die of them.

No limit inside a process stops a parser that eats time or memory. So the child has limits of its own (address space,
processor time) and a wall clock that its parent keeps. It answers mail by mail, so that its parent knows which mail
killed it; its successor gets the others. It stores attachments by digest, so that their octets never cross the pipe.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from daemon.files import Octets
from daemon.mail.pipe import Poisoned, Task, read, write
from daemon.mail.wire import WATCHDOG
from daemon.store.errors import Unavailable
from parsers.mail import Budget, Mail
from parsers.reply import TextMarks
from rules.desk import Desk

WALL_S = 30.0
"""Seconds that one mail may take by the wall clock."""
START_S = 60.0
"""Seconds that a new process may take to import what it needs."""
CPU_S = 20
"""Seconds of processor time for one mail."""
MEMORY = 1536 * 1024 * 1024
"""Octets of address space: a mail of 40 MB needs some nine times its size, the interpreter the rest."""


def how_to_read(desk: Desk) -> tuple[Budget, TextMarks]:
    """Budgets and marks as the admin set them."""
    limits = desk.limits
    budget = Budget(limits.header_block, limits.header, limits.headers, limits.depth, limits.parts)
    return budget, desk.text


Tell = Callable[[Mail | Poisoned], None]


class Reader:
    """One child process, shared by all mailboxes, started when first needed and again after its death.

    ``files`` is the folder of :class:`daemon.files.Files`; ``rules`` is asked before each batch.
    """

    def __init__(
        self,
        files: Path,
        rules: Callable[[], tuple[Budget, TextMarks]] = lambda: (Budget(), TextMarks()),
        wall_s: float = WALL_S,
        cpu_s: int = CPU_S,
        memory: int = MEMORY,
    ) -> None:
        self._files = files
        self._rules = rules
        self._wall_s = wall_s
        self._limits = (cpu_s, memory)
        self._child: _Child | None = None
        self._worker = ThreadPoolExecutor(1, "reader")
        """Speaks with the child: first come, first served, so that a mailbox in a flood holds up no other."""

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(self, mails: Sequence[tuple[int, Octets | None]]) -> list[Mail | Poisoned]:
        """One answer a mail, in order. The first of each pair is the caller's own and names the mail in faults."""
        return list(self.answers(mails))

    def answers(self, mails: Sequence[tuple[int, Octets | None]]) -> Iterator[Mail | Poisoned]:
        """The same one by one, each as soon as it is there: the child reads on while the caller works with what it
        has."""
        answers: SimpleQueue[Mail | Poisoned | None] = SimpleQueue()
        reading = self._worker.submit(self._read, [octets for _, octets in mails], answers.put)
        reading.add_done_callback(lambda _: answers.put(None))
        while answer := answers.get():
            yield answer
        reading.result()  # raises what has kept it from reading

    def close(self, patience_s: float = 1.0) -> None:
        """Let the child end; what it has not finished within ``patience_s`` is given up, and offered again later."""
        ended = self._worker.submit(self._drop)
        wait([ended], patience_s)
        if not ended.done() and (child := self._child) is not None:
            child.kill()

    # -- in the worker

    def _read(self, mails: Sequence[Octets | None], tell: Tell) -> None:
        while mails:
            mails = mails[self._batch(mails, tell) :]

    def _batch(self, mails: Sequence[Octets | None], tell: Tell) -> int:
        """Answer up to and including the first mail that the child dies of; returns how many, at least one."""
        child = self._child = self._child or _started(self._limits)
        answered = 0
        try:
            self._send(child, mails)
            for mail in mails:
                tell(self._receive(child) if mail else Poisoned("no octets", final=True))
                answered += 1
        except (OSError, EOFError) as death:
            tell(Poisoned(child.epitaph(death)))
            answered += 1
            self._drop()
        except BaseException:  # what it still says of these mails is no answer to the next
            self._drop()
            raise
        return answered

    def _send(self, child: _Child, mails: Sequence[Octets | None]) -> None:
        budget, marks = self._rules()
        with WATCHDOG.limit(START_S, child.kill):
            child.greet()
        with WATCHDOG.limit(self._wall_s, child.kill):
            child.send(Task(budget, marks, self._files, tuple(mail for mail in mails if mail)))

    def _receive(self, child: _Child) -> Mail | Poisoned:
        with WATCHDOG.limit(self._wall_s, child.kill):
            return child.receive()

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


def _started(limits: tuple[int, int]) -> _Child:
    """Unavailable where the system has nothing left for another process: no mail is at fault."""
    try:
        return _Child(limits)
    except OSError as fault:
        raise Unavailable(f"no parser can be started: {fault}") from fault


class _Child:
    """The process and its two pipes."""

    def __init__(self, limits: tuple[int, int]) -> None:
        command = [sys.executable, "-m", "daemon.mail.reader_child", *map(str, limits)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 our own
        self._killed = False
        self._started = False

    def greet(self) -> None:
        """Wait until it has started: its imports are no mail's time."""
        if not self._started:
            assert self._process.stdout is not None
            self._started = bool(read(self._process.stdout))

    def send(self, task: Task) -> None:
        assert self._process.stdin is not None
        write(self._process.stdin, task)

    def receive(self) -> Mail | Poisoned:
        assert self._process.stdout is not None
        answer = read(self._process.stdout)
        assert isinstance(answer, Mail | Poisoned)
        return answer

    def kill(self) -> None:
        """Its time is over; from any thread."""
        self._killed = True
        self._process.kill()

    def epitaph(self, death: Exception) -> str:
        """What it died of, in a word or two for the ledger."""
        self._process.kill()
        status = self._process.wait()
        if self._killed:
            return "parser: out of time"
        return f"parser died: {-status if status < 0 else status} {type(death).__name__}"

    def end(self) -> None:
        """Close its input: it stops by itself; otherwise it is stopped."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what was still to be written died with it
                    pipe.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
