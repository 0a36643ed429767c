"""What every format gives: a source of which the header was read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa

__all__ = ["Opened"]


class Opened(NamedTuple):
    """A source of which the header was read."""

    names: list[str]
    matched: dict[str, str]
    pieces: Iterator[pa.Table]  # admitted columns under the names of the contract
    crs: str = ""
    content: Any = None  # a running digest of what a database gave; a file has its own

    @property
    def refused(self) -> list[str]:
        """The columns that were offered and are not read."""
        return sorted(set(self.names) - set(self.matched.values()))
