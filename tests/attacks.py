"""The attack matrix, SECURITY.md: `python -m tests.attacks` runs it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.matrix import ROOT, Matrix

ROWS: Mapping[str, tuple[str, str]] = {
    "A1": ("a value that becomes a header of our letter", "cleaned, encoded by us, read again and compared"),
    "A2": ("line ends, controls, NUL in a field", "spaces; NUL is gone; the same on both databases"),
    "A3": ("a display name that becomes a recipient", "To is one bare address; the envelope is ours"),
    "A4": (
        "a From that is no single address, or reads as another",
        "filed, unanswered; nobody is guessed; one that cannot be written to joins nobody",
    ),
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
    "A16": (
        "tokens passed on",
        "only their addressee can use them, from whichever listed address; nobody else is answered",
    ),
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

MATRIX = Matrix(ROWS, ("attack", "what stops it"), ROOT / "SECURITY.md")

if __name__ == "__main__":
    MATRIX.main()
