"""The sample that a model is fitted on: drawn per tile, the same however the grid is cut.

Few cell-weeks hold an incident. Of those with and of those without, a share each is drawn, and
each drawn row carries the weight of those it stands for: a model that uses the weights gives
chances, one that does not ranks cells.

Every square block of the grid has its own random numbers, by its place. So a row is drawn or not
whatever tile it falls in, in whatever order tiles are visited, by however many workers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.features import Feature, make_features
from cas_audit.forecast.past import Rows
from cas_audit.forecast.tile import Tile

__all__ = ["BLOCK_CELLS", "Chances", "Sample", "chances_for", "draw_rows", "join", "sample_tile"]

BLOCK_CELLS = 32  # the side of a block; tiles are cut along blocks
MOST_ROWS = 500_000
OTHERS_PER_HIT = 4


@dataclass(frozen=True)
class Chances:
    """The chance to be drawn, of a cell-week with an incident and of one without."""

    hit: float
    other: float


@dataclass(frozen=True)
class Sample:
    """Rows to fit on.

    Attributes:
        features: shape (rows, features).
        hit: whether an incident followed.
        weight: how many cell-weeks the row stands for.
        place: week and cell of the grid, shape (rows, 2); rows are sorted by it.
    """

    features: NDArray[np.float32]
    hit: NDArray[np.bool_]
    weight: NDArray[np.float32]
    place: NDArray[np.int64]


def chances_for(hits: int, cell_weeks: int, most: int = MOST_ROWS) -> Chances:
    """Draw every cell-week with an incident and four others for each, or fewer of both.

    Args:
        hits: cell-weeks with an incident.
        cell_weeks: all cell-weeks that can be drawn.
        most: rows to expect at most.

    >>> chances_for(100, 10_000)
    Chances(hit=1.0, other=0.04040404040404041)
    """
    hit = min(1.0, most / max((1 + OTHERS_PER_HIT) * hits, 1))
    return Chances(hit, min(1.0, OTHERS_PER_HIT * hit * hits / max(cell_weeks - hits, 1)))


def draw_rows(
    tile: Tile, weeks: slice, chances: Chances, seed: Sequence[int]
) -> tuple[Rows, NDArray[np.bool_]]:
    """Draw cell-weeks of the kept cells of a tile; return them, and whether each has an incident.

    Args:
        tile: its corner lies on a multiple of the block.
        weeks: weeks to draw from.
        chances: of either kind.
        seed: of the draw; the place of each block is added.
    """
    rows, columns = tile.shape
    corners = [(y, x) for y in range(0, rows, BLOCK_CELLS) for x in range(0, columns, BLOCK_CELLS)]
    drawn = [_draw_block(tile, corner, weeks, chances, seed) for corner in corners]
    week, cell, hit = (np.concatenate([one[part] for one in drawn]) for part in range(3))
    return Rows(week, cell), hit.astype(bool)


def _draw_block(
    tile: Tile, corner: tuple[int, int], weeks: slice, chances: Chances, seed: Sequence[int]
) -> NDArray[np.int64]:
    """Return week, cell and whether there is an incident, shape (3, rows)."""
    row, column = corner
    place = ((row + tile.corner[0]) // BLOCK_CELLS, (column + tile.corner[1]) // BLOCK_CELLS)
    rng = np.random.default_rng([*seed, *(one + 1 for one in place)])
    y, x = np.nonzero(tile.kept[row : row + BLOCK_CELLS, column : column + BLOCK_CELLS])
    y, x = y + row, x + column
    counts = tile.counts[weeks, y + tile.halo, x + tile.halo]
    hits = np.flatnonzero(counts)
    hits = hits[rng.random(len(hits)) < chances.hit]
    wanted = rng.binomial(counts.size, chances.other)
    others = rng.choice(counts.size, wanted, replace=False, shuffle=False)
    others = others[counts.ravel()[others] == 0]
    drawn = np.concatenate([hits, others])
    week, cell = np.divmod(drawn, max(counts.shape[1], 1))
    found = np.arange(len(drawn)) < len(hits)
    return np.stack([weeks.start + week, y[cell] * tile.shape[1] + x[cell], found])


def sample_tile(
    tile: Tile,
    weeks: slice,
    chances: Chances,
    seed: Sequence[int],
    features: Sequence[Feature],
) -> Sample:
    """Draw rows of a tile and make their features."""
    rows, hit = draw_rows(tile, weeks, chances, seed)
    weight = np.where(hit, 1 / chances.hit, 1 / max(chances.other, 1e-12)).astype(np.float32)
    place = np.stack([rows.weeks, tile.numbered(rows.cells)], axis=1)
    return Sample(make_features(tile, rows, features), hit, weight, place)


def join(samples: Iterable[Sample]) -> Sample:
    """Put the samples of tiles together, in the order of week and cell."""
    parts = list(samples)
    place = np.concatenate([one.place for one in parts])
    order = np.lexsort((place[:, 1], place[:, 0]))
    return Sample(
        np.concatenate([one.features for one in parts])[order],
        np.concatenate([one.hit for one in parts])[order],
        np.concatenate([one.weight for one in parts])[order],
        place[order],
    )
