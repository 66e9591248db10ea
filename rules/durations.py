"""Spans of time as an admin writes them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


class Duration(timedelta):
    """A span of time, written in the TOML as «90s», «15m», «2h», «7d» or «1h30m»."""

    @classmethod
    def parse(cls, text: object) -> Duration:
        """Read «1h30m»; ValueError says what is allowed. A day is 24 hours."""
        found = _DURATION.fullmatch(text) if isinstance(text, str) and text else None
        if not found:
            raise ValueError('a duration is written like "90s", "15m", "2h", "7d" or "1h30m"')
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        try:
            return cls(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError:
            raise ValueError("that is longer than any calendar") from None

    def __str__(self) -> str:
        """As it is written: «1h30m»."""
        hours, rest = divmod(self.seconds, 3600)
        parts = zip((self.days, hours, *divmod(rest, 60)), "dhms", strict=True)
        return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:
        """How the validator of daemon/config/settings.py reads one; nothing else in this package knows of it."""
        from pydantic_core import core_schema

        written = core_schema.str_schema(pattern=r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$")
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            json_schema_input_schema=written,
            serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=core_schema.str_schema()),
        )
