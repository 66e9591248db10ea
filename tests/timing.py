"""Does the time of a look-up tell how near a guessed token is to a real one? `python -m tests.timing`; no test, as it
depends on the machine.
"""

from __future__ import annotations

import itertools
import random
import re
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

from daemon.causes import TOKEN_LENGTH, TOKEN_LETTERS
from daemon.config.accounts import Log
from daemon.demo.correspondent import write
from daemon.operations.logs import set_up_logs
from daemon.store.facts import _grant
from rules.reading import token_digest
from tests.rules.desks import GOOD, OPENING, OPENINGS
from tests.serverless import ServerlessDesk

TICKETS, GUESSES = 200, 50_000


def real_tokens(desk: ServerlessDesk) -> list[str]:
    """The tokens in the letters of many tickets."""
    people = (f"p{n}@cliente.test" for n in range(TICKETS))
    desk.receive_all([write(sender, OPENINGS, OPENING, f"{GOOD} {sender}") for sender in people], "apertura")
    links = (link for sent in desk.letters("assignment") for link in sent.read.links.values())
    return [found for link in links for found in re.findall(r"%5B([A-Z2-7]{26})%5D", link)]


def guesses(real: list[str], chosen: random.Random) -> list[tuple[str, str]]:
    """Tokens at random, and real ones whose last character alone is wrong, mixed."""
    meant = chosen.choices(real, k=GUESSES)
    near = [token[:-1] + chosen.choice(TOKEN_LETTERS.replace(token[-1], "")) for token in meant]
    any_ = ["".join(chosen.choices(TOKEN_LETTERS, k=TOKEN_LENGTH)) for _ in near]
    mixed = [*zip(itertools.repeat("any"), any_), *zip(itertools.repeat("near"), near)]
    chosen.shuffle(mixed)
    return mixed


def main() -> None:
    """Look the guesses of both kinds up, and print the medians."""
    set_up_logs(Log(level="error"))
    taken = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, ServerlessDesk(Path(folder)) as desk:
        real = real_tokens(desk)
        with desk.store.read() as reading:
            for kind, guess in guesses(real, random.Random(14)):
                began = time.perf_counter_ns()
                assert _grant(reading.session, token_digest(guess)) is None
                taken[kind].append(time.perf_counter_ns() - began)
    medians = {kind: median(times) / 1000 for kind, times in taken.items()}
    print(
        f"{len(real)} tokens, {GUESSES} guesses of each kind, medians of a look-up: {medians['any']:.2f} µs for any "
        f"guess, {medians['near']:.2f} µs where 25 of its 26 characters are right"
    )


if __name__ == "__main__":
    main()
