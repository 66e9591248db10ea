"""`acuse demo`: a newcomer's first minute. It ends by itself, or stays until it is told to go, and leaves nothing."""

from __future__ import annotations

import imaplib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "COLUMNS": "80"}
PATIENCE_S = 60.0


def demo(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`acuse demo` whose temporary folder lies in ``folder``."""
    command = [sys.executable, "-m", "daemon", "demo", *arguments]
    environment = {**ENVIRONMENT, "TMPDIR": str(folder)}
    with (folder / "screen").open("wb") as screen:
        return subprocess.Popen(command, stdout=screen, stderr=screen, env=environment, text=True)


def screen_of(folder: Path) -> str:
    return (folder / "screen").read_text(encoding="utf-8")


def test_the_whole_flow_is_shown_and_ends_by_itself(tmp_path: Path) -> None:
    process = demo(tmp_path)
    assert process.wait(PATIENCE_S) == 0
    shown = screen_of(tmp_path)
    letters = re.findall(r"← Acuse: (\w+)", shown)
    assert set(letters) == {
        "confirmation", "assignment", "info_request", "update", "validation", "reopening", "closure", "refusal",
    }  # fmt: skip
    assert re.search(r"Validar Petición · Rechazar\s+Petición", shown), "what a letter offers is seen"
    assert shown.splitlines()[-1].startswith("The flow took"), "no letter passes behind the last line"
    assert not list(tmp_path.glob("acuse-demo-*"))


@pytest.mark.parametrize("ends_it", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_kept_it_says_how_to_attach_and_leaves_nothing(tmp_path: Path, ends_it: signal.Signals) -> None:
    process = demo(tmp_path, "--keep")
    until = time.monotonic() + PATIENCE_S
    while "config.toml list" not in screen_of(tmp_path) and time.monotonic() < until:
        time.sleep(0.1)
    (settings,) = re.findall(r"mutt -F (\S+/marta)", screen_of(tmp_path))
    (port,) = re.findall(r"folder=imap://127\.0\.0\.1:(\d+)/", Path(settings).read_text(encoding="utf-8"))
    with imaplib.IMAP4("127.0.0.1", int(port)) as client:
        client.login("marta", "demo")
        assert client.select("INBOX", readonly=True) == ("OK", [b"6"])
    process.send_signal(ends_it)
    assert process.wait(PATIENCE_S) == 0
    assert screen_of(tmp_path).endswith("Stopped.\n")
    assert not list(tmp_path.glob("acuse-demo-*"))
