"""How far a mail comes from a mail system or through a list, by its headers alone."""

from __future__ import annotations

import re
from functools import lru_cache

from parsers.headers import Headers
from parsers.phrases import MACHINE_SENDER, MASTER_SENDER, NOBODY_SENDER
from parsers.report_parts import COPIES
from parsers.skeleton import Part

LIST_HEADERS = (
    "list-id",
    "list-post",
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
    "x-mlserver",
    "x-ml-name",
    "x-mailman-version",
)
"""Headers that only a list writes."""

_OF_A_LIST = (*LIST_HEADERS, "list-unsubscribe", "list-help")
_NULL_PATH = re.compile(r"\s*<?\s*(?:mailer-daemon|double-bounce)?\s*(?:[@>]|$)", re.IGNORECASE)


def sender_weight(headers: Headers) -> int:
    """How far the mail comes from a mail system, by its From and by a null return path: 3 or more is a machine.

    An automatic reply (RFC 3834) wants no answer, as a mail with a null return path does.
    """
    null = "return-path" in headers and bool(_NULL_PATH.match(headers.get("return-path")))
    replied = headers.get("auto-submitted").strip().lower().startswith("auto-replied")
    return _from_weight(headers) + 2 * (null or replied)


def is_systems(headers: Headers) -> bool:
    """By its From: what a person writes about a bounce, and a rule redirects with a null sender, is none."""
    return _from_weight(headers) > 0


def is_list_post(headers: Headers, root: Part) -> bool:
    """What a mailing list passes on: people there talk of bounces and quote them. A mail server that sends the
    original along does so through a list, too."""
    if root.media_type == "multipart/report" or not _through_list(headers):
        return False
    weight = _from_weight(headers)  # a newsletter that somebody redirects has a null path, too
    return weight < 2 or (weight == 2 and not any(part.media_type in COPIES for part in root.leaves()))


def _through_list(headers: Headers) -> bool:
    return headers.get("precedence").lower() in ("list", "bulk") or any(name in headers for name in _OF_A_LIST)


def _from_weight(headers: Headers) -> int:
    return _weight(" ".join(headers.all("from"))) if "from" in headers else 0


@lru_cache(maxsize=16)
def _weight(sender: str) -> int:
    if MACHINE_SENDER.search(sender) or sender.strip() in ("", "<>"):
        return 3
    if MASTER_SENDER.search(sender):
        return 2
    return 1 if NOBODY_SENDER.search(sender) else 0
