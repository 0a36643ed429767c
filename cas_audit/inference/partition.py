"""The partition of space and time that every interval of a run shares.

Wide blocks of space are few, so that what happens in one hardly tells what happens in the next;
fine blocks, about twice the range of the data, count how many hot spots there are; stretches of
weeks are longer than the memory of the series.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

__all__ = [
    "Partition",
    "correlation_range",
    "cut_space",
    "effective_size",
    "fine_blocks",
    "join_stretches",
    "memory",
    "stretches",
    "wide_blocks",
]

WIDE = 16
WEEKS = 13  # longer than near-repeats (about four weeks) and short enough for four in a year
FEWEST_STRETCHES = 4
RANGES = np.geomspace(0.5, 40, 60)
Numbers = NDArray[np.int64]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Partition:
    """Blocks of cells: `wide` and `fine`, shape (cells,); and the range they were cut for."""

    wide: Numbers
    fine: Numbers
    range_cells: float


def cut_space(row: Numbers, column: Numbers, field: Values) -> Partition:
    """Cut the cells into blocks after the range of a field on them.

    Args:
        row: row of each kept cell, shape (cells,).
        column: column of each kept cell, same shape.
        field: what clusters, such as the share of weeks in which a cell was flagged, same shape.
    """
    reach = correlation_range(row, column, field)
    return Partition(wide_blocks(row, column), fine_blocks(row, column, reach), reach)


def correlation_range(row: Numbers, column: Numbers, field: Values) -> float:
    """Return the distance, in cells, over which the correlation of a field falls by a factor e.

    The correlogram of the kept cells, by distance in whole cells up to a quarter of the city, is
    fitted by s * exp(-d / range), weighted by pairs; s below one leaves room for noise of single
    cells (a nugget). An exponential is the field's working model, not a claim (Cressie 1993).

    Returns:
        The range in cells, from half a cell (no clustering) to 40.
    """
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    inside, centred = np.zeros(shape), np.zeros(shape)
    inside[row, column] = 1.0
    centred[row, column] = field - field.mean()
    variance = float((centred**2).sum()) / len(field)
    if not variance > 0:
        return float(RANGES[0])
    products, pairs = (signal.fftconvolve(one, one[::-1, ::-1]) for one in (centred, inside))
    away = np.hypot(
        np.arange(products.shape[0])[:, None] - (shape[0] - 1),
        np.arange(products.shape[1])[None, :] - (shape[1] - 1),
    )
    ring = np.rint(away).astype(np.int64)
    farthest = max(min(shape) // 4, 3)
    near = (ring >= 1) & (ring <= farthest)
    number = np.bincount(ring[near], pairs[near], farthest + 1)[1:].clip(min=1e-9)
    correlation = np.bincount(ring[near], products[near], farthest + 1)[1:] / number / variance
    return _fit(np.arange(1, farthest + 1), correlation, number)


def _fit(distance: Numbers, correlation: Values, weight: Values) -> float:
    """Return the range of the best exponential through a correlogram."""
    shape = np.exp(-distance[None, :] / RANGES[:, None])
    level = (shape * correlation * weight).sum(axis=1) / (shape**2 * weight).sum(axis=1)
    level = level.clip(0.0, 1.0)
    misfit = ((correlation - level[:, None] * shape) ** 2 * weight).sum(axis=1)
    return float(RANGES[int(misfit.argmin())])


def wide_blocks(row: Numbers, column: Numbers, number: int = WIDE) -> Numbers:
    """Cut the cells into blocks of equally many cells, each time across the longer side.

    Args:
        row: row of each cell, shape (cells,).
        column: column of each cell, same shape.
        number: blocks, a power of two.

    Returns:
        The block of each cell, shape (cells,); the order of the cells does not matter.

    >>> row, column = np.divmod(np.arange(16), 4)
    >>> wide_blocks(row, column, 4).reshape(4, 4).tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    """
    block = np.zeros(len(row), dtype=np.int64)
    if number == 1 or len(row) < 2:  # noqa: PLR2004 - one cell cannot be cut
        return block
    first, second = (row, column) if np.ptp(row) >= np.ptp(column) else (column, row)
    order = np.lexsort((second, first))
    upper = np.zeros(len(row), dtype=bool)
    upper[order[len(row) // 2 :]] = True
    for part, start in ((~upper, 0), (upper, number // 2)):
        block[part] = start + wide_blocks(row[part], column[part], number // 2)
    return block


def fine_blocks(row: Numbers, column: Numbers, range_cells: float) -> Numbers:
    """Cut the cells into squares with a side of twice the range, at least two cells.

    Returns:
        The square of each cell, numbered from 0, shape (cells,).
    """
    side = max(2, round(2 * range_cells))
    key = (row // side) * (int(column.max()) // side + 1) + column // side
    found: Numbers = np.unique(key, return_inverse=True)[1]
    return found


def effective_size(
    weight: Values, row: Numbers, column: Numbers, block: Numbers, range_cells: float
) -> Values:
    """Return the share of each block in the variance of a weighted sum, expected beforehand.

    For block k the sum over its cells of u_i * u_j * exp(-d_ij / range): what the variance would
    be if the field had an exponential correlation. Only weights and the range enter, no outcome.

    Args:
        weight: u, the weight of each cell in the sum, shape (cells,).
        row: row of each cell, same shape.
        column: column of each cell, same shape.
        block: block of each cell, numbered from 0, same shape.
        range_cells: e-folding distance, cells.
    """
    shares = np.zeros(int(block.max()) + 1)
    for one in range(len(shares)):
        part = block == one
        y, x = row[part] - row[part].min(), column[part] - column[part].min()
        plane = np.zeros((int(y.max()) + 1, int(x.max()) + 1))
        plane[y, x] = weight[part]
        dy, dx = (np.arange(-size + 1, size) for size in plane.shape)
        kernel = np.exp(-np.hypot(dy[:, None], dx[None, :]) / range_cells)
        smooth = signal.fftconvolve(plane, kernel, mode="same") if plane.size > 1 else plane
        shares[one] = max(float((plane * smooth).sum()), 0.0)
    return shares


def memory(series: Values) -> float:
    """Return the integrated autocorrelation time of a series, in its own steps; 1 is none.

    tau = 1 + 2 * sum of autocorrelations up to the first that is not positive (Geyer 1992, initial
    positive sequence by single lags). The mean is estimated too, and hides tau / n of it: what is
    returned is tau / (1 - tau / n), which is right for a series that changes every so many steps.
    A series that never changed remembers all of it: infinite.

    >>> round(memory(np.repeat([1.0, 2.0], 26))), memory(np.ones(52))
    (26, inf)
    """
    centred = series - series.mean()
    power = float(centred @ centred)
    if not power > 0:
        return float("inf")
    tau = 1.0
    for lag in range(1, len(series) // 2):
        one = float(centred[lag:] @ centred[:-lag]) / power
        if one <= 0:
            break
        tau += 2 * one
    return tau / (1 - tau / len(series)) if tau < len(series) else float("inf")


def join_stretches(stretch: Numbers, at_least: float) -> Numbers:
    """Join neighbouring stretches until each is long enough; a short rest joins the last.

    Args:
        stretch: the number of its stretch for each week, shape (weeks,).
        at_least: weeks in a stretch, such as the memory of a series; may be infinite.

    >>> join_stretches(np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]), 3.2).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    """
    number = np.bincount(stretch)
    times = int(np.ceil(min(at_least, len(stretch)) / number.min()))
    found: Numbers = stretches(len(number), times)[stretch]
    return found


def stretches(weeks: int, length: int = WEEKS) -> Numbers:
    """Cut consecutive weeks into stretches of equal length; a short rest joins the last.

    Args:
        weeks: number of weeks.
        length: weeks in a stretch, longer than the memory of the series.

    Returns:
        The number of its stretch for each week, shape (weeks,).

    >>> stretches(9, 4).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 1]
    """
    last = max(weeks // length, 1) - 1
    return np.minimum(np.arange(weeks) // length, last)
