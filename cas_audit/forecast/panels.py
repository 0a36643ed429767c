"""Where tiles come from: a panel, held in memory for a city or stored for a country."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.sampling import BLOCK_CELLS
from cas_audit.forecast.tile import Counts, Layers, Tile

__all__ = ["TILE_CELLS", "Corner", "MemoryPanel", "Panel", "corners_of", "cut", "fingerprint"]

TILE_CELLS = 8 * BLOCK_CELLS  # the side of a tile; of 156 weeks one holds ten million cell-weeks
Corner = tuple[int, int]


class Panel(Protocol):
    """A record on tiles; what is handed to workers, so it must be small or shared by threads."""

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Cells that take part, shape (rows, columns)."""

    @property
    def tile_cells(self) -> int:
        """The side of a tile."""

    @property
    def fingerprint(self) -> str:
        """A digest of all it holds."""

    @property
    def corners(self) -> list[Corner]:
        """First row and column of every tile that has a kept cell."""

    def tile(self, theme: str, corner: Corner) -> Tile:
        """Return a tile of a theme."""

    def hits(self, theme: str) -> NDArray[np.int64]:
        """Return how many kept cells have an incident, a number a week."""


@dataclass(frozen=True)
class MemoryPanel:
    """A panel whose arrays are at hand.

    Attributes:
        themes: incidents by theme, each of shape (weeks, rows, columns).
        kept: cells that take part, shape (rows, columns).
        halo: cells that the farthest feature looks away.
        layers: what stands still, each (rows, columns).
        mondays: the first day of each week.
        tile_cells: the side of a tile, a multiple of the block of the sample.
    """

    themes: Mapping[str, Counts]
    kept: NDArray[np.bool_]
    halo: int
    layers: Layers = field(default_factory=dict)
    mondays: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, "M8[ns]"))
    tile_cells: int = TILE_CELLS

    @property
    def weeks(self) -> int:
        """How many weeks the history has."""
        return len(next(iter(self.themes.values())))

    @property
    def corners(self) -> list[Corner]:
        """First row and column of every tile that has a kept cell."""
        return corners_of(self.kept, self.tile_cells)

    @cached_property
    def fingerprint(self) -> str:
        """A digest of all it holds."""
        held = (*self.themes.values(), self.kept, *self.layers.values(), self.mondays)
        return fingerprint(*held, str((list(self.themes), self.halo, self.tile_cells)))

    def tile(self, theme: str, corner: Corner) -> Tile:
        """Return a tile of a theme, cut out with its halo."""
        rows, columns = (slice(at, at + self.tile_cells) for at in corner)
        return Tile(
            cut(self.themes[theme], corner, self.tile_cells, self.halo),
            self.halo,
            self.kept[rows, columns],
            {
                name: cut(counts, corner, self.tile_cells, self.halo)
                for name, counts in self.themes.items()
                if name != theme
            },
            {name: layer[rows, columns] for name, layer in self.layers.items()},
            self.mondays,
            corner,
            self.kept.shape[1],
        )

    def hits(self, theme: str) -> NDArray[np.int64]:
        """Return how many kept cells have an incident, a number a week."""
        return np.array([np.count_nonzero(week[self.kept]) for week in self.themes[theme]])


def corners_of(kept: NDArray[np.bool_], side: int) -> list[Corner]:
    """Return the corners of the tiles that hold a kept cell, row by row.

    >>> corners_of(np.eye(4, dtype=bool), 2)
    [(0, 0), (2, 2)]
    """
    rows, columns = kept.shape
    corners = [(y, x) for y in range(0, rows, side) for x in range(0, columns, side)]
    return [(y, x) for y, x in corners if kept[y : y + side, x : x + side].any()]


def fingerprint(*parts: NDArray[np.generic] | str) -> str:
    """Return a digest of arrays and texts.

    >>> fingerprint("a", np.arange(3)) == fingerprint("a", np.arange(3) + 1)
    False
    """
    digest = sha256()
    for part in parts:
        text = part if isinstance(part, str) else f"{part.dtype}{part.shape}"
        digest.update(text.encode())
        if not isinstance(part, str):
            digest.update(np.ascontiguousarray(part).view(np.uint8).data)
    return digest.hexdigest()


def cut(counts: Counts, corner: Corner, side: int, halo: int) -> Counts:
    """Return a square with a halo; what lies off the grid is zero.

    Args:
        counts: shape (weeks, rows, columns).
        corner: first row and column of the square.
        side: of the square, which ends where the grid ends.
        halo: cells around it.
    """
    spans = [
        (start, min(start + side, size))
        for start, size in zip(corner, counts.shape[1:], strict=True)
    ]
    shape = (len(counts), *(stop - start + 2 * halo for start, stop in spans))
    found = np.zeros(shape, dtype=counts.dtype)
    inside, source = [], []
    for (start, stop), size in zip(spans, counts.shape[1:], strict=True):
        first, last = max(start - halo, 0), min(stop + halo, size)
        source.append(slice(first, last))
        inside.append(slice(first - start + halo, last - start + halo))
    found[:, *inside] = counts[:, *source]
    return found
