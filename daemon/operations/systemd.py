"""sd_notify(3): telling systemd that we are ready, alive or stopping. Without systemd nothing happens."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send ``state`` («READY=1», «WATCHDOG=1») to the socket that systemd named, if it did; whether somebody listens
    there is not ours to judge."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1.0)
        sock.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
