"""The desk of a benchmark: two kinds of choices and a long text, routing by service, clocks with working hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.config import loopback
from daemon.config.loopback import mailbox

OPENINGS, SERVICE = "soporte@cau.example", "servicio@cau.example"
SERVICES = ("AREN", "CONDUCTORES", "PADRÓN", "NÓMINA")
GROUPS = ("n1", "n2", "n3")


def configuration(folder: Path, database: str, imap: int, smtp: int, users: Mapping[str, str]) -> str:
    """config.toml: ``users`` gives the IMAP user of each opening mailbox; a quiet mailbox carries the other roles.

    Rates, guards and breaker are out of the way: fifty senders would meet them within seconds.
    """
    boxes = [mailbox(folder, imap, name, user, ["opening"], address(name), "5s") for name, user in users.items()]
    boxes.append(mailbox(folder, imap, "servicio", "servicio", ["service", "desk"], SERVICE, "5s"))
    desk = loopback.desk(folder, database, smtp, SERVICE, "admin@cau.example", SERVICES)
    return "".join([desk, *boxes, *_groups(), *_rules(), UNBOUNDED])


def address(mailbox: str) -> str:
    """The address of an opening mailbox."""
    return OPENINGS if mailbox == "apertura" else f"{mailbox}@cau.example"


def _groups() -> Iterator[str]:
    for key in GROUPS:
        yield f'[groups.{key}]\nlabel = "Grupo {key}"\naddress = "{key}@cau.example"\n'
        yield 'members = ["tecnico1@cau.example", "tecnico2@cau.example"]\n'


def _rules() -> Iterator[str]:
    for service, group in zip(SERVICES, (*GROUPS, "n1"), strict=True):
        yield f'[[rules]]\nname = "{service}"\nwhen = {{ service = "{service}" }}\nthen = {{ group = "{group}" }}\n'


UNBOUNDED = """
[senders.rates]
per_sender = 10000000
total = 10000000

[guards]
letters = 10000000
notices = 10000000
[guards.breaker]
notices_per_domain = 10000000
notices_total = 10000000
same_content = 10000000
"""
