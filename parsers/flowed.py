"""Lines that a client broke for the wire are joined again (RFC 3676)."""

from __future__ import annotations

_SIGNATURE = "-- "


def unflow(text: str, delete_space: bool) -> str:
    """``text`` of a format=flowed part with its soft line breaks undone; quote marks stay as one «>» per level.

    ``delete_space``: the part says DelSp=yes, the space before a soft break is no part of the text.
    """
    out: list[str] = []
    parts: list[str] = []
    depth = 0
    for line in text.split("\n"):
        level = len(line) - len(line.lstrip(">"))
        content = line[level:]
        content = content[1:] if content.startswith(" ") else content
        signature = content == _SIGNATURE
        if parts and (level != depth or signature):
            out.append(_quoted(depth, parts))
            parts = []
        depth = level
        soft = content.endswith(" ") and not signature
        parts.append(content[:-1] if soft and delete_space else content)
        if not soft:
            out.append(_quoted(depth, parts))
            parts = []
    if parts:
        out.append(_quoted(depth, parts))
    return "\n".join(out)


def _quoted(depth: int, parts: list[str]) -> str:
    line = "".join(parts)
    return f"{'>' * depth} {line}" if depth else line
