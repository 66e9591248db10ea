"""How far a long piece of work is, for somebody who waits at a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

Tell = Callable[[str, int, int], None]
"""What is being done, and how much of how much; a total of 0 is unknown."""


@contextmanager
def progress() -> Iterator[Tell]:
    """A bar on standard error, where that is a terminal, until the work ends."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield lambda what, done, of: _show(bar, what, done, of)


def _show(bar: Progress, what: str, done: int, of: int) -> None:
    """One line, of what is being done now; its end is shown however fast it came."""
    now = next((task.id for task in bar.tasks if task.description == what), None)
    if now is None:
        for task in bar.task_ids:
            bar.remove_task(task)
        now = bar.add_task(what, total=of or None)
    bar.update(now, completed=done, total=of or None, refresh=done == of)
