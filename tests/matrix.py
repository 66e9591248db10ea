"""A matrix of what may go wrong: every row, the tests that show it, and their verdict.

A test belongs to the rows that its name says: `test_f22_f23_…` to F22 and F23, `test_a14_…` to A14.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.M)


@dataclass(frozen=True)
class Matrix:
    """``rows``: what happens and what holds, by «F1», «F2» …; a table at the end of ``document``, whose heads these
    two are. ``cannot_hold``: row → why no program could.
    """

    rows: Mapping[str, tuple[str, str]]
    heads: tuple[str, str]
    document: Path
    cannot_hold: Mapping[str, str] = field(default_factory=dict)

    def found(self) -> dict[str, list[str]]:
        """Row → its tests, as «tests/test_kills.py::test_f01_…»."""
        tests: dict[str, list[str]] = {row: [] for row in self.rows}
        letter = next(iter(self.rows))[0]
        for file in sorted((ROOT / "tests").rglob("test_*.py")):
            for name in _TEST.findall(file.read_text(encoding="utf-8")):
                for number in re.findall(rf"(?<=_){letter.lower()}(\d\d)(?=_|$)", name):
                    tests[f"{letter}{int(number)}"].append(f"{file.relative_to(ROOT)}::{name}")
        return tests

    def written(self) -> str:
        """The document with the table that belongs there."""
        begin = "| | {} | {} | shown by |\n".format(*self.heads)
        lines = [f"{begin}|---|---|---|---|"]
        for row, tests in self.found().items():
            shown = "<br>".join(f"`{test}`" for test in tests)
            lines.append(f"| {row} | {self.rows[row][0]} | {self._holds(row)} | {shown} |")
        return self.document.read_text(encoding="utf-8").partition(begin)[0] + "\n".join(lines) + "\n"

    def run(self) -> int:
        """Run every test of the matrix and print it; 1 where a row does not hold."""
        rows, verdicts = self.found(), _Verdicts()
        named = {test for tests in rows.values() for test in tests}
        pytest.main(["-q", *sorted(named)], plugins=[verdicts])  # file by file: what a file shares is made once
        for row, tests in rows.items():
            verdict = "cannot hold" if row in self.cannot_hold else verdicts.of(tests)
            print(f"{row:4} {verdict:11} {self.rows[row][0]}: {self._holds(row)}")
            for test in tests:
                print(f"                 {'✗' if test in verdicts.failed else '✓'} {test}")
        return int(any(verdicts.of(tests) != "holds" for row, tests in rows.items() if row not in self.cannot_hold))

    def main(self) -> None:
        """Run it; with `--write` only write the document, which a test compares with what is here."""
        if "--write" in sys.argv:
            self.document.write_text(self.written(), encoding="utf-8")
        else:
            sys.exit(self.run())

    def _holds(self, row: str) -> str:
        return self.cannot_hold.get(row, self.rows[row][1])


class _Verdicts:
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
