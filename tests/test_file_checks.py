"""What `acuse check` says of the files and folders that a configuration names, each told once and with its mending."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.cli import main
from daemon.config.accounts import Database
from daemon.config.file_checks import _books, no_room
from daemon.files import Files
from daemon.store.connections import connect
from daemon.store.errors import StoreError
from tests.configs import BASE, changed

NOBODY = 65534
Spoil = Callable[[Path], str]
"""Does harm in the folder of a configuration, whose text it returns."""


def nothing(folder: Path) -> str:
    return BASE


def a_file_for_the_databases_folder(folder: Path) -> str:
    (folder / "taken").write_text("", encoding="utf-8")
    return BASE.replace("sqlite:///acuse.db", "sqlite:///taken/acuse.db")


def a_file_for_the_files(folder: Path) -> str:
    (folder / "files").write_text("", encoding="utf-8")
    return BASE


def a_password_for_everybody(folder: Path) -> str:
    (folder / "servicio.password").chmod(0o644)
    return BASE


def a_password_and_a_fault(folder: Path) -> str:
    return a_password_for_everybody(folder).replace('default_group = "n1"', 'default_group = "n9"')


def a_folder_that_is_made_at_the_start(folder: Path) -> str:
    return BASE.replace("sqlite:///acuse.db", "sqlite:///books/acuse.db")


def a_password_of_another_encoding(folder: Path) -> str:
    (folder / "servicio.password").write_bytes("contraseña".encode("latin-1"))
    return BASE


def a_password_and_a_remark(folder: Path) -> str:
    (folder / "servicio.password").write_text("secret\n# of the mailbox\n", encoding="utf-8")
    return BASE


def figures_for_a_folder_that_is_not_there(folder: Path) -> str:
    return BASE + '[metrics]\ntextfile = "exporter/acuse.prom"\n'


def figures_beside(folder: Path) -> str:
    return BASE + '[metrics]\ntextfile = "acuse.prom"\n'


def nobody_who_is_told(folder: Path) -> str:
    return changed('admins = ["admin@cau.example"]', "admins = []")


def a_rule_behind_one_that_takes_all(folder: Path) -> str:
    text = changed("[[rules]]", '[[rules]]\nname = "todo"\nthen = { group = "n1" }\n[[rules]]')
    return text + '[[rules]]\nname = "nada"\nwhen = { kind = "incident" }\nthen = { group = "n1" }\n'


def a_rule_behind_one_of_the_same_conditions(folder: Path) -> str:
    return BASE + '[[rules]]\nname = "otra"\nwhen = { type = "Avería", service = "AREN" }\nthen = { group = "n1" }\n'


def an_answer_that_is_the_solution(folder: Path) -> str:
    return BASE + '[priorities.Plan]\nresponse = "2d"\nresolution = "2d"\n'


def a_rule_behind_one_that_goes_on(folder: Path) -> str:
    return changed("[[rules]]", '[[rules]]\nname = "todo"\nthen = { group = "n1" }\ncontinue = true\n[[rules]]')


def a_rule_behind_a_wider_one(folder: Path) -> str:
    wider = '[[rules]]\nname = "AREN"\nwhen = { service = ["CONDUCTORES", "AREN"] }\nthen = { group = "n1" }\n'
    return changed("[[rules]]", f"{wider}[[rules]]")


def rules_that_are_not_alike(folder: Path) -> str:
    narrow = (
        '[[rules]]\nname = "a"\nwhen = { service = "AREN", words = "cae" }\nthen = { group = "n1" }\n'
        '[[rules]]\nname = "b"\nwhen = { service = "CONDUCTORES" }\nthen = { group = "n1" }\n'
        '[[rules]]\nname = "c"\nwhen = { regex = "\\\\S" }\nthen = { hold = true }\n'
        '[[rules]]\nname = "d"\nwhen = { regex = "\\\\s", service = "AREN" }\nthen = { group = "n1" }\n'
    )
    return changed("[[rules]]", f"{narrow}[[rules]]")


def a_condition_that_names_nothing(folder: Path) -> str:
    return changed("[[rules]]", '[[rules]]\nname = "a"\nwhen = { words = [] }\nthen = { group = "n1" }\n[[rules]]')


def a_rule_for_hours_that_nobody_has(folder: Path) -> str:
    return changed('{ service = "AREN", type = "Avería" }', "{ business_hours = false }")


def a_rule_for_somebody_of_another_domain(folder: Path) -> str:
    return changed('{ service = "AREN", type = "Avería" }', '{ domain = ["a.es", "b.es"], sender = "ana@sub.a.es" }')


def a_rule_for_one_of_several(folder: Path) -> str:
    return changed('{ service = "AREN", type = "Avería" }', '{ domain = "a.es", sender = ["ana@a.es", "eva@b.es"] }')


def a_field_that_rules_call_otherwise(folder: Path) -> str:
    text = changed('label = "Tipo"\nname = "type"', 'label = "Tipo"\nname = "address"')
    return text.replace('{ service = "AREN", type = "Avería" }', '{ service = "AREN" }')


def a_field_that_opening_for_a_caller_calls_otherwise(folder: Path) -> str:
    return a_field_that_rules_call_otherwise(folder).replace('name = "address"', 'name = "requester"')


def a_label_that_opening_for_a_caller_has_already(folder: Path) -> str:
    return changed('label = "Tipo"', 'label = "Asunto"\naliases = ["Clase", "SOLICITANTE", "Requester"]')


def a_rule_for_a_sender(folder: Path) -> str:
    return changed('{ service = "AREN", type = "Avería" }', '{ sender = "ana@a.es" }')


def reports_that_nobody_wants(folder: Path) -> str:
    return BASE + '[reports]\nweekly = ""\nproof = ""\ndigest = ""\n'


def what_is_seldom_written(folder: Path) -> str:
    text = changed("min_length = 10", "min_length = 10\nmax_length = 10")
    text = text.replace('label = "Tipo"', 'label = "Tipo"\naliases = ["TIPO"]')
    return text + (
        '[[rules]]\nname = "b"\nwhen = { words = "alta" }\nthen = { refuse = "No aquí." }\n'
        '[[rules.tests]]\ngiven = { text = "un alta" }\nexpect = { refuse = true }\n'
        '[requesters]\npolicy = "domains"\ndomains = ["@cliente.example"]\n'
        '[metrics]\nlisten = "127.0.0.1:9464"\n'
        '[senders]\nauthentication = "require"\ntrusted_authserv = ["mx.cau.example"]\n'
        '[[escalations]]\nname = "x"\n[[escalations.fields]]\nlabel = "Dirección"\nname = "address"\n'
        '[groups.n3]\nlabel = "N3"\naddress = "n3@cau.example"\ncoordinator = "c@cau.example"\ntriage = "coordinator"\n'
    )


def tokens_for_passwords(folder: Path) -> str:
    other = 'oauth2 = { provider = "other", client_id = "x", refresh_token_env = "X", token_url = "http'
    google = 'oauth2 = { provider = "google", client_id = "x", client_secret_env = "X", refresh_token_env = "Y" }'
    text = changed('password_env = "ACUSE_PASSWORD"', f'{other}://127.0.0.1/token" }}')
    text = text.replace('password_file = "servicio.password"', f'{other}s://login.example/token" }}')
    text = text.replace('sqlite:///acuse.db"', 'postgresql://u@h/d"\npassword_env = "X"')
    return f'{text}[alerts.smtp]\nhost = "smtp.x.es"\nusername = "x"\nsender = "a@x.es"\n{google}\n'


def a_reply_for_the_group_alone(folder: Path) -> str:
    return a_reply_for_every_group(folder) + 'groups = ["n1"]\n'


def a_reply_for_every_group(folder: Path) -> str:
    return changed("[groups.n1]", "[groups.n1]\nfree_text = false") + '[[canned]]\ntitle = "Gracias"\ntext = "x"\n'


def an_opening_by_the_subject_of_a_query(folder: Path) -> str:
    return changed('subject = "Apertura de Incidencia."', 'subject = "consulta"').replace(
        '["opening"]', '["opening", "desk"]'
    )


def an_opening_by_the_subject_of_a_query_elsewhere(folder: Path) -> str:
    return changed('subject = "Apertura de Incidencia."', 'subject = "Consulta"')


def a_kind_called_in_another_language(folder: Path) -> str:
    return changed('language = "es"', 'language = "en"')


def a_kind_called_in_the_language_of_the_desk(folder: Path) -> str:
    return a_kind_called_in_another_language(folder).replace('prefix = "I"', 'prefix = "I"\nphrase = "incident"')


ALIKE = '\n[kinds.query]\nlabel = "Consulta"\nphrase = "la consulta"\nprefix = "C"\ndefault_group = "n1"\n'


def a_subject_like_another(folder: Path) -> str:
    return f'{BASE}{ALIKE}subject = "Apertura  de «incidencia»"\nfields = [{{ label = "Detalle", name = "detail" }}]\n'


def a_subject_of_another_word(folder: Path) -> str:
    return a_subject_like_another(folder).replace("«incidencia»", "incidencias")


def a_policy_that_admits_nobody(folder: Path) -> str:
    return BASE + '[requesters]\npolicy = "domains"\n'


def a_technician_who_is_blocked(folder: Path) -> str:
    return BASE + '[senders]\nblocked = ["Ana@cau.example", "robot@x.es"]\n'


def senders_that_are_none(folder: Path) -> str:
    return BASE + '[senders]\nblocked = ["*@spam.example", "Ana Gil", "robot@x.es", "spam.example"]\n'


def a_technicians_domain_that_is_blocked(folder: Path) -> str:
    return BASE + '[senders]\nblocked = ["@spam.example", "@cau.example"]\n'


def a_rule_for_the_hours_of_no_group(folder: Path) -> str:
    return a_rule_for_hours_that_nobody_has(folder).replace('default_group = "n1"', 'default_group = "n9"')


def a_rule_for_the_hours_of_a_calendar(folder: Path) -> str:
    text = a_rule_for_hours_that_nobody_has(folder).replace("[groups.n1]", '[groups.n1]\ncalendar = "o"')
    return f'{text}[calendars.o]\nhours = ["09:00-18:00"]\n'


def an_include_that_finds_nothing(folder: Path) -> str:
    return 'include = ["reglas.d/*.toml"]\n' + BASE


def an_alarm_by_a_program_that_there_is_not(folder: Path) -> str:
    return BASE + '[alerts]\ncommand = ["/usr/bin/pager-of-nobody", "-x"]\n'


def an_alarm_by_what_is_no_program(folder: Path) -> str:
    return BASE + '[alerts]\ncommand = ["servicio.password"]\n'


def an_alarm_by_a_program(folder: Path) -> str:
    return BASE + '[alerts]\ncommand = ["sh", "-c", "true"]\n'


def a_port_of_another_security(folder: Path) -> str:
    return BASE.replace('host = "imap.cau.example"', 'host = "imap.cau.example"\nport = 587')


OPEN = r"config\.toml:28:17: warning: others may read {0}/servicio\.password: chmod 600 {0}/servicio\.password\n"
PLACES: list[tuple[Spoil, int, str]] = [
    (nothing, 0, r"{0}/config\.toml: no problems\n"),
    (a_folder_that_is_made_at_the_start, 0, r"{0}/config\.toml: no problems\n"),
    (
        a_file_for_the_databases_folder, 1,
        r".*config\.toml:9:7: {0}/taken is no folder; name another place\n",
    ),
    (a_file_for_the_files, 1, r".*config\.toml:8:1: {0}/files is no folder; name another place\n"),
    (figures_for_a_folder_that_is_not_there, 1, r".*config\.toml:\d+:12: there is no folder {0}/exporter\n"),
    (figures_beside, 0, r"{0}/config\.toml: no problems\n"),
    (a_port_of_another_security, 0, r'.*:\d+:8: warning: servers speak "starttls" at port 587, not "tls": .*\n'),
    *((spoil, 0, r".*:78:11: warning: there is no program [/a-z.-]+, or it may not be run: .*\n")
      for spoil in (an_alarm_by_a_program_that_there_is_not, an_alarm_by_what_is_no_program)),
    (an_alarm_by_a_program, 0, r"{0}/config\.toml: no problems\n"),
    (an_include_that_finds_nothing, 0, r".*:1:12: warning: no file matches {0}/reglas\.d/\*\.toml: nothing is .*\n"),
    (nobody_who_is_told, 0, r".*:6:10: warning: nobody would be told when something fails; .*\n"),
    (
        a_rule_behind_one_that_takes_all, 0,
        r'.*:76:1: warning: no mail comes as far as this rule: "todo" decides .*; the other stands in line 73\n',
    ),
    (
        a_rule_behind_a_wider_one, 0,
        r'.*:77:1: warning: no mail comes as far as this rule: "AREN" takes all that it would; .* in line 73\n',
    ),
    (
        a_rule_behind_one_of_the_same_conditions, 0,
        r'.*:77:1: warning: no mail comes as far as this rule: "averías de AREN" takes all that it would; .* line 73\n',
    ),
    (an_answer_that_is_the_solution, 0, r"{0}/config\.toml: no problems\n"),
    (a_condition_that_names_nothing, 1, r".*: write a text, or a list of texts such as .*\n"),
    (rules_that_are_not_alike, 0, r"{0}/config\.toml: no problems\n"),
    (
        a_rule_for_hours_that_nobody_has, 0,
        r'.*:75:27: warning: this never holds: group "n1" has no calendar, so that it is never closed\n',
    ),
    (
        a_rule_for_somebody_of_another_domain, 0,
        r'.*:75:46: warning: this never holds: none of these senders is of a domain that "domain" names\n',
    ),
    (a_rule_for_one_of_several, 0, r"{0}/config\.toml: no problems\n"),
    (
        a_field_that_rules_call_otherwise, 0,
        r'.*:48:8: warning: "address" is something else in a rule or in «Abrir», which could not name this field; .*\n',
    ),
    (a_field_that_opening_for_a_caller_calls_otherwise, 0, r'.*:48:8: warning: "requester" is something else .*\n'),
    (
        a_label_that_opening_for_a_caller_has_already, 0,
        "".join(rf".*:48:{at}: warning: in «Abrir» this label means something else, .*\n" for at in (12, 21, 36)),
    ),
    (a_rule_for_a_sender, 0, r"{0}/config\.toml: no problems\n"),
    (what_is_seldom_written, 0, r"{0}/config\.toml: no problems\n"),
    (tokens_for_passwords, 0, r"{0}/config\.toml: no problems\n"),
    (a_reply_for_the_group_alone, 0, r"{0}/config\.toml: no problems\n"),
    (a_reply_for_every_group, 0, r"{0}/config\.toml: no problems\n"),
    (reports_that_nobody_wants, 0, r"{0}/config\.toml: no problems\n"),
    (an_opening_by_the_subject_of_a_query, 0, r".*:39:11: warning: people ask the desk by this subject, too: .*\n"),
    (an_opening_by_the_subject_of_a_query_elsewhere, 0, r"{0}/config\.toml: no problems\n"),
    (a_kind_called_in_another_language, 0, r'.*: warning: letters in the desk\'s language .* "la incidencia"; .*\n'),
    (a_kind_called_in_the_language_of_the_desk, 0, r"{0}/config\.toml: no problems\n"),
    (
        a_subject_like_another, 0,
        r'.*:83:11: warning: this subject differs from "Apertura de Incidencia." in case, accents or punctuation alone'
        r".*; the other stands in line 39\n",
    ),
    (a_subject_of_another_word, 0, r"{0}/config\.toml: no problems\n"),
    (a_policy_that_admits_nobody, 0, r'.*:\d+:10: warning: "domains" admits nobody but the desk and .*\n'),
    (a_technician_who_is_blocked, 0, r".*:78:12: warning: somebody of the desk, .* would be filed away unread\n"),
    (senders_that_are_none, 0, r'(.*:78:\d+: warning: ".*" is no address and no domain, .*\n){{2}}'),
    (a_technicians_domain_that_is_blocked, 0, r".*:78:29: warning: somebody of the desk, .* filed away unread\n"),
    (a_rule_for_the_hours_of_no_group, 1, r'.*:40:17: there is no group "n9"; .* n2\n'),
    (a_rule_for_the_hours_of_a_calendar, 0, r"{0}/config\.toml: no problems\n"),
    (a_rule_behind_one_that_goes_on, 0, r"{0}/config\.toml: no problems\n"),
    (a_password_of_another_encoding, 1, r".*:\d+:17: the secret in .* is not UTF-8 text; save it as UTF-8\n"),
    (a_password_and_a_remark, 1, r".*:\d+:17: the secret in .* is not on one line; write nothing else there\n"),
    (a_password_for_everybody, 0, rf".*{OPEN}"),
    (a_password_and_a_fault, 1, rf'.*{OPEN}.*config\.toml:40:17: there is no group "n9"; .*\n'),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "code", "told"), PLACES, ids=[spoil.__name__ for spoil, *_ in PLACES])
def test_the_places_that_a_configuration_names(
    spoil: Spoil, code: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "servicio.password").write_text("secret", encoding="utf-8")
    (tmp_path / "servicio.password").chmod(0o600)
    config = tmp_path / "config.toml"
    config.write_text(spoil(tmp_path), encoding="utf-8")
    assert main(["--config", str(config), "check"]) == code
    verdict = r"{0}/config\.toml: no errors\n" if "warning" in told and not code else ""
    out = capsys.readouterr().out
    assert re.fullmatch((told + verdict).format(re.escape(str(tmp_path))), out), out


@contextmanager
def an_ordinary_user() -> Iterator[int]:
    """Root may write anywhere; so it steps down meanwhile."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield os.geteuid()
    finally:
        os.seteuid(user)


@pytest.mark.parametrize(
    ("books", "told"),
    [
        (".", "{folder} cannot be written by user {user}; name a folder of this user's own"),
        (
            "deep/down",
            "there is no folder {folder}, and user {user} cannot make it: install -d -m 700 -o {user} {folder}",
        ),
    ],
)
def test_a_folder_that_this_user_cannot_write(books: str, told: str) -> None:
    folder = Path("/usr", books)
    with an_ordinary_user() as user:
        assert no_room(folder) == told.format(folder=folder, user=user)


def test_a_folder_of_files_that_this_user_cannot_read_is_no_empty_one() -> None:
    """A backup would be made without them."""
    with an_ordinary_user(), pytest.raises(PermissionError):
        list(Files(Path("/root")).digests())


def test_a_database_of_ones_own_that_may_not_be_written_is_told_with_its_mending() -> None:
    with an_ordinary_user(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "acuse.db"
        file.touch(0o400)
        *_, closed = _books(Database(url=f"sqlite:///{file}", files=folder))
    assert closed.text == f"{file} may not be read and written by its owner: chmod u+rw {file}*"


@pytest.mark.parametrize("readonly", [True, False])
def test_a_database_that_another_user_made_is_told_with_its_mending(readonly: bool) -> None:
    """As after `acuse migrate` by root: it is no damaged one, and no backup is needed."""
    file, told = "/etc/passwd", "/etc/passwd is another user's: run this as its owner, or chown {user} /etc/passwd*"
    with an_ordinary_user() as user:
        with pytest.raises(StoreError, match=re.escape(told.format(user=user))):
            connect(f"sqlite:///{file}", readonly)
        *_, foreign = _books(Database(url=f"sqlite:///{file}", files="/tmp"))
        assert foreign.text == told.format(user=user)
