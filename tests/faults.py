"""The fault matrix, docs/faults.md: `python -m tests.faults` runs it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.matrix import ROOT, Matrix

ROWS: Mapping[str, tuple[str, str]] = {
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
        "new UIDVALIDITY between two sessions, or the same one and UIDs of other mails",
        "all looked at again, nothing treated twice, nothing passed over, a new one logged",
    ),
    "F23": ("new UIDVALIDITY while a session is open", "as F22"),
    "F24": ("a search that gives the last old UID", "it counts once"),
    "F25": ("a mail taken away before FETCH", "gone, not an empty mail"),
    "F26": (
        "no MOVE, no UIDPLUS, no folder, quota full",
        "copied and marked; no other mail expunged; what is refused stays, alone, and is told of",
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
    "F39": ("the clock jumps by 400 days", "what is due comes once; no long loop; retention drops a week more a night"),
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
    "F45": ("a backup taken under load, put back", "the books balance; letters from that moment on may come again"),
}

MATRIX = Matrix(ROWS, ("fault", "what holds"), ROOT / "docs" / "faults.md")

if __name__ == "__main__":
    MATRIX.main()
