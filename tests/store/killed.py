"""A process that opens tickets until it is done or killed: `python -m tests.store.killed URL FILES FIRST COUNT`."""

from __future__ import annotations

import sys
from pathlib import Path

from daemon.store import Store
from tests.store.desk import open_ticket


def main() -> None:
    url, files, first, count = sys.argv[1:]
    store = Store.open(url, Path(files))
    for uid in range(int(first), int(first) + int(count)):
        seen = open_ticket_once(store, uid)
        print(seen, flush=True)
    store.close()


def open_ticket_once(store: Store, uid: int) -> str:
    """A ticket by this UID, unless it has its verdict already."""
    with store.read() as books:
        decided = books.session.one("SELECT number FROM mails WHERE uid = ? AND verdict <> ''", uid)
    return decided[0] if decided else open_ticket(store, uid)


if __name__ == "__main__":
    main()
