"""Builders of raw mails for the tables of these tests: our own, in the shapes that clients and servers write."""

from __future__ import annotations

import base64
import quopri
from collections.abc import Iterable

BODY = "Servicio/Aplicación: AREN\nTipo: Error Funcional\nDescripción: No se abre el modelo ñ.\n"
SUBJECT = "Apertura de Incidencia Automática Aplicación / Desarrollo."


def raw_mail(
    body: str | bytes = "",
    *headers: str | bytes,
    content_type: str = "",
    sender: str = "María Gil <maria@cliente.example>",
    title: str = SUBJECT,
) -> bytes:
    """One mail with CRLF line ends: From, Subject and Message-ID, then ``headers`` as they are, then the body."""
    lines = [f"From: {sender}", f"Subject: {title}", "Message-ID: <1@cliente.example>", "MIME-Version: 1.0"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    head = b"".join(octets(line) + b"\r\n" for line in [*lines, *headers])
    return head + b"\r\n" + crlf(octets(body))


def machine_mail(body: str | bytes, *headers: str, content_type: str = "text/plain; charset=utf-8") -> bytes:
    """A mail of which the caller writes every header but the type."""
    head = "".join(f"{line}\r\n" for line in (*headers, f"Content-Type: {content_type}"))
    return head.encode() + b"\r\n" + crlf(octets(body))


def octets(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def part(content_type: str, content: str | bytes, encoding: str = "", *headers: str) -> bytes:
    """One body part: its headers, and its content in a transfer encoding."""
    lines = [f"Content-Type: {content_type}", *headers]
    raw = octets(content)
    if encoding:
        lines.append(f"Content-Transfer-Encoding: {encoding}")
    if encoding == "base64":
        raw = base64.encodebytes(raw)
    elif encoding == "quoted-printable":
        raw = quopri.encodestring(raw)
    return "\n".join(lines).encode() + b"\n\n" + raw


def multipart(kind: str, parts: Iterable[bytes], boundary: str = "b1", **parameters: str) -> tuple[str, bytes]:
    """(Content-Type, body) of a multipart."""
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\n" + each.rstrip(b"\n") + b"\n" for each in parts) + mark + b"--\n"
    extra = "".join(f"; {name.replace('_', '-')}={value}" for name, value in parameters.items())
    return f'multipart/{kind}; boundary="{boundary}"{extra}', body


def nested(kind: str, parts: Iterable[bytes], boundary: str, **parameters: str) -> bytes:
    """A multipart as a part of another."""
    content_type, body = multipart(kind, parts, boundary, **parameters)
    return f"Content-Type: {content_type}\n\n".encode() + body


def mail_of(kind: str, parts: Iterable[bytes], *headers: str, **parameters: str) -> bytes:
    """A mail that is one multipart."""
    content_type, body = multipart(kind, parts, **parameters)
    return raw_mail(body, *headers, content_type=content_type)
