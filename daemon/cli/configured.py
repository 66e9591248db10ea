"""The configuration that a verb is to use: where it lies, and what it says."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.cli import output
from daemon.commands import Unable

if TYPE_CHECKING:
    from daemon.config.settings import Settings

SYSTEM_CONFIG = Path("/etc/acuse/config.toml")


def config_path(options: argparse.Namespace) -> Path:
    """The file named by --config or by the environment, else one in the usual places; Unable if there is none."""
    if named := options.config or os.environ.get("ACUSE_CONFIG"):
        return Path(named)
    usual = (Path("config.toml"), SYSTEM_CONFIG)
    if found := [path for path in usual if path.exists()]:
        return found[0]
    places = " or ".join(str(path.absolute()) for path in usual)
    raise Unable(f"there is no configuration at {places}: `acuse init` writes one, `acuse --config FILE …` names one")


def settings(options: argparse.Namespace) -> Settings:
    """What the configuration says; ConfigErrors where it has faults."""
    from daemon.config.settings import load

    return load(config_path(options))


def for_books(options: argparse.Namespace) -> Settings:
    """For a verb that only looks into the books, which an admin may want while the configuration is being changed."""
    from daemon.config.settings import ConfigErrors

    try:
        return settings(options)
    except ConfigErrors as errors:
        if errors.for_books is None:
            raise
        output.complain(f"acuse: the configuration has faults, {len(errors.problems)} in all: `acuse check` tells them")
        return errors.for_books
