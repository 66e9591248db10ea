"""`acuse demo`: a newcomer's first minute. It ends by itself, or stays until it is told to go, and leaves nothing."""

from __future__ import annotations

import imaplib
import os
import re
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from imapclient import IMAPClient

from daemon.cli import main
from daemon.demo.correspondent import Received, click, reply
from tests.patience import PATIENCE_S, until

ANA = "Ana Ruiz <ana@cau.example>"

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "80"}


def demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`acuse demo` whose temporary folder lies in ``folder``."""
    command = [sys.executable, "-m", "daemon", "demo", *arguments]
    environment = {**ENVIRONMENT, "TMPDIR": str(folder)}
    with (folder / "screen").open("wb") as screen:
        return subprocess.Popen(command, stdout=screen, stderr=screen, env=environment, text=True)


def screen_of(folder: Path) -> str:
    return (folder / "screen").read_text(encoding="utf-8")


def letters(port: int, user: str, name: str, holding: str = "") -> list[Received]:
    """The letters of that name in somebody's INBOX, as their client reads them."""
    with IMAPClient("127.0.0.1", port, ssl=False) as client:
        client.login(user, "demo")
        client.select_folder("INBOX", readonly=True)
        found = [Received.of(each[b"BODY[]"]) for each in client.fetch(client.search(), ["BODY.PEEK[]"]).values()]
    return [letter for letter in found if letter.letter == name and holding in letter.part("plain")]


def send(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(message)


def test_the_whole_flow_is_shown_and_ends_by_itself(tmp_path: Path) -> None:
    process = demo(tmp_path)
    assert process.wait(PATIENCE_S) == 0
    shown = screen_of(tmp_path)
    letters = re.findall(r"← Acuse: (\w+)", shown)
    assert set(letters) == {
        "confirmation", "assignment", "info_request", "update", "validation", "reopening", "closure", "refusal",
    }  # fmt: skip
    assert re.search(r"Validar Petición · Rechazar\s+Petición", shown), "what a letter offers is seen"
    flow, _, behind = shown.partition("The flow took ")
    assert "lines more, which --keep lets you read" in flow
    assert "←" not in behind, "no letter passes behind the last line"
    assert re.findall(r"acuse (demo --keep|init ~/acuse)  ", behind) == ["demo --keep", "init ~/acuse"], (
        "the next steps"
    )
    assert not list(tmp_path.glob("acuse-demo-*"))


@pytest.mark.parametrize("ends_it", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_kept_it_says_how_to_attach_and_leaves_nothing(tmp_path: Path, ends_it: signal.Signals) -> None:
    process = demo(tmp_path, "--keep")
    until(lambda: "config.toml list" in screen_of(tmp_path), "instructions")
    (settings,) = re.findall(r"mutt -F (\S+/marta)", screen_of(tmp_path))
    assert f"mutt -F {Path(settings).with_name('ana')} 'mailto:…'" in screen_of(tmp_path)
    (port,) = re.findall(r"folder=imap://127\.0\.0\.1:(\d+)/", Path(settings).read_text(encoding="utf-8"))
    with imaplib.IMAP4("127.0.0.1", int(port)) as client:
        client.login("marta", "demo")
        assert client.select("INBOX", readonly=True) == ("OK", [b"6"])
    process.send_signal(ends_it)
    assert process.wait(PATIENCE_S) == 0
    assert screen_of(tmp_path).endswith("Stopped.\n")
    assert not list(tmp_path.glob("acuse-demo-*"))


def test_kept_a_technicians_own_client_reads_answers_and_solves(tmp_path: Path) -> None:
    process = demo(tmp_path, "--keep")
    try:
        rc = until(lambda: re.findall(r"mutt -F (\S+/ana)", screen_of(tmp_path)), "instructions")[0]
        settings = Path(rc).read_text(encoding="utf-8")
        imap, smtp = (int(re.search(rf"{kind}://127\.0\.0\.1:(\d+)/", settings)[1]) for kind in ("imap", "smtp"))

        assignment = until(lambda: letters(imap, "ana", "assignment"), "assignment")[-1]
        send(smtp, reply(ANA, assignment, "Lo miro ahora."))
        acknowledged = until(lambda: letters(imap, "ana", "update", "Lo miro ahora."), "note, with the links")[-1]
        assert "assignment" not in acknowledged.part("plain"), "what was quoted is no part of the note"
        send(smtp, click(ANA, assignment.links["Resolver"], {"Solución": "Se le ha dado acceso."}))
        validation = until(lambda: letters(imap, "pepe", "validation"), "validation")[-1]
        assert "Se le ha dado acceso." in validation.part("plain")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("what", [[], ["--week"], ["--keep"]])
def test_a_reader_that_has_seen_enough_ends_it(tmp_path: Path, what: list[str]) -> None:
    command = [sys.executable, "-m", "daemon", "demo", *what]
    environment = {**ENVIRONMENT, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE_S) == 130
    assert not list(tmp_path.glob("acuse-demo-*"))


def test_a_week_of_a_desk_is_shown_and_ends_by_itself(tmp_path: Path) -> None:
    process = demo(tmp_path, "--week")
    assert process.wait(PATIENCE_S) == 0
    screen = screen_of(tmp_path)
    assert re.search(r"→ Marta Gil, Tuesday 1 December, 09:05 ─", screen), "when it was sent"
    shown = set(re.findall(r"← Acuse: (\w+)", screen))
    assert shown >= {
        "registration", "welcome", "confirmation", "refusal", "assignment", "info_request", "reminder", "warning",
        "breach", "validation", "closure", "survey_thanks", "desk_refusal", "report", "proof",
    }  # fmt: skip
    assert not list(tmp_path.glob("acuse-demo-*"))


def test_a_week_is_shown_and_over(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["demo", "--week", "--keep"])
    assert "not allowed with argument --week" in capsys.readouterr().err
