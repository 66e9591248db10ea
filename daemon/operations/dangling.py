"""Dangling references: what a ticket names, its group and its kind, must stay in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from daemon.config.shape import Misfit
from daemon.store import Store, listing


class Tables(Protocol):
    """The tables that tickets name, by key: of a configuration as it was written, or of a desk."""

    @property
    def kinds(self) -> Mapping[str, Any]: ...
    @property
    def groups(self) -> Mapping[str, Any]: ...


def dangling(store: Store, tables: Tables) -> Iterator[Misfit]:
    """A misfit for each kind and group of a ticket, open or closed, that has no table any more."""
    named = store.look(lambda session: list(listing.groups_and_kinds(session)))
    for place, name, known in ((0, "groups", tables.groups), (1, "kinds", tables.kinds)):
        for key, number in {row[place]: row[2] for row in named if row[place] not in known}.items():
            text = f"[{name}.{key}] is missing, and tickets such as {number} need it: keep its key, change its label"
            yield Misfit((name,), text, at_key=True)
