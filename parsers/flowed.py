"""Lines that a client broke for the wire are joined again (RFC 3676)."""

from __future__ import annotations

_SIGNATURE = "-- "


def unflow(text: str, delete_space: bool) -> str:
    """``text`` of a format=flowed part with its soft line breaks undone; quote marks stay as one «>» per level.

    ``delete_space``: the part says DelSp=yes, the space before a soft break is no part of the text.
    """
    paragraphs: list[tuple[int, list[str]]] = []
    goes_on = False
    for depth, content in map(_unstuffed, text.split("\n")):
        signature = content == _SIGNATURE
        if not goes_on or signature or depth != paragraphs[-1][0]:
            paragraphs.append((depth, []))
        goes_on = content.endswith(" ") and not signature
        paragraphs[-1][1].append(content[:-1] if goes_on and delete_space else content)
    return "\n".join(_quoted(depth, "".join(parts)) for depth, parts in paragraphs)


def _unstuffed(line: str) -> tuple[int, str]:
    """How deep a line is quoted, and what it says without the space that protects its beginning (RFC 3676, 4.4)."""
    content = line.lstrip(">")
    return len(line) - len(content), content.removeprefix(" ")


def _quoted(depth: int, text: str) -> str:
    return f"{'>' * depth} {text}" if depth else text
