"""Routing: tables of mails and where the rules send them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.conditions import RouteInput
from rules.desk import Desk
from rules.routing import Step, default_priority, route
from rules.rule_checks import problems
from rules.rule_tests import run_tests
from rules.tables import (
    Address,
    Calendar,
    Category,
    DeskTable,
    Duration,
    FieldTable,
    Group,
    Kind,
    Mailbox,
    Priority,
    Rule,
    RuleTest,
    Service,
)

FIELDS = (
    FieldTable("Servicio/Aplicación", "service", "choice", from_="services"),
    FieldTable("Tipo", "type", "choice", values=("Pérdida de Servicio", "Error Acceso", "Error Funcional")),
    FieldTable("Descripción", "description", lines="many"),
    FieldTable("Provincia", "province", required=False),
)
DESK = Desk(
    DeskTable("Soporte", "cau.example"),
    mailboxes=(
        Mailbox(
            "apertura",
            ("opening",),
            "soporte@cau.example",
            {"soporte-a@cau.example": Address("Alta"), "soporte-n2@cau.example": Address(group="n2")},
        ),
    ),
    kinds={
        "incident": Kind("Incidencia", "I", "Apertura de incidencia", "n1", fields=FIELDS),
        "work_order": Kind(
            "Orden", "W", "Apertura de orden", "n2", default_priority="Baja",
            fields=(
                *FIELDS[2:],
                FieldTable("Prioridad", "priority", "choice", from_="priorities"),
                FieldTable("Categoría", "category", "choice", from_="categories"),
            ),
        ),
    },
    groups={
        "n1": Group("N1", "n1@cau.example", calendar="oficina"),
        "n2": Group("N2", "n2@cau.example"),
        "redes": Group("Redes", "redes@cau.example"),
    },
    services=(Service("AREN", ("Arena",)), Service("LIBRA")),
    priorities={
        name: Priority(Duration(hours=n), Duration(hours=4 * n))
        for name, n in (("Urgente", 1), ("Alta", 2), ("Media", 4), ("Baja", 8))
    },
    calendars={"oficina": Calendar(hours=("09:00-18:00",))},
    categories=(Category("Accesos", "redes", ("Contraseñas",)), Category("Otros")),
    catalogue={"es": {}, "en": {}},
)  # fmt: skip


def rule(when: dict[str, Any], then: dict[str, Any] | None = None, name: str = "regla", **more: Any) -> Rule:
    return Rule(name, when, {"group": "n2"} if then is None else then, **more)


def desk(*rules: Rule) -> Desk:
    return replace(DESK, rules=rules)


def mail(kind: str = "incident", **more: Any) -> RouteInput:
    fields = {"service": "AREN", "type": "Error Acceso", "description": "No puedo entrar desde el puesto 14."}
    return RouteInput(
        kind, **{"fields": fields, "sender": "ana@cliente.example", "address": "soporte@cau.example", **more}
    )


def saying(text: str) -> RouteInput:
    return mail(text=text)


MONDAY_NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)
MONDAY_NIGHT = datetime(2026, 11, 23, 21, tzinfo=UTC)
CONDITIONS = [
    # when, input, whether it holds
    ({}, mail(), True),
    ({"kind": "incident"}, mail(), True),
    ({"kind": "work_order"}, mail(), False),
    ({"kind": ["incident", "work_order"]}, mail(), True),
    ({"service": "AREN"}, mail(), True),
    ({"service": "Arena"}, mail(), True),
    ({"service": "aren"}, mail(), True),
    ({"service": ["LIBRA", "AREN"]}, mail(), True),
    ({"service": "LIBRA"}, mail(), False),
    ({"service": "AREN", "type": "error acceso"}, mail(), True),
    ({"service": "AREN", "type": "Pérdida de Servicio"}, mail(), False),
    ({"province": "lérida"}, mail(fields={"province": "LERIDA"}), True),
    ({"province": "Lugo"}, mail(), False),
    ({"address": "soporte-a@cau.example"}, mail(address="Soporte-A@cau.example"), True),
    ({"address": "soporte-a@cau.example"}, mail(), False),
    ({"sender": "ANA@cliente.example"}, mail(), True),
    ({"sender": "luis@cliente.example"}, mail(), False),
    ({"domain": ["otro.example", "cliente.example"]}, mail(), True),
    ({"domain": "@Cliente.example"}, mail(), True),
    ({"domain": "example"}, mail(), False),
    ({"words": "caída"}, saying("Hay una CAIDA general"), True),
    ({"words": ["no responde", "caída"]}, saying("El servidor\n no  responde."), True),
    ({"words": "red"}, saying("Estoy enredado en redes"), False),
    ({"words": "puesto 14"}, mail(), True),
    ({"regex": r"puesto \d+"}, mail(), True),
    ({"regex": [r"^nada$", r"(?i)PUESTO"]}, mail(), True),
    ({"regex": r"(a+)+$"}, saying("a" * 90_000 + "!"), False),
    ({"regex": {"description": r"^No puedo"}}, mail(), True),
    ({"regex": {"description": r"^No puedo", "service": "^L"}}, mail(), False),
    ({"regex": {"province": "."}}, mail(), False),
    ({"attachment": True}, mail(has_attachment=True), True),
    ({"attachment": True}, mail(), False),
    ({"attachment": False}, mail(), True),
    ({"business_hours": True}, mail(at=MONDAY_NOON), True),
    ({"business_hours": True}, mail(at=MONDAY_NIGHT), False),
    ({"business_hours": False}, mail(at=MONDAY_NIGHT), True),
    ({"business_hours": True}, mail("work_order", fields={}, at=MONDAY_NIGHT), True),
    ({"business_hours": True}, mail(at=MONDAY_NOON, in_hours=False), False),
    ({"business_hours": True}, mail(), True),
]


@pytest.mark.parametrize(("when", "given", "holds"), CONDITIONS)
def test_conditions(when, given, holds):
    assert problems(desk(rule(when))) == ()
    (step,) = route(desk(rule(when)), given).trace
    assert step.matched is holds


def test_first_match_wins_and_the_trace_tells_why_the_others_did_not():
    found = route(
        desk(
            rule({"service": "AREN", "type": "Pérdida de Servicio"}, {"group": "redes"}, "caída"),
            rule({"kind": "incident", "type": "Error Acceso"}, {"group": "n2", "priority": "Urgente"}, "accesos"),
            rule({}, {"group": "redes"}, "todo"),
        ),
        mail(),
    )
    assert (found.group, found.priority, found.rule) == ("n2", "Urgente", "accesos")
    assert found.trace == (
        Step("caída", False, (("type", "Error Acceso"),)),
        Step("accesos", True, (("kind", "incident"), ("type", "Error Acceso"))),
    )
    assert found.trace[1].why == "kind: «incident»; type: «Error Acceso»"


def test_continue_lets_later_rules_add_but_not_change():
    found = route(
        desk(
            rule({}, {"priority": "Alta", "notify": ["a@x.example"]}, "vip", continue_=True),
            rule({"service": "LIBRA"}, {"group": "redes"}, "libra", continue_=True),
            rule({}, {"group": "n2", "priority": "Baja", "notify": ["b@x.example", "a@x.example"]}, "resto"),
        ),
        mail(),
    )
    assert (found.group, found.priority) == ("n2", "Alta")
    assert found.notify == ("a@x.example", "b@x.example")
    assert found.rule == "vip + resto"
    assert [step.matched for step in found.trace] == [True, False, True]


def test_without_a_rule_the_kind_decides():
    found = route(desk(), mail())
    assert (found.group, found.priority, found.category, found.rule, found.trace) == ("n1", "Media", "", "", ())


def test_every_outcome():
    then = {"language": "en", "refuse": "Por teléfono, por favor.", "hold": True, "notify": "guardia@cau.example"}
    found = route(desk(rule({}, then)), mail())
    assert (found.language, found.refuse, found.hold) == ("en", "Por teléfono, por favor.", True)
    assert found.notify == ("guardia@cau.example",)


PRIORITIES = [
    ("the rule's", {"priority": "Urgente"}, mail("work_order", address_priority="Alta", fields={"priority": "Media"}),
     "Urgente"),
    ("else the opening address's", {"group": "n2"}, mail("work_order", address_priority="Alta",
     fields={"priority": "Media"}), "Alta"),
    ("else a field's", {"group": "n2"}, mail("work_order", fields={"priority": "Media"}), "Media"),
    ("else the kind's", {"group": "n2"}, mail("work_order", fields={}), "Baja"),
    ("else the usual one", {"group": "n2"}, mail(), "Media"),
    ("a field's that is none is no priority", {"group": "n2"}, mail(fields={"priority": "Ayer"}), "Media"),
]  # fmt: skip


@pytest.mark.parametrize(("then", "given", "priority"), [row[1:] for row in PRIORITIES], ids=[r[0] for r in PRIORITIES])
def test_priority(then, given, priority):
    assert route(desk(rule({}, then)), given).priority == priority


@pytest.mark.parametrize(
    ("names", "usual"),
    [
        (("Urgente", "Alta", "Media", "Baja"), "Media"),
        (("P1", "P2", "P3"), "P2"),
        (("P1", "P2", "P3", "P4"), "P3"),
        (("Media", "P1", "P2"), "Media"),
        (("P1",), "P1"),
        ((), "Media"),
    ],
)
def test_the_usual_priority(names, usual):
    of = {name: Priority(Duration(hours=1), Duration(hours=2)) for name in names}
    assert default_priority(replace(DESK, priorities=of)) == usual


def test_the_middle_priority_goes_by_rank():
    of = {
        name: Priority(Duration(hours=1), Duration(hours=2), rank=rank) for name, rank in (("A", 3), ("B", 1), ("C", 2))
    }
    assert default_priority(replace(DESK, priorities=of)) == "C"


GROUPS = [
    ("the rule's, whatever the category says", {"group": "n2", "category": "Accesos"}, mail(), "n2", "Accesos"),
    ("the category's", {"category": "Accesos"}, mail(), "redes", "Accesos"),
    ("a category that fixes none", {"category": "Otros"}, mail(), "n1", "Otros"),
    ("the opening address's", {"priority": "Alta"}, mail(address_group="n2"), "n2", ""),
    ("a field's category", {"priority": "Alta"}, mail("work_order", fields={"category": "Accesos"}), "redes",
     "Accesos"),
    ("another name of a category", {"category": "contrasenas"}, mail(), "redes", "Accesos"),
    ("a technician's category comes first", {"group": "n2", "category": "Otros"}, mail(category="Accesos"), "redes",
     "Accesos"),
    ("a technician's category that fixes no group", {"group": "n2"}, mail(category="Otros"), "n2", "Otros"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("then", "given", "group", "category"), [row[1:] for row in GROUPS], ids=[r[0] for r in GROUPS]
)
def test_group_and_category(then, given, group, category):
    found = route(desk(rule({}, then)), given)
    assert (found.group, found.category) == (group, category)


def test_another_desk_has_its_own_rules():
    assert route(desk(rule({}, {"group": "n2"})), mail()).group == "n2"
    assert route(desk(rule({}, {"group": "redes"})), mail()).group == "redes"


# -- what an admin gets wrong

PROBLEMS = [
    ({"servce": "AREN"}, None, ("when", "servce"), 'did you mean "service"?'),
    ({"kind": "incidente"}, None, ("when", "kind"), 'did you mean "incident"?'),
    ({"kind": "work_order", "service": "AREN"}, None, ("when", "service"), "there is no condition or field"),
    ({"service": "ARENN"}, None, ("when", "service"), 'did you mean "AREN"?'),
    ({"service": []}, None, ("when", "service"), "write a text"),
    ({"service": 3}, None, ("when", "service"), "write a text"),
    ({"address": "otro@cau.example"}, None, ("when", "address"), "there is no address of ours"),
    ({"domain": "ana@cliente.example"}, None, ("when", "domain"), "is an address; write a domain"),
    ({"regex": "\bcobro"}, None, ("when", "regex"), "write it in single quotes"),
    ({"words": "¡!"}, None, ("when", "words"), "letters or digits"),
    ({"regex": "(a"}, None, ("when", "regex"), "missing )"),
    ({"regex": r"(a)\1"}, None, ("when", "regex"), "linear time"),
    ({"regex": "(?=a)"}, None, ("when", "regex"), "linear time"),
    ({"regex": {"descripcion": "a"}}, None, ("when", "regex"), 'did you mean "description"?'),
    ({"attachment": "yes"}, None, ("when", "attachment"), "true or false"),
    ({"business_hours": 1}, None, ("when", "business_hours"), "true or false"),
    ({}, {}, ("then",), "nothing follows"),
    ({}, {"gruop": "n2"}, ("then", "gruop"), 'did you mean "group"?'),
    ({}, {"group": "n3"}, ("then", "group"), "known: n1, n2, redes"),
    ({}, {"group": ["n1", "n2"]}, ("then", "group"), "the name of a group"),
    ({}, {"priority": "urgente"}, ("then", "priority"), 'did you mean "Urgente"?'),
    ({}, {"category": "Acceso"}, ("then", "category"), 'did you mean "Accesos"?'),
    ({}, {"notify": ["guardia"]}, ("then", "notify"), "no mail address"),
    ({}, {"notify": ["Soporte@cau.example"]}, ("then", "notify"), "a mailbox of the desk itself"),
    ({}, {"language": "fr"}, ("then", "language"), "known: es, en"),
    ({}, {"refuse": ""}, ("then", "refuse"), "the text that the sender will read"),
    ({}, {"hold": "yes"}, ("then", "hold"), "true or false"),
]


@pytest.mark.parametrize(("when", "then", "path", "text"), PROBLEMS)
def test_problems(when, then, path, text):
    (problem,) = problems(desk(rule({"kind": "incident"}), rule(when, then)))
    assert (problem.rule, problem.path) == (1, path)
    assert text in problem.text


def test_every_problem_is_told_at_once():
    bad = rule({"x": 1, "regex": "("}, {"y": 1}, tests=(RuleTest({"z": "1", "kind": "no"}, {"grupo": "n1"}),))
    assert [problem.path for problem in problems(desk(bad))] == [
        ("when", "x"),
        ("when", "regex"),
        ("then", "y"),
        ("tests", 0, "given", "z"),
        ("tests", 0, "given", "kind"),
        ("tests", 0, "expect", "grupo"),
    ]


WRONG_FACTS = [
    ({"service": "Padrones"}, "service", 'there is no value "Padrones"; '),
    ({"kind": "work_order", "service": "AREN"}, "service", 'there is no key "service"'),
    ({"address": "otro@cau.example"}, "address", "there is no address of ours"),
    ({"attachment": "yes"}, "attachment", "true or false"),
    ({"business_hours": "no"}, "business_hours", "true or false"),
]


@pytest.mark.parametrize(("given", "key", "text"), WRONG_FACTS)
def test_a_fact_of_a_test_that_no_mail_could_give_is_told(given, key, text):
    (problem,) = problems(desk(rule({}, tests=(RuleTest(given, {"group": "n1"}),))))
    assert problem.path == ("tests", 0, "given", key)
    assert text in problem.text


# -- the rules' own tests

LOST = {"service": "AREN", "type": "Pérdida de Servicio"}
OWN_TESTS = [
    ({"service": "AREN", "type": "Pérdida de Servicio"}, {"group": "n2", "priority": "Urgente"}, ""),
    ({"service": "AREN", "type": "Pérdida de Servicio"}, {"notify": ["guardia@cau.example"], "rule": "caída"}, ""),
    ({"service": "LIBRA", "type": "Pérdida de Servicio"}, {"group": "n1", "refuse": False, "hold": False}, ""),
    ({"service": "Arena", "type": "perdida de servicio"}, {"group": "n2"}, ""),
    (LOST, {"hold": True}, 'rule "caída", test 1: hold = true expected, got false (by rule "caída")'),
    ({"kind": "work_order"}, {"group": "n2", "priority": "Baja", "notify": []}, ""),
    ({"address": "soporte-a@cau.example"}, {"priority": "Alta"}, ""),
    ({"address": "soporte-n2@cau.example", "service": "LIBRA"}, {"group": "n2"}, ""),
    ({"service": "LIBRA", "type": "Error Acceso"}, {"group": "n2"},
     'rule "caída", test 1: group = "n2" expected, got "n1" (no rule took it)'),
    (LOST, {"group": "n1", "priority": "Alta"},
     'rule "caída", test 1: group = "n1" expected, got "n2"; priority = "Alta" expected, got "Urgente" '
     '(by rule "caída")'),
]  # fmt: skip


@pytest.mark.parametrize(("given", "expect", "failure"), OWN_TESTS)
def test_own_tests(given, expect, failure):
    then = {"group": "n2", "priority": "Urgente", "notify": ["guardia@cau.example"]}
    tested = desk(rule(LOST, then, "caída", tests=(RuleTest(given, expect),)))
    assert problems(tested) == ()
    assert [(each.path, each.text) for each in run_tests(tested)] == ([(("tests", 0), failure)] if failure else [])


def test_own_tests_run_every_rule_not_only_theirs():
    first = rule({"attachment": True, "business_hours": False}, {"group": "redes"}, "noche")
    given = {"attachment": True, "business_hours": False, "sender": "a@b.example", "text": "caída general"}
    second = rule({"words": "caída"}, {"group": "n2"}, "caída", tests=(RuleTest(given, {"group": "n2"}),))
    assert run_tests(desk(second, first)) == ()
    told = 'rule "caída", test 1: group = "n2" expected, got "redes" (by rule "noche")'
    assert run_tests(desk(first, second)) == ((1, ("tests", 0), told),)
