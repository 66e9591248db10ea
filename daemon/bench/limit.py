"""The limit: the barest Python that does the same input and output, without a desk.

imaplib by 50, the standard library's parser, one durable commit per 50, two fixed letters a mail, as long as ours, over
one pipelined SMTP connection, MOVE per 500. `python -m daemon.bench.limit IMAP_PORT SMTP_PORT USER PASSWORD DATABASE`.
"""

from __future__ import annotations

import email
import imaplib
import re
import socket
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from email.message import Message

FETCH_AT_ONCE = 50
MOVE_AT_ONCE = 500
CONFIRMATION, ASSIGNMENT = 16_500, 33_100
"""Octets of our own two letters in this job."""
_LINE = b"<p>Se ha recibido su mensaje y se le ha asignado un numero.</p>\r\n"


def _letter(octets: int) -> tuple[str, bytes]:
    """The headers of a letter, to be filled in, and its content."""
    headers = (
        "From: Soporte <servicio@cau.example>\r\nTo: {to}\r\nSubject: Registro {number}\r\n"
        "Message-ID: <{number}.{to}>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    )
    return headers, _LINE * ((octets - len(headers)) // len(_LINE))


LETTERS = (_letter(CONFIRMATION), _letter(ASSIGNMENT))

INSERT = "INSERT INTO tickets (sender, subject, body) VALUES (?, ?, ?)"


def main(imap_port: int, smtp_port: int, user: str, password: str, database: str) -> None:
    """Treat the whole INBOX."""
    books = sqlite3.connect(database)
    books.execute("PRAGMA journal_mode = wal")
    books.execute("PRAGMA synchronous = full")
    books.execute("CREATE TABLE tickets (number INTEGER PRIMARY KEY, sender TEXT, subject TEXT, body TEXT)")
    post = Post(smtp_port)
    with imaplib.IMAP4("127.0.0.1", imap_port) as imap:
        imap.login(user, password)
        imap.select("INBOX")
        if b"Limite" not in b"".join(filter(None, imap.list()[1])):  # type: ignore[arg-type]
            imap.create("Limite")
        uids = imap.uid("SEARCH", "ALL")[1][0].split()
        moving: list[bytes] = []
        for start in range(0, len(uids), FETCH_AT_ONCE):
            some = uids[start : start + FETCH_AT_ONCE]
            treat(books, post, list(fetched(imap, some)))
            moving += some
            if len(moving) >= MOVE_AT_ONCE or start + FETCH_AT_ONCE >= len(uids):
                imap.uid("MOVE", f"{moving[0].decode()}:{moving[-1].decode()}", "Limite")
                moving = []
    post.close()


def fetched(imap: imaplib.IMAP4, uids: Sequence[bytes]) -> Iterator[Message]:
    """The mails, parsed."""
    answers = imap.uid("FETCH", f"{uids[0].decode()}:{uids[-1].decode()}", "(BODY.PEEK[])")[1]
    for answer in answers:
        if isinstance(answer, tuple):
            yield email.message_from_bytes(answer[1])


def treat(books: sqlite3.Connection, post: Post, mails: Sequence[Message]) -> None:
    """One durable commit, then the letters."""
    rows = [(mail["From"], mail["Subject"], text_of(mail)) for mail in mails]
    numbers = [books.execute(INSERT, row).lastrowid for row in rows]
    books.commit()
    for number, (sender, _, _) in zip(numbers, rows, strict=True):
        found = re.search(r"<([^>]+)>", sender)
        for to, (headers, content) in zip((found[1] if found else sender, "n1@cau.example"), LETTERS, strict=True):
            post.send(to, headers.format(to=to, number=number).encode() + content)
    post.settle()


def text_of(mail: Message) -> str:
    """The first text of a mail; its files are decoded too, as a desk must."""
    texts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    return texts[0].decode("utf-8", "replace") if isinstance(texts[0], bytes) else ""


class Post:
    """One SMTP connection; answers are counted behind the sending."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._answers.readline()
        self._socket.sendall(b"EHLO limite\r\n")
        while self._answers.readline()[3:4] == b"-":
            pass
        self._open = False

    def send(self, to: str, letter: bytes) -> None:
        """The opening of a letter goes with the end of the one before it: one round trip a letter."""
        opening = b"MAIL FROM:<servicio@cau.example>\r\nRCPT TO:<%b>\r\nDATA\r\n" % to.encode()
        if self._open:
            opening = b".\r\n" + opening
        self._socket.sendall(opening)
        for _ in range(3 + self._open):
            self._answers.readline()
        self._open = True
        self._socket.sendall(letter)

    def settle(self) -> None:
        """Until the last letter is accepted."""
        if self._open:
            self._socket.sendall(b".\r\n")
            self._answers.readline()
            self._open = False

    def close(self) -> None:
        """Say goodbye."""
        self._socket.sendall(b"QUIT\r\n")
        self._answers.readline()
        self._socket.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:6])
