"""The second route of alarms (`[alerts]`): a program, or another mail server, for when mail itself is what fails."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from daemon.config.accounts import Alerts, Smtp
from daemon.log import log
from daemon.mail.oauth import Tokens
from daemon.mail.smtp import Envelope, Session
from daemon.mail.smtp_wire import SmtpError
from daemon.mail.wire import Endpoint

COMMAND_S = 30.0
"""How long the command of an alarm may run."""


def has_route(alerts: Alerts) -> bool:
    """Whether there is another route at all."""
    return bool(alerts.command or alerts.smtp)


def send(alerts: Alerts, admins: Iterable[str], subject: str, text: str) -> threading.Thread:
    """Tell it by every route, in a thread of its own; a route that fails is logged."""
    thread = threading.Thread(target=_send, args=(alerts, tuple(admins), subject, text), name="alarm", daemon=True)
    thread.start()
    return thread


def fault_of(smtp: Smtp) -> str:
    """Why this server would take no alarm now, tried without sending one; "" where it would."""
    try:
        with Session(Endpoint.of_smtp(smtp, Tokens())) as session:
            return session.refusal_of(smtp.sender)
    except SmtpError as fault:
        return str(fault)


def _send(alerts: Alerts, admins: tuple[str, ...], subject: str, text: str) -> None:
    if alerts.command:
        _run(alerts.command, f"{subject}\n\n{text}")
    if alerts.smtp:
        _mail(alerts.smtp, alerts.to or admins, subject, text)


def _run(command: tuple[str, ...], text: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the admin's own command, no shell
            command, input=text.encode(), capture_output=True, timeout=COMMAND_S, check=False
        )
        if done.returncode:
            log.error("alarm command failed", command=command[0], status=done.returncode)
    except (OSError, subprocess.TimeoutExpired) as fault:
        log.error("alarm command failed", command=command[0], why=str(fault))


def _mail(smtp: Smtp, to: tuple[str, ...], subject: str, text: str) -> None:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = smtp.sender, ", ".join(to), subject
    message["Date"], message["Message-ID"] = format_datetime(datetime.now(UTC)), make_msgid(domain="acuse.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    envelopes = [Envelope(key, smtp.sender, each, lambda: (message.as_bytes(),)) for key, each in enumerate(to)]
    try:
        with Session(Endpoint.of_smtp(smtp, Tokens())) as session:
            for envelope, result in session.deliver(envelopes):
                if result.status != "sent":
                    log.error("alarm mail failed", to=envelope.to, why=result.reply)
    except SmtpError as fault:
        log.error("alarm mail failed", why=str(fault))
