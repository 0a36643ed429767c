"""A piece of the panel, with as much around it as its features reach into; a city is one piece."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "Tile", "whole"]

Counts = NDArray[np.float32] | NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Tile:
    """Incidents of a theme in a piece of the grid, and what else is known there.

    Attributes:
        counts: incidents, shape (weeks, rows + 2 * halo, columns + 2 * halo); zero off the grid.
        halo: cells around the piece, on each side.
        themes: incidents of other themes, same shape; may be read only when asked for.
        layers: what stands still, shape (rows, columns).
        mondays: the first day of each week, and of weeks after the history that are asked for.
    """

    counts: Counts
    halo: int = 0
    themes: Mapping[str, Counts] = field(default_factory=dict)
    layers: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    mondays: NDArray[np.datetime64] = field(default_factory=lambda: np.zeros(0, "M8[ns]"))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, without the halo."""
        rows, columns = self.counts.shape[1:]
        return rows - 2 * self.halo, columns - 2 * self.halo


def whole(
    counts: Counts,
    reach: int,
    themes: Mapping[str, Counts] | None = None,
    layers: Mapping[str, NDArray[np.float32]] | None = None,
    mondays: NDArray[np.datetime64] | None = None,
) -> Tile:
    """Return the whole grid as one tile: nothing lies around it.

    Args:
        counts: incidents, shape (weeks, rows, columns).
        reach: cells that the farthest feature looks away.
        themes: incidents of other themes, same shape.
        layers: what stands still, shape (rows, columns).
        mondays: the first day of each week.
    """
    other = {name: _surround(one, reach) for name, one in (themes or {}).items()}
    days = np.zeros(0, "M8[ns]") if mondays is None else mondays
    return Tile(_surround(counts, reach), reach, other, layers or {}, days)


def _surround(counts: Counts, reach: int) -> Counts:
    weeks, rows, columns = counts.shape
    wide = np.zeros((weeks, rows + 2 * reach, columns + 2 * reach), dtype=counts.dtype)
    wide[:, reach : reach + rows, reach : reach + columns] = counts
    return wide
