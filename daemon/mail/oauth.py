"""OAuth2 access tokens for mailboxes and the SMTP server: asked for where they are needed, kept until they run out.

Two grants of RFC 6749: client credentials (4.4), and refresh token (6) where the account gave its consent. A token that
cannot be had is a :class:`daemon.config.accounts.SecretError` like a password that cannot be read: nothing of it is
shown.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from queue import Empty, SimpleQueue
from typing import Any

from daemon.config.accounts import Credentials, OAuth2, SecretError

TIMEOUT_S = 15.0
"""What the provider may take for one read, and :data:`ANSWER_S` for its whole answer."""
ANSWER_S = 45.0
EARLY_S = 120.0
"""A token is renewed so long before its end."""
LARGEST_ANSWER = 1_000_000

URLS: Mapping[str, str] = {
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    "google": "https://oauth2.googleapis.com/token",
    "other": "",
}
SCOPES: Mapping[str, str] = {
    "microsoft": "https://outlook.office365.com/.default",
    "google": "https://mail.google.com/",
    "other": "",
}


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and when it ends, on the monotonic clock."""

    text: str
    ends_at: float


class Tokens:
    """The token source of one daemon; safe for every thread."""

    def __init__(self) -> None:
        self._kept: dict[OAuth2, Token] = {}
        self._lock = threading.Lock()

    def __call__(self, credentials: Credentials) -> str:
        """A token that is good for a while yet; raises SecretError where the provider gives none."""
        oauth2 = credentials.oauth2
        if oauth2 is None:
            raise SecretError("this account does not log in with OAuth2")
        with self._lock:
            kept = self._kept.get(oauth2)
            if kept is None or kept.ends_at - EARLY_S < time.monotonic():
                kept = self._kept[oauth2] = ask(oauth2)
            return kept.text


def ask(oauth2: OAuth2) -> Token:
    """Ask the provider for a token; raises SecretError with its error code, never with a secret."""
    url = oauth2.token_url or URLS[oauth2.provider].format(tenant=oauth2.tenant)
    answer = _post(url, grant(oauth2))
    if not isinstance(answer.get("access_token"), str):
        # no colon behind «token»: what a letter tells behind one is masked
        raise SecretError(f"{url} gave no access token; it says {answer.get('error', 'nothing more')}")
    return Token(answer["access_token"], time.monotonic() + float(answer.get("expires_in", 3600)))


def grant(oauth2: OAuth2) -> dict[str, str]:
    """The form that asks for a token."""
    form = {"client_id": oauth2.client_id, "scope": oauth2.scope or SCOPES[oauth2.provider]}
    if secret := oauth2.client_secret():
        form["client_secret"] = secret
    if refresh := oauth2.refresh_token():
        return {**form, "grant_type": "refresh_token", "refresh_token": refresh}
    return {**form, "grant_type": "client_credentials"}


def _post(url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """What the provider answers. It is asked in a thread: urllib has no deadline for a whole answer."""
    answers: SimpleQueue[dict[str, Any] | SecretError] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(_answer(url, form)), name="oauth", daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_S)
    except Empty:
        answer = SecretError(f"{url} has not answered within {ANSWER_S:.0f} s")
    if isinstance(answer, SecretError):
        raise answer
    return answer


def _answer(url: str, form: Mapping[str, str]) -> dict[str, Any] | SecretError:
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), method="POST")  # noqa: S310 - the admin's
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            return _read(response.read(LARGEST_ANSWER))
    except urllib.error.HTTPError as fault:
        with fault:
            return _read(fault.read(LARGEST_ANSWER)) or {"error": f"HTTP {fault.code}"}
    except (OSError, ValueError, HTTPException) as fault:
        return SecretError(f"{url} cannot be asked for a token: {fault}")


def _read(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
