"""Runs the parsers over folders of real mails and prints, set by set, how many are read as expected.

    make corpora FROM=FOLDER

No test: the folders are not part of this project. Each set is a folder with a ``manifest.json`` that names its files
and what is expected of them; sets that are missing are left out.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parsers import subject
from parsers.mail import Mail, OverBudget, parse
from parsers.reply import visible_text

OPENING = "Apertura de Incidencia Automática Aplicación / Desarrollo."
TICKET = "RE: Confirmación de la incidencia I171009_000049"
SLOW_S = 1.0

Entry = dict[str, Any]


@dataclass
class Tally:
    """One line of the table: how many of a set's cases hold, and the names of the others."""

    name: str
    good: int = 0
    bad: list[str] = field(default_factory=list)

    def count(self, holds: object, case: str) -> None:
        if holds:
            self.good += 1
        else:
            self.bad.append(case)

    def __str__(self) -> str:
        failures = "".join(f"\n      {case}" for case in self.bad)
        return f"{self.name:<58} {self.good:>5} of {self.good + len(self.bad):<5}{failures}"


def folded(text: str) -> str:
    return " ".join(text.split())


def same(read: str, wanted: str) -> bool:
    """Equal but for white space; a character that the label's author could not read stands for any one."""
    pattern = re.escape(folded(wanted)).replace("\ufffd", ".")
    return re.fullmatch(pattern, folded(read)) is not None


def entries(folder: Path) -> Iterator[Entry]:
    manifest = folder / "manifest.json"
    if manifest.is_file():
        yield from json.loads(manifest.read_text("utf-8"))["files"]


def read(path: Path, raised: Tally) -> tuple[bytes, Mail | None]:
    """A file as a mail; None where it is over a budget. An exception is a defect of ours."""
    raw = path.read_bytes()
    try:
        mail = parse(raw)
    except OverBudget as over:
        raised.count(True, str(over))
        return raw, None
    except Exception as defect:
        raised.count(False, f"{path.name}: {defect!r}")
        return raw, None
    raised.count(True, path.name)
    return raw, mail


def machine_mail(folder: Path) -> list[Tally]:
    """Bounces, complaints, automatic replies; and whether they are still known under the subject of an opening or a
    ticket."""
    raised = Tally("sisimai: no exception")
    classes = {
        "bounce": (Tally("sisimai: bounces and delays"), lambda mail: mail.report is not None),
        "arf": (Tally("sisimai: complaints"), lambda mail: mail.report is not None),
        "autoreply": (Tally("sisimai: automatic replies"), lambda mail: mail.automatic is not None),
        "not-bounce": (Tally("sisimai: people's mail"), lambda mail: mail.report is None and mail.automatic is None),
        "normal": (Tally("sisimai: not called a bounce"), lambda mail: mail.report is None),
    }
    silent = Tally("sisimai: never answered, whatever the subject is")
    for entry in entries(folder):
        raw, mail = read(folder / entry["file"], raised)
        tally, holds = classes[entry["cls"]]
        tally.count(mail is not None and holds(mail), entry["file"])
        if entry.get("must_not_reply"):
            disguised = [parse(with_subject(raw, title)) for title in (OPENING, TICKET)]
            silent.count(mail and all(map(is_machine, (mail, *disguised))), entry["file"])
    return [raised, *(tally for tally, _ in classes.values()), silent]


def is_machine(mail: Mail) -> bool:
    return mail.automatic is not None or mail.report is not None


def with_subject(raw: bytes, title: str) -> bytes:
    """The mail with another Subject, in the same line ends."""
    feed = b"\r\n" if b"\r\n" in raw[:200] else b"\n"
    head, gap, body = raw.partition(feed * 2)
    lines = head.split(feed)
    kept: list[bytes] = []
    in_subject = False
    for line in lines:
        in_subject = line.lower().startswith(b"subject:") or (in_subject and line[:1] in (b" ", b"\t"))
        if not in_subject:
            kept.append(line)
    return feed.join([*kept, b"Subject: " + title.encode()]) + gap + body


def gold_standard(folder: Path) -> list[Tally]:
    raised, subjects, senders, texts = (
        Tally(f"stalwart: {name}") for name in ("no exception", "subjects", "senders", "text")
    )
    for entry in entries(folder):
        _, mail = read(folder / entry["file"], raised)
        if mail is None:
            subjects.count(False, f"{entry['file']}: over a budget")
            continue
        wanted = subject.clean(entry.get("subject") or "")
        subjects.count(same(mail.subject, wanted), f"{entry['file']}: {mail.subject!r}, not {wanted!r}")
        if not entry.get("no_usable_from"):
            wanted = (entry.get("from_email") or "").lower()
            senders.count(mail.sender.lower() == wanted, f"{entry['file']}: {mail.sender!r}, not {wanted!r}")
        if entry.get("text_body"):
            wanted = folded(entry["text_body"][0].replace("\x00", ""))
            texts.count(same(mail.body, wanted), f"{entry['file']}: {folded(mail.body)[:90]!r}, not {wanted[:90]!r}")
    return [raised, subjects, senders, texts]


def replies(folder: Path) -> list[Tally]:
    """Reply texts: what is left must be what its author wrote, white space aside."""
    kinds = {"neg": Tally(f"{folder.name}: kept whole"), "pos": Tally(f"{folder.name}: visible text")}
    for entry in entries(folder):
        if "expected_reply" not in entry:
            continue
        text = (folder / entry["file"]).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        if prefix := entry.get("derive_reply_prefix"):
            text = f"{prefix}\n\n{text}"
        name = Path(entry["file"]).name
        seen = visible_text(text)
        kind = "neg" if name.startswith("neg_") else "pos"
        kinds[kind].count(folded(seen) == folded(entry["expected_reply"]), f"{name}: {folded(seen)[:100]!r}")
    return [tally for tally in kinds.values() if tally.good or tally.bad]


def prefixes(path: Path) -> list[Tally]:
    """Every reply and forward prefix gives the subject behind it."""
    tally = Tally("prefixes: taken off a subject")
    table = json.loads(path.read_text("utf-8"))
    for kind in ("reply", "forward"):
        for form, *_ in table.get(kind, ()):
            for written in (f"{form}: {OPENING}", f"{form}: {form}: {OPENING}", f"{form.upper()}:{OPENING}"):
                tally.count(subject.thread_key(written) == subject.thread_key(OPENING), written)
    return [tally]


RUN_AWAY = {
    "On × 20,000": "On " * 20000,
    "100,000 newlines": "\n" * 100_000,
    "100,000 hyphens": "-" * 100_000,
    "De: × 5,000": "De: a\n" * 5000,
    "a log of 3,000 lines": "2026-11-22 10:00:00 ERROR [main] on: request failed wrote: 500\n" * 3000,
}


def run_away() -> list[Tally]:
    """Inputs that make regular expressions run away: each under a second."""
    tally = Tally("run-away inputs under a second")
    for name, text in RUN_AWAY.items():
        for reader in (visible_text, lambda text: parse(b"From: a@b.example\n\n" + text.encode())):
            start = time.process_time()
            reader(text)
            taken = time.process_time() - start
            tally.count(taken < SLOW_S, f"{name}: {taken:.2f} s")
    return [tally]


SETS: dict[str, Callable[[Path], list[Tally]]] = {
    "sisimai": machine_mail,
    "stalwart": gold_standard,
    "es-replies": replies,
    "discourse-trimmer": replies,
    "crisp-erp": replies,
    "crisp-forward": replies,
    "prefixes.json": prefixes,
}


def main(root: Path) -> int:
    """Print the figures of every set under ``root``."""
    tallies = [tally for name, measure in SETS.items() if (root / name).exists() for tally in measure(root / name)]
    if not tallies:
        print(f"{root}: none of {', '.join(SETS)} stands here", file=sys.stderr)
        return 2
    for tally in [*tallies, *run_away()]:
        print(tally)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make corpora FROM=FOLDER")
    sys.exit(main(Path(sys.argv[1])))
