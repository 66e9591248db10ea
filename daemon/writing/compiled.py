"""Compiled templates kept between runs: without them a daemon that starts spends most of its time compiling."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping

from jinja2.bccache import Bucket, FileSystemBytecodeCache


class Compiled(FileSystemBytecodeCache):
    """Jinja's own store of compiled templates; what cannot be read or kept there is compiled again."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """As Jinja does; a folder that cannot be read holds nothing."""
        with contextlib.suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """As Jinja does; a full disk keeps nothing."""
        with contextlib.suppress(OSError):
            super().dump_bytecode(bucket)


def compiled(sources: Mapping[str, str], part: str) -> Compiled | None:
    """Where the compiled ``sources`` of one ``part`` are kept: a folder under the temporary one that is ours alone, or
    nowhere. Text and HTML of one source are different code, and so have different names there.
    """
    digest = hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()[:16]
    try:
        return Compiled(pattern=f"acuse-{part}-{digest}-%s")
    except (OSError, RuntimeError):  # somebody else's folder has the name, or there is no room for one
        return None
