"""A progress bar on stderr, silent when nobody is looking."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TypeVar

__all__ = ["hush", "say", "track", "watch"]

T = TypeVar("T")


_hushed = [False]


def hush() -> None:
    """Draw nothing from now on: another process draws, and two would write over each other."""
    _hushed[0] = True


def _is_watched() -> bool:
    return sys.stderr.isatty() and not _hushed[0]


def say(text: str) -> None:
    """Print one line of progress on stderr, when stderr is a terminal."""
    if _is_watched():
        print(text, file=sys.stderr)  # noqa: T201 - the one place that prints progress


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, with a bar on stderr when stderr is a terminal.

    >>> list(track([1, 2], "counting"))
    [1, 2]
    """
    if not _is_watched():
        yield from items
        return
    from rich.console import Console  # noqa: PLC0415 - loaded only when a bar is drawn
    from rich.progress import track as rich_track  # noqa: PLC0415

    console = Console(stderr=True)
    yield from rich_track(items, description=label, total=total, console=console, transient=True)


@contextmanager
def watch(label: str) -> Iterator[int | None]:
    """Give a pipe for a child to say on how many rows it has read; None when nobody is looking.

    Numbers are drawn, one a line; anything else that comes through is dropped.
    """
    if not _is_watched():
        yield None
        return
    read, write = os.pipe()
    drawing = Thread(target=_draw, args=(read, label), daemon=True)
    drawing.start()
    try:
        yield write
    finally:
        os.close(write)  # the last writer: the drawing ends
        drawing.join()


def _draw(pipe: int, label: str) -> None:
    from rich.console import Console  # noqa: PLC0415 - loaded only when a bar is drawn
    from rich.progress import Progress, SpinnerColumn, TextColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}: {task.completed:,} rows"))
    with (
        os.fdopen(pipe, encoding="ascii", errors="replace") as lines,
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task(label, total=None)
        for line in lines:
            if line.strip().isdecimal():
                bar.update(task, completed=int(line))
