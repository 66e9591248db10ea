"""Ticket numbers as people type them: every digit stands there, or it is none."""

from __future__ import annotations

import time

import pytest

from parsers.numbers import find_number, leading_number, numbers_in

RIGHT = "I171009_000049"

NUMBERS = {
    "as we write it": (RIGHT, RIGHT),
    "in a subject": (f"Confirmación de la incidencia {RIGHT}", RIGHT),
    "of another kind": ("Sobre W171009_000003, por favor", "W171009_000003"),
    "a prefix of two letters": ("(PT171009_000003)", "PT171009_000003"),
    "in small letters": ("la i171009_000049", RIGHT),
    "the first of two": (f"{RIGHT} y W171009_000003", RIGHT),
    "at the end of a sentence": ("No era la I171009_000049.", RIGHT),
    "a dash": ("I171009-000049", RIGHT),
    "another dash": ("I171009–000049", RIGHT),
    "a full stop between": ("I171009.000049", RIGHT),
    "a blank": ("I171009 000049", RIGHT),
    "a hard blank": ("I171009\xa0000049", RIGHT),
    "blanks about its sign": ("I171009 _ 000049", RIGHT),
    "without a sign": ("I171009000049", RIGHT),
    "underlined in plain text": (f"ver _{RIGHT}_ y __{RIGHT}__", RIGHT),
    "part of a longer name": (f"a_{RIGHT} {RIGHT}_2", ""),
    "full-width digits": ("I１７１００９_０００049", ""),
    "Arabic digits": ("I١٧١٠٠٩_000049", ""),
    "a homoglyph": ("І171009_000049", ""),
    "a dotless i": ("ı171009_000049", ""),
    "a digit too many": ("I171009_0000491", ""),
    "a digit too few": ("I171009_00049", ""),
    "a digit of the day too few": ("I17109_000049", ""),
    "a digit too few without a sign": ("I17100900049", ""),
    "its first half": ("I171009_ y algo", ""),
    "on two lines": ("I171009\n000049", ""),
    "inside a word": ("LaI171009_000049 y laqueI171009_000049", "LAI171009_000049"),
    "letters that no kind begins with today": ("La Z171009_000049", "Z171009_000049"),
    "another desk's": ("INC000012345678 (I171009_000049)", RIGHT),
    "a month that no year has": ("I171309_000049", ""),
    "a day that no month has": ("I171032_000049", ""),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_is_found_where_every_digit_stands(text: str, number: str) -> None:
    assert find_number(text) == number


def test_all_that_a_text_names_in_its_order() -> None:
    assert list(numbers_in(f"W171009_000003, i171009-000049\ny {RIGHT}")) == ["W171009_000003", RIGHT, RIGHT]


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        (RIGHT, RIGHT, ""),
        (" *i171009 000049.* ", RIGHT, ".* "),
        (f"«{RIGHT}»", RIGHT, "»"),
        (f"_{RIGHT}_", RIGHT, "_"),
        (f"{RIGHT} y más", RIGHT, " y más"),
        (f"La {RIGHT}", "", f"La {RIGHT}"),
        ("I171009_00049", "", "I171009_00049"),
    ],
)
def test_a_text_that_begins_with_a_number(text: str, number: str, rest: str) -> None:
    assert leading_number(text) == (number, rest)


@pytest.mark.parametrize("piece", ["I", "I171009", "I171009_", "I171009 ", "0", "I171009_00004", RIGHT])
def test_hostile_texts_cost_time_in_line_with_their_length(piece: str) -> None:
    started = time.process_time()
    assert len(list(numbers_in(piece * (500_000 // len(piece))))) <= 1
    assert time.process_time() - started < 5  # a tenth of a second where nothing else runs
