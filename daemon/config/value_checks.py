"""What a value must be beyond its type, wherever it stands: no text that says nothing, no number beyond reason."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from daemon.config.accounts import Written
from daemon.config.crosschecks import at
from daemon.config.declared import toml_name
from daemon.config.positions import Path
from daemon.config.shape import Misfit, shown
from rules.durations import Duration


def numbers(written: Written) -> Iterator[Misfit]:
    """No number is negative and no time is nothing; the rules' own values are theirs to check."""
    for path, value, _ in (leaf for leaf in leaves(written) if leaf.path[0] != "rules"):
        if isinstance(value, Duration) and not Duration() < value <= LONGEST:
            yield Misfit(path, f"{value} is wrong here; it must be longer than 0s, and not longer than {LONGEST}")
        elif isinstance(value, int) and not 0 <= value <= (most := AT_MOST.get(path[:2], MOST)):
            yield Misfit(path, f"{value} is wrong here; it must be between 0 and {most}")
        elif value == 0 and path in NEEDED:
            yield Misfit(path, f"with 0 {NEEDED[path]}; it must be 1 or more")


MOST = 10**9
"""No number of a desk is larger: no limit of octets, no window."""
LONGEST = Duration(days=366)
CENTURY = 36_525
AT_MOST: Mapping[Path, int] = {
    ("smtp", "connections"): 50,
    **{("validation", key): CENTURY for key in ("reminders", "close_after", "expiry")},
    **{("pending", key): CENTURY for key in ("reminders", "close_after")},
    **{("retention", key): CENTURY for key in ("raw_mails", "sent", "closed_tickets")},
}
"""Numbers that have less room than others: each connection is a thread, and servers take few of one client; a day so
many days away must be one of the calendar."""
NEEDED: Mapping[Path, str] = {
    **{("limits", key): "no mail would ever be read" for key in ("mail", "header_block", "header", "headers", "parts")},
    ("limits", "attempts"): "no mail would ever be read",
    ("limits", "depth"): "no mail of several parts would ever be read",
    ("smtp", "connections"): "no letter would ever be sent",
    **{("guards", key): "no letter would ever be sent" for key in ("letters", "staff")},
    **{
        ("guards", "breaker", key): "the breaker would never be closed"
        for key in ("notices_per_domain", "notices_total", "same_content")
    },
    **{("senders", "rates", key): "every opening would be held" for key in ("per_sender", "total")},
    ("validation", "expiry"): "no link would ever work",
    ("validation", "close_after"): "a solution would be closed at once",
    ("pending", "close_after"): "a question would be closed at once",
}
"""Numbers that leave nothing to a desk where they are 0, and what would happen."""


def blanks(written: Written) -> Iterator[Misfit]:
    """What has no default says something, as does the desk's language; no list has an empty element, which would fit
    everything or nobody.
    """
    for path, value, needed in leaves(written):
        if not isinstance(value, str) or value.strip():
            continue
        if needed or path == ("desk", "language"):
            yield Misfit(path, "this is empty, and nothing works without it")
        elif isinstance(path[-1], int):
            yield Misfit(path, "this is empty; write something here, or leave it out of the list")


def lines(written: Written) -> Iterator[Misfit]:
    """What is called by a name stands on one line, and nothing in it is invisible; nor in what tables are called by,
    which says something too.
    """
    for path, value, _ in leaves(written):
        name = next(step for step in reversed(path) if isinstance(step, str))
        if name in NAMES and isinstance(value, str) and _CONTROL.search(value):
            yield Misfit(path, "a line break or an invisible character stands in this; write it on one line")
    for path, table in at(written, *KEYED):
        for key in table:
            if not key.strip() or _CONTROL.search(key):
                yield Misfit((*path, key), f"{shown(key)} is no name; write one on one line", at_key=True)


NAMES = frozenset({"name", "label", "phrase", "number_label", "title", "value", "values", "organisation", "tax_id"})
KEYED = ("kinds", "groups", "priorities", "calendars", "mailboxes.*.addresses")
"""Tables whose rows are called by their keys."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Leaf(NamedTuple):
    """What stands in a nest of tables and arrays at last: its path, itself, and whether its key has no default."""

    path: Path
    value: Any
    needed: bool


def leaves(value: Any, path: Path = (), needed: bool = False) -> Iterator[Leaf]:
    """Every leaf of ``value``, in the order in which its tables are declared."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            lacking = field.default is field.default_factory is dataclasses.MISSING
            yield from leaves(getattr(value, field.name), (*path, toml_name(field.name)), lacking)
    elif isinstance(value, Mapping | tuple):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield Leaf(path, value, needed)


CHECKS = (numbers, blanks, lines)
"""The checks of this module, in the order in which their misfits are told."""
