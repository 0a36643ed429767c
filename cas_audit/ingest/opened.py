"""What every format gives: a source of which the header was read, or a fault with its place."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

__all__ = ["Broken", "Opened"]


class Broken(Exception):  # noqa: N818 - reads as what is found
    """A source that cannot be read: the kind of error, and the place where that is known."""

    def __init__(self, error: str, **place: int | str) -> None:
        """Say what kind of error, and where."""
        super().__init__(error)
        self.said = {"kind": "broken", "error": error, **place}


class Opened(NamedTuple):
    """A source of which the header was read."""

    names: list[str]
    matched: dict[str, str]
    pieces: Iterator[pa.Table]  # admitted columns under the names of the contract
    crs: str = ""
    content: Any = None  # a running SHA-256 of what a database gave; a file has its own

    @property
    def refused(self) -> list[str]:
        """The columns that were offered and are not read."""
        return sorted(set(self.names) - set(self.matched.values()))
