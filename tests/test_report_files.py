"""The weekly report's CSV and charts, and the CSV of a list that a letter cuts."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from daemon.writing.charts import FONT, TONES, WIDTH, Bar, Row, bar_chart
from daemon.writing.formats import Formats
from daemon.writing.report import COLUMNS, report_files
from daemon.writing.tables import csv_bytes, list_files
from daemon.writing.ticket_views import TicketViews
from rules.desk import Desk
from rules.durations import Duration
from rules.letters import File
from rules.lifecycle import move
from rules.queries import row
from rules.report import Report, weekly
from rules.tables import DeskTable, Group, Kind, Priority
from rules.ticket import Event, Ticket, evolve

MONDAY = datetime(2026, 11, 15, 23, tzinfo=UTC)
WORDS = {
    "clocks": {"response": "Primera respuesta", "resolution": "Resolución"},
    "ages": {"older": "Más de 7 días"},
    "columns": {"number": "Número", "mark": "Valoración", "summary": "resumen", "due": "vence"},
    "file_names": {"report": "semana", "results": "peticiones"},
    "states": {"resolved": "Resuelto"},
}
DESK = Desk(
    DeskTable("Soporte", "cau.example"),
    mailboxes=(),
    kinds={"incident": Kind("Incidencia", "I", "Apertura", "n1")},
    groups={"n1": Group("Nivel 1", "n1@cau.example")},
    priorities={"Media": Priority(Duration(hours=4), Duration(hours=24))},
    catalogue={"es": WORDS},
)


def report(category: str = "Accesos") -> Report:
    """One ticket: opened on Monday at ten, answered and solved at one in the afternoon."""
    at = MONDAY + timedelta(hours=10)
    first = {
        "kind": "incident", "priority": "Media", "group": "n1", "category": category, "received_at": at,
        "opened_at": at, "running": ((at, None),),
    }  # fmt: skip
    opened = Event("I261116_000001", "opened", at, changes=first)
    solved = move(evolve(None, opened), "resolve", at + timedelta(hours=3), round=1)
    return weekly([(opened, solved)], DESK, MONDAY, MONDAY + timedelta(days=7))


def by_name(files: tuple[File, ...]) -> dict[str, File]:
    return {file.name: file for file in files}


def rows_of(file: File) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_files_of_a_week():
    files = by_name(report_files(report(), DESK))
    assert {name: (file.media_type, file.cid) for name, file in files.items()} == {
        "compliance.png": ("image/png", "compliance"),
        "ages.png": ("image/png", "ages"),
        "semana-2026-11-16.csv": ("text/csv", ""),
    }


def test_the_csv_has_one_line_a_ticket_in_local_time():
    header, line = rows_of(by_name(report_files(report(), DESK))["semana-2026-11-16.csv"])
    assert (header[0], header[-1], len(header)) == ("Número", "Valoración", len(COLUMNS))
    assert dict(zip(COLUMNS, line, strict=True)) == {
        "number": "I261116_000001",
        "kind": "Incidencia",
        "group": "Nivel 1",
        "priority": "Media",
        "category": "Accesos",
        "state": "Resuelto",
        "opened": "2026-11-16 10:00",
        "responded": "2026-11-16 13:00",
        "resolved": "2026-11-16 13:00",
        "closed": "",
        "reopened": "0",
        "response_in_time": "1",
        "resolution_in_time": "1",
        "mark": "",
    }


def test_a_week_of_nothing_has_no_charts():
    empty = weekly([], DESK, MONDAY, MONDAY + timedelta(days=7))
    (file,) = report_files(empty, DESK)
    assert len(rows_of(file)) == 1


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("AREN", "AREN"),
        ("uno; dos", "uno; dos"),
        ('dice "hola"\nadiós', 'dice "hola"\nadiós'),
        ("=1+1", "'=1+1"),
        ("+34 600", "'+34 600"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        ("a\0b", "ab"),
        (-3, "-3"),
        (True, "1"),
        (None, ""),
    ],
)
def test_cells(value, cell):
    assert rows_of(File("x.csv", "text/csv", csv_bytes([(value, "fin")]))) == [[cell, "fin"]]


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def near(image: Image.Image, tone: int) -> int:
    """How many pixels have the colour of ``tone``."""
    wanted = tuple(int(TONES[tone][i : i + 2], 16) for i in (1, 3, 5))
    return sum(
        count
        for count, colour in image.getcolors(1 << 20) or []
        if isinstance(colour, tuple) and all(abs(a - b) <= 3 for a, b in zip(colour, wanted, strict=True))
    )


def test_a_bar_is_as_long_as_its_share():
    whole = near(picture(bar_chart([Row("Alta", (Bar(1.0, "8"),))])), 1)
    half = near(picture(bar_chart([Row("Alta", (Bar(0.5, "8"),))])), 1)
    assert half == pytest.approx(whole / 2, rel=0.02)
    assert near(picture(bar_chart([Row("Alta", (Bar(0.0, "0"),))])), 1) == 0


def test_a_share_beyond_the_whole_is_the_whole():
    assert bar_chart([Row("Alta", (Bar(7.0, "10"),))]) == bar_chart([Row("Alta", (Bar(1.0, "10"),))])


def test_pictures_are_sharp_small_and_the_same_every_time():
    rows = [Row(f"Prioridad de nombre muy largo {n}", (Bar(0.3, "30 %", 0), Bar(0.9, "90 %"))) for n in range(6)]
    chart = bar_chart(rows, [("Primera respuesta", 0), ("Resolución", 1)])
    assert picture(chart).width == WIDTH
    assert len(chart) < 60_000
    assert chart == bar_chart(rows, [("Primera respuesta", 0), ("Resolución", 1)])


def test_on_the_narrowest_telephone_the_text_of_a_picture_is_as_large_as_that_of_the_letter():
    shown_wide, narrowest, smallest = WIDTH / 2, 320 - 2 * 20, 14
    assert FONT / 2 * narrowest / shown_wide >= smallest


def test_a_long_value_takes_its_room_from_the_bars():
    short, long = (near(picture(bar_chart([Row("Alta", (Bar(1.0, text),))])), 1) for text in ("9", "1.234.567"))
    assert 0 < long < short * 0.85


def test_accents_are_drawn_as_letters_of_their_own():
    assert bar_chart([Row("Más", (Bar(0, ""),))]) != bar_chart([Row("Mñs", (Bar(0, ""),))])


# -- the CSV of a list


def listed(total: int) -> tuple[File, ...]:
    """The files of a list of so many open tickets."""
    opened = MONDAY + timedelta(hours=10)
    tickets = [
        Ticket(f"I261116_{n:06}", "incident", group="n1", priority="Media", fields=(("service", "=AREN"),),
               opened_at=opened, received_at=opened, running=((opened, None),))
        for n in range(1, total + 1)
    ]  # fmt: skip
    views = TicketViews(DESK, Formats({**WORDS, "dates": {}, "amounts": {}, "layout": {}}, DESK.zone), "es")
    return list_files([row(ticket, DESK, opened) for ticket in tickets], views, DESK, "es")


def test_a_list_that_a_letter_shows_whole_has_no_file():
    assert listed(25) == ()


def test_a_longer_list_goes_with_all_of_it():
    (file,) = listed(26)
    header, first, *_, last = rows_of(file)
    assert (file.name, file.media_type) == ("peticiones.csv", "text/csv")
    assert header == ["Número", "kind", "resumen", "state", "priority", "group", "opened", "vence"]
    assert first == [
        "I261116_000001",
        "Incidencia",
        "'=AREN",
        "assigned",
        "Media",
        "Nivel 1",
        "2026-11-16 10:00",
        "2026-11-16 14:00",
    ]
    assert last[0] == "I261116_000026"
