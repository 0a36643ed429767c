"""What the model knows of a cell before a week begins: counts of the past, near and far.

Every feature of a week is made of earlier weeks only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["FEATURES", "Feature", "make_features"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Feature:
    """One feature: incidents over a window of weeks, within so many cells of the cell."""

    name: str
    window_weeks: int
    reach_cells: int


FEATURES = tuple(
    Feature(f"{'ring' if reach else 'cell'}_{reach}_last_{window}_weeks", window, reach)
    for reach, windows in ((0, (1, 4, 13, 26, 52)), (1, (2, 4, 13, 52)), (3, (2, 13, 52)))
    for window in windows
)


def make_features(counts: Array, features: tuple[Feature, ...] = FEATURES) -> Array:
    """Return the features of every week and cell.

    Args:
        counts: incidents, shape (weeks, rows, columns).
        features: what to make.

    Returns:
        Log of one plus the count, shape (weeks, rows, columns, features); week t uses weeks
        before t only, and a window that begins before the history is cut there.
    """
    total = np.zeros((counts.shape[0] + 1, *counts.shape[1:]), dtype=np.float32)
    np.cumsum(counts, axis=0, out=total[1:])
    sums = {reach: _around(total, reach) for reach in {f.reach_cells for f in features}}
    weeks = np.arange(counts.shape[0])
    columns = [
        sums[f.reach_cells][weeks] - sums[f.reach_cells][np.maximum(weeks - f.window_weeks, 0)]
        for f in features
    ]
    return np.log1p(np.stack(columns, axis=-1))


def _around(total: Array, reach: int) -> Array:
    """Sum over the square of cells within reach, the cell itself left out when reach > 0."""
    if reach == 0:
        return total
    ones = np.ones(2 * reach + 1, dtype=np.float32)
    rows = ndimage.correlate1d(total, ones, axis=1, mode="constant")
    both = ndimage.correlate1d(rows, ones, axis=2, mode="constant")
    ring: Array = both - total
    return ring
