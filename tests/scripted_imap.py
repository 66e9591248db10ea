"""An IMAP server that says what a test wants, for what no real server can be brought to do on command.

A test gives a function of one connection: it reads commands and writes octets through :class:`Line`.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable

from daemon.mail.wire import Endpoint
from tests.patience import PATIENCE_S


class Line:
    """One connection, from the server's side. ``tag`` is that of the last command read."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.tag = ""
        self.capabilities = "IMAP4rev1 IDLE UIDPLUS MOVE"
        self._file = sock.makefile("rb")

    def read(self) -> str:
        """The next command without its tag; "" when the client has gone. CAPABILITY is answered by the way."""
        while True:
            words = self._file.readline().decode("latin-1").strip()
            self.tag, _, command = words.partition(" ")
            if command != "CAPABILITY":
                return command or self.tag
            self.ok(f"CAPABILITY {self.capabilities}")

    def say(self, octets: bytes) -> None:
        """Exactly these octets."""
        self.sock.sendall(octets)

    def ok(self, *untagged: str) -> None:
        """Untagged lines, then the tagged OK."""
        self.say("".join(f"* {line}\r\n" for line in untagged).encode() + f"{self.tag} OK done\r\n".encode())

    def no(self, text: str) -> None:
        """A tagged NO."""
        self.say(f"{self.tag} NO {text}\r\n".encode())

    def greet(self, *found: str) -> None:
        """Greeting, login and the questions every client asks first, up to and including SELECT of INBOX, which is
        empty or as ``found`` says."""
        self.say(b"* OK scripted\r\n")
        answers = {
            "LOGIN": [],
            "LIST": ['LIST (\\Noselect) "/" ""'],
            "SELECT": [*(found or ["0 EXISTS"]), "OK [UIDVALIDITY 7] ok", "OK [UIDNEXT 1] ok"],
        }
        while True:
            verb = self.read().split(" ")[0].upper()
            self.ok(*answers[verb])
            if verb == "SELECT":
                return


class ScriptedImap(socketserver.ThreadingTCPServer):
    """Runs ``script`` for each connection; a context manager."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, script: Callable[[Line], None]) -> None:
        self.connections = 0
        outer = self

        class Talk(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer.connections += 1
                try:
                    script(Line(self.request))
                except (OSError, ValueError, KeyError):
                    return  # the client has ended it

        super().__init__(("127.0.0.1", 0), Talk)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def endpoint(self) -> Endpoint:
        """How the daemon's own client reaches it."""
        port = int(self.server_address[1])
        return Endpoint("127.0.0.1", port, "none", "ana", lambda: "secret", read_timeout_s=PATIENCE_S)

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
