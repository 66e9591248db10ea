"""The log never stops the desk: a pipe that nobody reads, one that is closed, a disk that is full (F30, F44)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from daemon.demo.correspondent import write
from daemon.operations.logs import LineWriter, redact
from tests.deskworld import GOOD, MARTA, OPENINGS, SUBJECT, DeskWorld
from tests.patience import PATIENCE_S, until


def test_f44_a_pipe_that_nobody_reads_blocks_nobody() -> None:
    reading, writing = os.pipe()
    writer = LineWriter(writing, most=100)
    writer.start()
    began = time.monotonic()
    for _ in range(5000):
        writer.write("x" * 1000 + "\n")
    assert time.monotonic() - began < PATIENCE_S  # and not for ever
    assert writer.dropped > 4000
    os.set_blocking(reading, False)
    told = bytearray()

    def loss_is_told() -> bool:
        try:
            told.extend(os.read(reading, 1 << 20))
        except BlockingIOError:
            writer.write("another line\n")
        return b"lines of this log were lost" in told

    until(loss_is_told)


def test_f44_a_closed_pipe_loses_lines_and_counts_them() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = LineWriter(writing)
    writer.start()
    writer.write("one\ntwo\n")
    assert writer.wait(PATIENCE_S)
    assert writer.dropped == 2


def test_f30_a_full_disk_takes_no_log_and_stops_nothing() -> None:
    writer = LineWriter(os.open("/dev/full", os.O_WRONLY))
    writer.start()
    writer.write("one\n")
    assert writer.wait(PATIENCE_S)
    assert writer.dropped == 1


def test_f44_the_desk_goes_on_while_nobody_reads_its_log(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded", extra='[log]\nlevel = "debug"\n') as world:
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        filled = 0
        while True:  # the pipe is full before the daemon has said a word
            try:
                filled += os.write(writing, b"x" * 4096)
            except BlockingIOError:
                break
        os.set_blocking(writing, True)
        command = [sys.executable, "-m", "daemon", "--config", str(world.config), "run"]
        world.daemon = subprocess.Popen(command, stderr=writing, env=world._environment())
        os.close(writing)
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD))
        world.wait("confirmation", MARTA)
        assert world.stop() == 0
        os.close(reading)


def test_lines_are_json_where_that_is_wanted_and_hold_no_secret(tmp_path: Path) -> None:
    with DeskWorld(tmp_path, "embedded", extra='[log]\nformat = "json"\n') as world:
        world.send(write(MARTA, OPENINGS, SUBJECT, GOOD), write(MARTA, OPENINGS, SUBJECT, "Tipo: Error"))
        world.start()
        world.wait("confirmation", MARTA)
        world.wait("refusal", MARTA)
        world.stop()
        lines = [json.loads(line) for line in world.log().splitlines()]
        opened, refused = (line for line in lines if line["event"] == "treated")
        assert (opened["verdict"], opened["tickets"]) == ("opened", [world.tickets()[0]["number"]])
        assert (refused["verdict"], refused["why"], refused["tickets"]) == ("refused", "opening", [])
        assert "error 500" not in world.log()
        assert "secret" not in world.log()


def test_a37_whatever_is_logged_under_a_secrets_name_is_blanked() -> None:
    line = redact(
        None, "info", {"event": "x", "password": "p", "token": "t", "text": "a mail's", "mailbox": "apertura"}
    )
    assert line == {"event": "x", "password": "…", "token": "…", "text": "…", "mailbox": "apertura"}
