"""A coverage-guided fuzzer on the parsers (atheris): `make fuzz`, or `python -m tests.fuzz [SECONDS] [FOLDER]`.

A mail on which tests/fuzzing.py raises, or takes over ten seconds, is written into FOLDER and ends the run. It becomes
a fixture in tests/fixtures/fuzz, and the parser is mended. atheris is the extra `acuse[fuzz]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["parsers", "mailparser", "inscriptis"]):
    from tests.fuzzing import FIXTURES, try_out

LARGEST = 8 * 1024
SLOWEST_S = 10
"""By the wall clock, on a machine that has other things to do."""


def main(seconds: str = "120", folder: str = "build/fuzz") -> None:
    """Fuzz for so many seconds; what was learnt stays in ``folder`` for the next run."""
    corpus = Path(folder) / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", f"-max_len={LARGEST}", "-len_control=20", f"-timeout={SLOWEST_S}"]
    places = [f"-artifact_prefix={folder}/", str(corpus), str(FIXTURES)]
    atheris.Setup([sys.argv[0], *options, "-rss_limit_mb=2048", *places], try_out)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
