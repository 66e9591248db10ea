# ruff: noqa: E501 - one mistake a line reads as the table that it is
"""Letters of an admin's own: what is wrong with one is told with its file, its line and its reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from configs import BASE, write

from daemon.commands.checking import check
from outbox_templates import __file__ as shipped

OWN = BASE + '[letters]\ntemplates = "cartas"\n'
LETTERS = Path(shipped).parent / "es"

WRONG = {
    # file, what stands there and what instead, part of the reason
    "half a tag": ("confirmation.j2", "{% block body %}", "{% block body %}\n‸{% if %}", "Expected an expression"),
    "a tag that is none": ("confirmation.j2", "{% block body %}", "{% block body %}\n‸{% fi %}", "unknown tag 'fi'"),
    "a tag left open": ("confirmation.j2", "{% block body %}", "{% block body %}\n‸{{ kind.noun }", "unexpected '}'"),
    "a name that is none": ("closure.j2", "{% block body %}", "{% block body %}\n‸{{ nombre }}", "'nombre' is undefined"),
    "a value that is not given": ("reply.j2", "{% block body %}", "{% block body %}\n‸{{ v.texto }}", "texto"),
    "a filter that is none": ("status.j2", "{% block body %}", "{% block body %}\n‸{{ number | negrita }}", "negrita"),
    "below a fragment": ("warning.j2", "{% block why %}", "{% block why %}\n‸{{ nombre }}", "'nombre' is undefined"),
    "a block that is none": ("reply.j2", "{% block body %}", "‸{% block bodi %}", 'no block "bodi"; did you mean "body"?'),
    "a letter that is none": ("confirmacion.j2", "", "‸{% extends base %}", 'no letter "confirmacion"; did you mean "confirmation"?'),
    "a word that is none": ("words.toml", "", '[actions]\n‸takee = "Mía"\n', 'no word "takee"; did you mean "take"?'),
    "a word that is no text": ("words.toml", "", "[actions]\n‸take = 3\n", '3 is wrong here; it must be like "Asignarme"'),
    "half a line of words": ("words.toml", "", "[actions‸", "the head of a table ends with ]"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _password(tmp_path: Path) -> None:
    """Nothing but letters is wrong here."""
    write(tmp_path, "secreto", "servicio.password").chmod(0o600)


@pytest.mark.parametrize("what", WRONG)
def test_a_fault_is_told_at_its_line(tmp_path: Path, what: str) -> None:
    name, old, new, reason = WRONG[what]
    text = (LETTERS / name).read_text(encoding="utf-8").replace(old, new, 1) if old else new
    assert "‸" in text
    own = write(tmp_path, text.replace("‸", ""), f"cartas/es/{name}")
    (problem,) = check(write(tmp_path, OWN))
    assert (problem.file, problem.line) == (str(own), text[: text.index("‸")].count("\n") + 1)
    assert reason in problem.text


def test_the_shipped_letters_are_an_admins_own_without_a_fault(tmp_path: Path) -> None:
    for path in LETTERS.glob("*.*"):
        write(tmp_path, path.read_text(encoding="utf-8"), f"cartas/es/{path.name}")
    assert check(write(tmp_path, OWN)) == ()


def test_faults_of_several_letters_are_told_together(tmp_path: Path) -> None:
    for name in ("reply.j2", "closure.j2"):
        text = (LETTERS / name).read_text(encoding="utf-8")
        write(tmp_path, re.sub(r"{% block body %}", "{% block body %}{{ nombre }}", text), f"cartas/es/{name}")
    assert {Path(problem.file).name for problem in check(write(tmp_path, OWN))} == {"closure.j2", "reply.j2"}
