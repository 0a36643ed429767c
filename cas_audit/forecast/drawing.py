"""Which cell-periods a rate is fitted on: incidents are rare, so most rows say the same."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Drawn", "draw", "surroundings"]

ROWS = 60_000
UNIFORM = 0.3  # of the rows are drawn without regard to what happened around
Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """Cell-periods to fit on: places in a table of (periods, cells), the target and the weight."""

    period: Numbers
    cell: Numbers
    target: Values
    weight: Values


def draw(
    target: NDArray[np.float32], around: Values, rng: np.random.Generator, *, rows: int = ROWS
) -> Drawn:
    """Take every cell-period with an incident, and others by chance that weigh what they stand for.

    Cells with more around them are drawn more often, since that is where ranks are decided. Weights
    are one over the chance of being drawn (Horvitz & Thompson 1952), so that sums over the sample
    are right on average and forecasts stay calibrated.

    Args:
        target: incidents that followed, shape (periods, cells).
        around: how much happened in and around each cell before, at least nought, shape (cells,).
        rng: draws each row by its own lot.
        rows: how many to draw, about.
    """
    even = np.full(around.size, 1 / around.size)
    near = around / around.sum() if around.sum() > 0 else even
    chance = (UNIFORM * even + (1 - UNIFORM) * near) * rows / len(target)
    chances = np.where(target > 0, 1.0, np.minimum(chance, 1.0))
    period, cell = np.nonzero(rng.random(target.shape) < chances)
    drawn = target[period, cell].astype(float)
    return Drawn(period, cell, drawn, 1 / chances[period, cell])


def surroundings(counts: NDArray[np.float32], kept: NDArray[np.bool_]) -> Values:
    """Return incidents in each kept cell, and those around it by a kernel of one cell.

    Args:
        counts: incidents before the weeks to fit on, shape (weeks, rows, columns).
        kept: cells that take part, shape (rows, columns).
    """
    total = counts.sum(axis=0, dtype=float)
    found: Values = (total + ndimage.gaussian_filter(total, 1.0, mode="constant"))[kept]
    return found
