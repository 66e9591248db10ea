"""Handing letters to the SMTP server, and knowing afterwards what became of each.

smtplib cannot tell a connection lost before the final dot from one lost after it, and sends one command at a time. This
client keeps the phase, and sends a letter's content together with the opening of the next (PIPELINING, RFC 2920): one
round trip a letter. Whatever is not a clear refusal is transient, and so is 421 at any point.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from daemon.log import log
from daemon.mail.smtp_wire import WRITE_AT_ONCE, Phase, Reply, SmtpError, SmtpWire
from daemon.mail.wire import Endpoint

Status = Literal["sent", "deferred", "failed"]

DOT_FACTOR = 4
"""The server may take this many times a command's deadline to accept a letter: that is when it does its work."""
ADDRESS = re.compile(r"""(?:"[^"<>\x00-\x1f\x7f]*"|[^\s"<>@\x00-\x1f\x7f]+)@[^\s"<>@\x00-\x1f\x7f]+""")
"""What may stand between < and > of a command without ending it: local part, maybe quoted, and domain."""
RATE = 16 * 1024.0
"""Octets per second that content must move at least."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a letter. ``code`` and ``reply`` are the server's (0: it gave none).

    ``uncertain``: the letter was handed over completely, but no answer came; it goes again and may arrive twice.
    """

    status: Status
    phase: Phase
    code: int = 0
    reply: str = ""
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """A letter on its way: ``content`` gives its octets, CRLF lines, before dot-stuffing; asked once for each try."""

    key: int
    sender: str
    to: str
    content: Callable[[], Iterable[bytes]]

    @property
    def commands(self) -> tuple[tuple[Phase, str], ...]:
        """What opens it, by the phase that each answer belongs to."""
        utf8 = "" if self.sender.isascii() and self.to.isascii() else " SMTPUTF8"
        return ("mail", f"MAIL FROM:<{self.sender}>{utf8}"), ("rcpt", f"RCPT TO:<{self.to}>"), ("data", "DATA")


class ContentError(ValueError):
    """A letter holds a bare CR or LF: other servers could read a second letter out of it. A defect of ours."""


def of_reply(phase: Phase, reply: Reply) -> Result:
    """What a reply means for a letter: 2xx after its final dot sent, 5xx failed, anything else deferred."""
    sent = phase == "dot" and reply.is_yes
    return Result("sent" if sent else "failed" if reply.code >= 500 else "deferred", phase, reply.code, reply.text)


def of_error(error: SmtpError, uncertain: bool = False) -> Result:
    """What the end of a session means for a letter."""
    return Result("failed" if error.permanent else "deferred", error.phase, error.code, error.reply, uncertain)


class Session(SmtpWire):
    """A connection that takes letters. :meth:`deliver` raises nothing for the wire's sake: it stops early, and
    ``alive`` is False.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._reset_first = False
        super().__init__(endpoint)

    @property
    def is_fresh(self) -> bool:
        """Nothing has come since the last reply: a server that has hung up meanwhile would have said so."""
        return self.alive and not self._buffer and not select.select([self._sock], [], [], 0)[0]

    def refusal_of(self, sender: str) -> str:
        """What the server answers where it takes no letters from ``sender``, "" where it does; nothing is sent."""
        reply = self.ask("mail", f"MAIL FROM:<{sender}>")
        self.ask("mail", "RSET")
        return "" if reply.is_yes else f"does not take letters from {sender}: {reply.code} {reply.text}"

    def deliver(self, envelopes: Iterable[Envelope]) -> Iterator[tuple[Envelope, Result]]:
        """Send letters, in order, each with its result. Those that are not answered were not begun."""
        queue = iter(envelopes)
        letter = next(queue, None)
        self._open_early(letter)
        while letter is not None and self.alive:
            following = next(queue, None)
            yield letter, self._deliver_one(letter, following)
            letter = following

    def _deliver_one(self, letter: Envelope, following: Envelope | None) -> Result:
        handed_over = False
        try:
            if refusal := self._refusal(letter):
                self._open_early(following)
                return refusal
            self._write_content(letter.content(), following)
            handed_over = True
            reply = self.read("dot", self._timeout_s * DOT_FACTOR)
            self.alive = reply.code != 421
            return of_reply("dot", reply)
        except SmtpError as broken:
            self.alive = False
            return of_error(broken, uncertain=handed_over)
        except Exception as defect:  # its bytes could not be had; DATA has been said, so the session ends with it
            self.alive = False
            log.exception("letter cannot be rendered", key=letter.key)
            return Result("failed" if isinstance(defect, ContentError) else "deferred", "data", 0, str(defect))

    def _refusal(self, letter: Envelope) -> Result | None:
        """Why the letter is not wanted, by the answers to MAIL, RCPT and DATA; None when its content is due."""
        if why := self._unsendable(letter.to):
            return Result("failed", "rcpt", 553, why)
        if self._reset_first:
            self.refuse_unless(self._answer("mail", "RSET"), "mail")
        self._reset_first = True  # until this letter has gone through
        refusal: Result | None = None
        for phase, command in letter.commands:
            reply = self._answer(phase, command)
            wanted = reply.code == 354 if phase == "data" else reply.is_yes
            refusal = refusal or (None if wanted else of_reply(phase, reply))
            if refusal and not self._pipelining:
                return refusal
        if reply.code == 354:
            self._reset_first = False
            if refusal:  # the server asks for the content of what it has refused
                self._write_content((), None)
                self.read("dot")
        return refusal

    def _unsendable(self, address: str) -> str:
        """Why an address cannot go on the wire: it would end the command, or the server cannot read it."""
        if not ADDRESS.fullmatch(address):
            return "not an address"
        return "" if address.isascii() or "SMTPUTF8" in self.extensions else "the server takes no such address"

    def _open_early(self, letter: Envelope | None) -> None:
        """Begin a letter ahead of the earlier one's answer, where the server allows it.

        A broken wire shows when the answer is read: nothing has been handed over before.
        """
        if opening := self._opening(letter):
            with suppress(SmtpError):
                self.write("mail", opening)

    def _opening(self, letter: Envelope | None) -> bytes:
        """The commands that are sent ahead of their answers: none to a server that wants them one by one."""
        if letter is None or not self._pipelining or self._unsendable(letter.to):
            return b""
        reset = ["RSET"] if self._reset_first else []
        lines = [*reset, *(command for _, command in letter.commands)]
        return "".join(f"{line}\r\n" for line in lines).encode()

    @property
    def _pipelining(self) -> bool:
        return "PIPELINING" in self.extensions

    def _answer(self, phase: Phase, command: str) -> Reply:
        """The answer to a command that was sent already (PIPELINING), or is sent now. 421 ends the session."""
        reply = self.read(phase) if self._pipelining else self.ask(phase, command)
        if reply.code == 421:
            raise SmtpError(phase, reply.text, reply.code)
        return reply

    def _write_content(self, content: Iterable[bytes], following: Envelope | None) -> None:
        """Content and dot; the next letter's opening rides along."""
        pending = bytearray()
        size = 0
        until = time.monotonic() + self._timeout_s * DOT_FACTOR
        for piece in stuffed(content):
            pending += piece
            size += len(piece)
            if len(pending) >= WRITE_AT_ONCE:
                self.write("data", pending, until + size / RATE)
                pending = bytearray()
        pending += self._opening(following)
        self.write("data", pending, until + size / RATE)


_BARE_LF, _BARE_CR, _DOT = re.compile(rb"\n(?<!\r\n)"), re.compile(rb"\r(?!\n)"), re.compile(rb"\n\.")
"""Searched from one octet to the next that they begin with: half the time of counting and replacing pairs."""


def stuffed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Content for DATA: a dot before each line that begins with one, the end of the last line, and the final dot.

    Raises :class:`ContentError` at a bare CR or LF (RFC 5321, 2.3.8).
    """
    held = b""  # a line end that may belong with the next chunk
    at_start = True
    for chunk in chunks:
        text = held + chunk
        cut = len(text) - (2 if text.endswith(b"\r\n") else text.endswith(b"\r"))
        ready, held = text[:cut], text[cut:]
        if ready:
            if _BARE_LF.search(ready) or _BARE_CR.search(ready):
                raise ContentError("bare CR or LF in a letter")
            yield (b"." if at_start and ready.startswith(b".") else b"") + _DOT.sub(b"\n..", ready)
            at_start = False
    if held == b"\r":
        raise ContentError("bare CR at the end of a letter")
    yield b".\r\n" if at_start and not held else b"\r\n.\r\n"
