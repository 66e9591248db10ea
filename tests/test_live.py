"""Reload: all or nothing, told once, the old value in force until a good one is there."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon.config.live import Changed, Live, Loaded, Refused
from daemon.config.settings import ConfigErrors
from daemon.config.shape import Misfit
from daemon.config.sources import Problem
from daemon.demo.correspondent import write as mail
from daemon.store.errors import Unavailable
from daemon.writing.letters import Letters
from daemon.writing.own_templates import tried_letters
from rules.desk import Desk
from rules.tables import DeskTable
from tests.configs import BASE, changed, write
from tests.example import EXAMPLE
from tests.rules.desks import GOOD, OPENING, OPENINGS, make_desk
from tests.serverless import ServerlessDesk


def name_of(desk: Desk) -> str:
    """Stands for the letters: any value that is made from a desk."""
    return f"letters of {desk.desk.name}"


Watched = Callable[[], Live[str]]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return lambda: Live(tmp_path / "config.toml", name_of)


RENAMED = changed('name = "Soporte CAU"', 'name = "Otro nombre"')


def test_nothing_happens_without_a_change(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    before = live.current
    assert live.poll() is None
    os.utime(tmp_path / "config.toml", (1, 1))
    assert live.poll() is None
    assert live.current is before


@pytest.mark.parametrize(
    ("there", "same"),
    [
        (BASE, True),
        (BASE + "\n# a remark\n", True),
        (BASE + '\n[log]\nlevel = "debug"\n', True),
        (changed('username = "apertura"', 'username = "otra"'), True),
        (changed("port = 1143", "port = 143"), True),
        (changed('address = "soportecau@cau.example"', 'address = "otra@cau.example"'), False),
        (RENAMED, False),
        (BASE + "\n[validation]\nclose_after = 9\n", False),
    ],
)
def test_two_machines_agree_in_what_their_rules_decide_by(tmp_path: Path, there: str, same: bool) -> None:
    desks = []
    for folder, text in (("here", BASE), ("there", there)):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, text)
        desks.append(Live(tmp_path / folder / "config.toml", name_of).current.desk_digest)
    assert (desks[0] == desks[1]) is same


OWN = "{% extends 'confirmation.html' %}"


@pytest.mark.parametrize(("there", "same"), [(OWN, True), (OWN + "{# #}", False), ("", False)])
def test_two_machines_agree_in_the_admins_own_templates(tmp_path: Path, there: str, same: bool) -> None:
    desks = []
    for folder, text in (("here", OWN), ("there", there)):
        own = tmp_path / folder / "letters" / "es"
        own.mkdir(parents=True)
        if text:
            (own / "confirmation.html").write_text(text, encoding="utf-8")
        write(tmp_path / folder, BASE + '\n[letters]\ntemplates = "letters"\n')
        desks.append(Live(tmp_path / folder / "config.toml", name_of))
    assert (desks[0].current.desk_digest == desks[1].current.desk_digest) is same
    (tmp_path / "there/letters/es/confirmation.html").write_text(OWN, encoding="utf-8")
    desks[1].poll()
    assert desks[0].current.desk_digest == desks[1].current.desk_digest


def test_two_processes_tell_the_same_of_the_same_files(tmp_path: Path) -> None:
    """Whatever order sets have in each of them (PYTHONHASHSEED)."""
    text = EXAMPLE.read_text(encoding="utf-8")
    write(tmp_path, re.sub(r'(?m)^templates = ""', 'templates = "letters"', text))
    (tmp_path / "letters/es").mkdir(parents=True)
    for name in ("reply", "confirmation"):
        (tmp_path / f"letters/es/{name}.html").write_text(OWN, encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from daemon.config.live import Live;"
        "print(Live(Path(sys.argv[1]), lambda desk: None).current.desk_digest)"
    )
    told = set()
    for seed in ("1", "2", "3"):
        command = [sys.executable, "-c", program, str(tmp_path / "config.toml")]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(EXAMPLE.parent)}
        told.add(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
    assert len(told) == 1


def test_a_good_change_is_in_force_as_a_whole(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    before = live.current
    write(tmp_path, RENAMED)
    outcome = live.poll()
    assert isinstance(outcome, Changed)
    assert outcome.loaded is live.current
    assert (live.current.settings.desk.desk.name, live.current.letters) == ("Otro nombre", "letters of Otro nombre")
    assert (before.settings.desk.desk.name, before.version != live.current.version) == ("Soporte CAU", True)
    assert live.poll() is None


def test_a_change_whose_check_has_no_answer_is_looked_at_again(tmp_path: Path, watched: Watched) -> None:
    """The check asks the database, which is away; nobody saves anything once more."""
    away = [False]

    def ask(settings: object) -> Iterator[Misfit]:
        if away[0]:
            raise Unavailable("the database does not answer")
        return iter(())

    write(tmp_path)
    live = watched()
    live.insist(ask)
    before = live.current
    away[0] = True
    write(tmp_path, RENAMED)
    for _ in range(2):
        with pytest.raises(Unavailable):
            live.poll()
        assert live.current is before
    away[0] = False
    assert isinstance(live.poll(), Changed)
    assert live.current.settings.desk.desk.name == "Otro nombre"
    assert live.poll() is None


BAD = {
    "half-written": (BASE[: BASE.index("[smtp]") + 4], "not valid TOML"),
    "empty": ("", "is missing here"),
    "unknown group": (changed('default_group = "n1"', 'default_group = "n8"'), 'no group "n8"'),
    "bad regular expression": (changed('service = "AREN",', "regex = '(x',"), "missing )"),
    "a rule's own test fails": (BASE + '[[rules.tests]]\ngiven = {}\nexpect = { group = "n2" }\n', "expected, got"),
    "letters that fail": (changed('name = "Soporte CAU"', 'name = "broken"'), "the letters are broken"),
}


def letters_that_may_fail(desk: Desk) -> str:
    if desk.desk.name == "broken":
        raise ConfigErrors([Problem("confirmation.j2", 3, 1, "the letters are broken")])
    return "fine"


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_state_is_refused_and_told_once(bad: str, tmp_path: Path) -> None:
    text, fragment = BAD[bad]
    path = write(tmp_path)
    live = Live(path, letters_that_may_fail)
    before = live.current
    write(tmp_path, text.replace('admins = ["admin@cau.example"]', "admins = []"))  # which keeps nothing from working
    outcome = live.poll()
    assert isinstance(outcome, Refused)
    assert fragment in (told := "\n".join(map(str, outcome.problems)))
    assert "nobody would be told" not in told
    assert live.poll() is None
    assert live.current is before


def test_another_bad_state_is_told_again(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    write(tmp_path, BASE + "[x")
    assert isinstance(live.poll(), Refused)
    write(tmp_path, BASE + "[xy")
    assert isinstance(live.poll(), Refused)


def test_a_mended_file_goes_live(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    write(tmp_path, RENAMED + "[x")
    assert isinstance(live.poll(), Refused)
    write(tmp_path, RENAMED)
    assert isinstance(live.poll(), Changed)


def test_a_bad_state_taken_back_is_no_change(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    version = live.current.version
    write(tmp_path, BASE + "[x")
    assert isinstance(live.poll(), Refused)
    write(tmp_path)
    assert live.poll() is None
    assert live.current.version == version


def test_a_deleted_file_is_refused_and_may_come_back(tmp_path: Path, watched: Watched) -> None:
    path = write(tmp_path)
    live = watched()
    path.unlink()
    outcome = live.poll()
    assert isinstance(outcome, Refused)
    assert "cannot read this file" in outcome.problems[0].text
    assert live.poll() is None
    write(tmp_path, RENAMED)
    assert isinstance(live.poll(), Changed)


RULE = '[[rules]]\nname = "{0}"\nthen = {{ hold = true }}\n'


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def a_huge_file(path: Path) -> None:
    with path.open("w") as file:
        file.truncate(200_000_000)


@pytest.mark.parametrize("name", ["config.toml", "rules.d/spam.toml"])
@pytest.mark.parametrize(
    ("put", "told"),
    [
        (a_pipe, "it is a pipe or a device"),
        (a_device, "it is a pipe or a device"),
        (a_huge_file, "it has 200,000,000 octets, which is too much"),
        (Path.mkdir, "Is a directory"),
    ],
)
def test_what_has_no_end_in_a_files_place_is_refused_once_and_keeps_nobody_waiting(
    put: Callable[[Path], None], told: str, name: str, tmp_path: Path, watched: Watched
) -> None:
    path = write(tmp_path, RULE.format("spam"), "rules.d/spam.toml").parents[1] / name
    write(tmp_path, 'include = ["rules.d/*.toml"]\n' + BASE)
    live = watched()
    aside = path.rename(tmp_path / "aside")
    put(path)
    outcome = live.poll()
    assert isinstance(outcome, Refused)
    assert [problem.text for problem in outcome.problems] == [f"cannot read this file: {told}"]
    assert live.poll() is None
    path.rmdir() if path.is_dir() else path.unlink()
    aside.rename(path)
    assert live.poll() is None
    assert [rule.name for rule in live.current.settings.desk.rules][-1] == "spam"


def test_a_new_included_file_is_noticed(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path, 'include = ["rules.d/*.toml"]\n' + BASE)
    live = watched()
    added = write(tmp_path, RULE.format("spam"), "rules.d/spam.toml")
    assert isinstance(live.poll(), Changed)
    assert [rule.name for rule in live.current.settings.desk.rules][-1] == "spam"
    write(tmp_path, RULE.format("publicidad"), "rules.d/spam.toml")
    assert isinstance(live.poll(), Changed)
    added.unlink()
    assert isinstance(live.poll(), Changed)
    assert [rule.name for rule in live.current.settings.desk.rules] == ["averías de AREN"]


def test_a_folder_of_rules_that_is_taken_away_takes_no_rule_with_it(tmp_path: Path, watched: Watched) -> None:
    """Its disk is not mounted, or somebody moves it: every ticket went to its kind's group, and nobody was told."""
    folder = write(tmp_path, RULE.format("spam"), "rules.d/spam.toml").parent
    config = write(tmp_path, 'include = ["rules.d/*.toml"]\n' + BASE)
    live = watched()
    folder.rename(tmp_path / "aside")
    outcome = live.poll()
    assert isinstance(outcome, Refused)
    assert [str(problem) for problem in outcome.problems] == [
        f"{config}:1:1: cannot look into {folder}, which include names: put it back, or take it out there"
    ]
    assert live.poll() is None
    assert [rule.name for rule in live.current.settings.desk.rules][-1] == "spam"
    (tmp_path / "aside").rename(folder)
    assert live.poll() is None
    folder.rename(tmp_path / "aside")
    assert isinstance(live.poll(), Refused)
    write(tmp_path)
    assert isinstance(live.poll(), Changed)


def test_a_file_that_is_called_in_no_utf_8_is_included(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path, 'include = ["rules.d/*.toml"]\n' + BASE)
    live = watched()
    write(tmp_path, RULE.format("spam"), os.fsdecode(b"rules.d/se\xf1or.toml"))
    assert isinstance(live.poll(), Changed)
    assert [rule.name for rule in live.current.settings.desk.rules][-1] == "spam"


def test_a_new_file_in_a_folder_with_signs_of_patterns_is_noticed(tmp_path: Path) -> None:
    home = tmp_path / "[cau]"
    live = Live(write(home, 'include = ["rules.d/*.toml"]\n' + BASE), name_of)
    write(home, RULE.format("spam"), "rules.d/spam.toml")
    assert isinstance(live.poll(), Changed)


def test_a_file_that_a_refused_state_lacked_is_waited_for(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    write(tmp_path, BASE + '[[canned]]\ntitle = "x"\nfile = "later.txt"\n')
    assert isinstance(live.poll(), Refused)
    write(tmp_path, "Ya está.\n", "later.txt")
    assert isinstance(live.poll(), Changed)
    assert live.current.settings.desk.canned[0].text == "Ya está.\n"


def test_a_folder_of_letters_that_a_refused_state_lacked_is_waited_for(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path)
    live = watched()
    write(tmp_path, BASE + '[letters]\ntemplates = "cartas"\n')
    assert isinstance(live.poll(), Refused)
    write(tmp_path, '[actions]\ntake = "Mía"\n', "cartas/es/words.toml")
    assert isinstance(live.poll(), Changed)
    assert live.current.settings.desk.words()["actions"]["take"] == "Mía"


def test_a_part_that_a_refused_letter_lacked_is_waited_for(tmp_path: Path) -> None:
    write(tmp_path)
    live = Live(tmp_path / "config.toml", tried_letters)
    blocks = "{% block subject %}Gracias{% endblock %}{% block body %}{% include '_mia.j2' %}{% endblock %}"
    write(tmp_path, f"{{% extends base %}}{blocks}", "cartas/es/survey_thanks.j2")
    write(tmp_path, BASE + '[letters]\ntemplates = "cartas"\n')
    assert isinstance(live.poll(), Refused)
    write(tmp_path, "<p>Hasta pronto.</p>", "cartas/es/_mia.j2")
    assert isinstance(live.poll(), Changed)


def test_texts_words_and_templates_are_watched(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path, "Uno.\n", "canned.txt")
    write(tmp_path, "", "cartas/es/words.toml")
    write(tmp_path, BASE + '[[canned]]\ntitle = "x"\nfile = "canned.txt"\n[letters]\ntemplates = "cartas"\n')
    live = watched()
    for name, text in [
        ("canned.txt", "Dos.\n"),
        ("cartas/es/words.toml", '[actions]\ntake = "Mía"\n'),
        ("cartas/es/reply.j2", "new"),
    ]:
        write(tmp_path, text, name)
        assert isinstance(live.poll(), Changed), name
    desk = live.current.settings.desk
    assert (desk.canned[0].text, desk.words()["actions"]["take"]) == ("Dos.\n", "Mía")


def test_an_atomic_replacement_is_one_change(tmp_path: Path, watched: Watched) -> None:
    path = write(tmp_path)
    live = watched()
    write(tmp_path, RENAMED, "config.toml.new").replace(path)
    assert isinstance(live.poll(), Changed)
    assert live.poll() is None


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path)

    def saves_meanwhile(desk: Desk) -> str:
        if desk.desk.name == "Otro nombre":
            write(tmp_path, changed('name = "Soporte CAU"', 'name = "El último"'))
        return desk.desk.name

    live = Live(path, saves_meanwhile)
    write(tmp_path, RENAMED)
    assert isinstance(live.poll(), Changed)
    assert isinstance(live.poll(), Changed)
    assert live.current.letters == "El último"


@pytest.mark.parametrize(
    ("old", "new", "restart"),
    [
        ("acuse.db", "other.db", ("database",)),
        ("port = 1143", "port = 1144", ("mailboxes",)),
        ('roles = ["opening"]', 'roles = ["opening", "desk"]', ()),
        ('poll = "1s"', 'addresses = { "a@cau.example" = {} }\npoll = "1s"', ()),
        ("port = 1025", "port = 1026", ("smtp",)),
        ("", '[log]\nlevel = "debug"\n', ("log",)),
        ("", '[metrics]\nlisten = "127.0.0.1:9464"\n', ("metrics",)),
        ("", '[validation]\nclose_after = 9\n', ()),
    ],
)  # fmt: skip
def test_what_waits_for_a_restart(
    old: str, new: str, restart: tuple[str, ...], tmp_path: Path, watched: Watched
) -> None:
    write(tmp_path)
    live = watched()
    write(tmp_path, changed(old, new))
    outcome = live.poll()
    assert isinstance(outcome, Changed)
    assert outcome.loaded.restart == restart


def test_a_mailbox_of_another_server_has_its_old_roles_until_the_restart(tmp_path: Path, watched: Watched) -> None:
    """Its mails still come from the old one: read by the new roles, an opening was filed away untreated."""
    write(tmp_path)
    live = watched()
    before = live.current.settings
    other = changed('username = "apertura"', 'username = "otro"').replace('["opening"]', '["opening", "desk"]')
    for written in (other, other.replace("Soporte CAU", "Otro")):
        write(tmp_path, written)
        outcome = live.poll()
        assert isinstance(outcome, Changed)
        assert outcome.loaded.restart == ("mailboxes",)
        assert live.current.settings.mailboxes == live.current.settings.desk.mailboxes == before.mailboxes
    assert live.current.settings.desk.desk.name == "Otro"
    assert watched().current.settings.mailboxes[0].roles == ("opening", "desk")


def test_a_bad_configuration_does_not_start(tmp_path: Path, watched: Watched) -> None:
    write(tmp_path, "[desk")
    with pytest.raises(ConfigErrors):
        watched()


class Changing:
    """A configuration that is another one at every look."""

    def __init__(self) -> None:
        desks = [make_desk(desk=DeskTable(name, "cau.test")) for name in ("Uno", "Dos", "Tres")]
        self._versions = itertools.cycle(Loaded(SimpleNamespace(desk=d), Letters.load(d), d.desk.name) for d in desks)

    @property
    def current(self) -> Loaded[Letters]:
        return next(self._versions)


def test_f41_a_mail_sees_one_version(tmp_path: Path) -> None:
    with ServerlessDesk(tmp_path) as desk:
        desk.live = Changing()
        for n in range(6):
            assert desk.receive(mail(f"p{n}@cliente.test", OPENINGS, OPENING, GOOD)) == "opened"
        names: dict[str, set[str]] = {}
        for sent in desk.letters():
            names.setdefault(sent.read["X-Acuse-Number"], set()).add(sent.read["From"].partition(" <")[0])
        assert sorted(map(len, names.values())) == [1] * 6, names
        assert len(set().union(*names.values())) > 1, "it did change"
