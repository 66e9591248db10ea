"""A TCP proxy between a client and a real server that makes the network fail as told.

``mode`` may change at any time and holds for what passes from then on; both directions unless said otherwise.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, replace

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Mode:
    """What the network does. All zero: it works.

    ``refuse``: a new connection is closed at once; ``blackhole``: nothing passes, nothing is closed; ``delay_s`` before
    each piece; ``drip``: octets a second towards the client; ``cut_to_client``, ``cut_to_server``: connections end
    after so many octets in that direction; ``reset``: they end at once, by a TCP reset; ``cut_on``: they end when the
    server says this (regular expression), which does not arrive; ``hide``: a word of the server that arrives as X's.
    """

    refuse: bool = False
    blackhole: bool = False
    delay_s: float = 0.0
    drip: float = 0.0
    cut_to_client: int = 0
    cut_to_server: int = 0
    reset: bool = False
    cut_on: bytes = b""
    hide: bytes = b""


class FaultProxy:
    """Listens on ``port`` from its making until :meth:`close`; a context manager."""

    def __init__(self, target: int, mode: Mode = Mode()) -> None:
        self.mode = mode
        self.connections = 0
        self.cuts = 0
        """How often something matched ``cut_on``."""
        self.said = bytearray()
        """All that the clients have said."""
        self._target = target
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set(self, **changes: object) -> None:
        """Another mode, by its differences from a network that works; a reset ends what is open."""
        self.mode = replace(Mode(), **changes)
        if self.mode.reset:
            self.drop(reset=True)

    def drop(self, reset: bool = False) -> None:
        """End every open connection now."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _end(*pair, reset=reset)

    def close(self) -> None:
        """Stop; new connections are refused from now on."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept(), which would hold the port
        self._listener.close()
        self.drop()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if self.mode.refuse:
                _end(client, client, reset=True)
                continue
            self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((HOST, self._target), 5)
        except OSError:
            client.close()
            return
        server.settimeout(None)  # or whoever is silent for five seconds would be cut off by the proxy
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs.append((client, server))
        threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, to_client: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):  # the other direction has ended it
            while piece := source.recv(65536):
                while self.mode.blackhole:
                    time.sleep(0.02)
                mode = self.mode
                time.sleep(mode.delay_s)
                if not to_client:
                    self.said += piece
                elif mode.hide:
                    piece = piece.replace(mode.hide, b"X" * len(mode.hide))
                if to_client and mode.cut_on and re.search(mode.cut_on, piece):
                    self.cuts += 1
                    break
                limit = mode.cut_to_client if to_client else mode.cut_to_server
                allowed = piece[: max(0, limit - passed)] if limit else piece
                self._send(sink, allowed, mode.drip if to_client else 0.0)
                passed += len(piece)
                if limit and passed >= limit:
                    break
        _end(source, sink, reset=self.mode.reset)

    def _send(self, sink: socket.socket, octets: bytes, drip: float) -> None:
        if not drip:
            sink.sendall(octets)
            return
        for octet in octets:
            sink.sendall(bytes([octet]))
            time.sleep(1 / drip)


def _end(*sockets: socket.socket, reset: bool) -> None:
    for sock in sockets:
        with contextlib.suppress(OSError):  # closed by the other direction
            if reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.shutdown(socket.SHUT_RD)  # a thread in recv() would hold the reset back
            else:
                sock.shutdown(socket.SHUT_RDWR)
        sock.close()
