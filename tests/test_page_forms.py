"""Forms write what the templates would write for each letter alone, whatever is in it, and nobody can forge a blank."""

from __future__ import annotations

import quopri
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from daemon.writing import page_forms
from daemon.writing.letters import Letters
from daemon.writing.page_forms import PageForms, PlainPages
from daemon.writing.pages import Page
from daemon.writing.questions import MARK, blank
from daemon.writing.quoted import LINE
from daemon.writing.sample_world import NOW
from daemon.writing.samples import samples
from rules.letters import Letter
from rules.tables import LettersTable
from tests.letter_reading import parts
from tests.lettering import composed_samples, letters_desk, token_source

DESK = letters_desk()
WRITTEN = (
    "",
    " ",
    ".",
    "=",
    "no",
    "<b>& \"'</b>",
    "{{ number }} {% if %} {} {0} %s",
    "line\n\n\n  line \n.\n-- \n",
    "(UTC + 2) ¿qué?  dos espacios\tun tabulador",
    "a" * 200,
    "palabra " * 60,
    "\u2028\u00a0\u200b\u202e\r\nX: y",
    "NUMBERZ numberZ token0Z " + "Q" * 20 + "0Z",
    "5" * 26,
)
"""What a sender may write: nothing, blanks, markup, templates, what mail and wrapping mind, imitated blanks."""


@lru_cache(maxsize=1)
def both() -> tuple[Letters, Letters]:
    """The letters by their forms, and each rendered for itself."""
    return Letters.load(DESK, PageForms), Letters.load(DESK, PlainPages)


def outcome(letters: Letters, letter: Letter) -> tuple[str, str] | str:
    """Text and HTML, or what a template said to what it cannot tell."""
    try:
        composed = letters.compose(letter, letter.to[0], NOW, token_source())
    except Exception as error:  # whatever it is, it must be the same
        return repr(error)
    return parts(composed.head)


def varied(value: Any, written: Iterator[str]) -> Any:
    """``value`` with its texts, times, and yes and no replaced one after the other, tuples now and then shorter. A text
    that is one word stays, for it may be a key of the catalogue."""
    match value:
        case str():
            return value if value.isidentifier() else next(written)
        case bool():
            return value != bool(next(written).strip())
        case datetime():
            return value + timedelta(hours=len(next(written)))
        case Mapping():
            return {key: varied(inner, written) for key, inner in value.items()}
        case tuple():
            kept = len(value) - any(not isinstance(inner, str) for inner in value) * (next(written) == "")
            return tuple(varied(inner, written) for inner in value[:kept])
        case _ if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: varied(getattr(value, f.name), written) for f in fields(value)})
        case _:
            return value


def others(letter: Letter) -> Iterator[Letter]:
    """The same letter with other values."""
    for first in range(0, len(WRITTEN), 5):
        written = cycle(WRITTEN[first:] + WRITTEN[:first])
        yield replace(letter, ticket=varied(letter.ticket, written), values=varied(letter.values, written))


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language in ("en", "es") for name in samples(DESK)]
)
def test_a_letter_by_its_form_is_what_its_template_writes(language: str, name: str) -> None:
    by_forms, plain = both()
    sample = samples(DESK, language, draw=False)[name]
    for letter in (sample, *others(sample), sample):
        assert outcome(by_forms, letter) == outcome(plain, letter)


def test_no_shipped_letter_needs_to_be_rendered_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PlainPages, "encoded")
    assert len(list(composed_samples())) > 100


def test_a_form_is_filled_without_its_template(monkeypatch: pytest.MonkeyPatch) -> None:
    letters, sample = Letters.load(DESK), samples(DESK)["assignment"]
    assert sample.ticket
    outcome(letters, sample)
    monkeypatch.delattr(Page, "text")
    other = replace(sample, ticket=replace(sample.ticket, requester_name="Otra Persona"))
    text, html = outcome(letters, other)
    assert "Otra Persona" in text
    assert "Otra Persona" in html
    assert "Marta Gil" not in text + html


# -- whatever a template does with a value

USES = (
    "{{ v.text }}",
    "{{ v.text | upper }} {{ v.text | truncate(5) }} {{ v.text | default('-', true) }} {{ v.text | length }}",
    "{{ v.text | lines }} {{ v.text | safe }} {{ v.text | escape }} {{ v.text | tojson }}",
    "{% if v.text %}yes{% elif v.number > 2 %}more{% else %}no{% endif %}",
    "{{ v.text == 'no' }} {{ v.text != 'no' }} {{ 'no' == v.text }} {{ v.text < 'no' }} {{ v.text in ('no', '.') }}",
    "{{ 'n' in v.text }} {{ not v.text }} {{ v.text or '-' }} {{ v.text and '-' }} {{ v.text if v.yes else v.number }}",
    "{{ v.text is defined }} {{ v.none is none }} {{ v.other is defined }} {{ v.number is odd }}",
    "{{ v.number + 1 }} {{ 3 * v.number }} {{ v.number / 2 }} {{ v.number ~ v.text }} {{ v.number % 2 }}",
    "{{ -v.number }}",
    "{{ v.text[:3] }} {{ v.text[0:1] }} {{ v.rows[0][0] }} {{ v.rows[:1] }} {{ v.rows }} {{ (v.text, v.number) }}",
    "{{ v.text.upper() }} {{ 'a{}b{:>9}'.format(v.text, v.text) }} {{ 'a%sb%9s' % (v.text, v.text) }}",
    "{{ words.kinds[v.key] is defined }} {{ v.key in words.actions }} {{ words.actions[v.key] }}",
    "{% for name, mark in v.rows %}{{ loop.index }} {{ name }}{% if mark %}!{% endif %}{% else %}none{% endfor %}",
    "{% for row in v.rows if row[1] %}{{ row.0 }}{% endfor %} {{ v.rows | map(attribute=0) | join(', ') }}",
    "{% for key, value in v.table.items() %}{{ key }}: {{ value }}{% endfor %} {{ v.table.a }} {{ v.table['a'] }}",
    "{% for letter in v.text %}{{ letter }}-{% endfor %} {{ v.text | list | length }} {{ [v.text, 'a'] | join(' ') }}",
    "{{ v.rows | selectattr(1) | list | length }} {{ v.rows | map('last') | sum }} {{ v.rows | sort | first }}",
    "{% macro told(x, y='-') %}[{{ x }}{% if x == 'no' %}!{% endif %}{{ y }}]{% endmacro %}"
    "{{ told(v.text) }}{{ told('a' ~ v.text, y=v.number) }}",
    "{% set told %}{{ v.text }}{% endset %}{% if told %}{{ told }}{% endif %} {{ told == 'no' }} {{ 'n' in told }}",
    "{% set told = '«' ~ v.text ~ '»' %}{{ told[:3] }} {{ told | length }} {{ told.upper() }} {{ told == '«no»' }}",
    "{% filter upper %}a {{ v.text }} b{% endfilter %} {% filter trim %} {{ v.text }} {% endfilter %}",
    "{% set kept = namespace(x=v.text) %}{{ kept.x }} {{ dict(a=v.text)['a'] }} {{ range(v.number) | list }}",
    "{{ (v.text ~ '<') | p }}{{ v.text | h2 }}{{ [v.text, 'a'] | bullets }}{{ v.text | quote }}",
    "{{ v.rows | table_of(['a', 'b']) }} {{ v.text is string }} {{ v.table | dictsort }}",
    "{{ v.__class__ }} {{ v.text.__class__ }}",
    "{{ v.text.nothing }}",
    "{{ v }}",
)
VALUES = [
    {"text": text, "number": number, "rows": rows, "yes": number > 2, "table": {"a": text, "b": number}, "key": key}
    for text, number, rows, key in (
        ("no", 1, (("a", True), ("b", False)), "take"),
        ("", 0, (), "none"),
        ("no", 4, (("<b>", 1), ("no", 0)), "ask"),
        *((text, 3, ((text, True), (text, False)), "take") for text in WRITTEN),
    )
]


@pytest.mark.parametrize("use", USES)
def test_whatever_a_template_does_with_a_value(use: str, tmp_path: Path) -> None:
    own = tmp_path / "es" / "survey_thanks.j2"
    own.parent.mkdir()
    own.write_text(
        "{% extends base %}{% block subject %}-{% endblock %}{% block title %}-{% endblock %}{% block body %}\n"
        + use
        + "\n{% endblock %}",
        "utf-8",
    )
    desk = letters_desk(letters=LettersTable(templates=str(tmp_path)))
    by_forms, plain = Letters.load(desk), Letters.load(desk, PlainPages)
    sample = samples(desk)["survey_thanks"]
    for values in VALUES:
        letter = replace(sample, values={**sample.values, "none": None, **values})
        assert outcome(by_forms, letter) == outcome(plain, letter), values


# -- what remains of a letter


@pytest.mark.parametrize("end", ["", " ", "ó", "ó ", "."])
def test_no_line_before_a_link_is_too_long(end: str) -> None:
    """The soft line break behind it counts, and tears no sign."""
    for length in range(240):
        before = "x" * length + end
        octets = page_forms._closed(f"{before}{blank('number')}{end}\n")
        assert max(map(len, octets.split(b"\r\n"))) <= LINE
        assert quopri.decodestring(octets).decode() == f"{before}{blank('number')}{end}\r\n"


def test_no_letter_holds_a_blank() -> None:
    for _, name, raw in composed_samples():
        assert MARK.encode() not in raw.replace(b"=\r\n", b""), name


def test_forms_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_forms, "MOST", 3)
    by_forms, plain = Letters.load(DESK), both()[1]
    for letter in list(samples(DESK, draw=False).values())[:8] * 2:
        assert outcome(by_forms, letter) == outcome(plain, letter)
