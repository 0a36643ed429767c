"""The areas a scan looks at: discs or squares on the grid, as one sparse matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import xlogy

__all__ = ["Numbers", "Values", "Windows", "likelihood_ratio", "make_windows"]

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]

RADIUS_STEP = 1.25  # each radius is a quarter longer than the one before
LONGEST_SHARE = 0.5  # beyond half of all that is expected, the rest would be the area


@dataclass(frozen=True)
class Windows:
    """Areas on the grid, made before any outcome is seen.

    Cells stand in order of row and column, whatever the order they were handed in.

    Attributes:
        order: the caller's number of each cell, shape (cells,).
        row: row on the grid, shape (cells,).
        column: column on the grid, shape (cells,).
        expected: expected count per cell, in the caller's unit, shape (cells,).
        member: 1 where a cell lies in a window; sparse, windows by cells.
        share: part of all that is expected that a window holds, shape (windows,).
    """

    order: Numbers
    row: Numbers
    column: Numbers
    expected: Values
    member: Any  # scipy publishes no types: a csr_array of float64
    share: Values

    def cells(self, window: int) -> Numbers:
        """Return the caller's numbers of the cells in a window, ascending."""
        start, end = self.member.indptr[window : window + 2]
        return np.sort(self.order[self.member.indices[start:end]])

    def sorted(self, counts: Values) -> Values:
        """Put counts in the caller's order into the order of the windows."""
        if counts.shape != self.order.shape:
            message = f"{counts.size} counts for {self.order.size} cells: expected one a cell."
            raise ValueError(message)
        return np.asarray(counts, dtype=np.float64)[self.order]


def make_windows(
    row: Numbers,
    column: Numbers,
    expected: Values,
    *,
    largest_share: float = LONGEST_SHARE,
    smallest: float = 5.0,
    shape: Literal["disc", "square"] = "disc",
    every: int = 1,
) -> Windows:
    """Make a window of every radius around every cell; equal sets of cells count once.

    Args:
        row: row of each cell on the grid, shape (cells,); each cell stands once.
        column: column of each cell, shape (cells,).
        expected: expected count of each cell, positive, shape (cells,).
        largest_share: a window holds at most this part of all that is expected.
        smallest: a window expects at least this many: one that expects fewer than 5 could stay
            empty and still not stand out. In the unit of `expected`.
        shape: circles, or squares along the grid.
        every: centres only on each so many rows and columns, for a scan of a whole city.

    >>> line = np.arange(4)
    >>> make_windows(line, 0 * line, np.full(4, 5.0)).member.toarray().sum(axis=1).tolist()
    [2.0, 2.0]
    """
    _check(row, column, expected)
    order = np.lexsort((column, row))
    at = np.column_stack([row[order], column[order]]).astype(np.int64)
    value = np.asarray(expected, dtype=np.float64)[order]
    bounds = (smallest, largest_share * float(value.sum()))
    power = 2.0 if shape == "disc" else np.inf
    centres = np.flatnonzero((at % every == 0).all(axis=1))
    sets = {
        members.tobytes(): members
        for centre in centres
        for members in _around(np.linalg.norm(at - at[centre], power, axis=1), value, bounds)
    }
    member = _matrix(list(sets.values()), order.size)
    return Windows(order, at[:, 0], at[:, 1], value, member, member @ value / value.sum())


def _check(row: Numbers, column: Numbers, expected: Values) -> None:
    """Refuse cells that stand twice, and what is expected where nothing can be."""
    if not np.all(np.isfinite(expected) & (expected > 0)):
        message = "Expected counts of a scan hold one that is not positive: leave such cells out."
        raise ValueError(message)
    if len(set(zip(row.tolist(), column.tolist(), strict=True))) != row.size:
        message = "Cells of a scan stand more than once: expected one row and column a cell."
        raise ValueError(message)


def _around(distance: Values, value: Values, bounds: tuple[float, float]) -> Iterator[Numbers]:
    """Yield the cells within each radius, from the smallest allowed to the largest."""
    near = np.argsort(distance, kind="stable")
    far, held = distance[near], np.cumsum(value[near])
    radius = 1.0
    while True:
        inside = int(np.searchsorted(far, radius, side="right"))
        if held[inside - 1] > bounds[1]:
            return
        if held[inside - 1] >= bounds[0]:
            yield np.sort(near[:inside])
        if inside == far.size:
            return
        radius = max(radius * RADIUS_STEP, float(far[inside]))


def _matrix(sets: list[Numbers], cells: int) -> Any:  # noqa: ANN401  # scipy has no types
    """Return windows by cells."""
    ends = np.cumsum([0, *(one.size for one in sets)])
    inside = np.concatenate([*sets, np.empty(0, dtype=np.int64)])
    return sparse.csr_array((np.ones(inside.size), inside, ends), shape=(len(sets), cells))


def likelihood_ratio(inside: Values, share: Values, total: Values) -> Values:
    """Log likelihood ratio of Kulldorff for Poisson counts, given their total.

    Formula: o log(o / e) + (n - o) log((n - o) / (n - e)), for o of n outcomes in a window that
    holds the share e / n of what is expected; either side, so too few and too many alike
    (Kulldorff, 1997, A spatial scan statistic, Communications in Statistics 26:1481).

    Args:
        inside: outcomes per window and draw, shape (windows, draws).
        share: part of all that is expected, shape (windows,).
        total: outcomes in all, per draw, shape (draws,).
    """
    part = share[:, None]
    rest = total - inside
    ratio: Values = (xlogy(inside, inside) + xlogy(rest, rest) - xlogy(total, total)) - (
        inside * np.log(part) + rest * np.log1p(-part)
    )
    return np.maximum(ratio, 0.0)
