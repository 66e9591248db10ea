"""What holds where an admin has written nothing: defaults.toml, and what follows from what is written."""

from __future__ import annotations

import copy
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from daemon.config.catalogue import lay_over
from daemon.config.sources import Table


@cache
def shipped() -> Table:
    """defaults.toml as it stands; read once, never to be changed."""
    return tomllib.loads(Path(__file__).with_name("defaults.toml").read_text(encoding="utf-8"))


def complete(table: Table) -> Table:
    """The admin's table over the defaults. Whatever has not its declared form is left for the shape to tell."""
    defaults = copy.deepcopy(shipped())
    phrases = defaults.pop("phrases")
    if _table(table, "desk").get("standard_priorities") is False:
        defaults["priorities"] = {}
    lay_over(defaults, copy.deepcopy(table))
    for kind in _tables(defaults.get("kinds")):
        for key, text in phrases.get(str(kind.get("label")), {}).items():
            kind.setdefault(key, text)
    for number, priority in enumerate(_tables(defaults.get("priorities"))):
        priority.setdefault("rank", 10 * (number + 1))
    _ports(defaults)
    return defaults


def _ports(table: Table) -> None:
    for box in _tables(table.get("mailboxes")):
        box.setdefault("port", {"starttls": 143, "none": 143}.get(str(box.get("security")), 993))
    for smtp in (_table(table, "smtp"), _table(_table(table, "alerts"), "smtp")):
        if smtp:
            smtp.setdefault("port", {"tls": 465, "none": 25}.get(str(smtp.get("security")), 587))


def _table(table: Table, key: str) -> Table:
    inner = table.get(key)
    return inner if isinstance(inner, dict) else {}


def _tables(several: Any) -> list[Table]:
    """The tables in an array of them or in a table of them."""
    inner = several.values() if isinstance(several, dict) else several if isinstance(several, list) else ()
    return [table for table in inner if isinstance(table, dict)]
