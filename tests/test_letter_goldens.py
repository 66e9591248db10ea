"""Every letter as it reads: text and HTML beside each other under goldens/, read by a person before they are accepted.

`pytest tests/test_letter_goldens.py --accept` writes them anew; `git diff` then shows what changed.
"""

from __future__ import annotations

from difflib import unified_diff
from functools import lru_cache
from pathlib import Path

import pytest

from daemon.writing.samples import samples
from tests.letter_reading import mail_of, parts
from tests.lettering import composed_samples, letters_desk

GOLDENS = Path(__file__).parent / "goldens"


@lru_cache(maxsize=1)
def everything() -> dict[str, dict[str, str]]:
    """Each letter's golden files by name: headers with text, and the HTML."""
    return {f"{language}/{name}": pages(raw) for language, name, raw in composed_samples()}


def pages(raw: bytes) -> dict[str, str]:
    text, html = parts(raw)
    headers = "".join(f"{name}: {value}\n" for name, value in mail_of(raw).items() if name != "Content-Type")
    files = "".join(f"[{part.get_filename()}]\n" for part in mail_of(raw).walk() if part.get_filename())
    return {".txt": f"{headers}{files}\n{text}", ".html": html}


@pytest.mark.parametrize(
    "name", [f"{language}/{name}" for language in ("en", "es") for name in samples(letters_desk(), language)]
)
def test_the_letter_reads_as_accepted(name: str, request: pytest.FixtureRequest) -> None:
    for ending, now in everything()[name].items():
        golden = GOLDENS / (name + ending)
        if request.config.getoption("--accept"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(now, encoding="utf-8")
        accepted = golden.read_text(encoding="utf-8") if golden.exists() else ""
        difference = "\n".join(unified_diff(accepted.splitlines(), now.splitlines(), "accepted", "now", lineterm=""))
        assert not difference, f"{golden.name}:\n{difference}"


def test_no_golden_outlives_its_letter() -> None:
    kept = {f"{path.parent.name}/{path.stem}" for path in GOLDENS.glob("*/*.*")}
    assert kept == set(everything())
