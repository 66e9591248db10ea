"""The daemons that work on one database: which live, who watches which mailbox, whose claims come free.

A daemon beats: it says that it lives, renews its leases and takes free mailboxes up to its fair share. All times here
are the database's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from daemon.store.dialect import Session, marks
from daemon.store.errors import LeaseLost
from daemon.store.queues import free_claims
from rules.ticket import moment

# -- leases of mailboxes


@dataclass(frozen=True, slots=True)
class Lease:
    """A mailbox held by ``owner`` until ``expires_at`` by the database's clock; ``fence`` grows with every holder. Each
    transaction that it fences renews it for ``length``.
    """

    mailbox: str
    owner: str
    fence: int
    expires_at: datetime
    length: timedelta = timedelta(0)


_ACQUIRE = """
INSERT INTO leases (mailbox, owner, fence, expires_at) VALUES (?, ?, 1, ?)
ON CONFLICT (mailbox) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at,
  fence = leases.fence + CASE WHEN leases.owner = excluded.owner AND leases.expires_at > ? THEN 0 ELSE 1 END
WHERE leases.owner = excluded.owner OR leases.expires_at <= ?
RETURNING fence
"""


def acquire(session: Session, mailbox: str, owner: str, length: timedelta) -> Lease | None:
    """Take or renew the lease of ``mailbox``; None while another owner holds it. A lapsed lease gets a new fence."""
    now = session.dialect.clock(session)
    expires = now + micros_of(length)
    row = session.one(_ACQUIRE, mailbox, owner, expires, now, now)
    return Lease(mailbox, owner, row[0], moment(expires), length) if row else None


def give_up(session: Session, lease: Lease) -> None:
    """Let others take the mailbox at once."""
    session.run("UPDATE leases SET expires_at = 0 WHERE mailbox = ? AND fence = ?", lease.mailbox, lease.fence)


def fence(session: Session, lease: Lease) -> None:
    """Keep the lease's row until this transaction ends, which renews it; LeaseLost where another owner has taken it."""
    kept = session.run(
        "UPDATE leases SET expires_at = ? WHERE mailbox = ? AND owner = ? AND fence = ?",
        session.dialect.clock(session) + micros_of(lease.length),
        lease.mailbox,
        lease.owner,
        lease.fence,
    )
    if not kept:
        raise LeaseLost(f"mailbox {lease.mailbox} was taken over by another daemon")


def leases(session: Session) -> Sequence[Lease]:
    """Who holds which mailbox."""
    rows = session.all("SELECT mailbox, owner, fence, expires_at FROM leases ORDER BY mailbox")
    return [Lease(mailbox, owner, number, moment(expires)) for mailbox, owner, number, expires in rows]


def micros_of(length: timedelta) -> int:
    """A span of time in µs."""
    return length // timedelta(microseconds=1)


# -- the daemons


@dataclass(frozen=True, slots=True)
class Beat:
    """What a beat found: the database's time, our leases by mailbox, how many of them are our fair share, and how many
    letters of dead daemons came free."""

    at: datetime
    leases: Mapping[str, Lease] = field(default_factory=dict)
    share: int = 0
    freed: int = 0


GIVEN_UP = moment(0)
_LIVE = """
INSERT INTO daemons (owner, expires_at, desk) VALUES (?, ?, ?)
ON CONFLICT (owner) DO UPDATE SET expires_at = excluded.expires_at, desk = excluded.desk
"""
_BURY = "DELETE FROM daemons WHERE owner IN (SELECT owner FROM daemons WHERE expires_at <= ?{lock}) RETURNING owner"


def beat(
    session: Session,
    owner: str,
    mailboxes: Sequence[str],
    length: timedelta,
    share: int | None = None,
    desk: str = "",
) -> Beat:
    """Live on for ``length`` by the configuration ``desk``, a digest; leases of ``mailboxes`` renewed, free ones taken
    up to ``share`` (else the fair one).

    A daemon counts as dead when it has been silent for twice ``length``, so that one which stops sending when its own
    beats fail for ``length`` has stopped before its letters come free.
    """
    session.dialect.end_abandoned(session)
    now = session.dialect.clock(session)
    session.run(_LIVE, owner, now + micros_of(length), desk)
    freed = _bury(session, now, length)
    most = share if share is not None else -(-len(mailboxes) // _living(session, now))
    held = {lease.mailbox: lease for lease in leases(session) if lease.mailbox in mailboxes}
    kept = {
        name: replace(lease, length=length)
        for name, lease in held.items()
        if lease.owner == owner and lease.expires_at > GIVEN_UP
    }
    free = [name for name in mailboxes if name not in kept and not _is_held(held.get(name), now)]
    for name in _untouched(session, sorted([*kept, *free[: max(0, most - len(kept))]]), held):
        if lease := acquire(session, name, owner, length):
            kept[name] = lease
    return Beat(moment(now), kept, most, freed)


def _is_held(lease: Lease | None, now: int) -> bool:
    return lease is not None and lease.expires_at > moment(now)


def _untouched(session: Session, wanted: Sequence[str], held: Mapping[str, Lease]) -> list[str]:
    """Those whose row no transaction holds at this moment: a beat waits for nobody. One that works under its lease
    renews it by itself.
    """
    free = session.column(
        f"SELECT mailbox FROM leases WHERE mailbox IN ({marks(wanted)}) ORDER BY mailbox{session.skip_locked}", *wanted
    )
    return [name for name in wanted if name not in held or name in free]


def desks(session: Session) -> Mapping[str, str]:
    """The digest of the configuration that each daemon that lives decides by."""
    now = session.dialect.clock(session)
    return dict(session.all("SELECT owner, desk FROM daemons WHERE expires_at > ? ORDER BY owner", now))


def leave(session: Session, owner: str) -> None:
    """Let others have everything at once: an end that was asked for."""
    session.run("UPDATE leases SET expires_at = 0 WHERE owner = ?", owner)
    session.run("DELETE FROM daemons WHERE owner = ?", owner)
    free_claims(session, moment(session.dialect.clock(session)), owner)


def _bury(session: Session, now: int, length: timedelta) -> int:
    dead = session.column(_BURY.format(lock=session.skip_locked), now - micros_of(length))
    return sum(free_claims(session, moment(now), owner) for owner in dead)


def _living(session: Session, now: int) -> int:
    return max(1, int(session.value("SELECT COUNT(*) FROM daemons WHERE expires_at > ?", now)))
