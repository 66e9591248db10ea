"""The JSON Schema of config.toml, for editors that complete and check while one types.

It comes from the same declarations as the settings; descriptions are their docstrings.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import TypeAdapter

from daemon.config.accounts import Written

Schema = dict[str, Any]


class _Documented(Written):
    """The whole of config.toml."""

    __pydantic_config__: ClassVar = {**Written.__pydantic_config__, "use_attribute_docstrings": True}


def schema() -> Schema:
    """JSON Schema (draft 2020-12) of config.toml, with the names that stand there: `from`, `continue`."""
    made = TypeAdapter(_Documented).json_schema()
    made["title"], made["description"] = "config.toml of Acuse", "An incident desk that lives entirely in e-mail."
    for name in ("service_address", "catalogue", "files"):  # made while loading, never written
        del made["properties"][name]
    del made["$defs"]["File"]
    tidy: Schema = _tidy(made)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **tidy}


def _tidy(node: Any) -> Any:
    """Without what TOML does not know (null) and what only repeats the key (title)."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    branches = [branch for branch in node.get("anyOf", []) if branch != {"type": "null"}]
    if len(branches) == 1:
        node = {**branches[0], **{k: v for k, v in node.items() if k not in {"anyOf", "default"}}}
    return {
        k: _tidy(v)
        for k, v in node.items()
        if not (k == "title" and isinstance(v, str) and "type" in node and "properties" not in node)
    }
