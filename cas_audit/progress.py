"""A progress bar on stderr, silent when nobody is looking."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["say", "track"]

T = TypeVar("T")


def say(text: str) -> None:
    """Print one line of progress on stderr, when stderr is a terminal."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)  # noqa: T201 - the one place that prints progress


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Yield the items, with a bar on stderr when stderr is a terminal.

    >>> list(track([1, 2], "counting"))
    [1, 2]
    """
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console  # noqa: PLC0415 - loaded only when a bar is drawn
    from rich.progress import track as rich_track  # noqa: PLC0415

    console = Console(stderr=True)
    yield from rich_track(items, description=label, total=total, console=console, transient=True)
