"""The attack matrix: every row, the tests that show it, and their verdict.

A test belongs to the rows that its name says: `test_a14_…` to A14. `python -m tests.attacks` runs them and prints a
verdict a row; with `--write` it only writes the table of SECURITY.md, which a test compares with what is here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "SECURITY.md"
TITLE = "## The matrix of attacks\n"

ATTACKS: Mapping[str, tuple[str, str]] = {
    "A1": ("a value that becomes a header of our letter", "cleaned, encoded by us, read again and compared"),
    "A2": ("line ends, controls, NUL in a field", "spaces; NUL is gone; the same on both databases"),
    "A3": ("a display name that becomes a recipient", "To is one bare address; the envelope is ours"),
    "A4": ("a From that is no single address", "filed, unanswered; nobody is guessed"),
    "A5": ("a header smuggled behind a lone CR or NUL", "filed, unanswered"),
    "A6": ("forged Authentication-Results", "only our own server's, above the first foreign hop"),
    "A7": ("a reply spoofed with a known subject", "participants only; under `require` proven ones only"),
    "A8": (
        "a third party's mail read through a ticket",
        "no thread for strangers; no letter to who was named",
    ),
    "A9": ("backscatter", "no answer to null senders, to quarantined or unproven mail"),
    "A10": ("loops and floods", "limits per address, domain, content and in all; a breaker that tells once"),
    "A11": ("our own letters come back", "`automatic`, by their marks or their Message-ID"),
    "A12": ("a report that quotes our links", "bound to our letter; no link of it is used; forged ones tell once"),
    "A13": ("an out-of-office to a link's subject", "no letter has a token in its subject; robots decide nothing"),
    "A14": ("tokens guessed", "130 bits, only digests kept; silence, and one alarm"),
    "A15": ("tokens used again, or of an older solution", "nothing changes; the participant is told which it is"),
    "A16": ("tokens passed on", "only their addressee can use them; nobody else is answered"),
    "A17": ("two verdicts at once", "one applies; the other is told which came first"),
    "A18": ("link scanners", "no letter holds an http link"),
    "A19": ("a value that adds to a link", "everything is percent-encoded; two readers agree"),
    "A20": ("a token damaged on its way", "read through twelve clients' damage"),
    "A21": ("invisible and lookalike characters", "the first are removed, the others refused and flagged"),
    "A22": ("a subject of endless encoded words", "capped before it is parsed"),
    "A23": ("charsets that cost time", "only those of a list decode"),
    "A24": ("endless parameters", "the caps hold for the headers of parts too"),
    "A25": ("endless nesting, parts, headers", "a budget each; quarantined, the next mail goes on"),
    "A26": ("large mails and floods", "size first, headers alone; a sender's rate"),
    "A27": ("archives that grow, macros", "files are never opened, only passed on"),
    "A28": ("file names as paths", "kept by digest; the name is for people"),
    "A29": ("a form hidden in an attached mail", "the first text part decides, and nothing else"),
    "A30": ("HTML that says something else, or fetches", "never both are read; nothing of it is sent on"),
    "A31": ("a value that is a template", "values are data; a sandbox without large products"),
    "A32": ("SMTP smuggled in a body", "quoted-printable or base64; no bare CR or LF, no lone dot"),
    "A33": ("another's Message-ID used first", "a copy is the same id and the same content"),
    "A34": ("IMAP commands in a header", "nothing of a mail stands in a command"),
    "A35": ("a pattern that takes for ever", "linear engine; others are refused at load"),
    "A36": ("characters with a meaning in SQL", "parameters only; both databases answer alike"),
    "A37": ("secrets in logs, arguments, letters", "none in any output of a run"),
    "A38": ("TLS stripped, or another's certificate", "verified; fails closed before any login"),
}
"""Row → the attack, what stops it."""

CANNOT_HOLD: Mapping[str, str] = {}
"""Row → why no program could."""

_TEST = re.compile(r"^def (test_\w+)", re.M)
_ROWS = re.compile(r"(?<=_)a(\d\d)(?=_|$)")


def found() -> dict[str, list[str]]:
    """Row → its tests, as «tests/test_attacks_shape.py::test_a04_…»."""
    tests: dict[str, list[str]] = {row: [] for row in ATTACKS}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in _TEST.findall(file.read_text(encoding="utf-8")):
            for number in _ROWS.findall(name):
                tests[f"A{int(number)}"].append(f"{file.relative_to(ROOT)}::{name}")
    return tests


def table() -> str:
    """The table of SECURITY.md."""
    lines = ["| | attack | what stops it | shown by |", "|---|---|---|---|"]
    for row, tests in found().items():
        attack, stopped = ATTACKS[row]
        shown = "<br>".join(f"`{test}`" for test in tests)
        lines.append(f"| {row} | {attack} | {CANNOT_HOLD.get(row, stopped)} | {shown} |")
    return "\n".join(lines) + "\n"


def written() -> str:
    """SECURITY.md with the table that belongs there."""
    return DOCUMENT.read_text(encoding="utf-8").partition(TITLE)[0] + TITLE + "\n" + table()


class Verdicts:
    """A plugin of pytest that notes what became of every test."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.passed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.failed:
            self.failed.add(test)
        elif report.when == "call" and report.passed:
            self.passed.add(test)

    def of(self, tests: list[str]) -> str:
        """One word for a row."""
        if self.failed & set(tests):
            return "FAILS"
        return "holds" if tests and self.passed >= set(tests) else "NOT SHOWN"


def run() -> int:
    """Run every test of the matrix and print it; 1 where a row does not hold."""
    rows, verdicts = found(), Verdicts()
    pytest.main(["-q", *dict.fromkeys(test for tests in rows.values() for test in tests)], plugins=[verdicts])
    for row, tests in rows.items():
        verdict = "cannot hold" if row in CANNOT_HOLD else verdicts.of(tests)
        print(f"{row:4} {verdict:11} {ATTACKS[row][0]}: {CANNOT_HOLD.get(row, ATTACKS[row][1])}")
        print("\n".join(f"                 {'✗' if test in verdicts.failed else '✓'} {test}" for test in tests))
    return int(any(verdicts.of(tests) != "holds" for row, tests in rows.items() if row not in CANNOT_HOLD))


if __name__ == "__main__":
    if "--write" in sys.argv:
        DOCUMENT.write_text(written(), encoding="utf-8")
    else:
        sys.exit(run())
