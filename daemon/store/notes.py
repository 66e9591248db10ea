"""Notes that the daemons of a desk share: when a job last ran, which alarms were sent, when a mailbox last worked.

Each is a row of `meta`: a name («job report») and a text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from daemon.store.dialect import Session
from daemon.store.rows import key, plain
from rules.ticket import micros, moment

FUTURE = timedelta(hours=1)
"""A claim that lies further ahead than this was made by a clock that was wrong."""

UNWIPED = "unwiped"
"""Something was deleted that still lies in the octets of the database."""

_JOB, _UNTIL, _POLL, _TOLD = "job ", "until ", "poll ", "told "
"""The prefixes of the names of notes, by kind."""

_PUT = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


def get(session: Session, name: str) -> str:
    """The note ``name``; "" where there is none."""
    return session.value("SELECT value FROM meta WHERE name = ?", key(name)) or ""


def put(session: Session, name: str, value: str) -> None:
    """Write the note ``name``."""
    session.run(_PUT, key(name), plain(value))


def add(session: Session, name: str, more: int) -> None:
    """Count ``more`` in the note ``name``."""
    session.run(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
        " SET value = CAST(CAST(meta.value AS BIGINT) + ? AS TEXT)",
        key(name),
        str(more),
        more,
    )


def drop(session: Session, name: str) -> bool:
    """Remove the note ``name``; returns whether there was one."""
    return session.run("DELETE FROM meta WHERE name = ?", key(name)) == 1


def under(session: Session, prefix: str) -> Mapping[str, str]:
    """Every note whose name begins with ``prefix``, by the rest of its name."""
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
    rows = session.all("SELECT name, value FROM meta WHERE name >= ? AND name < ? ORDER BY name", prefix, end)
    return {name.removeprefix(prefix): value for name, value in rows}


def times(session: Session, prefix: str) -> dict[str, datetime]:
    """The notes under ``prefix`` that hold a time in µs."""
    return {name: moment(int(value)) for name, value in under(session, prefix).items()}


def clock_of(session: Session) -> datetime:
    """The database's own time."""
    return moment(session.dialect.clock(session))


# -- jobs


def last_runs(session: Session) -> dict[str, datetime]:
    """For which time each job was last claimed."""
    return times(session, _JOB)


def last_run(session: Session, job: str) -> datetime | None:
    """The time for which ``job`` was last claimed; None where it never was."""
    found = get(session, _JOB + job)
    return moment(int(found)) if found else None


def claim(session: Session, job: str, slot: datetime, now: datetime) -> bool:
    """Claim ``job`` for the time ``slot``: True for one daemon alone, as the transaction commits."""
    wanted = f"{micros(slot):020}"
    written = session.run(
        "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        " WHERE meta.value < excluded.value OR meta.value > ?",
        _JOB + job,
        wanted,
        f"{micros(now + FUTURE):020}",
    )
    return written == 1


def advance(session: Session, job: str, to: datetime, most: timedelta) -> datetime:
    """The time up to which ``job`` reckons now, and its note: ``to``, but at ``most`` so much later than the last."""
    last = times(session, _UNTIL).get(job, to)
    until = min(to, last + most)
    put(session, _UNTIL + job, str(micros(until)))
    return until


# -- mailboxes


def note_polls(session: Session, polls: Mapping[str, datetime]) -> None:
    """When each mailbox was last seen well, for `acuse doctor` and for the metrics."""
    for mailbox, at in polls.items():
        put(session, _POLL + mailbox, str(micros(at)))


def polls(session: Session) -> dict[str, datetime]:
    """When each mailbox was last seen well."""
    return times(session, _POLL)


def forget_polls(session: Session, but: Collection[str]) -> None:
    """Drop what was noted of other mailboxes than these."""
    for mailbox in polls(session).keys() - set(but):
        drop(session, _POLL + mailbox)


# -- alarms


def told(session: Session) -> tuple[str, ...]:
    """The alarms that have been told and not taken back, by their keys."""
    return tuple(under(session, _TOLD))


def tell_once(session: Session, alarm: str, at: datetime) -> bool:
    """Note that ``alarm`` was told; False if it was told already."""
    row = key(_TOLD + alarm), str(micros(at))
    return session.run("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", *row) == 1


def take_back(session: Session, alarm: str) -> bool:
    """``alarm`` no longer counts as told; returns whether it did."""
    return drop(session, _TOLD + alarm)
