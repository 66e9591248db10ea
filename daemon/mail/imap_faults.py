"""What can go wrong on an IMAP connection: imapclient's many exceptions become one, :class:`ImapError`."""

from __future__ import annotations

import imaplib
import re
import ssl
from typing import Literal

from imapclient.exceptions import (
    CapabilityError,
    IMAPClientAbortError,
    IMAPClientError,
    IMAPClientReadOnlyError,
    LoginError,
)

from daemon.config.accounts import SecretError

FaultKind = Literal["transient", "auth", "permanent"]


class ImapError(Exception):
    """The mail server could not be used: ``transient`` (try again), ``auth`` (refused us), ``permanent`` (set-up).

    ``code`` is the response code (RFC 5530) where the server gave one, upper case. ``alive`` tells a refusal, after
    which the connection goes on, from a broken connection.
    """

    def __init__(self, kind: FaultKind, what: str, detail: str, code: str = "", alive: bool = False) -> None:
        super().__init__(f"{what}: {detail}")
        self.kind = kind
        self.what = what
        self.detail = detail
        self.code = code
        self.alive = alive


WHAT_IMAPCLIENT_RAISES = (
    IMAPClientError, OSError, ValueError, IndexError, KeyError, AttributeError, TypeError,
)  # fmt: skip
"""Its own, the socket's, and those of its parsers at an answer that is none."""

_CODES: dict[str, FaultKind] = {
    "AUTHENTICATIONFAILED": "auth",
    "AUTHORIZATIONFAILED": "auth",
    "EXPIRED": "auth",
    "PRIVACYREQUIRED": "permanent",
    "NONEXISTENT": "permanent",
    "NOPERM": "permanent",
    "CANNOT": "permanent",
    "UNAVAILABLE": "transient",
    "INUSE": "transient",
    "LIMIT": "transient",
    "SERVERBUG": "transient",
    "TIMEOUT": "transient",
}


def fault_of(what: str, error: Exception) -> ImapError:
    """What an exception of imapclient's, met while doing ``what``, means for us."""
    detail = _octets_as_text(str(error)) or type(error).__name__
    found = re.search(r"\[([A-Z][A-Z-]+)", detail)
    code = found[1] if found else ""
    kind, alive = _judge(error, code)
    return ImapError(kind, what, detail, code, alive)


def _octets_as_text(detail: str) -> str:
    """imapclient shows a server's answer as Python writes octets."""
    return re.sub(r"""^b(['"])(.*)\1$""", r"\2", detail, flags=re.DOTALL)


def _judge(error: Exception, code: str) -> tuple[FaultKind, bool]:
    """Kind, and whether the connection is still usable."""
    if isinstance(error, ssl.SSLCertVerificationError | IMAPClientReadOnlyError | SecretError):
        return "permanent", False
    if isinstance(error, LoginError):
        return _judge_login(error, code), False
    if isinstance(error, CapabilityError) or "TLS not supported" in str(error):
        return "permanent", False
    if isinstance(error, IMAPClientAbortError) or not isinstance(error, imaplib.IMAP4.error):
        return "transient", False
    return _CODES.get(code, "transient"), True


def _judge_login(error: LoginError, code: str) -> FaultKind:
    """LOGIN that was refused and LOGIN that was interrupted come as the same exception."""
    if isinstance(error.__context__, IMAPClientAbortError):
        return "transient"
    return _CODES.get(code, "auth")
