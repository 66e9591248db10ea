"""`acuse audit`: the books proved, and the IMAP folders held against them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from daemon.commands.showing import books
from daemon.config.settings import Settings
from daemon.operations.proving import proved
from daemon.store.audit import Finding, Progress


@dataclass(frozen=True)
class Proof:
    """What an audit found. ``mails`` by verdict; ``unseen`` are mailboxes that could not be looked at, and why."""

    findings: tuple[Finding, ...]
    mails: Mapping[str, int]
    unseen: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For `audit --json`."""
        return {
            "balanced": not self.findings,
            "findings": [asdict(finding) for finding in self.findings],
            "mails": dict(self.mails),
            "not_looked_at": list(self.unseen),
        }

    def as_text(self) -> str:
        """For a terminal."""
        lines = [f"{finding.check}: {finding.subject}: {finding.detail}" for finding in self.findings]
        counted = ", ".join(f"{name} {n}" for name, n in sorted(self.mails.items()))
        lines += [f"not looked at: {text}" for text in self.unseen]
        lines.append(f"mails: {counted or 'none'}")
        count = len(self.findings)
        lines.append(f"{count} finding{'s' * (count > 1)}" if count else "the books balance")
        return "\n".join(lines)


def prove(settings: Settings, progress: Progress = lambda check, rows: None) -> Proof:
    """Every check over the whole database. A mailbox that cannot be reached is named, and not judged."""
    with books(settings) as store:
        findings, unseen = proved(store, settings, progress)
        return Proof(tuple(findings), store.tally(), unseen)
