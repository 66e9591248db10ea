"""Dangling references: what a ticket names, its group, its kind and its priority, must stay in the configuration, and
the mailbox that a mail waits in: under another name nobody would treat it."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.config.shape import Misfit
from daemon.store import Store, listing, set_aside
from daemon.store.dialect import Session
from rules.desk import Desk

RENAMED = "keep its key, change its label"
OVER = "keep it until they are closed"
DECIDED = "keep it and its name until they are released or discarded"


def dangling(store: Store, desk: Desk) -> Iterator[Misfit]:
    """A misfit for each kind and group of a ticket, open or closed, and for each priority of an open one, whose clocks
    would stop, that has no table in ``desk`` any more."""
    groups, kinds, priorities = store.look(_held)
    for name, held, known, way_on in (
        ("groups", groups, desk.groups, RENAMED),
        ("kinds", kinds, desk.kinds, RENAMED),
        ("priorities", priorities, desk.priorities, OVER),
    ):
        for key, number in held.items():
            if key not in known:
                text = f"[{name}.{key}] is missing, and tickets such as {number} need it: {way_on}"
                yield Misfit((name,), text, at_key=True)
    boxes = {box.name for box in desk.mailboxes}
    for name, mail in store.look(set_aside.waiting_places):
        if name not in boxes:
            text = f'the mailbox "{name}" is missing, and mails such as {mail} wait in it to be treated: {DECIDED}'
            yield Misfit(("mailboxes",), text, at_key=True)


def _held(session: Session) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Groups, kinds and priorities of tickets, each with one of these."""
    rows = list(listing.groups_and_kinds(session))
    groups, kinds = ({row[place]: row[2] for row in rows} for place in (0, 1))
    return groups, kinds, dict(listing.open_priorities(session))
