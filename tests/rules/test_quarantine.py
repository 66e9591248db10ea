"""An admin's clicks on the quarantine digest: what each decides, and who may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.decision import Decision
from rules.facts import Facts, HeldGrant, SetAside
from rules.letters import Grant
from rules.quarantine import MOST, VERBS, digest
from rules.reading import token_digest
from rules.tables import Senders
from tests.rules.desks import DESK, GOOD, MARTA, NOW, OPENING, TOKEN, letters, mail, make_desk, verdict

ADMIN = "admin@cau.test"
BAD = SetAside(41, "apertura", "quarantined", "more than 200 parts", "raro@otro.test", "<b>Oferta</b>", NOW, 48_000)


def click(verb: str, sender: str = ADMIN, set_aside: SetAside | None = BAD, used: bool = False) -> Decision:
    grant = Grant("quarantine", verb, addressee=ADMIN, mail=41)
    facts = Facts(grant=HeldGrant(grant, token_digest(TOKEN), NOW if used else None), set_aside=set_aside)
    return verdict("servicio", mail(f"Cuarentena {verb} 41 [{TOKEN}]", sender=sender), facts)


@pytest.mark.parametrize("verb", VERBS)
def test_a_click_is_done_and_answered(verb: str) -> None:
    decision = click(verb)
    assert (decision.verdict, decision.settled) == ("desk", ((41, verb),))
    assert decision.blocked == (("raro@otro.test",) if verb == "block" else ())
    assert decision.used == (token_digest(TOKEN),)
    assert letters(decision) == [("admin_alert", (ADMIN,))]
    assert decision.letters[0].values["topic"] == f"quarantine_{verb}"


GONE = [
    ("decided meanwhile", replace(BAD, verdict="untreated"), False),
    ("treated meanwhile", replace(BAD, verdict="opened"), False),
    ("no such mail", None, False),
    ("the same link again", BAD, True),
]


@pytest.mark.parametrize(("case", "set_aside", "used"), GONE, ids=[case for case, *_ in GONE])
def test_a_late_click_changes_nothing_and_is_answered(case: str, set_aside: SetAside | None, used: bool) -> None:
    decision = click("release", set_aside=set_aside, used=used)
    assert (decision.settled, decision.blocked, decision.used) == ((), (), ())
    assert decision.letters[0].values["topic"] == "quarantine_gone"


def test_nobody_else_uses_the_link() -> None:
    decision = click("release", sender=MARTA)
    assert (decision.verdict, decision.why, decision.settled, decision.letters) == ("untreated", "stranger", (), ())


def test_who_is_no_admin_any_more_decides_nothing() -> None:
    grant = Grant("quarantine", "block", addressee=ADMIN, mail=41)
    facts = Facts(grant=HeldGrant(grant, token_digest(TOKEN)), set_aside=BAD)
    desk = make_desk(desk=replace(DESK.desk, admins=("otra@cau.test",)))
    decision = verdict("servicio", mail(f"Cuarentena 41 [{TOKEN}]", sender=ADMIN), facts, desk)
    assert (decision.verdict, decision.settled, decision.letters) == ("untreated", (), ())


def test_each_admin_gets_links_of_their_own() -> None:
    desk = make_desk(desk=replace(DESK.desk, admins=(ADMIN, "otra@cau.test")))
    told = digest([BAD], 1, desk).letters
    assert [letter.to for letter in told] == [(ADMIN,), ("otra@cau.test",)]
    for letter in told:
        grants = [link.grant for link in letter.links if link.grant]
        assert {grant.addressee for grant in grants} == set(letter.to)
        assert [grant.verb for grant in grants] == list(VERBS)


def test_a_long_digest_counts_the_rest_and_an_empty_one_is_not_sent() -> None:
    (letter,) = digest([replace(BAD, id=n) for n in range(30)], 30, DESK).letters
    assert (len(letter.values["mails"]), letter.values["total"]) == (MOST, 30)
    assert digest([], 0, DESK).letters == ()


def test_a_mail_without_a_sender_blocks_nobody() -> None:
    (letter,) = digest([replace(BAD, sender="")], 1, DESK).letters
    assert "block" not in [link.key for link in letter.links]


@pytest.mark.parametrize(
    ("why", "reason", "diagnostic"),
    [
        ("unproven", "unproven", ""),
        ("error", "error", ""),
        ("parser died: 9 EOFError", "error", "parser died: 9 EOFError"),
        ("more than 200 parts", "over_budget", "more than 200 parts"),
    ],
)
def test_the_reason_is_told(why: str, reason: str, diagnostic: str) -> None:
    (letter,) = digest([replace(BAD, why=why)], 1, DESK).letters
    (told,) = letter.values["mails"]
    assert (told["reason"], told["diagnostic"]) == (reason, diagnostic)


def test_a_blocked_sender_is_filed_unread() -> None:
    decision = verdict("apertura", mail(OPENING, GOOD), Facts(blocked=True))
    assert (decision.verdict, decision.why, decision.letters) == ("untreated", "blocked", ())


def test_an_unproven_mail_passes_once_an_admin_has_released_it() -> None:
    desk = make_desk(senders=Senders(authentication="require"))
    assert verdict("apertura", mail(OPENING, GOOD), Facts(next_number="I171009_000001"), desk).verdict == "quarantined"
    released = Facts(next_number="I171009_000001", released=True)
    assert verdict("apertura", mail(OPENING, GOOD), released, desk).verdict == "opened"
