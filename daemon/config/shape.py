"""Does the document have the declared shape? Every misfit becomes a fault in plain words, and is mended provisionally.

pydantic finds the misfits against the dataclasses of rules/tables.py and daemon/config/accounts.py. A faulty value is
then replaced by a likely or an empty one, so that the checks that follow see a whole desk and one run shows everything
there is to correct; what they say about a mended place is dropped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tomllib
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, reduce
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from daemon.config.declared import branch_of, inner, is_union, item, keys, needed, tag, without_none
from daemon.config.positions import Path
from daemon.config.sources import dotted
from rules.durations import Duration

Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Misfit:
    """A fault at a path: ``at_key`` points at the key rather than at its value; a ``warning`` keeps nothing from
    working; ``other`` is a second place that it has to do with."""

    path: Path
    text: str
    at_key: bool = False
    warning: bool = False
    other: Path | None = None


def fit(shape: type[Shape], table: dict[str, Any]) -> tuple[Shape, list[Misfit], frozenset[Path]]:
    """``table`` as a ``shape``, with all misfits and the paths that had to be mended in ``table`` itself."""
    spoilt = list(_cleaned(table))
    found = _misfits(shape, table)
    misfits = [*(Misfit(path, _NUL) for path in spoilt), *_explained(found)]
    mended = frozenset((*spoilt, *map(_doubtful, found)))
    while found:
        for misfit in sorted(found, key=lambda one: one.kind != _UNKNOWN):  # first what is there under another name
            _mend(misfit, table)
        found = _misfits(shape, table)
    return _validated(shape, table), misfits, mended


def _cleaned(within: Any, under: Path = ()) -> Iterator[Path]:
    """The places of texts with a NUL, which no file, database or mail server takes; it is taken out of them."""
    for key in list(within) if isinstance(within, dict) else range(len(within)):
        value = within[key]
        if isinstance(value, dict | list):
            yield from _cleaned(value, (*under, key))
        elif isinstance(value, str) and "\0" in value:
            within[key] = value.replace("\0", "")
            yield (*under, key)


_NUL = r"the invisible character \u0000 stands in this; delete it"


def _doubtful(misfit: _Found) -> Path:
    """The place whose value is unknown now: of a misspelt or misplaced key, that of the key that was meant."""
    return _meant(misfit) if misfit.kind == _UNKNOWN else misfit.path


def _meant(misfit: _Found) -> Path:
    """The key that the writer of an unknown one meant: a missing key of a table around it, or one of nearly that name;
    else its own path."""
    *table, key = misfit.path
    owner = next((path for path, known, held in misfit.around if key in known and key not in held), None)
    return (*table, nearest(key, misfit.siblings) or key) if owner is None else (*owner, key)


_UNKNOWN = "unexpected_keyword_argument"


@dataclass(frozen=True)
class _Found:
    """What pydantic says about one place: the declared type there, the keys that its table knows, and the tables around
    that one, each with its path, the keys that it knows and what it holds."""

    kind: str
    path: Path
    type: Any
    value: Any
    message: str
    siblings: Mapping[str, Any]
    around: tuple[tuple[Path, Mapping[str, Any], Any], ...]


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _validated(shape: type[Shape], table: dict[str, Any]) -> Shape:
    """Strictly, as JSON: «"993"» is no number there, while arrays are tuples and an unquoted date is its own text."""
    declared: Any = shape
    fitted: Shape = _adapter(declared).validate_json(json.dumps(table, default=str), strict=True)
    return fitted


def _misfits(shape: type[Shape], table: dict[str, Any]) -> list[_Found]:
    try:
        _validated(shape, table)
    except ValidationError as error:
        located = (_locate(shape, table, detail) for detail in error.errors(include_url=False))
        return list({found.path: found for found in located if found}.values())
    return []


def _locate(shape: Any, table: Any, detail: Any) -> _Found | None:
    """Follow pydantic's location through types and document at once; None for the branch of a union not meant."""
    steps, here, value = list(detail["loc"]), shape, table
    path: Path = ()
    siblings: Mapping[str, Any] = {}
    tables: list[tuple[Path, Mapping[str, Any], Any]] = []
    while True:
        here = without_none(here)
        if is_union(here):
            here = branch_of(here, value)
            if steps and steps.pop(0) != tag(here):
                return None
        if not steps:
            return _Found(detail["type"], path, here, value, str(detail["msg"]), siblings, tuple(tables[:-1]))
        step = steps.pop(0)
        siblings = keys(here)
        tables.append((path, siblings, value))
        here, value, path = inner(here, step), item(value, step), (*path, step)


# ---------------------------------------------------------------- in plain words


def _explained(found: list[_Found]) -> Iterator[Misfit]:
    """Every misfit once: a key that is merely misspelt or misplaced is not also said to be missing."""
    meant = {_meant(misfit) for misfit in found if misfit.kind == _UNKNOWN}
    for misfit in found:
        if misfit.kind == _UNKNOWN:
            yield Misfit(misfit.path, _unknown(misfit), at_key=True)
        elif misfit.kind == "missing":
            if misfit.path not in meant:
                yield Misfit(misfit.path, _missing(misfit), at_key=True)
        else:
            yield Misfit(misfit.path, _wrong(misfit))


def _missing(misfit: _Found) -> str:
    *table, key = misfit.path
    return f'"{key}" is missing {f"in {dotted(tuple(table))}" if table else "here"}; it must be {_wanted(misfit.type)}'


def _unknown(misfit: _Found) -> str:
    *table, key = misfit.path
    if key in _NEVER:
        return _NEVER[str(key)]
    *owner, meant = _meant(misfit)
    allowed = ", ".join(sorted(misfit.siblings))
    if owner != table:
        whose = dotted(tuple(owner)) or "the whole file"
        return f'"{key}" is a key of {whose}: write it there, above the tables within; allowed here: {allowed}'
    hint = "allowed: " if meant == key else f'did you mean "{meant}"? Allowed: '
    return f'unknown key "{key}"; {hint}{allowed}'


_IN_CLEAR = (
    'a secret does not stand in this file, which is copied, shown and backed up; write "{0}_file", "{0}_env" or '
    '"{0}_credential" and keep it there'
)
_NEVER = {name: _IN_CLEAR.format(name) for name in ("password", "client_secret", "refresh_token")}


def _wrong(misfit: _Found) -> str:
    if misfit.kind == "value_error":
        return f"{shown(misfit.value)} is wrong here: {misfit.message.removeprefix('Value error, ')}"
    text = f"{shown(misfit.value)} is wrong here; it must be {_wanted(misfit.type)}"
    if get_origin(misfit.type) is Literal and (near := nearest(misfit.value, get_args(misfit.type))):
        return f'{text}; did you mean "{near}"?'
    return text + _rewritten(misfit)


def _rewritten(misfit: _Found) -> str:
    """How to write the same value so that it fits; "" where more is wrong than its quotes or brackets."""
    if head := _head(misfit.value, without_none(misfit.type)):
        return f"; write its head as {head.format('.'.join(step for step in misfit.path if isinstance(step, str)))}"
    return next((f"; write {shown(value)} {how}" for how, value in _fitting(misfit)), "")


def _head(value: Any, declared: Any) -> str:
    """How the head of a table is written that has a bracket too few or too many; "" for what is no table."""
    if isinstance(value, dict) and dataclasses.is_dataclass(inner(declared, 0)):
        return "[[{}]]"
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return "[{}]" if dataclasses.is_dataclass(declared) else "[{}.…], with a name of its own"
    return ""


def _fitting(misfit: _Found) -> Iterator[tuple[str, Any]]:
    """The same value written in other ways that fit, each with how it is written."""
    for how, rewrite in _WAYS.items():
        with contextlib.suppress(ValueError):  # it cannot be written so, or does not fit either
            value = rewrite(misfit.value)
            _adapter(without_none(misfit.type)).validate_json(json.dumps(value, default=str), strict=True)
            yield how, value


def _unquoted(value: Any) -> Any:
    return tomllib.loads(f"value = {value}")["value"] if isinstance(value, str) else None


def _quoted(value: Any) -> str | None:
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _listed(value: Any) -> list[Any]:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]


def _alone(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else None


_WAYS: Mapping[str, Callable[[Any], Any]] = {
    "without quotes": _unquoted,
    "in brackets": _listed,
    "in quotes": _quoted,
    "without brackets": _alone,
}
"""What may be wrong with how a value is written, and that value written right."""


def shown(value: object) -> str:
    """A value of the document for a message: short, as TOML writes it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


_SIMPLE: dict[Any, tuple[str, Any]] = {
    str: ('text in quotes, such as "…"', ""),
    int: ("a whole number", 0),
    float: ("a number", 0.0),
    bool: ("true or false", False),
    Duration: ('a duration, such as "90s", "15m", "2h" or "7d"', "1h"),
    date: ("a day without quotes, such as 2027-03-31", "1970-01-01"),
}
"""What people are told of a type, and its emptiest value; of any other, a table."""


def _wanted(declared: Any) -> str:
    declared = without_none(declared)
    if get_origin(declared) is Literal:
        return "one of " + ", ".join(shown(value) for value in get_args(declared))
    if get_origin(declared) is tuple:
        return f"a list; each element {_wanted(get_args(declared)[0])}"
    if dataclasses.is_dataclass(declared):
        return "a table with " + ", ".join(needed(declared) or keys(declared))
    if is_union(declared):
        return " or ".join(_wanted(branch) for branch in get_args(declared))
    return _SIMPLE[declared][0] if declared in _SIMPLE else "a table"


def nearest(read: object, known: typing.Iterable[object]) -> str:
    """The known word that ``read`` was probably meant to be, or ""."""
    from rapidfuzz import fuzz, process, utils

    words = [str(word) for word in known]
    found = process.extractOne(str(read), words, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=65)
    return found[0] if found else ""


# ---------------------------------------------------------------- mended


def _mend(misfit: _Found, table: dict[str, Any]) -> None:
    *steps, key = misfit.path
    holder: Any = reduce(item, steps, table)
    if misfit.kind == _UNKNOWN:
        value = holder.pop(key)
        *owner, meant = _meant(misfit)
        holder = reduce(item, owner, table)
        if (*owner, meant) != misfit.path and key not in _NEVER:
            holder.setdefault(meant, value)
    elif misfit.kind == "missing":
        holder.setdefault(key, _likely(misfit))
    else:
        holder[key] = _likely(misfit)


def _likely(misfit: _Found) -> Any:
    """The word that was probably meant, else the same value as it must be written, else the emptiest one."""
    declared = without_none(misfit.type)
    near = nearest(misfit.value, get_args(declared)) if get_origin(declared) is Literal else ""
    return near or next((value for _, value in _fitting(misfit)), _empty(declared))


def _empty(declared: Any) -> Any:
    """The emptiest value that fits ``declared``; a table's missing keys are found in the next round."""
    if is_union(declared):
        declared = get_args(declared)[0]
    if get_origin(declared) is Literal:
        return get_args(declared)[0]
    if get_origin(declared) is tuple:
        return []
    return _SIMPLE[declared][1] if declared in _SIMPLE else {}
