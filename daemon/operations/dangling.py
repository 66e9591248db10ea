"""Dangling references: what a ticket names, its group and its kind, must stay in the configuration."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.config.shape import Misfit
from daemon.store import Store, listing
from rules.desk import Desk


def dangling(store: Store, desk: Desk) -> Iterator[Misfit]:
    """A misfit for each kind and group of a ticket, open or closed, that has no table in ``desk`` any more."""
    named = store.look(lambda session: list(listing.groups_and_kinds(session)))
    for place, name, known in ((0, "groups", desk.groups), (1, "kinds", desk.kinds)):
        for key, number in {row[place]: row[2] for row in named if row[place] not in known}.items():
            text = f"[{name}.{key}] is missing, and tickets such as {number} need it: keep its key, change its label"
            yield Misfit((name,), text, at_key=True)
