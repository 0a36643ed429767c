"""A piece of the panel, with as much around it as its features reach into; a city may be one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "Layers", "Tile", "whole"]

Counts = NDArray[np.float32] | NDArray[np.uint8] | NDArray[np.uint16]
Layers = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Tile:
    """Incidents of a theme in a piece of the grid, and what else is known there.

    Attributes:
        counts: incidents, shape (weeks, rows + 2 * halo, columns + 2 * halo); zero off the grid.
        halo: cells around the piece, on each side.
        kept: cells that take part, shape (rows, columns).
        themes: incidents of other themes, same shape; may be read only when asked for.
        layers: what stands still, shape (rows, columns).
        mondays: the first day of each week, and of weeks after the history that are asked for.
        corner: row and column of its first cell in the grid.
        grid_columns: columns of the whole grid.
    """

    counts: Counts
    halo: int
    kept: NDArray[np.bool_]
    themes: Mapping[str, Counts] = field(default_factory=dict)
    layers: Layers = field(default_factory=dict)
    mondays: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, "M8[ns]"))
    corner: tuple[int, int] = (0, 0)
    grid_columns: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, without the halo."""
        rows, columns = self.kept.shape
        return rows, columns

    @property
    def cells(self) -> NDArray[np.int64]:
        """The kept cells, numbered within the tile."""
        return np.flatnonzero(self.kept)

    def numbered(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number in the whole grid of cells of the tile."""
        row, column = np.divmod(cells, self.shape[1])
        return (row + self.corner[0]) * self.grid_columns + column + self.corner[1]


def whole(
    counts: Counts,
    reach: int,
    *,
    kept: NDArray[np.bool_] | None = None,
    themes: Mapping[str, Counts] | None = None,
    layers: Layers | None = None,
    mondays: NDArray[np.datetime64] | None = None,
) -> Tile:
    """Return the whole grid as one tile: nothing lies around it.

    Args:
        counts: incidents, shape (weeks, rows, columns).
        reach: cells that the farthest feature looks away.
        kept: cells that take part, shape (rows, columns); without it all do.
        themes: incidents of other themes, same shape.
        layers: what stands still, shape (rows, columns).
        mondays: the first day of each week.
    """
    shape = counts.shape[1:]
    return Tile(
        _surround(counts, reach),
        reach,
        np.ones(shape, dtype=bool) if kept is None else kept,
        {name: _surround(one, reach) for name, one in (themes or {}).items()},
        layers or {},
        np.zeros(0, "M8[ns]") if mondays is None else mondays,
        grid_columns=shape[1],
    )


def _surround(counts: Counts, reach: int) -> Counts:
    weeks, rows, columns = counts.shape
    wide = np.zeros((weeks, rows + 2 * reach, columns + 2 * reach), dtype=counts.dtype)
    wide[:, reach : reach + rows, reach : reach + columns] = counts
    return wide
