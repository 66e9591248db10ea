"""`acuse init`: a configuration to begin with."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "config" / "config.example.toml"
"""The full, commented configuration."""


def write_config(folder: Path) -> Path:
    """Write a commented config.toml (mode 0600) and the schema that it names; FileExistsError where there is one."""
    from daemon.config.schema import schema

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    if path.exists():
        raise FileExistsError(errno.EEXIST, "it exists already and is left as it is", str(path))
    _write(path, EXAMPLE.read_text(encoding="utf-8"))
    _write(folder / "config.schema.json", json.dumps(schema(), ensure_ascii=False, indent=1) + "\n")
    return path


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and for its owner alone from the first moment on."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.rename(path)
