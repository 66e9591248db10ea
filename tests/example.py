"""config.example.toml itself, live: only its servers and passwords are those of the test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.deskworld import DeskWorld

EXAMPLE = Path(__file__).parents[1] / "config.example.toml"
_ACCOUNTS = {"soportecau": "apertura", "soporteservicios": "servicio", "tecnicos": "tecnicos"}
_ELSEWHERE = re.compile(r"(?m)^(?:port|security|poll|password_file) = .*\n")


def live_example(folder: Path, servers: str, changes: Mapping[str, str] | None = None) -> DeskWorld:
    """A desk that is configured as the example is, with ``changes`` of its text."""
    world = DeskWorld(folder, servers)
    world.save(_changed(_on_test_servers(world), changes or {}))
    return world


def change(world: DeskWorld, changes: Mapping[str, str]) -> None:
    """Save other text in the place of what stands there."""
    world.save(_changed(world.config.read_text(encoding="utf-8"), changes))


def _changed(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, f"the configuration does not hold {old!r}"
        text = text.replace(old, new, 1)
    return text


def _on_test_servers(world: DeskWorld) -> str:
    incoming = f'host = "127.0.0.1"\nport = {world.servers.imap_port}\nsecurity = "none"\npoll = "1s"\n'
    incoming += f'password_file = "{world.folder}/password"'
    outgoing = f'host = "127.0.0.1"\nport = {world.servers.smtp_port}\nsecurity = "none"'
    text = re.sub(r"(?m)^username = .*# left out: no login\n", "", EXAMPLE.read_text(encoding="utf-8"))
    text = _ELSEWHERE.sub("", text)
    text = text.replace('host = "imap.cau.example"', incoming).replace('host = "smtp.cau.example"', outgoing)
    return re.sub(r'(?m)^username = "(\w+)"', lambda found: f'username = "{_ACCOUNTS[found[1]]}"', text)
