"""What fails reaches the admins: by letter, by the second route, once, and once more when all is well."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon.config.accounts import Account, Alerts, OAuth2, Smtp
from daemon.config.live import Loaded
from daemon.demo.correspondent import write
from daemon.mail.mailbox import WatchState
from daemon.mail.pump import PostState
from daemon.operations import second_route
from daemon.operations.alarms import Alarms
from daemon.operations.troubles import (
    desk_trouble,
    disk_trouble,
    mailbox_troubles,
    mailbox_wells,
    outbox_trouble,
    secret_troubles,
    storage_wells,
)
from daemon.store import Store, notes
from daemon.store.errors import Unavailable
from daemon.writing.letters import Letters
from rules.alarms import OF_A_MAILBOX, Trouble, gone
from tests.deskworld import ANA, DeskWorld
from tests.patience import PATIENCE_S
from tests.rules.desks import DESK, NOW, OPENING, OPENINGS
from tests.serverless import ServerlessDesk
from tests.sink import Sink

ADMIN = "admin@cau.test"
BOX = Account(name="apertura", roles=("opening",), address="a@cau.test", host="imap.cau.test", username="a")
MINUTES = timedelta(minutes=1)

KEYS = ("mailbox_down:apertura", "login:apertura", "filing_refused:apertura")
STATES: list[tuple[str, WatchState, list[str]]] = [
    ("just started", WatchState(), []),
    ("seen well", WatchState(last_good_poll=NOW), []),
    ("failing", WatchState(failing_since=NOW - MINUTES, fault="connect: refused"), ["mailbox_down"]),
    ("refusing once", WatchState(failing_since=NOW, auth_failures=1), ["mailbox_down"]),
    ("refusing for good", WatchState(failing_since=NOW, auth_failures=3), ["login"]),
    ("no room here", WatchState(failing_since=NOW - MINUTES, fault="No space", fault_is_here=True), ["storage"]),
    ("keeping a mail", WatchState(last_good_poll=NOW, refused="full", refused_since=NOW - MINUTES), ["filing_refused"]),
    ("a look was missed", WatchState(last_good_poll=NOW - 2 * BOX.poll, phase="treating"), []),
    ("silent", WatchState(last_good_poll=NOW - 5 * MINUTES, phase="treating"), ["mailbox_down"]),
]


@pytest.mark.parametrize(("what", "state", "topics"), STATES, ids=[what for what, *_ in STATES])
def test_what_is_wrong_with_a_mailbox(what: str, state: WatchState, topics: list[str]) -> None:
    assert [each.topic for each in mailbox_troubles(BOX, state, NOW, NOW)] == topics
    well = {"seen well": KEYS, "a look was missed": KEYS, "silent": KEYS, "keeping a mail": KEYS[:2]}
    assert tuple(mailbox_wells("apertura", state)) == well.get(what, ())


@pytest.mark.parametrize(
    ("states", "waits", "topics"),
    [
        ([PostState(), PostState()], True, []),
        ([PostState(failing_since=NOW, fault="connect: refused"), PostState()], True, ["smtp_down"]),
        ([PostState(failing_since=NOW, fault="connect: refused")], False, []),
    ],
)
def test_what_is_wrong_with_the_outbox(states: list[PostState], waits: bool, topics: list[str]) -> None:
    assert [each.topic for each in outbox_trouble(states, "smtp.cau.test", waits)] == topics


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(disk_trouble([tmp_path], NOW)) == []
    monkeypatch.setattr("daemon.operations.troubles.ROOM", shutil.disk_usage(tmp_path).total + 1)
    assert [each.topic for each in disk_trouble([tmp_path, tmp_path / "none"], NOW)] == ["disk_full"]


@pytest.mark.parametrize(("ends", "told"), [(None, False), (date(2017, 10, 24), False), (date(2017, 10, 23), True)])
def test_an_oauth2_secret_that_ends_soon(ends: date | None, told: bool) -> None:
    oauth2 = OAuth2(provider="microsoft", client_id="x", tenant="t", client_secret_env="X", expires=ends)
    smtp = Smtp(host="smtp.cau.test", sender="a@cau.test")
    alerts = Alerts(smtp=replace(smtp, oauth2=oauth2))
    settings: Any = SimpleNamespace(desk=DESK, mailboxes=(replace(BOX, oauth2=oauth2),), smtp=smtp, alerts=alerts)
    found = [(each.topic, dict(each.details)["mailbox"]) for each in secret_troubles(settings, NOW)]
    assert found == [("oauth_expiry", "apertura"), ("oauth_expiry", "alerts.smtp")] * told


@pytest.mark.parametrize(("since", "topics"), [(None, []), (NOW, ["config_differs"])])
def test_daemons_that_do_not_decide_alike(since: datetime | None, topics: list[str]) -> None:
    found = list(desk_trouble({"1@here": "one", "2@there": "two"}, since))
    assert [(each.topic, each.details) for each in found] == [(t, (("daemons", "1@here, 2@there"),)) for t in topics]


# -- told


class Told:
    """The alarms of a desk without servers; what the second route was given."""

    def __init__(self, world: ServerlessDesk, alerts: Alerts) -> None:
        self.routed: list[str] = []
        settings: Any = SimpleNamespace(desk=world.desk, alerts=alerts)
        loaded = Loaded(settings, Letters.load(world.desk), "1")
        self.alarms = Alarms(world.store, lambda: loaded, route=self._route)

    def _route(self, alerts: Alerts, admins: object, subject: str, text: str) -> None:
        self.routed.append(subject)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServerlessDesk]:
    with ServerlessDesk(tmp_path) as desk:
        yield desk


def down(minutes: float = 20) -> Trouble:
    return Trouble(
        "mailbox_down", "apertura", NOW - minutes * MINUTES, (("mailbox", "apertura"), ("reason", "refused"))
    )


def test_an_outage_is_told_once_and_its_end_once(world: ServerlessDesk) -> None:
    told = Told(world, Alerts(command=("alarm",)))
    told.alarms.look((down(),), frozenset())
    letter = world.letter("admin_alert", ADMIN)
    assert letter["Subject"] == "No podemos leer un buzón"
    assert "apertura" in letter.part("plain")
    told.alarms.look((down(),), frozenset())
    Told(world, Alerts()).alarms.look((down(),), frozenset())  # nor does another daemon, or this one started again
    assert world.letters() == []
    told.alarms.look((), frozenset({"mailbox_down:apertura"}))
    assert world.letter("admin_alert", ADMIN)["Subject"] == "Un buzón vuelve a funcionar"
    told.alarms.look((), frozenset({"mailbox_down:apertura"}))
    assert world.letters() == []
    assert told.routed == ["Soporte CAU: No podemos leer un buzón", "Soporte CAU: Un buzón vuelve a funcionar"]


def test_a_mail_that_the_server_refuses_to_file_is_told_once_it_lasts_and_once_more_when_it_is_filed(
    world: ServerlessDesk,
) -> None:
    told = Told(world, Alerts())
    state = WatchState(last_good_poll=NOW, refused="file into Acuse/Tratados: [OVERQUOTA] full", refused_since=NOW)

    def look() -> list[str]:
        troubles = tuple(mailbox_troubles(BOX, state, NOW, world.clock()))
        told.alarms.look(troubles, frozenset(mailbox_wells("apertura", state)))
        return [sent.read["Subject"] for sent in world.letters("admin_alert")]

    assert look() == []
    world.clock.turn(minutes=16)
    state.last_good_poll = world.clock()
    assert look() == ["Un buzón no deja archivar correo"]
    assert look() == []
    state.refused, state.refused_since = "", None
    assert look() == ["El correo de un buzón se archiva otra vez"]


def test_mail_that_cannot_be_kept_here_is_told_once_for_all_mailboxes_and_not_as_a_fault_of_theirs(
    world: ServerlessDesk,
) -> None:
    told = Told(world, Alerts())
    states = [WatchState(failing_since=NOW, fault="No space left on device", fault_is_here=True) for _ in range(2)]

    def look() -> list[str]:
        found = tuple(each for state in states for each in mailbox_troubles(BOX, state, NOW, world.clock()))
        told.alarms.look(found, frozenset(storage_wells(states)))
        letters = [sent.read for sent in world.letters("admin_alert")]
        assert not any("Buzón:" in letter.part("plain") for letter in letters)
        return [letter["Subject"] for letter in letters]

    world.clock.turn(minutes=16)
    assert look() == ["No podemos guardar el correo que llega"]
    states[0] = WatchState(last_good_poll=world.clock())
    assert look() == []
    states[1] = WatchState(last_good_poll=world.clock())
    assert look() == ["El correo que llega se guarda otra vez"]
    assert look() == []


def test_without_a_second_route_the_letter_is_all(world: ServerlessDesk) -> None:
    told = Told(world, Alerts())
    told.alarms.look((down(),), frozenset())
    assert [sent.to for sent in world.letters("admin_alert")] == [ADMIN]
    assert told.routed == []


def test_mails_in_quarantine_are_told_of_together(world: ServerlessDesk) -> None:
    told = Told(world, Alerts())
    bad = b"From: raro@otro.test\r\nSubject: x\r\n" + b"X: y\r\n" * 600 + b"\r\n"

    def quarantine(count: int) -> None:
        world.receive_all([bad + b"%d" % n for n in range(count)], "apertura")

    quarantine(3)
    told.alarms.look((), frozenset())
    letter = world.letter("admin_alert", ADMIN)
    assert letter["Subject"] == "Hay correo en cuarentena"
    assert "Cuántos: 3" in letter.part("plain")
    world.clock.turn(minutes=10)
    quarantine(2)
    told.alarms.look((), frozenset())
    assert world.letters() == []
    world.clock.turn(minutes=51)
    told.alarms.look((), frozenset())
    assert "Cuántos: 2" in world.letter("admin_alert", ADMIN).part("plain")
    told.alarms.look((), frozenset())
    assert world.letters() == []


def test_a_database_that_is_away_is_told_by_the_second_route_alone(world: ServerlessDesk) -> None:
    told = Told(world, Alerts(command=("alarm",)))
    for minutes in (0, 16, 0):
        world.clock.turn(minutes=minutes)
        told.alarms.turn_failed("database", OSError("gone"))
    told.alarms.turn_worked()
    told.alarms.turn_worked()
    assert told.routed == ["Soporte CAU: La base de datos falla", "Soporte CAU: La base de datos vuelve a funcionar"]
    assert world.letters() == []


def test_a_defect_is_told_as_one(world: ServerlessDesk) -> None:
    told = Told(world, Alerts(command=("alarm",)))
    told.alarms.turn_failed("defect", LookupError("x"))
    world.clock.turn(minutes=16)
    told.alarms.turn_failed("defect", LookupError("x"))
    told.alarms.turn_worked()
    assert told.routed == ["Soporte CAU: El programa falla", "Soporte CAU: El programa ya no falla"]


def test_an_admins_address_that_takes_no_letter_is_told_by_the_second_route_once(world: ServerlessDesk) -> None:
    told = Told(world, Alerts(command=("alarm",)))
    for address in ("n1@cau.test", ADMIN.upper(), ADMIN):
        told.alarms.refused(address, "rcpt: 550 5.1.1 no such user")
    assert told.routed == ["Soporte CAU: Un mensaje a su equipo no ha llegado"]


@pytest.mark.parametrize(
    ("fault", "is_of_the_database"),
    [(sqlite3.DatabaseError("malformed"), True), (Unavailable("away"), True), (LookupError("x"), False)],
)
def test_what_the_database_is_at_fault_for(world: ServerlessDesk, fault: Exception, is_of_the_database: bool) -> None:
    assert world.store.is_fault(fault) is is_of_the_database


# -- the second route


def test_the_command_reads_the_alarm(tmp_path: Path) -> None:
    target = tmp_path / "alarm.txt"
    alerts = Alerts(command=("/bin/sh", "-c", f"cat > {target}"))
    second_route.send(alerts, (ADMIN,), "Soporte: algo falla", "Motivo: ñ\n").join(PATIENCE_S)
    assert target.read_text(encoding="utf-8") == "Soporte: algo falla\n\nMotivo: ñ\n"


def test_the_other_server_takes_the_alarm(sink: Sink) -> None:
    smtp = Smtp(host="127.0.0.1", port=sink.port, security="none", sender="alarma@otra.test")
    second_route.send(Alerts(smtp=smtp), (ADMIN,), "Soporte: algo falla", "Motivo: ñ\n").join(PATIENCE_S)
    (mail,) = sink.mails
    assert (mail.sender, mail.recipients) == ("alarma@otra.test", (ADMIN,))
    assert b"Subject: Soporte: algo falla" in mail.raw
    assert b"Auto-Submitted: auto-generated" in mail.raw


@pytest.mark.parametrize("command", [("/bin/false",), ("/nowhere/alarm",)])
def test_a_route_that_fails_harms_nobody(command: tuple[str, ...]) -> None:
    dead = Smtp(host="127.0.0.1", port=1, security="none", sender="alarma@otra.test")
    thread = second_route.send(Alerts(command=command, smtp=dead), (ADMIN,), "x", "y")
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


def test_a_mailbox_that_goes_away_is_told_by_the_running_daemon(tmp_path: Path) -> None:
    target = tmp_path / "alarm.txt"
    extra = f"[alerts]\nafter = \"1s\"\ncommand = ['/bin/sh', '-c', 'cat >> {target}']\n"
    with DeskWorld(tmp_path, "dovecot", extra=extra) as world:
        world.start()
        world.until(lambda: world.query("SELECT 1 FROM meta WHERE name = 'poll apertura'"), "first poll")
        (tmp_path / "password").write_text("wrong", encoding="utf-8")
        world.servers.stop()
        world.until(lambda: target.exists() and "No podemos leer un buzón" in target.read_text(), "alarm")
        (tmp_path / "password").write_text("secret", encoding="utf-8")
        world.servers.dovecot.start()
        world.until(lambda: "Un buzón vuelve a funcionar" in target.read_text(), "all clear")
        assert world.stop() == 0


def test_an_open_breaker_is_told_and_told_again_when_it_closes(world: ServerlessDesk) -> None:
    def near_misses(count: int) -> None:
        mails = [write(f"P <p{n}@eco.test>", OPENINGS, OPENING.lower(), f"hola {n}") for n in range(count)]
        world.receive_all(mails, "apertura")

    near_misses(DESK.guards.breaker.notices_per_domain + 3)
    told = world.letters("admin_alert")
    assert [sent.read["Subject"] for sent in told] == ["Demasiados mensajes iguales: avisos parados"]
    assert "eco.test" in told[0].read.part("plain")
    world.clock.turn(hours=2)
    near_misses(1)
    assert [sent.read["Subject"] for sent in world.letters("admin_alert")] == ["Los avisos vuelven a salir"]


def test_a_second_route_that_cannot_be_used_is_told_by_the_running_daemon(tmp_path: Path, sink: Sink) -> None:
    route = f'[alerts.smtp]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\nsender = "alarma@otra.test"\n'
    sink.script["MAIL"] = ["550 not you"] * 3
    with DeskWorld(tmp_path, "embedded", extra='[alerts]\nafter = "1s"\n' + route) as world:
        world.start()
        told = world.wait("admin_alert", ANA)
        assert told["Subject"] == "La segunda vía de los avisos no funciona"
        assert "550 not you" in " ".join(told.part("plain").split())
        assert world.stop() == 0


GONE = {
    "mailbox_down:apertura": False,
    "mailbox_down:antiguo": True,
    "filing_refused:antiguo": True,
    "login:servicio": False,
    "job_failed:proof": False,
    "job_failed:report": True,
    "oauth_expiry:apertura 2026-12-01": False,
    "oauth_expiry:apertura 2025-12-01": True,
    "smtp_down:": False,
    "disk_full:": False,
}
"""Alarm that stands → whether it is about what the configuration has no more."""


def test_an_alarm_about_what_is_no_more_is_told_apart() -> None:
    boxes = {"apertura", "servicio"}
    known = {
        **dict.fromkeys(OF_A_MAILBOX, boxes),
        "job_failed": {"proof"},
        "oauth_expiry": {"apertura 2026-12-01"},
    }
    assert gone(GONE, known) == tuple(key for key, is_gone in GONE.items() if is_gone)


def test_what_was_taken_away_leaves_no_alarm_and_no_poll(tmp_path: Path) -> None:
    """Else the figures would show them for ever, and whoever watches them be called for nothing."""
    over, stays = (
        ("mailbox_down:antiguo", "job_failed:nunca", "oauth_expiry:apertura 2025-12-01"),
        "job_failed:retention",
    )
    with DeskWorld(tmp_path, "embedded") as world:
        database = world.settings().database
        store = Store.open(database.login_url(), Path(database.files))
        store.run(lambda tx: notes.note_polls(tx.session, {"antiguo": NOW}))
        store.run(lambda tx: [notes.tell_once(tx.session, alarm, NOW) for alarm in (*over, stays)])
        store.close()
        world.start()
        world.until(lambda: not world.query("SELECT 1 FROM meta WHERE name = 'poll antiguo'"), "forgotten")
        assert world.query("SELECT name FROM meta WHERE name LIKE 'told %'") == [(f"told {stays}",)]
        assert world.stop() == 0
