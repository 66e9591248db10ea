"""`acuse retry` and `acuse release`: which mails wait in quarantine or are held, and having them treated again."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.commands import Unable
from daemon.commands.asking import ask
from daemon.commands.showing import books, minute, table
from daemon.config.settings import Settings
from daemon.store.listing import LedgerRow, iso

VERDICTS = {"retry": ("quarantined",), "release": ("held", "quarantined")}
"""Which mails each verb is for."""
MOST = 100_000
COLUMNS = ("id", "taken", "verdict", "sender", "subject", "why")


def waiting(settings: Settings, verb: str) -> list[LedgerRow]:
    """The mails that ``verb`` is for, newest first."""
    with books(settings) as store:
        return store.mails(VERDICTS[verb], limit=MOST)


def mail_table(settings: Settings, verb: str) -> list[str]:
    """The mails that ``verb`` is for, a line each."""
    zone = settings.desk.zone
    rows = [
        (str(mail.id), minute(iso(mail.received_at, zone)), mail.verdict, mail.sender, mail.subject, mail.why)
        for mail in waiting(settings, verb)
    ]
    return table(COLUMNS, rows) if rows else [f"no mail is {_which(verb)}"]


def _which(verb: str) -> str:
    return " or ".join(VERDICTS[verb])


def set_back(settings: Settings, verb: str, ids: Sequence[int]) -> str:
    """Have these mails treated again; what to tell the user. Unable where ``verb`` is not for one of them."""
    fit = {mail.id for mail in waiting(settings, verb)}
    if wrong := [str(id_) for id_ in ids if id_ not in fit]:
        raise Unable(
            f"not {_which(verb)}: {', '.join(wrong)}; `acuse {verb}` lists those that are. Nothing was changed"
        )
    return ask(settings, verb, {"ids": list(ids)})
