"""What an admin saves goes live in a running daemon; what is wrong stays out: its file, line and reason are mailed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daemon.demo.correspondent import reply, write
from daemon.store.clock import utc_now
from outbox_templates import __file__ as letters
from tests.deskworld import ANA, GOOD, GROUP, MARTA, OPENINGS, SERVICE, SUBJECT, DeskWorld, Real

CONFIG, CONFIRMATION = "config.toml", "cartas/es/confirmation.j2"
EXTRA = '\n[calendars.oficina]\nhours = ["00:00-24:00"]\ndays = "mon-sun"\n[letters]\ntemplates = "cartas"\n'
DOWN = GOOD.replace("Error Funcional", "Pérdida de Servicio")


def opened(world: DeskWorld, body: str = GOOD) -> str:
    """A new ticket; its confirmation."""
    world.send(write(MARTA, OPENINGS, SUBJECT, body))
    return world.wait("confirmation", MARTA).part("plain")


def alta_by_the_rule(world: DeskWorld) -> bool:
    return "Su prioridad es Alta." in opened(world, DOWN)


def assigned_to_the_new_address(world: DeskWorld) -> bool:
    opened(world)
    return bool(world.wait("assignment", "primera@cau.example"))


def refused_as_too_short(world: DeskWorld) -> bool:
    world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    return "60 caracteres o más" in world.wait("refusal", MARTA).part("plain")


def half_an_hour_a_day(world: DeskWorld) -> bool:
    told = re.search(r"Primera respuesta: antes del (\d\d/\d\d/\d{4})", opened(world))
    assert told
    return datetime.strptime(told[1], "%d/%m/%Y").date() - utc_now().date() >= timedelta(days=7)


def greets(world: DeskWorld) -> bool:
    return "Gracias por escribirnos." in opened(world)


@dataclass(frozen=True)
class Saved:
    """``old`` becomes ``good`` in ``file``, which ``shows``; then ``bad``, refused with ``reason``."""

    file: str
    old: str
    good: str
    bad: str
    reason: str
    shows: Callable[[DeskWorld], bool]


SAVED = {
    "rules": Saved(
        CONFIG, 'priority = "Urgente"', 'priority = "Alta"', 'priority = "Altta"',
        'did you mean "Alta"', alta_by_the_rule,
    ),
    "groups": Saved(
        CONFIG, f'"{GROUP}"', '"primera@cau.example"', '"primera"', "is no mail address", assigned_to_the_new_address
    ),
    "kinds": Saved(
        CONFIG, "min_length = 10", "min_length = 60", "min_lenght = 60",
        'did you mean "min_length"', refused_as_too_short,
    ),
    "calendars": Saved(
        CONFIG, '"00:00-24:00"', '"03:00-03:30"', '"3-3:30"', 'write it as "09:00-18:00"', half_an_hour_a_day
    ),
    "templates": Saved(
        CONFIRMATION, "{% block body %}", "{% block body %}Gracias por escribirnos. ", "{% block body %}{% if %}",
        "Expected an expression", greets,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    folder = tmp_path_factory.mktemp("desk")
    own = folder / CONFIRMATION
    own.parent.mkdir(parents=True)
    own.write_text((Path(letters).parent / "es/confirmation.j2").read_text(encoding="utf-8"), encoding="utf-8")
    with DeskWorld(folder, "embedded", extra=EXTRA) as world:
        text = world.config.read_text(encoding="utf-8").replace("[groups.n1]", '[groups.n1]\ncalendar = "oficina"')
        world.config.write_text(text, encoding="utf-8")
        world.started()
        yield world
        assert world.stop() == 0


def reloads(world: DeskWorld) -> int:
    return world.log().count("configuration reloaded")


def save(world: DeskWorld, file: str, text: str) -> None:
    """Save what is right, and wait until it is in force."""
    before = reloads(world)
    world.save(text, file)
    world.until(lambda: reloads(world) > before, "new configuration")


def test_letters_leave_under_the_sender_in_force(tmp_path: Path) -> None:
    """Their From and their envelope alike: a server may take no letter in which the two differ."""
    servers = Real()
    with DeskWorld(tmp_path, servers) as world:
        world.started()
        save(world, CONFIG, world.config.read_text(encoding="utf-8").replace(SERVICE, "cau@cau.example"))
        opened(world)
        senders = {(kept.message["From"].addresses[0].addr_spec, kept.sender) for kept in servers.sink.mails}
    assert senders == {("cau@cau.example",) * 2}


@pytest.mark.parametrize("what", SAVED)
def test_a_saved_change_goes_live_and_a_bad_one_stays_out(world: DeskWorld, what: str) -> None:
    saved = SAVED[what]
    path = world.folder / saved.file
    text = path.read_text(encoding="utf-8")
    assert saved.old in text
    save(world, saved.file, text.replace(saved.old, saved.good, 1))
    assert saved.shows(world)

    world.save(text.replace(saved.old, saved.bad, 1), saved.file)
    told = " ".join(world.wait("admin_alert", ANA).part("plain").split())
    line = text[: text.index(saved.old)].count("\n") + 1
    assert f"Archivo: {path}" in told
    assert f"Línea: {line}" in told
    assert saved.reason in told
    assert saved.shows(world), "what was good is still in force"
    save(world, saved.file, text)


URGENT_ALONE = '[priorities.Urgente]\nresponse = "1h"\nresolution = "4h"'
HELD = {
    "the table of a kind": (("kinds.incident", "kinds.averia"), "[kinds.incident] is missing"),
    "the key of a group": (("groups.n1", "groups.nivel1"), "[groups.n1] is missing"),
    "the priority of an open ticket": (
        ("\n[database]", f"standard_priorities = false\n{URGENT_ALONE}\n[database]"),
        "[priorities.Media] is missing",
    ),
}


@pytest.mark.parametrize("what", HELD)
def test_what_tickets_hold_cannot_be_taken_away(world: DeskWorld, what: str) -> None:
    """Neither while the daemon runs, nor at its next start; and doctor says so."""
    (old, new), reason = HELD[what]
    world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
    confirmation = world.wait("confirmation", MARTA)
    text = world.config.read_text(encoding="utf-8")
    assert old in text
    world.save(text.replace(old, new).replace('"n1"', f'"{new.rpartition(".")[2]}"' if "groups" in old else '"n1"'))
    told = " ".join(world.wait("admin_alert", ANA).part("plain").split())
    such = re.search(rf"{re.escape(reason)}, and tickets such as (\S+) need it", told)
    assert such, told
    assert such[1] in {ticket["number"] for ticket in world.tickets()}

    world.send(reply(MARTA, confirmation, "Sigue igual."))
    assert "Sigue igual." in world.wait("update", GROUP).part("plain"), "what was good is still in force"
    assert reason in world.acuse("doctor", check=False).stdout
    assert world.stop() == 0
    refused = world.acuse("run", "--once", check=False)
    assert refused.returncode != 0
    assert reason in refused.stderr
    assert "Traceback" not in refused.stderr
    world.save(text)
    world.started()


def test_two_mailboxes_that_exchange_their_names_treat_their_mails_as_before_until_the_restart(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded") as world:
        world.started()
        text = world.config.read_text(encoding="utf-8")
        for old, new in (("apertura", "x"), ("servicio", "apertura"), ("x", "servicio")):
            text = text.replace(f'\nname = "{old}"', f'\nname = "{new}"')
        save(world, CONFIG, text)
        opened(world)
        world.stop()
        world.started()
        opened(world)


def test_a_mailbox_that_mails_wait_in_keeps_its_name(tmp_path: Path) -> None:
    """Nobody would treat them: a released one stood in the ledger for ever, and nobody was told."""
    with DeskWorld(tmp_path, "embedded", extra="\n[senders]\nrates = { per_sender = 1 }\n") as world:
        world.started()
        opened(world)
        world.send(write(MARTA, OPENINGS, SUBJECT, f"{GOOD}Otra cosa."))
        world.until(lambda: world.query("SELECT id FROM mails WHERE verdict = 'held' AND filed_at > 0"), "held mail")
        text = world.config.read_text(encoding="utf-8")
        renamed = text.replace('\nname = "apertura"', '\nname = "entrada"')
        world.save(renamed)
        told = " ".join(world.wait("admin_alert", ANA).part("plain").split())
        assert 'the mailbox "apertura" is missing, and mails such as 2 wait in it' in told
        world.acuse("release", "2")
        world.wait("confirmation", MARTA)
        save(world, CONFIG, f"{renamed}\n")
