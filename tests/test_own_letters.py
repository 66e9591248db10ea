# ruff: noqa: E501 - one mistake a line reads as the table that it is
"""Letters of an admin's own: what is wrong with one is told with its file, its line and its reason."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.commands.checking import check
from daemon.config.settings import load
from daemon.writing.letters import Letters
from daemon.writing.sample_world import NOW
from daemon.writing.samples import samples
from outbox_templates import __file__ as shipped
from tests.configs import BASE, write
from tests.letter_reading import parts
from tests.lettering import token_source

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
    "a file without a word": ("reply.j2", "", "‸{# luego #}", "its text is empty"),
    "a letter that shows no link": ("validation.j2", "", "‸{% extends base %}{% block body %}Hola.{% endblock %}", "has none of its links"),
    "a loop without an end": ("reply.j2", "{% block body %}", "{% block body %}\n‸{% for a in range(99999) %}{% for b in range(99999) %}{{ number }}{% endfor %}{% endfor %}", "it goes on for too long"),
    "a word that is none": ("words.toml", "", '[actions]\n‸takee = "Mía"\n', 'no word "takee"; did you mean "take"?'),
    "a word that is no text": ("words.toml", "", "[actions]\n‸take = 3\n", '3 is wrong here; it must be like "Asignarme"'),
    "a list of other things": ("words.toml", "", "[grammar]\n‸articles = [1]\n", "[1] is wrong here; it must be like"),
    "a month too few": ("words.toml", "", "[dates]\n‸weekdays = ['lu']\n", '["lu"] is wrong here; it must be like'),
    "a subject of one's own that is no text": ("words.toml", "", "[letter_subjects]\n‸abc = 3\n", "3 is wrong here; it must be like"),
    "an action that says nothing": ("words.toml", "", "[actions]\n‸take = ' '\n", "write something on one line"),
    "a subject on two lines": ("words.toml", "", '[letter_subjects]\n‸closure = "Cierre\\n{of} {number}"\n', "write something on one line"),
    "a word that is no character": ("words.toml", "", '[layout]\n‸to = "Pa\\u0000ra"\n', "an invisible character stands in this"),
    "an action called as another": ("words.toml", "", "[actions]\n‸take = 'RESOLVER'\n", '"resolve" is called so, and people write it'),
    "an action called as another of another language": ("words.toml", "", "[actions]\n‸take = 'Resolve'\n", '"resolve" is called so'),
    "a state called as another": ("words.toml", "", "[states]\n‸assigned = 'Cerrado'\n", '"closed" is called so'),
    "a field called as another of its form": ("words.toml", "", "[action_fields]\n‸reason = 'TEXTO'\n", '"text" is called so in the same form'),
    "a field called as another of the search": ("words.toml", "", "[action_fields]\n‸name = 'Text'\n", '"text" is called so in the same form'),
    "a question called as another": ("words.toml", "", "[subjects]\n‸consult = 'Mis incidencias'\n", '"mine" is called so'),
    "a name with a form": ("words.toml", "", "[letter_subjects]\n‸closure = 'Cierre {of} {number:d}'\n", "nothing is filled in for {number:d}"),
    "a name that is never filled in": ("words.toml", "", '[letter_subjects]\n‸closure = "Cierre {of} {numero}"\n', "nothing is filled in for {numero}; here there are: {desk}, {noun}, {number}, {of}, {the}"),
    "a name where none is filled in": ("words.toml", "", '[layout]\n‸to = "Para {nombre}"\n', "nothing is filled in for {nombre}"),
    "a name of another word": ("words.toml", "", '‸[subjects]\nvalidate = "Validar {number} de {desk}"\n', "a word cannot be filled in: KeyError: 'desk'"),
    "a subject of any ticket": ("words.toml", "", '[letter_subjects]\n‸closure = "Cierre"\n', "{number} is missing here, by which the subject is known"),
    "a link of any ticket": ("words.toml", "", '[subjects]\n‸status = "Consulta de la incidencia"\n', "{number} is missing here"),
    "a subject of requesters and groups": ("words.toml", "", '[letter_subjects]\n‸assignment = "Re: Confirmación  {of} {number}"\n', 'this is the subject of "confirmation" too, which goes to the requester: a reply would be taken for the other side\'s'),
    "a subject of another language": ("words.toml", "", '[letter_subjects]\n‸reply = "Assignment {of} {number}"\n', 'this is the subject of "assignment" too, which goes to the group'),
    "a brace alone": ("words.toml", "", '[letter_subjects]\n‸closure = "Cierre {number"\n', "a brace stands alone here"),
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


# -- a language of one's own

CATALAN = """\
{% extends base %}
{% block preheader %}L'equip l'ha rebuda.{% endblock %}
{% block title %}Hem obert la seva incidència{% endblock %}
{% block body %}{{ rows | fields }}{{ links | subject_copies }}{% endblock %}
{% block why %}Rep aquest missatge perquè ens ha escrit.{% endblock %}
"""


def told(config: Path, name: str, language: str = "ca") -> str:
    """The text of a letter's sample in a language of that configuration's desk."""
    desk = load(config).desk
    letter = replace(samples(desk, language)[name], language=language)
    composed = Letters.load(desk).compose(letter, letter.to[0], NOW, token_source())
    return parts(composed.head)[0]


@pytest.mark.parametrize("words", ["", '[layout]\nto = "Per a"\n'], ids=["no words", "a few words"])
def test_what_a_language_lacks_is_said_in_the_desks(tmp_path: Path, words: str) -> None:
    write(tmp_path, CATALAN, "cartas/ca/confirmation.j2")
    write(tmp_path, '[layout]\nto = "Destinatario"\n', "cartas/es/words.toml")
    if words:
        write(tmp_path, words, "cartas/ca/words.toml")
    config = write(tmp_path, OWN)
    assert check(config) == ()
    confirmation, closure = told(config, "confirmation"), told(config, "closure")
    assert "Hem obert la seva incidència" in confirmation
    assert ("\nPer a:\n" if words else "\nDestinatario:\n") in confirmation
    assert "Su incidencia está cerrada" in closure


def test_a_desk_may_speak_a_language_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, CATALAN, "cartas/ca/confirmation.j2")
    config = write(tmp_path, OWN.replace('language = "es"', 'language = "ca"'))
    assert check(config) == ()
    assert "Hem obert la seva incidència" in told(config, "confirmation")
    assert "Your incident is closed" in told(config, "closure", "en")


def test_faults_of_configuration_words_and_letters_are_told_at_once(tmp_path: Path) -> None:
    """A right word beside a wrong one counts, so that no letter misses it."""
    own = write(
        tmp_path, CATALAN.replace("{{ rows", "{{ words.more.sign }}{{ files_ }}{{ rows"), "cartas/ca/confirmation.j2"
    )
    words = write(
        tmp_path, '[layout]\nto = "Per a"\nsubjct = "Assumpte"\n[more]\nsign = "L\'equip"\n', "cartas/ca/words.toml"
    )
    config = write(tmp_path, OWN.replace('{ group = "n2"', '{ group = "n9"'))
    assert [str(problem) for problem in check(config)] == [
        f'{config}:76:18: there is no group "n9"; known: n1, n2',
        f'{words}:3:1: there is no word "subjct"; did you mean "subject"?',
        f"{own}:4:1: UndefinedError: 'files_' is undefined",
    ]


@pytest.mark.parametrize("table", ['address = "n1@cau.example"', 'default_group = "n1"', "[kinds.incident]"])
def test_a_letter_is_not_blamed_for_what_is_wrong_elsewhere(tmp_path: Path, table: str) -> None:
    write(tmp_path, CATALAN, "cartas/ca/confirmation.j2")
    config = write(tmp_path, OWN.replace(table, table.replace("n1", "").replace("kinds.", "kind.")))
    assert {problem.file for problem in check(config)} == {str(config)}


@pytest.mark.parametrize("phrase", ['phrase = "the incident"', 'phrase = "incident"', ""])
def test_an_english_desk_names_its_kind_with_one_article(tmp_path: Path, phrase: str) -> None:
    text = BASE.replace('language = "es"', 'language = "en"').replace('"Incidencia"', f'"Incident"\n{phrase}')
    config = write(tmp_path, text)
    assert "Your incident is closed" in told(config, "closure", "en")
    assert "The incident will be closed on Thursday 19 October" in told(config, "reminder", "en")


def test_what_the_documentation_shows_works_as_it_stands(tmp_path: Path) -> None:
    page = (Path(__file__).parents[1] / "docs" / "letters.md").read_text(encoding="utf-8")
    (_, words, english), (letter,) = (re.findall(rf"(?s)```{kind}\n(.*?)```", page) for kind in ("toml", "jinja"))
    write(tmp_path, words, "cartas/es/words.toml")
    write(tmp_path, english, "cartas/en/words.toml")
    write(tmp_path, letter, "cartas/es/survey_thanks.j2")
    config = write(
        tmp_path,
        OWN.replace("kinds.incident", "kinds.notice").replace('prefix = "I"', 'prefix = "I"\nphrase = "el aviso"'),
    )
    assert check(config) == ()
    assert "Su nota para el aviso I171009_000049 es 5 Muy bien." in told(config, "survey_thanks.changed", "es")
    assert "Your fault report is closed" in told(config, "closure", "en")
    assert "Usted ha validado la solución. El aviso" in told(config, "closure", "es")
    closure = " ".join(told(config, "closure", "es").split())
    assert "En Soporte CAU nadie le pedirá una contraseña, tampoco por teléfono." in closure
