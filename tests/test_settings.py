"""config.toml: every mistake is told with its place and what is allowed, all at once; a good file is one value."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import TypeAdapter

from daemon.config.accounts import Database, SecretError, Written
from daemon.config.declared import keys, without_none
from daemon.config.settings import ConfigErrors, load
from daemon.config.shape import _empty
from daemon.config.sources import Problem
from rules.durations import Duration
from tests.configs import BASE, changed, marked, write
from tests.mistakes import MISTAKES

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def problems_of(path: Path) -> tuple[Problem, ...]:
    """What is wrong with a configuration that does not load."""
    with pytest.raises(ConfigErrors) as raised:
        load(path)
    return raised.value.problems


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_at_its_place(mistake: str, tmp_path: Path) -> None:
    old, new, where, fragment = MISTAKES[mistake]
    text, places = marked(changed(old, new))
    path = write(tmp_path, text)
    (problem,) = (one for one in problems_of(path) if "were not run" not in one.text)
    assert fragment in problem.text
    assert (problem.line, problem.column) == (places or [_place(text, where)])[0]
    assert problem.file == str(path)


def _place(text: str, where: str) -> tuple[int, int]:
    """«line:column», or where a fragment of the text stands first («@2»: second), at its mark if it has one."""
    if re.fullmatch(r"\d+:\d+", where):
        line, column = map(int, where.split(":"))
        return line, column
    fragment, _, count = where.partition("@")
    (plain, offset) = (fragment.replace("‸", ""), max(fragment.find("‸"), 0))
    at = [found.start() for found in re.finditer(re.escape(plain), text)][int(count or 1) - 1] + offset
    before = text[:at].split("\n")
    return len(before), len(before[-1]) + 1


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = BASE.replace('"Europe/Madrid"', '‸"Madrid"').replace('prefix = "I"', "‸prefixx = 1\nprefix = ‸2")
    text = text.replace('default_group = "n1"', 'default_group = ‸"n9"').replace('security = "none"\nsender', "sender")
    text, places = marked(text.replace('password_env = "ACUSE_PASSWORD"', '‸passwort = "geheim"'))
    assert [(p.line, p.column) for p in problems_of(write(tmp_path, text))] == places


def test_a_table_whose_head_is_misspelt_is_told_where_it_begins(tmp_path: Path) -> None:
    text, (head, fields) = marked(
        BASE.replace("[kinds.incident]", "‸[kinds.incidnt]").replace("[[kinds.", "‸[[kinds.", 1)
    )
    with pytest.raises(ConfigErrors) as raised:
        load(write(tmp_path, text))
    told = [(problem.line, problem.column, problem.text.partition(";")[0]) for problem in raised.value.problems]
    lacking = ("default_group", "label", "prefix", "subject")
    assert told == [
        (*head, "there is nothing to fill in"),
        *((*fields, f'"{key}" is missing in kinds.incident') for key in lacking),
    ]


def leaf_types(declared: Any) -> set[Any]:
    """What stands at the ends of a declared type: no tables, no lists."""
    declared = without_none(declared)
    within = keys(declared).values() or (() if get_origin(declared) is Literal else get_args(declared))
    return set().union(*map(leaf_types, within)) if within else {declared}


def test_a_wrong_value_of_every_declared_type_can_be_mended_for_the_moment() -> None:
    """Else :func:`fit` would mend for ever."""
    found = leaf_types(Written)
    assert len(found) > 10
    for declared in found - {Any, ...}:
        TypeAdapter(declared).validate_json(json.dumps(_empty(declared)), strict=True)


def test_where_a_thing_stands_twice_the_other_place_is_told_too(tmp_path: Path) -> None:
    text, (first, second, rule) = marked(
        'include = ["more.toml"]\n'
        + changed('["ana@cau.example"]', '[‸"ana@cau.example", ‸"Ana@cau.example"]').replace('"averías', '‸"averías')
    )
    path = write(tmp_path, text)
    more = write(tmp_path, '[[rules]]\nname = "averías de AREN"\nthen = { hold = true }\n', "more.toml")
    assert [str(problem) for problem in problems_of(path) if "were not run" not in problem.text] == [
        f"{path}:{second[0]}:{second[1]}: this member's address is used already; each needs its own; "
        f"the other stands in line {first[0]}",
        f"{more}:2:8: this rule's name is used already; each needs its own; the other stands at {path}:{rule[0]}",
    ]


def test_a_problem_reads_like_a_compiler_s(tmp_path: Path) -> None:
    path = write(tmp_path, changed('default_group = "n1"', 'default_group = "n12"'))
    with pytest.raises(ConfigErrors) as raised:
        load(path)
    assert str(raised.value) == f'{path}:40:17: there is no group "n12"; did you mean "n1"? Known: n1, n2'


def test_a_misspelt_value_causes_no_second_fault(tmp_path: Path) -> None:
    """What follows from a fault is not a fault of its own."""
    text, places = marked(changed('roles = ["opening"]', "roles = ‸5"))
    assert [(p.line, p.column) for p in problems_of(write(tmp_path, text))] == places


TESTED = '‸[[rules.tests]]\ngiven = { service = "AREN", type = "Acceso" }\nexpect = { group = "n2" }\n'


FAILS = 'rule "averías de AREN", test 1: group = "n2" expected'
NOT_RUN = "the tests of the rules were not run: mend {} first"


@pytest.mark.parametrize(
    ("old", "new", "told", "of_the_test"),
    [
        ("port = 1143", "port = 70000", "70000 is no port", FAILS),
        ("[desk]", "[desc]", 'did you mean "desk"', FAILS),
        ('default_group = "n1"', 'default_group = "n9"', 'there is no group "n9"', NOT_RUN.format("kinds")),
        ("[desk]", 'include = ["half.toml"]\n[desk]', "the head of a table ends with ]", NOT_RUN.format("half.toml")),
        ("", '[priorities.Alta]\nresponse = "pronto"\n', '"pronto"', NOT_RUN.format("priorities")),
    ],
)
def test_a_rule_that_fails_its_test_is_told_with_all_else_where_it_can_be_tried(
    old: str, new: str, told: str, of_the_test: str, tmp_path: Path
) -> None:
    write(tmp_path, "[calendars", "half.toml")
    text, _ = marked(changed(old, new) + TESTED)
    first, last = (problem.text for problem in problems_of(write(tmp_path, text)))
    assert told in first
    assert of_the_test in last


def test_a_wrong_language_is_no_fault_of_the_replies_that_come_with_it(tmp_path: Path) -> None:
    reply = '[[canned]]\ntitle = "b"\nfile = "canned/datos.txt"\n'
    (problem,) = problems_of(write(tmp_path, changed('language = "es"', 'language = "spanish"') + reply))
    assert 'there is no language "spanish"' in problem.text


def test_a_secret_in_the_file_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    text = changed('password_env = "ACUSE_PASSWORD"', 'password = "geheim"\noauth2 = { client_secret = "geheim2" }')
    with pytest.raises(ConfigErrors) as raised:
        load(write(tmp_path, text))
    assert "geheim" not in str(raised.value)


# ---------------------------------------------------------------- files that are none


@pytest.mark.parametrize(
    ("content", "place", "fragment"),
    [
        (
            b'[desk]\nname = "Se\xf1or"\n',
            (2, 11),
            "byte 0xf1 is not UTF-8 (in Windows-1252 it is «ñ»); save the file as UTF-8",
        ),
        (bytes(range(256)), (2, 118), "byte 0x80 is not UTF-8"),
        (b"\xff\xfe[\x00", (1, 1), "not UTF-8"),
        (b"x = " + b"[" * 100_000, (1, 1), "nests tables too deeply"),
    ],
)
def test_a_file_that_is_no_text(content: bytes, place: tuple[int, int], fragment: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert fragment in problem.text
    assert (problem.line, problem.column) == place


def test_a_missing_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none.toml") == (
        Problem(
            str(tmp_path / "none.toml"), 1, 1, "cannot read this file: there is none; `acuse init` writes a config.toml"
        ),
    )


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match="cannot read this file: Is a directory"):
        load(tmp_path)


def test_an_empty_file_lacks_every_table(tmp_path: Path) -> None:
    missing = {problem.text.split('"')[1] for problem in problems_of(write(tmp_path, ""))}
    assert missing == {"desk", "database", "mailboxes", "smtp", "kinds", "groups"}


# ---------------------------------------------------------------- files that are included


RULE = '[[rules]]\nname = "{name}"\nwhen = {{ words = "{name}" }}\nthen = {{ group = "{group}" }}\n'


def test_included_files_add_to_the_arrays_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = write(tmp_path, 'include = ["rules.d/*.toml"]\n' + BASE)
    write(tmp_path, RULE.format(name="second", group="n2"), "rules.d/20.toml")
    write(
        tmp_path,
        RULE.format(name="first", group="n1")
        + "[groups.n3]\nlabel = 'N3'\naddress = 'n3@x.es'\nmembers = ['x@x.es']\n",
        "rules.d/10.toml",
    )
    settings = load(path)
    assert [rule.name for rule in settings.desk.rules] == ["averías de AREN", "first", "second"]
    assert list(settings.desk.groups) == ["n1", "n2", "n3"]
    assert tmp_path / "rules.d/10.toml" in settings.files


def test_a_fault_of_an_included_file_is_told_there(tmp_path: Path) -> None:
    path = write(tmp_path, 'include = ["rules.d/*.toml"]\n' + BASE)
    write(tmp_path, "".join(RULE.format(name=name, group="n1") for name in ("a", "b")), "rules.d/10.toml")
    second = write(tmp_path, RULE.format(name="x", group="n1") + RULE.format(name="y", group="n7"), "rules.d/20.toml")
    (problem,) = problems_of(path)
    assert (problem.file, problem.line, problem.column) == (str(second), 8, 18)


def test_syntax_faults_of_several_files_are_told_together(tmp_path: Path) -> None:
    path = write(tmp_path, 'include = ["*.d/*.toml", "missing.toml"]\n' + BASE)
    broken = [write(tmp_path, "x =\n", f"rules.d/{n}.toml") for n in (1, 2)]
    assert [problem.file for problem in problems_of(path)] == [*map(str, broken), str(tmp_path / "missing.toml")]


@pytest.mark.parametrize(
    ("included", "line", "fragment"),
    [
        ("[desk]\nname = 'Otro'\n", 2, "desk.name is set already in"),
        ("[desk]\nadmins = ['b@cau.example']\n", 2, "desk.admins is set already in"),
        ("# Otro\n[[desk]]\nname = 'Otro'\n", 2, "desk is set already in"),
        ("# Otro\n\ninclude = ['x.toml']\n", 3, "include is allowed in config.toml alone"),
    ],
)
def test_what_an_included_file_may_not_do(included: str, line: int, fragment: str, tmp_path: Path) -> None:
    path = write(tmp_path, 'include = ["other.toml"]\n' + BASE)
    other = write(tmp_path, included, "other.toml")
    (problem,) = problems_of(path)
    assert fragment in problem.text
    assert (problem.file, problem.line) == (str(other), line)


# ---------------------------------------------------------------- a good file


def test_the_needed_tables_are_enough(tmp_path: Path) -> None:
    settings = load(write(tmp_path))
    desk = settings.desk
    assert desk.service_address == "servicio@cau.example"
    assert desk.mailboxes == settings.mailboxes
    assert desk.words("es")["actions"]["take"] == "Asignarme"
    assert (desk.kinds["incident"].phrase, desk.kinds["incident"].number_label) == (
        "la incidencia",
        "Número de Incidencia",
    )


def test_the_promises_hold_without_being_written(tmp_path: Path) -> None:
    promises = load(write(tmp_path)).desk.priorities
    hours = {name: (p.response / timedelta(hours=1), p.resolution / timedelta(hours=1)) for name, p in promises.items()}
    assert hours == {"Urgente": (1, 4), "Alta": (2, 8), "Media": (4, 24), "Baja": (8, 48)}
    assert sorted(promises, key=lambda name: promises[name].rank) == ["Urgente", "Alta", "Media", "Baja"]


MB = 1024 * 1024
UNWRITTEN = {
    "limits.mail": 40 * MB, "limits.attachment": 25 * MB, "limits.attempts": 3,
    "senders.authentication": "off", "senders.rates.per_sender": 60, "senders.rates.total": 1000,
    "requesters.policy": "open", "requesters.participants": "",
    "requesters.registration_subject": "Solicitud Usuario de Tiquetes de Soporte",
    "guards.letters": 60, "guards.notices": 3, "guards.near_miss": 1, "guards.failed_tokens": 20,
    "guards.breaker.notices_per_domain": 100, "guards.breaker.notices_total": 500, "guards.breaker.same_content": 10,
    "validation.reminders": (2, 5), "validation.close_after": 7, "validation.expiry": 30,
    "pending.reminders": (2, 5, 8), "pending.close_after": 10,
    "quality.too_short": "off", "quality.all_capitals": "off", "quality.shouting": "off", "quality.call_me": "off",
    "quality.missing_attachment": "off", "quality.secret": "warn", "quality.encrypted": "refuse",
    "quality.similar": "warn",
}  # fmt: skip


def test_what_holds_without_being_written(tmp_path: Path) -> None:
    desk = load(write(tmp_path)).desk
    assert {key: attrgetter(key)(desk) for key in UNWRITTEN} == UNWRITTEN


def test_a_priority_written_here_changes_only_what_it_says(tmp_path: Path) -> None:
    text = changed("", '[priorities.Alta]\nresponse = "90m"\n[priorities.Plan]\nresponse = "2d"\nresolution = "7d"\n')
    promises = load(write(tmp_path, text)).desk.priorities
    assert promises["Alta"].response == timedelta(minutes=90)
    assert promises["Alta"].resolution == timedelta(hours=8)
    assert list(promises) == ["Urgente", "Alta", "Media", "Baja", "Plan"]


def test_own_priorities_alone(tmp_path: Path) -> None:
    text = changed('language = "es"', 'language = "es"\nstandard_priorities = false').replace(
        'priority = "Urgente"', 'priority = "P1"'
    )
    settings = load(write(tmp_path, text + '[priorities.P1]\nresponse = "1h"\nresolution = "2h"\n'))
    assert list(settings.desk.priorities) == ["P1"]


def test_paths_are_seen_from_the_file(tmp_path: Path) -> None:
    settings = load(write(tmp_path))
    assert settings.database.url == f"sqlite:///{tmp_path}/acuse.db"
    assert settings.database.sqlite_path == tmp_path / "acuse.db"
    assert settings.database.files == str(tmp_path / "files")
    assert settings.mailboxes[1].password_file == str(tmp_path / "servicio.password")


def test_an_absolute_database_keeps_its_files_beside_it(tmp_path: Path) -> None:
    database = load(write(tmp_path, changed("sqlite:///acuse.db", "sqlite:////var/lib/acuse/acuse.db"))).database
    assert (database.url, database.files) == ("sqlite:////var/lib/acuse/acuse.db", "/var/lib/acuse/files")


def test_ports_follow_from_the_security(tmp_path: Path) -> None:
    text = changed("port = 1143\n", "").replace('port = 1025\nsecurity = "none"', 'security = "starttls"')
    settings = load(write(tmp_path, text))
    assert [box.port for box in settings.mailboxes] == [143, 993]
    assert settings.smtp.port == 587


def test_an_unquoted_date_is_a_day_off(tmp_path: Path) -> None:
    text = changed("", "[calendars.o]\nextra_holidays = [2026-05-15]\n")
    assert load(write(tmp_path, text)).desk.calendars["o"].extra_holidays == ("2026-05-15",)


def test_windows_line_ends_and_a_byte_order_mark_are_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert load(path).desk.desk.name == "Soporte CAU"


def test_canned_texts_are_found_beside_the_file_and_with_the_letters(tmp_path: Path) -> None:
    write(tmp_path, "Texto propio.\n", "propia.txt")
    text = changed(
        "", '[[canned]]\ntitle = "a"\nfile = "propia.txt"\n[[canned]]\ntitle = "b"\nfile = "canned/datos.txt"\n'
    )
    own, shipped = load(write(tmp_path, text)).desk.canned
    assert own.text == "Texto propio.\n"
    assert Path(shipped.file).parent.parent.name == "es"


def test_own_words_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    write(tmp_path, '[actions]\ntake = "Me la quedo"\n', "cartas/es/words.toml")
    desk = load(write(tmp_path, changed("", '[letters]\ntemplates = "cartas"\n'))).desk
    assert (desk.words()["actions"]["take"], desk.words()["actions"]["assign"]) == ("Me la quedo", "Asignar")


def test_broken_words_are_a_fault_of_their_file(tmp_path: Path) -> None:
    words = write(tmp_path, "[actions]\ntake = \n", "cartas/es/words.toml")
    assert [
        (p.file, p.line) for p in problems_of(write(tmp_path, changed("", '[letters]\ntemplates = "cartas"\n')))
    ] == [(str(words), 2)]


def test_the_example_has_no_fault() -> None:
    desk = load(EXAMPLE).desk
    assert list(desk.kinds) == ["incident", "work_order"]
    assert (len(desk.escalations), len(desk.canned)) == (5, 6)


def test_the_commented_kind_of_the_example_works(tmp_path: Path) -> None:
    """The third kind is commented out; taking the signs away is all that it needs."""
    lines = EXAMPLE.read_text(encoding="utf-8").split("\n")
    start = lines.index("# [kinds.request]")
    end = start + next(n for n, line in enumerate(lines[start:]) if not line.startswith("# "))
    lines[start:end] = [line.removeprefix("# ") for line in lines[start:end]]
    fields = load(write(tmp_path, "\n".join(lines))).desk.fields_of("request")
    assert [field.name for field in fields] == ["name", "mail", "happened_at", "service", "priority", "description"]
    assert [choice.value for choice in fields[4].choices] == ["Urgente", "Alta", "Media", "Baja"]
    assert all(choice.description for choice in fields[4].choices)


# ---------------------------------------------------------------- durations and secrets


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800), ("1h30m", 5400), ("1d2h3m4s", 93_784), ("0s", 0)],
)
def test_a_duration_is_read_and_written(text: str, seconds: int) -> None:
    assert Duration.parse(text) == timedelta(seconds=seconds)
    assert Duration.parse(str(Duration.parse(text))) == Duration.parse(text)


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1h30", "30m1h", "1.5h", "١h", "1H", None, 5])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="a duration is written like"):
        Duration.parse(text)


def test_a_secret_is_read_where_it_is_kept_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "from-file\n", "servicio.password")
    monkeypatch.setenv("ACUSE_PASSWORD", "from-environment")
    settings = load(write(tmp_path))
    assert [box.secret() for box in settings.mailboxes] == ["from-environment", "from-file"]
    assert settings.smtp.secret() == ""
    assert "from-" not in repr(settings)


def test_a_secret_of_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "from-systemd", "imap")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    text = changed('password_env = "ACUSE_PASSWORD"', 'password_credential = "imap"')
    assert load(write(tmp_path, text)).mailboxes[0].secret() == "from-systemd"


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ('password_env = "ACUSE_NOT_SET"', "the environment variable ACUSE_NOT_SET is not set"),
        ('password_file = "no"', "No such file or directory"),
        ('password_file = "empty"', "is empty"),
        ('password_file = "two"', "is not on one line"),
        ('password_credential = "imap"', "by hand, write systemd-run .*LoadCredential=imap:FILE"),
    ],
)
def test_a_secret_that_is_not_there(new: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    write(tmp_path, "\n", "empty")
    write(tmp_path, "geheim\n# of the mailbox\n", "two")
    settings = load(write(tmp_path, changed('password_env = "ACUSE_PASSWORD"', new)))
    with pytest.raises(SecretError, match=message):
        settings.mailboxes[0].secret()


def test_a_database_s_password_is_not_shown(tmp_path: Path) -> None:
    database = load(write(tmp_path, changed("sqlite:///acuse.db", "postgresql://acuse:geheim@db/acuse"))).database
    assert database.shown == "postgresql://db/acuse"
    assert "geheim" not in repr(database)


@pytest.mark.parametrize("signs", ["ge/heim", "ge?heim", "ge#heim", "ge[heim"])
def test_a_password_of_any_signs_is_not_shown(signs: str, tmp_path: Path) -> None:
    url = f"postgresql://acuse:{signs}@db/acuse"
    assert Database(url=url).shown == "postgresql://db/acuse"
    path = write(tmp_path, changed("sqlite:///acuse.db", url.replace("postgresql", "mysql")))
    assert "heim" not in str(problems_of(path))


def test_a_password_as_an_editor_of_windows_saves_it(tmp_path: Path) -> None:
    (tmp_path / "servicio.password").write_bytes(b"\xef\xbb\xbfgeheim\r\n")
    assert load(write(tmp_path)).mailboxes[1].secret() == "geheim"


def test_the_folder_of_a_configuration_may_be_called_anything(tmp_path: Path) -> None:
    home = tmp_path / "[cau] *"
    write(home, '[[services]]\nname = "Otro"\n', "rules.d/services.toml")
    settings = load(write(home, 'include = ["rules.d/*.toml"]\n' + BASE))
    assert [service.name for service in settings.desk.services] == ["AREN", "CONDUCTORES", "Otro"]
    assert not settings.warnings
