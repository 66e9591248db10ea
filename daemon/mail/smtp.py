"""Handing letters to the SMTP server, and knowing afterwards what became of each recipient.

smtplib says «disconnected» alike before and after the final dot, and sends one command at a time. This client keeps
the phase, and sends a letter's content together with the opening of the next (PIPELINING, RFC 2920): one round trip a
letter. Whatever is not a clear refusal is transient, and so is 421 at any point.
"""

from __future__ import annotations

import re
import select
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from daemon.log import log
from daemon.mail.smtp_wire import WRITE_AT_ONCE, Phase, Reply, SmtpError, SmtpWire
from daemon.mail.wire import Endpoint

Outcome = Literal["sent", "deferred", "failed"]

DOT_FACTOR = 4
"""The server may take so many times a command's deadline to take over a letter: that is when it does its work."""
ADDRESS = re.compile(r"""(?:"[^"<>\x00-\x1f\x7f]*"|[^\s"<>@\x00-\x1f\x7f]+)@[^\s"<>@\x00-\x1f\x7f]+""")
"""What may stand between < and > of a command without ending it: local part, maybe quoted, and domain."""
RATE = 16 * 1024.0
"""Octets a second that content must move at."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one recipient. ``code`` and ``reply`` are the server's (0: it gave none).

    ``uncertain``: the letter was handed over completely, but no answer came; it goes again and may arrive twice.
    """

    recipient: str
    outcome: Outcome
    phase: Phase
    code: int = 0
    reply: str = ""
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """A letter on its way: ``content`` gives its octets, CRLF lines, before dot-stuffing; asked once for each try."""

    key: int
    sender: str
    recipients: tuple[str, ...]
    content: Callable[[], Iterable[bytes]]


class ContentError(ValueError):
    """A letter holds a bare CR or LF: other servers could read a second letter out of it. A defect of ours."""


def of_reply(recipient: str, phase: Phase, reply: Reply) -> Result:
    """What a reply means for one recipient: 2xx sent, 5xx failed, anything else deferred."""
    outcome: Outcome = "sent" if reply.is_yes else "failed" if reply.code >= 500 else "deferred"
    return Result(recipient, outcome, phase, reply.code, reply.text)


def of_error(recipients: Iterable[str], error: SmtpError, uncertain: bool = False) -> tuple[Result, ...]:
    """What the end of a session means for letters to ``recipients``."""
    outcome: Outcome = "failed" if error.permanent else "deferred"
    return tuple(Result(each, outcome, error.phase, error.code, error.reply, uncertain) for each in recipients)


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

    def deliver(self, envelopes: Iterable[Envelope]) -> Iterator[tuple[Envelope, tuple[Result, ...]]]:
        """Send letters, in order, each with one result a recipient. Those that are not answered were not begun."""
        queue = map(self._prepare, envelopes)
        current = next(queue, None)
        if current is not None:
            self._open_early(current)
        while current is not None and self.alive:
            following = next(queue, None)
            yield current.envelope, self._deliver_one(current, following)
            current = following

    def _prepare(self, envelope: Envelope) -> _Prepared:
        known = {each: why for each in envelope.recipients if (why := self._unsendable(each))}
        return _Prepared(
            envelope,
            sendable=[each for each in envelope.recipients if each not in known],
            results=[Result(each, "failed", "rcpt", 553, why) for each, why in known.items()],
        )

    def _unsendable(self, address: str) -> str:
        """Why an address cannot go on the wire: it would end the command, or the server cannot read it."""
        if not ADDRESS.fullmatch(address):
            return "not an address"
        return "" if address.isascii() or "SMTPUTF8" in self.extensions else "the server takes no such address"

    def _deliver_one(self, letter: _Prepared, following: _Prepared | None) -> tuple[Result, ...]:
        handed_over = False
        try:
            if not self._opened(letter):
                if following is not None:
                    self._open_early(following)
                return tuple(letter.results)
            self._write_content(letter, following)
            handed_over = bool(letter.accepted)
            reply = self.read("dot", self._timeout_s * DOT_FACTOR)
            self.alive = reply.code != 421
            return (*letter.results, *(of_reply(each, "dot", reply) for each in letter.accepted))
        except SmtpError as broken:
            self.alive = False
            return of_error(letter.envelope.recipients, broken, uncertain=handed_over)
        except Exception as defect:  # its bytes could not be had; DATA has been said, so the session ends with it
            self.alive = False
            log.exception("letter cannot be rendered", key=letter.envelope.key)
            outcome: Outcome = "failed" if isinstance(defect, ContentError) else "deferred"
            return tuple(Result(each, outcome, "data", 0, str(defect)) for each in letter.envelope.recipients)

    def _open_early(self, letter: _Prepared) -> None:
        """Begin a letter ahead of the earlier one's answer, where the server allows it.

        A broken wire shows when the answer is read: nothing has been handed over before.
        """
        if self._pipelining:
            with suppress(SmtpError):
                self.write("mail", self._opening(letter))

    def _opening(self, letter: _Prepared) -> bytes:
        reset = ["RSET"] if self._reset_first else []
        return "".join(f"{line}\r\n" for line in [*reset, *letter.commands()]).encode()

    def _opened(self, letter: _Prepared) -> bool:
        """Read the answers to MAIL, RCPT and DATA into ``letter``; True when its content is due."""
        if self._reset_first:
            self.refuse_unless(self._answer("mail", "RSET"), "mail")
        self._reset_first = True  # until this letter has gone through
        lines = iter(letter.commands())
        mail = self._answer("mail", next(lines))
        for each in letter.sendable if mail.is_yes or self._pipelining else ():
            reply = self._answer("rcpt", next(lines))
            letter.note(each, "rcpt" if mail.is_yes else "mail", reply if mail.is_yes else mail)
        if not mail.is_yes and not self._pipelining:
            letter.results += [of_reply(each, "mail", mail) for each in letter.sendable]
        if not letter.accepted and not self._pipelining:
            return False
        go = self._answer("data", "DATA")
        if go.code == 354:
            self._reset_first = False
            return True
        letter.results += [of_reply(each, "data", go) for each in letter.accepted]
        return False

    @property
    def _pipelining(self) -> bool:
        return "PIPELINING" in self.extensions

    def _answer(self, phase: Phase, command: str) -> Reply:
        """The answer to a command that was sent already (PIPELINING), or is sent now. 421 ends the session."""
        reply = self.read(phase) if self._pipelining else self.ask(phase, command)
        if reply.code == 421:
            raise SmtpError(phase, reply.text, reply.code)
        return reply

    def _write_content(self, letter: _Prepared, following: _Prepared | None) -> None:
        """Content and dot; the next letter's opening rides along. Without a recipient the content is empty."""
        pending = bytearray()
        size = 0
        until = time.monotonic() + self._timeout_s * DOT_FACTOR
        for piece in stuffed(letter.envelope.content() if letter.accepted else ()):
            pending += piece
            size += len(piece)
            if len(pending) >= WRITE_AT_ONCE:
                self.write("data", pending, until + size / RATE)
                pending = bytearray()
        if following is not None and self._pipelining:
            pending += self._opening(following)
        self.write("data", pending, until + size / RATE)


@dataclass(slots=True)
class _Prepared:
    """A letter in the course of its delivery: whom it can go to, who was accepted, what is known already."""

    envelope: Envelope
    sendable: list[str]
    results: list[Result]
    accepted: list[str] = field(default_factory=list)

    def commands(self) -> list[str]:
        """MAIL, one RCPT a recipient, DATA."""
        sender = self.envelope.sender
        utf8 = "" if all(map(str.isascii, (sender, *self.sendable))) else " SMTPUTF8"
        return [f"MAIL FROM:<{sender}>{utf8}", *(f"RCPT TO:<{each}>" for each in self.sendable), "DATA"]

    def note(self, recipient: str, phase: Phase, reply: Reply) -> None:
        """The answer for one recipient."""
        if reply.is_yes:
            self.accepted.append(recipient)
        else:
            self.results.append(of_reply(recipient, phase, reply))


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
            _check_lines(ready)
            yield (b"." if at_start and ready.startswith(b".") else b"") + ready.replace(b"\n.", b"\n..")
            at_start = False
    if held == b"\r":
        raise ContentError("bare CR at the end of a letter")
    yield b".\r\n" if at_start and not held else b"\r\n.\r\n"


def _check_lines(text: bytes) -> None:
    ends = text.count(b"\r\n")
    if text.count(b"\n") != ends or text.count(b"\r") != ends:
        raise ContentError("bare CR or LF in a letter")
