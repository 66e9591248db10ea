"""What people send in a benchmark: opening mails as clients write them, always the same for the same seed."""

from __future__ import annotations

import base64
import random
import zlib
from collections.abc import Iterator

from daemon.bench.desk import OPENINGS, SERVICE, SERVICES
from daemon.config.loopback import SUBJECT, TYPES

SENDERS = 50
FILE_EVERY = 20
FILE_OCTETS = 200 * 1024
TEXT_CHARACTERS = 1200
_PROSE = """
la pantalla de altas tarda en cargar y al guardar muestra un aviso que no entendemos desde ayer por la mañana en todos
los puestos de la oficina número tres, según nos dicen ocurre también con otros navegadores y con el equipo recién
encendido; adjuntamos lo que se ve
"""
_WORDS = _PROSE.split()


def openings(count: int, seed: int, file_every: int = FILE_EVERY) -> Iterator[bytes]:
    """``count`` opening mails: 1.2 KB of text, a file with every 20th, an encoded subject, 50 senders by turns."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for number in range(count):
        file = chance.randbytes(FILE_OCTETS) if (number + 1) % file_every == 0 else b""
        yield opening(f"{seed}.{number}", number % SENDERS, chance, file)


def opening(name: str, sender: int, chance: random.Random, file: bytes = b"") -> bytes:
    """One opening mail; ``name`` makes its Message-ID."""
    body = form(chance).replace("\n", "\r\n").encode()
    text = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + body
    kind = b'Content-Type: multipart/mixed; boundary="frontera"\r\n\r\n'
    part = kind + b"--frontera\r\n" + text + b"--frontera\r\n" + _file_part(file) + b"--frontera--\r\n"
    return _headers(name, sender) + (part if file else text)


def reply(requester: str, subject: str) -> bytes:
    """A requester's answer to a letter about an open ticket, as clients write it."""
    name = f"{zlib.crc32(subject.encode()):08x}"
    return _answer(requester, f"Re: {subject}", f"Sigue igual esta mañana en todos los puestos, caso {name}.", name)


def validation(requester: str, number: str, token: str) -> bytes:
    """A click on «Validar Petición», sent as it opened."""
    text = "Valido la solución.\r\n[Envíe este mensaje sin cambiar nada.]"
    return _answer(requester, f"Validar Petición {number} [{token}]", text, number)


def _answer(requester: str, subject: str, text: str, name: str) -> bytes:
    encoded = base64.b64encode(subject.encode()).decode()
    return (
        f"From: <{requester}>\r\nTo: {SERVICE}\r\nSubject: =?utf-8?b?{encoded}?=\r\n"
        f"Date: Mon, 2 Nov 2026 10:15:00 +0100\r\nMessage-ID: <respuesta.{name}@cliente.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{text}\r\n"
    ).encode()


def form(chance: random.Random) -> str:
    """A correct form of 1.2 KB."""
    words: list[str] = []
    while sum(map(len, words)) + len(words) < TEXT_CHARACTERS:
        words += [chance.choice(_WORDS) for _ in range(12)] + ["\n"]
    lines = " ".join(words).replace(" \n ", "\n").strip()
    return f"Servicio/Aplicación: {chance.choice(SERVICES)}\nTipo: {chance.choice(TYPES)}\nDescripción: {lines}\n"


def _headers(name: str, sender: int) -> bytes:
    encoded = base64.b64encode(SUBJECT.encode()).decode()
    return (
        f"Received: from correo.cliente.example (correo.cliente.example [192.0.2.{sender + 1}])\r\n"
        f"\tby mx.cau.example with ESMTPS id {name}; Mon, 2 Nov 2026 09:15:00 +0100\r\n"
        f"From: Persona {sender} <persona{sender}@cliente{sender % 7}.example>\r\n"
        f"To: {OPENINGS}\r\nSubject: =?utf-8?b?{encoded}?=\r\nDate: Mon, 2 Nov 2026 09:15:00 +0100\r\n"
        f"Message-ID: <{name}@cliente.example>\r\nMIME-Version: 1.0\r\n"
    ).encode()


def _file_part(file: bytes) -> bytes:
    head = (
        b'Content-Type: image/png; name="captura.png"\r\nContent-Disposition: attachment; filename="captura.png"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + base64.encodebytes(file).replace(b"\n", b"\r\n")
