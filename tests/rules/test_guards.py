"""What becomes of a letter: a table of windows before, and send, defer or drop after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.guards import Admission, OpenBreaker, admit, bucket, content_window, fingerprint, last_hour, limits
from rules.letters import LETTERS
from rules.tables import Breaker, Guards

NOW = datetime(2017, 10, 9, 8, 2, tzinfo=UTC)
GUARDS = Guards(letters=60, notices=3, near_miss=1, breaker=Breaker(100, 500, 10))
ANA = "ana@clientes.example"
SAME = content_window(ANA, "hola")
STAFF_FULL = {f"staff:{ANA}": {bucket(NOW): GUARDS.staff}}


def ago(minutes: float) -> int:
    return bucket(NOW - timedelta(minutes=minutes))


def decide(
    letter: str,
    counts: dict[str, dict[int, int]],
    breakers: dict[str, OpenBreaker] | None = None,
    staff: bool = False,
    now: datetime = NOW,
) -> Admission:
    wanted = limits(letter, ANA, staff, GUARDS, "" if staff else SAME)
    return admit(letter, wanted, counts, breakers or {}, now)


@pytest.mark.parametrize(
    ("letter", "counts", "staff", "action"),
    [
        ("confirmation", {}, False, "send"),
        ("confirmation", {f"letters:{ANA}": {ago(5): 59}}, False, "send"),
        ("confirmation", {f"letters:{ANA}": {ago(5): 60}}, False, "defer"),
        ("confirmation", {f"letters:{ANA}": {ago(70): 60}}, False, "send"),
        ("confirmation", {"notices": {ago(5): 500}}, False, "send"),
        ("confirmation", {SAME: {ago(5): 10}}, False, "defer"),
        ("refusal", {f"notice:refusal:{ANA}": {ago(5): 2}}, False, "send"),
        ("refusal", {f"notice:refusal:{ANA}": {ago(5): 3}}, False, "drop"),
        ("refusal", {f"notice:closed_notice:{ANA}": {ago(5): 3}}, False, "send"),
        ("refusal", {f"letters:{ANA}": {ago(5): 60}}, False, "drop"),
        ("refusal", {"notices:clientes.example": {ago(5): 100}}, False, "drop"),
        ("refusal", {"notices": {ago(55): 250, ago(0): 250}}, False, "drop"),
        ("refusal", {SAME: {ago(5): 10}}, False, "drop"),
        ("near_miss", {f"notice:near_miss:{ANA}": {ago(5): 1}}, False, "drop"),
        ("assignment", {f"letters:{ANA}": {ago(5): 999}}, True, "send"),
        ("desk_refusal", {f"notice:desk_refusal:{ANA}": {ago(5): 59}}, True, "send"),
        ("desk_refusal", {f"notice:desk_refusal:{ANA}": {ago(5): 60}}, True, "drop"),
        *((answer, STAFF_FULL, True, "drop") for answer in ("search_results", "worklist", "explanation")),
        *((news, STAFF_FULL, True, "defer") for news in ("update", "delivery_failure", "admin_alert")),
    ],
)
def test_guards(letter: str, counts: dict[str, dict[int, int]], staff: bool, action: str) -> None:
    assert decide(letter, counts, staff=staff).action == action


def test_every_letter_to_outsiders_is_bounded() -> None:
    """Promise P9: whatever a letter is called, an address gets at most so many an hour."""
    assert all(f"letters:{ANA}" in {each.name for each in limits(letter, ANA, False, GUARDS)} for letter in LETTERS)


def test_an_address_in_capitals_is_the_same() -> None:
    assert all(limits(letter, ANA.upper(), staff, GUARDS) == limits(letter, ANA, staff, GUARDS)
               for letter in LETTERS for staff in (True, False))  # fmt: skip


def test_what_is_deferred_goes_when_there_is_room_and_counts_there() -> None:
    letters = {ago(0): 60}
    deferred = [_defer(letters) for _ in range(61)]
    assert deferred[0] == datetime(2017, 10, 9, 9, 0, tzinfo=UTC)
    assert deferred[:60] == [deferred[0]] * 60
    assert deferred[60] == deferred[0] + timedelta(hours=1)


def test_what_a_breaker_holds_waits_an_hour_and_mails_of_one_content_are_not_counted_again() -> None:
    held = decide("confirmation", {SAME: {ago(0): 10}})
    assert (held.at, held.count) == (NOW + timedelta(hours=1), (f"letters:{ANA}",))


def _defer(letters: dict[int, int]) -> datetime:
    admission = decide("confirmation", {f"letters:{ANA}": letters})
    assert admission.action == "defer"
    letters[bucket(admission.at)] = letters.get(bucket(admission.at), 0) + 1
    return admission.at


BREAKER_DAY = ((0, "drop"), (1, "drop"), (59, "drop"), (60, "send"), (61, "drop"), (119, "drop"), (179, "send"))
"""Minute and what becomes of a notice then; the last one comes after an hour to the minute in which none did."""


def test_the_breaker_opens_once_probes_each_hour_and_closes_after_a_quiet_one() -> None:
    counts = {"notices": {ago(1): 500}}
    breakers: dict[str, OpenBreaker] = {}
    told = []
    for minutes, action in BREAKER_DAY:
        admission = decide("refusal", counts, breakers, now=NOW + timedelta(minutes=minutes))
        assert (minutes, admission.action) == (minutes, action)
        told += [admission.opened] * bool(admission.opened)
        for name, breaker in admission.breakers:
            breakers.pop(name, None)
            if breaker:
                breakers[name] = breaker
    assert told == ["notices"]
    assert breakers == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Incidencia I171009_000001 creada", "incidencia  i171009_000002, creada.", True),
        ("Estoy fuera hasta el 9", "Estoy fuera hasta el 10", True),
        ("Estoy fuera", "Estoy dentro", False),
        ("", "12 34", True),
        ("lone \ud800", "lone?", True),
    ],
)
def test_fingerprint(one: str, other: str, same: bool) -> None:
    assert (fingerprint(one) == fingerprint(other)) is same


OPENINGS_ALIKE = [
    # the descriptions of two openings of one sender, and whether they count as the same
    ("Disco al 91 % en srv1", "Disco al 92 % en srv1", False),
    ("Expediente 17", "Expediente 18", False),
    ("Expediente 17", "Expediente 17", True),
]


@pytest.mark.parametrize(("one", "other", "same"), OPENINGS_ALIKE)
def test_openings_that_differ_in_a_number_are_not_the_same(one: str, other: str, same: bool) -> None:
    windows = [content_window("robot@x.test", "Abro esto", (("description", text),)) for text in (one, other)]
    assert (windows[0] == windows[1]) is same


def test_answers_that_count_themselves_are_the_same() -> None:
    answers = [content_window("robot@x.test", f"Recibido el {n}/10/2017. Referencia {n * 7}") for n in range(1, 30)]
    assert len(set(answers)) == 1


def test_an_hour_is_twelve_buckets() -> None:
    assert last_hour({ago(62): 1, ago(57): 2, ago(0): 4, ago(-5): 8}, bucket(NOW)) == 6
