"""What the verbs of the command line do, a module each."""

import sys
from pathlib import Path

COMMAND = sys.argv[0] if Path(sys.argv[0]).name == "acuse" else "acuse"
"""How this program was called, for the commands that it tells people to type."""


class Unable(Exception):  # noqa: N818 - it is what the command line is
    """What was asked for cannot be done; the text says why, and what can."""
