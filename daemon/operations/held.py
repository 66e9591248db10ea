"""What tickets hold must stay: a kind or a group that one of them has is no longer the configuration's alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from daemon.config.shape import Misfit
from daemon.store import Store


class Tables(Protocol):
    """The tables that tickets name, by key: of a configuration as it was written, or of a desk."""

    @property
    def kinds(self) -> Mapping[str, Any]: ...
    @property
    def groups(self) -> Mapping[str, Any]: ...


def gone(store: Store, tables: Tables) -> Iterator[Misfit]:
    """A misfit for each kind and group of a ticket, open or closed, that has no table any more.

    It reads every ticket's row: for a start or a reload, not for a mail.
    """
    with store.read() as reading:
        held = reading.session.all("SELECT kind, group_key, MAX(number) FROM tickets GROUP BY 1, 2 ORDER BY 3")
    for place, name, known in ((0, "kinds", tables.kinds), (1, "groups", tables.groups)):
        for key, number in {row[place]: row[2] for row in held if row[place] not in known}.items():
            text = f"[{name}.{key}] is missing, and tickets such as {number} need it: keep its key, change its label"
            yield Misfit((name,), text, at_key=True)
