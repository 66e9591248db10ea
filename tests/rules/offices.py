"""A desk for the tests of times: «n1» keeps office hours in Madrid, «n2» none; what is urgent counts at any hour."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.desk import Desk
from rules.durations import Duration
from rules.tables import Calendar, DeskTable, Group, Kind, Priority

MADRID = ZoneInfo("Europe/Madrid")
OFFICE = Calendar(days="mon-fri", hours=("09:00-18:00",), holidays="ES-MD")
ALL_DAY = Calendar(days="mon-sun", hours=("00:00-24:00",))
DESK = Desk(
    DeskTable("Soporte", "cau.example"),
    mailboxes=(),
    kinds={"incident": Kind("Incidencia", "I", "Apertura", "n1")},
    groups={
        "n1": Group("N1", "n1@cau.example", calendar="oficina"),
        "n2": Group("N2", "n2@cau.example"),
    },
    priorities={
        "Urgente": Priority(Duration(hours=1), Duration(hours=4), calendar="siempre"),
        "Media": Priority(Duration(hours=4), Duration(hours=24)),
    },
    calendars={"oficina": OFFICE, "siempre": ALL_DAY},
)


def at(local: str) -> datetime:
    """«2026-11-23 09:00» in Madrid, as UTC. A second instance of a repeated hour ends in «b»."""
    moment = datetime.fromisoformat(local.removesuffix("b")).replace(tzinfo=MADRID, fold=int(local.endswith("b")))
    return moment.astimezone(UTC)
