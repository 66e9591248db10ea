"""What the verbs of the command line do, a module each."""


class Unable(Exception):  # noqa: N818 - it is what the command line is
    """What was asked for cannot be done; the text says why, and what can."""
