"""Attacks on how much we send: spoofed floods, loops and backscatter end at the configured number of letters."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.demo.correspondent import click, reply, write
from daemon.mail.fetching import BATCH_MAILS
from rules.tables import Breaker, DeskTable, Group, Guards, Mailbox, Senders
from tests.deskworld import DeskWorld
from tests.parsers.mails import mail_of, part, raw_mail
from tests.rules.desks import ANA, DESK, GOOD, LUIS, MARTA, NUMBER, OPENING, OPENINGS, SERVICE, make_desk
from tests.serverless import Sent, ServerlessDesk
from tests.test_attacks_rights import open_one, solve

BAD = "Servicio/Aplicación: ARENN\nTipo: Se ha roto\n"
STAFF = {ANA, LUIS, "n1@cau.test", "admin@cau.test"}


def numbered(raw: bytes, n: int) -> bytes:
    """The same mail as another one."""
    return raw.replace(b"Message-ID: <1@", b"Message-ID: <%d.x@" % n, 1)


def flood(count: int, sender: Callable[[int], str], title: str = OPENING, body: str = BAD) -> list[bytes]:
    """So many mails; the body differs in letters from mail to mail, as a hostile sender would have it."""
    marks = itertools.product("abcdefghij", repeat=5)
    mails = zip(range(count), marks, strict=False)
    return [numbered(raw_mail(f"{body}{''.join(mark)}\n", sender=sender(n), title=title), n + 2) for n, mark in mails]


# -- what is never answered


def test_a09_spoofed_mail_makes_no_backscatter(tmp_path: Path) -> None:
    strict = make_desk(senders=Senders("require", ("mx.cau.test",)))
    with ServerlessDesk(tmp_path, strict) as desk:
        mails = flood(1000, lambda n: f"victima{n}@otro{n % 7}.test")
        assert set(desk.receive_all(mails, "apertura")) == {"quarantined"}
        assert desk.queued() == 0


def test_a09_null_senders_and_poisoned_mails_are_never_answered(desk: ServerlessDesk) -> None:
    null = raw_mail(BAD, "Return-Path: <>", "X-Auto-Response-Suppress: All", sender=MARTA, title=OPENING)
    endless = raw_mail(BAD, "X: " + "y" * 9000, sender=MARTA, title=OPENING)
    assert desk.receive_all([null, numbered(endless, 2)], "apertura") == ["automatic", "quarantined"]
    assert desk.queued() == 0


# -- our own mail come back


def unmarked(raw: bytes, *drop: str) -> bytes:
    """A letter as a relay rewrote it."""
    message = message_from_bytes(raw)
    for name in drop:
        del message[name]
    return message.as_bytes()


MARKS = ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Acuse-Number", "X-Acuse-Letter")
RETURNING = {
    "as it was": (),
    "its marks stripped": MARKS,
    "its id rewritten": ("Message-ID",),
}


@pytest.mark.parametrize("relay", RETURNING)
def test_a11_our_own_letters_come_back_as_automatic(desk: ServerlessDesk, relay: str) -> None:
    open_one(desk)
    returned = [unmarked(sent.raw, *RETURNING[relay]) for sent in desk.sent]
    for box in ("apertura", "servicio", "tecnicos"):
        assert set(desk.receive_all(returned, box)) == {"automatic"}
    assert desk.letters() == []
    assert len(desk.query("SELECT id FROM events")) == 1


def test_a11_nothing_is_sent_to_our_own_addresses(desk: ServerlessDesk) -> None:
    for ours in (SERVICE, OPENINGS, "tecnicos@cau.test"):
        assert desk.receive(write(ours, OPENINGS, OPENING, BAD)) == "refused"
    assert desk.queued() == 0


# -- reports


def report_of(letter: bytes, recipient: str, original: str = "message/rfc822", sender: str = "") -> bytes:
    """A delivery status notification about ``letter`` (RFC 3464)."""
    status = f"Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n"
    parts = [
        part("text/plain", "No se pudo entregar."),
        part("message/delivery-status", status),
        part(original, letter),
    ]
    raw = mail_of("report", parts, "Return-Path: <>", report_type="delivery-status")
    return raw.replace("María Gil <maria@cliente.example>".encode(), sender.encode() or b"MAILER-DAEMON@mx.test", 1)


def test_a12_a_report_is_bound_to_our_letter_and_its_links_are_never_used(desk: ServerlessDesk) -> None:
    _, assignment = open_one(desk)
    solve(desk, assignment)
    validation = desk.sent[-1].raw
    assert desk.receive(report_of(validation, MARTA, sender=MARTA), "servicio") == "bounce"
    assert [(sent.letter, sent.to) for sent in desk.letters()] == [("delivery_failure", "n1@cau.test")]
    assert desk.query("SELECT state FROM tickets") == [("resolved",)]
    assert desk.query("SELECT COUNT(*) FROM tokens WHERE used_at IS NOT NULL") == [(0,)]


def test_a12_a_report_without_our_id_is_bound_by_address(desk: ServerlessDesk) -> None:
    open_one(desk)
    rewritten = b"Message-ID: <rewritten@relay.test>\r\nSubject: x\r\n\r\nx"
    assert desk.receive(report_of(rewritten, MARTA), "servicio") == "bounce"
    assert [sent.letter for sent in desk.letters()] == ["delivery_failure"]


def test_a12_any_number_of_forged_reports_tells_once(desk: ServerlessDesk) -> None:
    open_one(desk)
    for recipient in (MARTA, "n1@cau.test"):
        report = report_of(b"Subject: x\r\n\r\nx", recipient)
        desk.receive_all([numbered(report, n).replace(b"No se", b"No%d se" % n) for n in range(200)], "servicio")
    told = Counter((sent.letter, sent.to) for sent in desk.letters())
    assert told["delivery_failure", "n1@cau.test"] == 1
    assert told["admin_alert", "admin@cau.test"] <= DESK.guards.notices


# -- floods: P9


def in_an_hour(desk: ServerlessDesk) -> Counter[str]:
    """Letters that went out until now, by recipient."""
    desk.letters()
    return Counter(sent.to for sent in desk.sent)


def test_a10_ten_thousand_refusals_end_at_the_breaker_and_the_admin_is_told_once(desk: ServerlessDesk) -> None:
    limits = DESK.guards.breaker
    mails = flood(10_000, lambda n: f"victima{n}@otro{n % 50}.test")
    assert set(desk.receive_all(mails, "apertura")) == {"refused"}
    sent = in_an_hour(desk)
    assert sent.pop("admin@cau.test") == 1
    assert sum(sent.values()) == limits.notices_total
    assert max(Counter(to.partition("@")[2] for to in sent.elements()).values()) <= limits.notices_per_domain


def test_a10_the_breaker_probes_once_an_hour_and_closes_after_a_quiet_one(tmp_path: Path) -> None:
    guards = Guards(breaker=Breaker(notices_per_domain=100, notices_total=5, same_content=10))
    with ServerlessDesk(tmp_path, make_desk(guards=guards)) as desk:

        def hour(mails: int) -> int:
            letters = 0
            for _ in range(3):
                desk.receive_all(flood(mails, lambda n: f"{desk.clock():%d%H%M}.{n}@otro{n}.test"), "apertura")
                letters += len(desk.letters("refusal"))
                desk.clock.turn(minutes=20)
            return letters

        assert [hour(8), hour(8), hour(8), hour(0), hour(1)] == [5, 1, 1, 0, 3]
        assert [sent.letter for sent in desk.sent].count("admin_alert") == 2, "opened, closed"


def test_a10_a_machine_that_answers_each_solution_gets_one_letter_an_hour_and_the_admin_is_told_once(
    desk: ServerlessDesk,
) -> None:
    assert desk.receive(click(ANA, open_one(desk)[1].links["Resolver"], {"Solución": "Se reinicia."})) == "desk"
    hours: list[int] = []
    for _ in range(6):
        before = len(desk.sent)
        for _ in range(12):
            while new := desk.letters():
                text = f"Su mensaje tiene el número {len(desk.sent)} entre los nuestros."
                desk.receive_all(reply(MARTA, sent.read, text) for sent in new if sent.to == MARTA)
            desk.clock.turn(minutes=5)
        hours.append([sent.letter for sent in desk.sent[before:]].count("validation"))
    assert hours == [DESK.guards.breaker.same_content, 1, 1, 1, 1, 1]
    assert [sent.letter for sent in desk.sent].count("admin_alert") == 1


KINDS_OF_FLOOD: dict[str, tuple[str, str, str, int]] = {
    # what: mailbox, subject, body, letters an hour that one address may cause to all outsiders
    "openings of one sender": ("apertura", OPENING, GOOD, 60),
    "refusals of one sender": ("apertura", OPENING, BAD, 3),
    "near misses": ("apertura", OPENING[:-3], BAD, 1),
    "queries": ("servicio", "Mis incidencias", "", 60),
    "queries of one ticket": ("servicio", f"Consulta de la incidencia {NUMBER[:-2]}01", "", 60),
    "withdrawals": ("servicio", f"Retirar la incidencia {NUMBER[:-2]}01", "", 60),
    "wrong subjects": ("servicio", f"Sobre {NUMBER[:-2]}01", "x", 3),
    "replies": ("servicio", f"RE: Confirmación de la incidencia {NUMBER[:-2]}01", "Sigue igual ", 0),
}


@pytest.mark.parametrize("kind", KINDS_OF_FLOOD)
def test_a10_what_one_sender_gets_in_an_hour_is_bounded(desk: ServerlessDesk, kind: str) -> None:
    box, title, body, most = KINDS_OF_FLOOD[kind]
    open_one(desk)
    before = in_an_hour(desk)
    desk.receive_all(flood(400, lambda n: MARTA, title, body), box)
    sent = in_an_hour(desk) - before
    assert sent.pop(MARTA, 0) <= most
    assert sum(sent.values()) <= DESK.guards.staff + 1
    assert set(sent) <= STAFF


def test_a10_mails_in_a_technicians_name_are_bounded_too(desk: ServerlessDesk) -> None:
    open_one(desk)
    before = in_an_hour(desk)
    for title, body in (("Consulta", "Acción: Turno\n"), ("Consulta", "Acción: Buscar\nTexto: AREN\n"), ("x", "y")):
        desk.receive_all(flood(400, lambda n: ANA, title, body), "tecnicos")
        desk.clock.turn(seconds=1)
    sent = in_an_hour(desk) - before
    assert set(sent) <= STAFF
    assert max(sent.values()) <= DESK.guards.staff + DESK.guards.letters


def test_a10_tickets_opened_for_callers_are_held_over_a_senders_rate(desk: ServerlessDesk) -> None:
    """Each of them would write to somebody else whom the form names, and to the group."""
    form = f"Acción: Abrir\nClase: Incidencia\nSolicitante: victima{{}}@otro.test\n{GOOD}"
    mails = [write(ANA, "tecnicos@cau.test", "Consulta", form.format(n)) for n in range(400)]
    most = desk.desk.senders.rates.per_sender
    assert Counter(desk.receive_all(mails)) == {"desk": most, "held": 400 - most}
    assert Counter(sent.letter for sent in desk.letters()) == {"confirmation": most, "assignment": most}


def test_a_monitoring_system_that_opens_many_alike_is_answered_each_time(desk: ServerlessDesk) -> None:
    """A form for each machine, all but its number the same; what is sent again and again as it is comes to rest."""
    watch = "vigia@cliente.test"
    rests = DESK.guards.breaker.same_content
    desk.receive_all([write(watch, OPENINGS, OPENING, f"{GOOD} Equipo {n}") for n in range(2 * rests)], "apertura")
    assert len(desk.letters("confirmation", watch)) == 2 * rests
    desk.receive_all([write(watch, OPENINGS, OPENING, GOOD) for _ in range(2 * rests)], "apertura")
    assert len(desk.letters("confirmation", watch)) < rests


def test_who_validates_many_solutions_at_once_is_answered_each_time(desk: ServerlessDesk) -> None:
    """The links of all solutions write the same text."""
    solutions = [
        solve(desk, open_one(desk, body=f"{GOOD} Equipo {n}")[1]) for n in range(2 * DESK.guards.breaker.same_content)
    ]
    clicks = [click(MARTA, solution.links["Validar Petición"]) for solution in solutions]
    assert set(desk.receive_all(clicks, "servicio")) == {"validated"}
    assert len(desk.letters("closure", MARTA)) == len(solutions)
    assert set(desk.receive_all(clicks, "servicio")) == {"duplicate"}


# -- loops


class Robot:
    """An autoresponder without any mark that answers every letter with its subject, its text and a number."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._numbers = itertools.count(1)

    def answer(self, sent: Sent) -> EmailMessage:
        return reply(self.address, sent.read, f"He recibido su correo. Referencia {next(self._numbers)}.")


def comes_to_rest(turn: Callable[[], int], most: int) -> bool:
    """Whether one of so many turns brings no more letters."""
    return any(turn() == 0 for _ in range(most))


def test_a10_a_robot_without_marks_that_is_a_requester_comes_to_rest(desk: ServerlessDesk) -> None:
    robot = Robot("robot@cliente.test")
    _, assignment = open_one(desk, robot.address)
    robot_letters = [sent for sent in desk.sent if sent.to == robot.address]
    desk.receive_all([robot.answer(sent) for sent in robot_letters])
    solve(desk, assignment)

    def turn() -> int:
        got = desk.letters(to=robot.address)
        for sent in got:
            desk.receive(robot.answer(sent))
        return len(got)

    desk.receive(robot.answer(desk.sent[-1]))
    assert comes_to_rest(turn, DESK.guards.letters)
    assert Counter(sent.to for sent in desk.sent)[robot.address] <= DESK.guards.letters


def test_a10_a_robot_at_the_opening_address_comes_to_rest(desk: ServerlessDesk) -> None:
    """It answers each refusal with the opening subject again and the same bad form."""
    robot = "robot@cliente.test"
    desk.receive(write(robot, OPENINGS, OPENING, BAD))

    def turn() -> int:
        got = desk.letters(to=robot)
        for sent in got:
            desk.receive(write(robot, OPENINGS, OPENING, f"{BAD}\n> {sent.read['Subject']}"))
        return len(got)

    assert comes_to_rest(turn, DESK.guards.notices + 1)


def other_desk() -> object:
    """A second desk, whose service address is the first one's requester."""
    return make_desk(
        desk=DeskTable("Otra mesa", "otra.test", admins=("admin@otra.test",)),
        mailboxes=(Mailbox("buzon", ("opening", "service", "desk"), "mesa@otra.test"),),
        groups={"n1": Group("Nivel 1", "n1@otra.test", ("eva@otra.test",), "coord@otra.test")},
        service_address="mesa@otra.test",
        rules=(),
    )


@pytest.mark.parametrize("stripped", [False, True], ids=["with our marks", "marks and ids stripped"])
def test_a10_two_desks_tied_together_come_to_rest(tmp_path: Path, stripped: bool) -> None:
    with ServerlessDesk(tmp_path / "a") as one, ServerlessDesk(tmp_path / "b", other_desk()) as other:
        one.receive(write("mesa@otra.test", OPENINGS, OPENING, GOOD))

        def turn() -> int:
            went = 0
            for desk, peer, address in ((one, other, "mesa@otra.test"), (other, one, SERVICE)):
                got = desk.letters(to=address)
                drop = (*MARKS, "Message-ID") if stripped else ()
                box = "buzon" if peer is other else "servicio"
                peer.receive_all([unmarked(sent.raw, *drop) for sent in got], box) if got else None
                went += len(got)
            return went

        assert comes_to_rest(turn, 20)


def test_a10_end_to_end_a_flood_is_bounded_and_the_desk_goes_on(tmp_path: Path) -> None:
    """On real connections to the embedded servers, with a breaker set low."""
    extra = "[guards]\nletters = 20\n[guards.breaker]\nnotices_total = 12\nnotices_per_domain = 5\n"
    with DeskWorld(tmp_path, "embedded", extra) as world:
        for n in range(120):
            world.send(
                write(
                    f"v{n}@otro{n % 6}.example", "soportecau@cau.example", OPENING, f"{BAD}{'abcdefghij'[n % 10] * n}"
                )
            )
        world.send(write("marta@cliente.example", "soportecau@cau.example", OPENING, GOOD))
        world.acuse("run", "--once")
        sent = Counter(letter.letter for letter in world.letters())
        assert sent["refusal"] == 12
        assert (sent["confirmation"], sent["assignment"]) == (1, 1)
        assert world.balanced()


def test_a26_a_flood_in_one_mailbox_holds_up_no_other(tmp_path: Path) -> None:
    mails = 400
    with DeskWorld(tmp_path, "embedded") as world:
        for n in range(mails):
            world.send(write(f"v{n}@otro.example", "soportecau@cau.example", OPENING, f"{BAD}{n}"))
        world.send(write("marta@cliente.example", "soporteservicios@cau.example", "Mis incidencias", ""))
        world.start()
        world.wait("status", "marta@cliente.example")
        world.until(lambda: world.query("SELECT COUNT(*) FROM mails") == [(mails + 1,)], "the flood's last mail")
        ((place,),) = world.query("SELECT id FROM mails WHERE mailbox = 'servicio'")
        assert place <= mails - BATCH_MAILS, "its turn came before the flood's last batch"
