"""The people of a soak: who writes unasked, who reacts to a letter, and which of them the desk knows."""

from __future__ import annotations

import random
from collections.abc import Callable
from email.message import EmailMessage

from daemon.demo.correspondent import Received, click, reply, write
from tests.deskworld import ANA, GOOD, GROUP, OPENINGS, SERVICE, SUBJECT

KNOWN = [f"p{n}@cliente.example" for n in range(997)]
INSISTENT = "insistente@cliente.example"
"""Opens more often than the rates allow."""
REGISTERED = f"""
[requesters]
policy = "registered"
[[people]]
name = "Gestores"
addresses = {[*KNOWN, INSISTENT]}
"""
PERSON = {"Nombre": "Sara Nueva", "CIF/NIF": "B12345678", "Tipo de cliente": "Registro"}


Make = Callable[[], EmailMessage | None]


def stranger(n: int, dice: random.Random) -> EmailMessage:
    """A mail that needs no letter of ours before it, of any of the kinds that arrive at a desk."""
    who, body = KNOWN[n % len(KNOWN)], GOOD + f"Caso {n}.\n"
    away, many = {"Auto-Submitted": "auto-replied"}, {f"X-Large-{k}": "x" * 7000 for k in range(12)}
    kinds: list[tuple[int, Callable[[], EmailMessage]]] = [
        (54, lambda: write(who, OPENINGS, SUBJECT, body)),
        (4, lambda: write(who, OPENINGS, SUBJECT, body, files={"captura.png": dice.randbytes(40_000)})),
        (4, lambda: write(f"nuevo{n}@nueva.example", OPENINGS, SUBJECT, body)),
        (6, lambda: write(who, OPENINGS, SUBJECT, f"Tipo: ninguno {n}")),
        (4, lambda: write(who, OPENINGS, SUBJECT.lower(), body)),
        (6, lambda: write(who, OPENINGS, f"Oferta {n}", "Compre.")),
        (6, lambda: write(who, SERVICE, f"Fuera de la oficina {n}", "Vuelvo.", headers=away)),
        (4, lambda: write(who, SERVICE, f"Hola {n}", "Buenos días.")),
        (2, lambda: write(who, OPENINGS, SUBJECT, body, files={"enorme.bin": dice.randbytes(400_000)})),
        (2, lambda: write(who, OPENINGS, SUBJECT, body, headers=many)),
        (4, lambda: write(INSISTENT, OPENINGS, SUBJECT, body)),
        (4, lambda: bounce(n)),
    ]
    return dice.choices([make for _, make in kinds], [weight for weight, _ in kinds])[0]()


def bounce(n: int) -> EmailMessage:
    """A mail that could not be delivered, none of ours."""
    headers = {"Auto-Submitted": "auto-replied", "X-Failed-Recipients": f"x{n}@otro.example"}
    text = f"This message was created automatically.\n<x{n}@otro.example>: user unknown\n"
    return write("mailer-daemon@otro.example", SERVICE, "Undelivered Mail Returned to Sender", text, headers=headers)


def reaction(letter: Received, to: str, n: int, dice: random.Random) -> EmailMessage | None:
    """What somebody who gets a letter does, if anything: answer, ask, withdraw, solve, decide, give marks, register."""
    number = letter["X-Acuse-Number"]
    verdict = dice.choice(["Validar Petición", "Rechazar Petición"])

    def clicked(label: str, fill: dict[str, str]) -> Make:
        url = letter.links.get(label)  # none in what a participant gets, or at the end of a withdrawn ticket
        return lambda: click(ANA if to == GROUP else to, url, fill) if url else None

    def asked(subject: str) -> Make:
        return lambda: write(to, SERVICE, subject, "Gracias.")

    confirmed = [
        lambda: reply(to, letter, f"Un dato más: ocurre desde las {n}."),
        asked(f"Consulta de la incidencia {number}"),
        asked(f"Retirar la incidencia {number}"),
    ]
    reactions: dict[str, tuple[float, Make]] = {
        "confirmation": (0.25, dice.choice(confirmed)),
        "withdrawal": (0.5, clicked("Confirmar la retirada", {})),
        "assignment": (0.25, clicked("Resolver", {"Solución": f"Se reinicia el servicio AREN ({n})."})),
        "validation": (0.4, clicked(verdict, {"Motivo": f"Caso {n}: sigue fallando."})),
        "closure": (0.4, clicked("5 Muy bien", {"Comentario": f"Rápidos ({n})."})),
        "registration": (0.5, clicked("Completar el alta", PERSON)),
    }
    likely, make = reactions.get(letter.letter, (0.0, None))
    return make() if make and dice.random() < likely else None
