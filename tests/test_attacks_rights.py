"""Attacks on who may do what: forged proofs, spoofed senders, tokens guessed, replayed, forwarded, used at once."""

from __future__ import annotations

import inspect
import itertools
import random
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from daemon.causes import TOKEN_LENGTH, TOKEN_LETTERS, new_token
from daemon.demo.correspondent import Received, click, reply, write
from daemon.store import facts as store_facts
from parsers.mail import Mail, parse
from rules.access import authentication
from rules.letters import Grant
from rules.tables import Guards, Requesters, Senders
from tests.lettering import composed_samples
from tests.parsers.mails import raw_mail
from tests.postgres import Server
from tests.rules.desks import (
    ANA,
    DESK,
    GOOD,
    MARTA,
    NUMBER,
    OPENING,
    OPENINGS,
    SERVICE,
    TOKEN,
    granted,
    make_desk,
    resolved,
    verdict,
)
from tests.serverless import ServerlessDesk

STRANGER = "mallory@otro.test"
PEPE = "pepe@cliente.test"


def open_one(desk: ServerlessDesk, sender: str = MARTA, body: str = GOOD) -> tuple[Received, Received]:
    """A ticket of ``sender``: its confirmation and its assignment."""
    assert desk.receive(write(sender, OPENINGS, OPENING, body)) == "opened"
    sent = {each.letter: each.read for each in desk.letters()}
    return sent["confirmation"], sent["assignment"]


def solve(desk: ServerlessDesk, assignment: Received, text: str = "Se reinicia el servicio.") -> Received:
    """Resolved; the letter with the two links."""
    assert desk.receive(click(ANA, assignment.links["Resolver"], {"Solución": text})) == "desk"
    return desk.letter("validation")


# -- whose mail it is

OURS = "mx.cau.test; dmarc={} header.from=cliente.test"
FOREIGN = "Received: from mx.evil.test by relay.evil.test; Mon, 9 Oct 2017 10:00:00 +0200"
OWN = "Received: from mx.evil.test by mx.cau.test; Mon, 9 Oct 2017 10:00:01 +0200"
FORGED = {
    "no proof": ([], "none"),
    "another server's": (["Authentication-Results: mx.evil.test; dmarc=pass header.from=cliente.test"], "none"),
    "our name below a foreign hop": ([OWN, FOREIGN, f"Authentication-Results: {OURS.format('pass')}"], "none"),
    "our fail above the forged pass": (
        [f"Authentication-Results: {OURS.format('fail')}", f"Authentication-Results: {OURS.format('pass')}"],
        "fail",
    ),
    "a pass for the forger's own domain": (
        ["Authentication-Results: mx.cau.test; dmarc=pass header.from=evil.test"],
        "fail",
    ),
    "ours": ([f"Authentication-Results: {OURS.format('pass')}", OWN], "pass"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a06_forged_authentication_results_prove_nothing(case: str) -> None:
    headers, proof = FORGED[case]
    mail = parse(raw_mail(GOOD, *headers, sender=MARTA, title=OPENING))
    strict = make_desk(senders=Senders("require", ("mx.cau.test",)))
    assert authentication(strict, mail) == proof
    decided = verdict("apertura", mail, desk=strict)
    assert (decided.verdict, bool(decided.letters)) == (("opened", True) if proof == "pass" else ("quarantined", False))
    assert authentication(DESK, mail) == "off"


def test_a07_a_known_subject_gives_no_right(desk: ServerlessDesk) -> None:
    confirmation, _ = open_one(desk)
    assert desk.receive(reply(STRANGER, confirmation, "Ciérrenla.")) == "untreated"
    assert desk.letters() == []
    assert len(desk.query("SELECT id FROM events")) == 1


def test_a07_a_spoofed_participant_is_quarantined_where_proof_is_required(tmp_path: Path) -> None:
    strict = make_desk(senders=Senders("require", ("mx.cau.test",)))
    with ServerlessDesk(tmp_path, strict) as desk:
        proven = write(MARTA, OPENINGS, OPENING, GOOD, headers={"Authentication-Results": OURS.format("pass")})
        assert desk.receive(proven) == "opened"
        confirmation = next(each.read for each in desk.letters() if each.letter == "confirmation")
        assert desk.receive(reply(MARTA, confirmation, "Sigue igual.")) == "quarantined"
        assert [each.letter for each in desk.letters() if each.to == MARTA] == []


def test_a08_a_third_partys_mail_to_the_desk_opens_no_readable_thread(desk: ServerlessDesk) -> None:
    code = raw_mail("Su código es 123456", sender="no-reply@tienda.test", title="Confirme su cuenta")
    assert desk.receive_all([code, code], "servicio") == ["untreated", "duplicate"]
    assert desk.letters() == []
    confirmation, _ = open_one(desk)
    subject = confirmation["Subject"]
    assert (
        desk.receive(raw_mail("Su código es 123456", sender="no-reply@tienda.test", title=subject), "servicio")
        == "untreated"
    )
    assert desk.letters() == []


def test_a08_nobody_reads_a_ticket_because_a_mail_named_them(tmp_path: Path, desk: ServerlessDesk) -> None:
    named = write(MARTA, OPENINGS, OPENING, GOOD, headers={"Cc": f"{STRANGER}, {PEPE}", "Reply-To": STRANGER})
    assert desk.receive(named) == "opened"
    assert {each.to for each in desk.letters()} == {MARTA, "n1@cau.test"}
    listed = make_desk(requesters=Requesters(domains=("cliente.test",)))
    with ServerlessDesk(tmp_path / "listed", listed) as open_to_its_own:
        assert open_to_its_own.receive(named) == "opened"
        assert {each.to for each in open_to_its_own.letters()} == {MARTA, PEPE, "n1@cau.test"}


# -- tokens

VALIDATE = f"Validar Petición {NUMBER} [{TOKEN}]"
VERDICT = Grant("verdict", "validate", NUMBER, MARTA, round=1)
ABSENCES = {
    "RFC 3834": "Auto-Submitted: auto-replied",
    "Exchange": "X-Auto-Response-Suppress: All\r\nX-MS-Exchange-Inbox-Rules-Loop: marta@cliente.test",
    "old": "Precedence: auto_reply",
    "vacation": "X-Autoreply: yes",
}


@pytest.mark.parametrize("robot", ABSENCES)
def test_a13_an_out_of_office_with_a_token_in_its_subject_decides_nothing(robot: str) -> None:
    raw = raw_mail("Estoy de vacaciones.", ABSENCES[robot], sender=MARTA, title=f"Respuesta automática: {VALIDATE}")
    decided = verdict("servicio", parse(raw), granted(resolved(), VERDICT))
    assert (decided.verdict, decided.letters, decided.used) == ("automatic", (), ())


def test_a13_no_letter_has_a_token_in_its_subject() -> None:
    for _, name, raw in composed_samples():
        assert not re.search(r"[A-Z2-7]{26}", Received.of(raw)["Subject"]), name


def test_a14_guessed_tokens_meet_silence_and_one_alarm(tmp_path: Path) -> None:
    with ServerlessDesk(tmp_path, make_desk(guards=Guards(failed_tokens=20))) as desk:
        confirmation, assignment = open_one(desk)
        validation = solve(desk, assignment)
        number = confirmation["X-Acuse-Number"]
        chosen = random.Random(14)
        for sender in (STRANGER, MARTA):
            guesses = [guess(sender, number, chosen) for _ in range(5000)]
            assert set(desk.receive_all(guesses, "servicio")) == {"untreated"}
        told = Counter((each.letter, each.to) for each in desk.letters())
        assert told == {("admin_alert", "admin@cau.test"): 2, ("verdict_notice", MARTA): DESK.guards.notices}
        assert desk.receive(click(MARTA, validation.links["Validar Petición"])) == "validated"


def guess(sender: str, number: str, chosen: random.Random) -> bytes:
    token = "".join(chosen.choices(TOKEN_LETTERS, k=TOKEN_LENGTH))
    raw = raw_mail("Valido.", sender=sender, title=f"Validar Petición {number} [{token}]")
    return raw.replace(b"<1@", f"<{token}@".encode())


def test_a14_a_token_has_130_random_bits_and_only_its_digest_is_kept(desk: ServerlessDesk) -> None:
    assert len(TOKEN_LETTERS) ** TOKEN_LENGTH == 2**130
    assert len({new_token() for _ in range(2000)}) == 2000
    assert "secrets." in inspect.getsource(new_token)
    _, assignment = open_one(desk)
    token = re.search(r"%5B([A-Z2-7]{26})%5D", assignment.links["Resolver"])
    assert token
    digests = desk.query("SELECT digest FROM tokens")
    assert digests and all(len(bytes(row[0])) == 32 for row in digests)
    assert token[1] not in str(desk.query("SELECT * FROM tokens"))
    assert "compare_digest" in inspect.getsource(store_facts)


def test_a15_a_token_works_once_and_dies_with_its_solution(desk: ServerlessDesk) -> None:
    _, assignment = open_one(desk)
    first = solve(desk, assignment)
    no, yes = (first.links[f"{verb} Petición"] for verb in ("Rechazar", "Validar"))
    assert desk.receive(click(MARTA, no, {"Motivo": "Sigue fallando."})) == "rejected"
    desk.letters()
    assert desk.receive_all([click(MARTA, no), click(MARTA, yes)]) == ["untreated", "untreated"]
    assert [each.letter for each in desk.letters()] == ["verdict_notice"] * 2
    second = solve(desk, assignment, "Se instala la 4.2.")
    assert desk.receive(click(MARTA, yes)) == "untreated"
    assert desk.receive(click(MARTA, second.links["Validar Petición"])) == "validated"
    assert desk.receive(click(MARTA, second.links["Validar Petición"])) == "untreated"


def test_a16_a_forwarded_link_serves_nobody_else(desk: ServerlessDesk) -> None:
    _, assignment = open_one(desk)
    validation = solve(desk, assignment)
    for link in validation.links.values():
        assert desk.receive(click(STRANGER, link)) == "untreated"
    for label in ("Asignarme", "Resolver", "Nota"):
        assert desk.receive(click(STRANGER, assignment.links[label], {"Texto": "x", "Solución": "x"})) == "untreated"
    assert desk.letters() == []
    assert desk.receive(click(MARTA, validation.links["Validar Petición"])) == "validated"
    closure = desk.letter("closure", MARTA)
    assert desk.receive(click(STRANGER, closure.links["1 Muy mal"])) == "untreated"
    assert desk.letters() == []


RACES = 200


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a17_of_two_verdicts_at_once_exactly_one_applies(tmp_path: Path, postgres: Server, database: str) -> None:
    """Two daemons, where the database takes two: whoever commits second is decided on what the first has made."""
    url = "" if database == "sqlite" else postgres.database("a17")
    generous = make_desk(guards=Guards(letters=10_000, notices=10_000, breaker=Guards().breaker))
    with ServerlessDesk(tmp_path, generous, url) as desk, ThreadPoolExecutor(8) as pool, ExitStack() as others:
        other = others.enter_context(ServerlessDesk(tmp_path, generous, url, first_uid=10_000)) if url else desk
        senders = [f"p{n}@cliente{n}.test" for n in range(RACES)]
        desk.receive_all([write(sender, OPENINGS, OPENING, GOOD) for sender in senders])
        assignments = [each.read for each in desk.letters("assignment")]
        desk.receive_all([click(ANA, each.links["Resolver"], {"Solución": "Reiniciado."}) for each in assignments])
        solved = [(each.to, each.read.links) for each in desk.letters("validation")]
        assert len(solved) == RACES
        clicks = [click(to, links[f"{verb} Petición"]) for to, links in solved for verb in ("Validar", "Rechazar")]
        verdicts = list(pool.map(lambda at, mail: at.receive(mail), itertools.cycle((desk, other)), clicks))
        pairs = [set(verdicts[at : at + 2]) for at in range(0, len(verdicts), 2)]
        assert all("untreated" in pair and len(pair) == 2 for pair in pairs), pairs
        applied = Counter(verdict for pair in pairs for verdict in pair - {"untreated"})
        assert sum(applied.values()) == RACES
        events = Counter(name for (name,) in desk.query("SELECT name FROM events"))
        assert (events["validate"], events["reject"]) == (applied["validated"], applied["rejected"])
        notices = [each.to for each in desk.letters("verdict_notice")]
        assert sorted(notices) == sorted(senders)
        assert desk.store.audit(desk.desk) == []


# -- disclosure


def test_a_stranger_learns_nothing_about_a_ticket_by_any_kind_of_mail(desk: ServerlessDesk) -> None:
    confirmation, assignment = open_one(desk)
    number = confirmation["X-Acuse-Number"]
    subjects = [
        confirmation["Subject"], assignment["Subject"], f"Consulta de la incidencia {number}", "Mis incidencias",
        f"Retirar la incidencia {number}", f"Sobre {number}", f"Validar Petición {number} [{TOKEN}]",
        f"Validación solución de la incidencia {number}", "Consulta", f"Gestión de la incidencia {number} [{TOKEN}]",
    ]  # fmt: skip
    body = f"Acción: Buscar\nNúmero: {number}\n"
    mails = [write(STRANGER, to, subject, body) for to in (SERVICE, "tecnicos@cau.test") for subject in subjects]
    desk.receive_all(mails[: len(subjects)], "servicio")
    desk.receive_all(mails[len(subjects) :], "tecnicos")
    told: list[Any] = [each.read.part("plain") for each in desk.letters()]
    assert all(number not in text and "AREN" not in text for text in told)
    assert len(told) <= 1


def test_no_sender_no_letter() -> None:
    assert verdict("servicio", Mail(subject=VALIDATE), granted(resolved(), VERDICT)).letters == ()
