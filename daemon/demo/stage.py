"""The stage of a demonstration: servers, the daemon and the screen.

The daemon that runs here is the real one; only its mail servers live in the same process, and its folder is a
temporary one.
"""

from __future__ import annotations

import time
from _thread import interrupt_main
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from daemon.config.accounts import Log
from daemon.demo.correspondent import Received
from daemon.demo.desks import PASSWORD, SMALL
from daemon.demo.embedded import EmbeddedServers, SentMail
from daemon.operations.logs import set_up_logs
from daemon.service import Service, open_service
from daemon.store.clock import utc_now

SHOWN_LINES = 26
WAIT_S = 60.0


class Screen(Console):
    """Where the mails are shown, in the main thread and in that of the servers."""

    def on_broken_pipe(self) -> None:
        """rich's hook. Its own ends the thread that writes: that of the servers, too, which then cannot be stopped."""
        with suppress(SystemExit):
            super().on_broken_pipe()
        interrupt_main()


class Stage:
    """The servers, the daemon and the screen of one demonstration, on ``clock``."""

    desk = SMALL
    rest = ", which --keep lets you read"
    """What is said of the lines of a letter that are not shown."""
    when = ""
    """What stands behind the title of a mail that is shown."""

    def __init__(self, folder: Path, console: Console, clock: Callable[[], datetime] = utc_now) -> None:
        self.console = console
        self.clock = clock
        self.servers = EmbeddedServers(self.desk.users, PASSWORD, on_mail=self._passed, clock=clock)
        self.folder = folder
        self._letters: list[tuple[str, Received]] = []
        self._taken: set[int] = set()
        self.service: Service | None = None

    def open(self) -> None:
        """Start the servers and the daemon."""
        self.servers.start()
        config = self.desk.write(self.folder, self.servers)
        set_up_logs(Log(level="error"))
        self.service = open_service(config, clock=self.clock)
        self.begin()

    def begin(self) -> None:
        """The daemon works from now on."""
        assert self.service
        self.service.start()

    def close(self) -> None:
        """Stop both."""
        if self.service:
            self.service.stop()
        self.servers.stop()

    def scene(self, title: str) -> None:
        """A heading on the screen."""
        self.console.rule(f"[bold]{title}", align="left")

    def send(self, message: EmailMessage) -> None:
        """Somebody's mail to the desk: shown, then delivered to the mailbox that it is for."""
        self._show("→", Received(message))
        self.servers.deliver(self.desk.user_of(message["To"]), message.as_bytes())

    def wait(self, letter: str, to: str) -> Received:
        """The next letter of that name to that address; it was shown when it passed."""
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            for index, (recipient, received) in enumerate(list(self._letters)):
                if index not in self._taken and received.letter == letter and recipient in to:
                    self._taken.add(index)
                    return received
            time.sleep(0.02)
        raise TimeoutError(f"no letter «{letter}» to {to} within {WAIT_S:.0f} s")

    def _passed(self, mail: SentMail) -> None:
        received = Received.of(mail.raw)
        self._show("←", received, received.links)
        self._letters.append((mail.recipients[0], received))

    def _show(self, arrow: str, mail: Received, links: Iterable[str] = ()) -> None:
        ours, message = arrow == "←", mail.message
        heads = [
            Text(f"{name}: {message[name]}", style="bold" if name == "Subject" else "")
            for name in ("From", "To", "Subject")
        ]
        files = [Text(f"[{part.get_filename()}]", style="italic") for part in message.iter_attachments()]
        lines = [line for line in mail.part("plain").strip().splitlines() if not line.startswith("<mailto:")]
        hidden = len(lines) - SHOWN_LINES
        more = [Text(f"… {hidden} lines more{self.rest}", style="dim")] if hidden > 0 else []
        buttons = [Text(" · ".join(links), style="underline")] if links else []
        title = f"Acuse: {message['X-Acuse-Letter']}" if ours else str(message["From"]).split("<")[0].strip()
        shown = Group(*heads, Text(""), Text("\n".join(lines[:SHOWN_LINES])), *more, *buttons, *files)
        self.console.print(
            Panel(
                shown, title=f"{arrow} {title}{self.when}", title_align="left", border_style="blue" if ours else "green"
            )
        )
