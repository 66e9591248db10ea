"""Who may what, as tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.mail import Mail
from rules.access import acts_for, admits, authentication, domain_of, is_shared, may_join
from rules.desk import Desk
from rules.facts import Person
from rules.tables import DeskTable, Group, Kind, Mailbox, PersonTable, Requesters, Senders
from rules.ticket import Ticket

DESK = Desk(
    DeskTable("Soporte", "cau.example"),
    mailboxes=(Mailbox("todo", ("opening", "service", "desk"), "soporte@cau.example"),),
    kinds={"incident": Kind("Incidencia", "I", "Apertura", "n1")},
    groups={
        "n1": Group(
            "N1", "n1@cau.example", ("ana@cau.example", "Luis@cau.example"), "coord@cau.example", escalates_to="coord"
        ),
        "coord": Group("Coordinación", "c@cau.example", ("marta@cau.example",)),
        "spec": Group("Especialistas", "s@cau.example", ("eva@cau.example",)),
    },
    people=(PersonTable("Rosa Gil", ("rosa@otra.example",)),),
)
JUAN = Person("Juan Paz", ("juan@fuera.example",))


def under(policy: str = "open", **more) -> Desk:
    return replace(DESK, requesters=Requesters(policy, **more))


ADMITTED = [
    ("open: anybody", under(), "x@fuera.example", None, True),
    ("domains: of the list", under("domains", domains=("cliente.example",)), "x@Cliente.example", None, True),
    ("domains: written with @", under("domains", domains=("@cliente.example",)), "x@cliente.example", None, True),
    ("domains: not of the list", under("domains", domains=("cliente.example",)), "x@fuera.example", None, False),
    ("domains: a subdomain is another", under("domains", domains=("cliente.example",)), "x@a.cliente.example", None,
     False),
    ("domains: a known person", under("domains"), "rosa@otra.example", None, True),
    ("registered: unknown", under("registered"), "x@fuera.example", None, False),
    ("registered: by mail", under("registered"), "juan@fuera.example", JUAN, True),
    ("registered: from the start", under("registered"), "ROSA@otra.example", None, True),
    ("registered: the desk's own people", under("registered"), "ana@cau.example", None, True),
    ("registered: a shared address, even registered", under("registered"), "info@fuera.example", JUAN, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("desk", "sender", "person", "admitted"), [r[1:] for r in ADMITTED], ids=[r[0] for r in ADMITTED]
)
def test_admits(desk, sender, person, admitted):
    assert admits(desk, sender, person) is admitted


@pytest.mark.parametrize(
    ("address", "shared"),
    [("info@x.example", True), ("Soporte@x.example", True), ("ana@x.example", False), ("info.ana@x.example", False)],
)
def test_shared_addresses(address, shared):
    assert is_shared(address, DESK) is shared


JOINING = [
    ("open, no list: nobody", under(), "x@cliente.example", (), False),
    ("any", under(participants="any"), "x@cliente.example", (), True),
    ("any, but not the desk itself", under(participants="any"), "Soporte@cau.example", (), False),
    ("any, but not a group, which gets letters of its own", under(participants="any"), "N1@cau.example", (), False),
    ("any, but not something that is no address", under(participants="any"), "undisclosed", (), False),
    ("a listed domain", under(domains=("cliente.example",)), "x@cliente.example", (), True),
    ("registered by mail", under(), "Juan@fuera.example", {"juan@fuera.example"}, True),
    ("known from the start", under(), "rosa@otra.example", (), True),
    ("a technician is no participant by that", under(), "ana@cau.example", (), False),
]


@pytest.mark.parametrize(("desk", "address", "people", "joins"), [r[1:] for r in JOINING], ids=[r[0] for r in JOINING])
def test_may_join(desk, address, people, joins):
    assert may_join(desk, address, people) is joins


ACTING = [
    ("a member", "n1", (), "ANA@cau.example", True),
    ("a member written in capitals", "n1", (), "luis@cau.example", True),
    ("the coordinator", "n1", (), "coord@cau.example", True),
    ("another group's", "n1", (), "eva@cau.example", False),
    ("the group's own address is nobody", "n1", (), "n1@cau.example", False),
    ("the coordination that it came from", "spec", ("n1", "coord"), "marta@cau.example", True),
    ("the first level that it came from before", "spec", ("n1", "coord"), "ana@cau.example", False),
    ("a group that it came from, which coordinates nobody", "coord", ("spec",), "eva@cau.example", False),
    ("a group that is no longer configured", "vieja", (), "ana@cau.example", False),
]


@pytest.mark.parametrize(("group", "came_from", "sender", "acts"), [r[1:] for r in ACTING], ids=[r[0] for r in ACTING])
def test_acts_for(group, came_from, sender, acts):
    assert acts_for(DESK, Ticket("I1", group=group, came_from=came_from), sender) is acts


@pytest.mark.parametrize(("address", "domain"), [("a@B.example", "b.example"), ("a", ""), ("", ""), ("a@b@c.x", "c.x")])
def test_domain_of(address, domain):
    assert domain_of(address) == domain


PASS = "mx.cau.example; spf=pass smtp.mailfrom=cliente.example; dmarc=pass (p=reject) header.from=cliente.example"
NAMELESS = (
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=cliente.example; dkim=pass header.d=cliente.example;"
    "dmarc=pass action=none header.from=cliente.example;compauth=pass reason=100"
)
PROOFS = [
    ("no header", (), "none"),
    ("our server's pass", (PASS,), "pass"),
    ("its name in capitals, with a version", (PASS.replace("mx.cau.example", "MX.cau.example 1"),), "pass"),
    ("another server's pass", (PASS.replace("mx.cau", "mx.evil"),), "none"),
    ("no server named", (NAMELESS,), "none"),
    ("our fail above a forged pass", (PASS.replace("dmarc=pass", "dmarc=fail"), PASS), "fail"),
    ("another server's above ours", (PASS.replace("mx.cau", "mx.other").replace("=pass", "=fail"), PASS), "pass"),
    ("a pass for another domain", (PASS.replace("header.from=cliente", "header.from=evil"),), "fail"),
    (
        "a pass for another domain, ours in another property",
        ("mx.cau.example; dmarc=pass smtp.mailfrom=cliente.example header.from=evil.example",),
        "fail",
    ),
    ("a pass for no domain", ("mx.cau.example; dmarc=pass",), "fail"),
    ("two verdicts", (PASS + "; dmarc=fail header.from=cliente.example",), "fail"),
    ("SPF and DKIM alone are no DMARC", ("mx.cau.example; spf=pass; dkim=pass header.d=cliente.example",), "none"),
    ("no policy published", (PASS.replace("dmarc=pass", "dmarc=none"),), "none"),
    ("no result", ("mx.cau.example; none",), "none"),
    ("without any form", ("((((", ";;;", "mx.cau.example; dmarc=pass =;"), "none"),
    ("nested without end", ("mx.cau.example; dmarc=pass " + "(" * 8000,), "none"),
]


@pytest.mark.parametrize(("headers", "proof"), [r[1:] for r in PROOFS], ids=[r[0] for r in PROOFS])
def test_a06_only_our_own_server_is_believed(headers, proof):
    desk = replace(DESK, senders=Senders("require", ("mx.cau.example",)))
    assert authentication(desk, Mail(sender="ana@cliente.example", auth_results=headers)) == proof


def test_a_header_without_a_server_may_be_trusted():
    desk = replace(DESK, senders=Senders("warn", ("",)))
    assert authentication(desk, Mail(sender="ana@cliente.example", auth_results=(NAMELESS,))) == "pass"
    assert authentication(desk, Mail(sender="ana@cliente.example", auth_results=(PASS,))) == "none"


def test_from_is_believed_by_default():
    assert authentication(DESK, Mail(sender="ana@cliente.example", auth_results=(PASS,))) == "off"


@given(st.text(alphabet='ab;=()". \\dmarcps@1', max_size=80))
def test_no_header_raises(text):
    desk = replace(DESK, senders=Senders("require", ("mx.cau.example",)))
    assert authentication(desk, Mail(sender="a@b.example", auth_results=(f"mx.cau.example; {text}",))) in (
        "pass", "fail", "none",
    )  # fmt: skip
