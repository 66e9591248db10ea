"""Figures for Prometheus (`[metrics]`, off by default): an endpoint on loopback, or a file for the node exporter.

The text format is written here: a dozen figures need no library.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from daemon.config.accounts import Metrics
from daemon.log import log
from daemon.store.standing import Standing

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


Sample = tuple[Mapping[str, str], float]


def exposition(standing: Standing, now: datetime) -> str:
    """All figures in Prometheus' text format. They are the desk's: each of its daemons tells the same ones."""
    lag = max(0.0, (now - standing.next_due).total_seconds()) if standing.next_due else 0.0
    held = [lease for lease in standing.leases if lease.expires_at > now]
    families: tuple[tuple[str, str, str, Iterable[Sample]], ...] = (
        ("acuse_mails_total", "counter", "Mails treated.", _counted("mails", "verdict", standing)),
        ("acuse_letters_total", "counter", "Deliveries tried.", _counted("letters", "result", standing)),
        ("acuse_outbox_waiting", "gauge", "Letters that wait, by state.", _by("state", standing.outbox)),
        ("acuse_last_good_poll_seconds", "gauge", "When a mailbox was last seen well, Unix time.",
         _by("mailbox", {name: at.timestamp() for name, at in standing.polls.items()})),
        ("acuse_lease", "gauge", "Who holds a mailbox.",
         [({"mailbox": lease.mailbox, "owner": lease.owner}, 1.0) for lease in held]),
        ("acuse_due_lag_seconds", "gauge", "How long the first due thing has been waiting.", [({}, lag)]),
        ("acuse_job_last_run_seconds", "gauge", "For which time a job last ran, Unix time.",
         _by("job", {name: at.timestamp() for name, at in standing.jobs.items()})),
        ("acuse_alarms", "gauge", "Alarms that stand.", [({}, float(len(standing.told)))]),
        ("acuse_log_lines_lost_total", "counter", "Lines of the log that nobody read in time.",
         [({}, float(standing.counted.get("lines lost", 0)))]),
    )  # fmt: skip
    return "".join(line for family in families for line in _family(*family))


def _counted(what: str, label: str, standing: Standing) -> list[Sample]:
    counted = ((*name.partition(" "), n) for name, n in standing.counted.items())
    return _by(label, {name: n for kind, _, name, n in counted if kind == what})


def _by(label: str, values: Mapping[str, float]) -> list[Sample]:
    return [({label: name}, float(value)) for name, value in sorted(values.items())]


def _family(name: str, kind: str, told: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {told}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inside}}} {value:.15g}\n" if inside else f"{name} {value:.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


class Server(ThreadingHTTPServer):
    """Over IPv4; no scrape keeps the daemon from ending."""

    daemon_threads = True


class ServerOverIpv6(Server):
    """For `[::1]:9464`."""

    address_family = socket.AF_INET6


def server_of(host: str) -> type[Server]:
    """What listens on this host of `metrics.listen`."""
    return ServerOverIpv6 if ":" in host else Server


class Exporter:
    """Answers on `metrics.listen` and writes `metrics.textfile`; neither where both are empty.

    What is answered is what :meth:`refresh` found last: a scrape asks nothing of the database.
    """

    def __init__(self, table: Metrics, figures: Callable[[], str]) -> None:
        self._table, self._figures = table, figures
        self._text = b""
        self._told = False
        self._server: ThreadingHTTPServer | None = None
        self._news = threading.Event()

    @property
    def port(self) -> int:
        """The port that it listens on; 0 where it does not."""
        return self._server.server_address[1] if self._server else 0

    def start(self) -> None:
        """Listen and write; a port that is taken is logged, the desk goes on. It may be another daemon's of this desk,
        which tells the same: it is tried again with every :meth:`refresh`."""
        if self._table.textfile:
            threading.Thread(target=self._write, name="metrics file", daemon=True).start()
        if self._table.listen:
            self._listen()

    def _listen(self) -> None:
        host, _, port = self._table.listen.rpartition(":")
        try:
            self._server = server_of(host)((host.strip("[]"), int(port)), _answering(lambda: self._text))
        except OSError as fault:
            if not self._told:
                log.warning("metrics cannot listen", listen=self._table.listen, why=str(fault))
            self._told = True
            return
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def refresh(self) -> None:
        """Take the figures anew."""
        if self._table.listen or self._table.textfile:
            self._text = self._figures().encode()
            self._news.set()
        if self._table.listen and self._server is None:
            self._listen()

    def _write(self) -> None:
        """The file, whole, or the old one stays; in a thread of its own, which a disk that hangs may have."""
        path = Path(self._table.textfile)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")  # other daemons may write the same file
        while self._news.wait():
            self._news.clear()
            try:
                part.write_bytes(self._text)
                part.replace(path)
            except OSError as fault:
                log.warning("metrics cannot be written", file=str(path), why=str(fault))

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._server = None


def _answering(figures: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        timeout = 10.0

        def do_GET(self) -> None:
            body = figures()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A scrape is no event."""

    return Answer
