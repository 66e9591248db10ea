"""The fault matrix: every row, the tests that show it, and their verdict.

A test belongs to the rows that its name says: `test_f22_f23_…` to F22 and F23. `python -m tests.matrix` runs them and
prints a verdict a row; with `--write` it only writes docs/faults.md, which a test compares with what is here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "faults.md"

FAULTS: Mapping[str, tuple[str, str]] = {
    "F1": ("killed after FETCH, before anything was written", "the mail is fetched again and treated once"),
    "F2": ("killed inside the transaction", "nothing of it is seen, no number is spent"),
    "F3": ("killed after COMMIT, before the move", "no second ticket; the mail is only moved"),
    "F4": ("killed after the move, before its note", "a UID that has gone counts as moved"),
    "F5": ("killed after a letter was claimed", "the claim comes free, the letter is sent once"),
    "F6": ("killed after the final dot, before its record", "sent again with the same Message-ID and bytes"),
    "F7": ("final dot taken, connection lost", "as F6"),
    "F8": ("no reply to the final dot", "a deadline; then as F6"),
    "F9": ("4xx in any phase", "deferred; waits double to a cap, with jitter"),
    "F10": ("5xx in any phase", "failed; told once, never tried again"),
    "F11": ("421 in any phase", "deferred, whatever it answered"),
    "F12": ("one of two recipients refused", "the other gets the letter once; each has a state of its own"),
    "F13": ("reset at QUIT, after the 250", "sent; not tried again"),
    "F14": ("garbage or an endless line as reply", "deferred, never read as permanent"),
    "F15": ("SMTP server away for days", "the queue is kept, spread on return, given up after its days and told"),
    "F16": ("IMAP server dies while it sends a mail", "nothing half; fetched again whole"),
    "F17": ("a byte now and then", "a total deadline on every operation"),
    "F18": ("a black hole during IDLE", "noticed within the deadline"),
    "F19": ("the connection ends during IDLE", "connected again; no spinning"),
    "F20": ("an arrival told with another answer, or in the segment of the answer to IDLE", "seen at once"),
    "F21": ("a line of IDLE cut in two", "connected again"),
    "F22": (
        "new UIDVALIDITY between two sessions",
        "all looked at again, nothing treated twice, the event logged",
    ),
    "F23": ("new UIDVALIDITY while a session is open", "as F22"),
    "F24": ("a search that gives the last old UID", "only newer ones are new"),
    "F25": ("a mail taken away before FETCH", "gone, not an empty mail"),
    "F26": (
        "no MOVE, no UIDPLUS, no folder, quota full",
        "copied and marked; no other mail expunged; the mail stays",
    ),
    "F27": ("login dropped or refused for the time being", "tried again; only refused passwords are counted as such"),
    "F28": ("200,000 mails in a folder", "asked for in windows of UIDs"),
    "F29": ("disk full inside a transaction", "rolled back; the mail waits in its mailbox; goes on by itself"),
    "F30": ("disk full under log and spool", "no crash; lines are lost, mails are not"),
    "F31": ("SQLite locked by another process", "waited for, then the whole transaction again"),
    "F32": ("a damaged database", "refused with exit code 1, mailbox untouched; a backup is put back"),
    "F33": ("PostgreSQL crashes inside a transaction", "done again, whole"),
    "F34": ("the answer to COMMIT is lost", "found decided; no second number"),
    "F35": ("PostgreSQL away at start, or for a while", "waited for; no mail is moved"),
    "F36": ("two daemons, one mailbox", "each mail once; SQLite refuses the second"),
    "F37": ("a daemon sleeps through its lease", "the other goes on; its late write is refused, its letters go once"),
    "F38": ("the clock jumps by an hour or a day", "the pumps go on, numbers stay unique"),
    "F39": ("the clock jumps by 400 days", "what is due comes once; no long loop"),
    "F40": (
        "midnight, daylight saving, the last number of a day",
        "the desk's day; after the last, openings are refused",
    ),
    "F41": (
        "config.toml half written, wrong or gone",
        "the old one stays, told once; a good one swaps as a whole",
    ),
    "F42": (
        "a mail that kills, hangs or fills its parser",
        "three attempts alone, then quarantine; the others go on",
    ),
    "F43": ("SIGTERM in the middle of the work", "ends within five seconds; nothing lost, nothing doubled"),
    "F44": ("nobody reads the log or the figures", "lines are lost, the desk goes on"),
    "F45": ("a backup taken under load, put back", "the books balance; letters of the time after it may come again"),
}
"""Row → what happens, what holds."""

CANNOT_HOLD: Mapping[str, str] = {}
"""Row → why no program could."""

_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.M)
_ROWS = re.compile(r"(?<=_)f(\d\d)(?=_|$)")


def found() -> dict[str, list[str]]:
    """Row → its tests, as «tests/test_kills.py::test_f01_…»."""
    tests: dict[str, list[str]] = {row: [] for row in FAULTS}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _TEST.findall(file.read_text(encoding="utf-8")):
            for number in _ROWS.findall(name):
                tests[f"F{int(number)}"].append(f"{file.relative_to(ROOT)}::{name}")
    return tests


def document() -> str:
    """docs/faults.md."""
    lines = [
        "# Faults", "",
        "What may break around Acuse, what holds all the same, and the tests that show it; `make faults` runs them.",
        "Servers are real ones (Dovecot, Postfix, PostgreSQL) where a real one can be brought to misbehave so. After",
        "each fault one checker (`tests/invariants.py`) counts mails, tickets, letters and folders from outside, and",
        "proves the books from inside.", "",
        "| | fault | what holds | shown by |", "|---|---|---|---|",
    ]  # fmt: skip
    for row, tests in found().items():
        fault, holds = FAULTS[row]
        shown = "<br>".join(f"`{test}`" for test in tests)
        lines.append(f"| {row} | {fault} | {CANNOT_HOLD.get(row, holds)} | {shown} |")
    return "\n".join(lines) + "\n"


class _Verdicts:
    """Notes what became of every test."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.passed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.failed:
            self.failed.add(test)
        elif report.when == "call":
            self.passed.add(test)

    def of(self, tests: list[str]) -> str:
        """One word for a row."""
        if any(test in self.failed for test in tests):
            return "FAILS"
        return "holds" if tests and all(test in self.passed for test in tests) else "NOT SHOWN"


def run() -> int:
    """Run every test of the matrix and print it; 1 where a row does not hold."""
    rows = found()
    verdicts = _Verdicts()
    pytest.main(["-q", *dict.fromkeys(test for tests in rows.values() for test in tests)], plugins=[verdicts])
    for row, tests in rows.items():
        verdict = "cannot hold" if row in CANNOT_HOLD else verdicts.of(tests)
        print(f"{row:4} {verdict:11} {FAULTS[row][0]}: {CANNOT_HOLD.get(row, FAULTS[row][1])}")
        for test in tests:
            print(f"                 {'✗' if test in verdicts.failed else '✓'} {test}")
    return int(any(verdicts.of(tests) != "holds" for row, tests in rows.items() if row not in CANNOT_HOLD))


if __name__ == "__main__":
    if "--write" in sys.argv:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        sys.exit(run())
