"""Types as they are declared, walked by the keys and places of a document: unions, their branches, what is inside."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Union, get_args, get_origin


def toml_name(attribute: str) -> str:
    """The key behind an attribute: ``from_`` is `from`, ``continue_`` is `continue`."""
    return attribute.rstrip("_")


def without_none(declared: Any) -> Any:
    """The type beside None, where that is all a union adds; else the type itself."""
    if is_union(declared):
        rest = [branch for branch in get_args(declared) if branch is not types.NoneType]
        return rest[0] if len(rest) == 1 else declared
    return declared


def is_union(declared: Any) -> bool:
    """Whether the type has branches."""
    return get_origin(declared) in {Union, types.UnionType}


def branch_of(union: Any, value: Any) -> Any:
    """The branch that the writer must have meant."""
    branches = get_args(union)
    return next((branch for branch in branches if _FORMS.get(type(value), _is_text)(branch)), branches[0])


def _is_text(branch: Any) -> bool:
    return branch is str


_FORMS: dict[type, Callable[[Any], bool]] = {
    dict: dataclasses.is_dataclass,
    list: lambda branch: get_origin(branch) is tuple,
}
"""Which declared type each form of a value is meant for; anything else is meant as text."""


def tag(branch: Any) -> str:
    """pydantic's name of a union's branch."""
    return str(branch) if get_origin(branch) else str(branch.__name__)


def keys(declared: Any) -> Mapping[str, Any]:
    """The TOML keys of a dataclass with their types; {} for anything else."""
    if not dataclasses.is_dataclass(declared):
        return {}
    hints = typing.get_type_hints(declared)
    return {toml_name(f.name): hints[f.name] for f in dataclasses.fields(declared) if f.init}


def needed(declared: Any) -> list[str]:
    """Those of :func:`keys` that have no default."""
    missing = dataclasses.MISSING
    return [toml_name(f.name) for f in dataclasses.fields(declared) if f.default is missing is f.default_factory]


def inner(declared: Any, step: str | int) -> Any:
    """The type of a key's value or of a list's element; Any where nothing is declared."""
    if dataclasses.is_dataclass(declared):
        return keys(declared).get(str(step), Any)
    arguments = get_args(declared)
    return arguments[-1 if isinstance(step, str) else 0] if arguments else Any


def item(value: Any, step: str | int) -> Any:
    """What stands at a key or place of a document; None where there is none."""
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None
