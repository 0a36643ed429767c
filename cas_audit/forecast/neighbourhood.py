"""Sums over the square of cells around a cell, one axis after the other.

A sum is always added up in the same order, from the lowest row and column on, wherever the cell
lies in the array: a tile with its halo gives the same bits as the whole grid, for decimals too.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["square_at", "square_sums"]

Array = NDArray[np.float32]
ROWS_AT_ONCE = 1 << 14  # of the patches that are copied out


def square_sums(values: Array, reach: int) -> Array:
    """Sum over the square within reach of every cell that lies at least so far from the edge.

    Args:
        values: last two axes rows and columns.
        reach: cells to each side.

    Returns:
        The last two axes each 2 * reach shorter.

    >>> square_sums(np.ones((3, 4), dtype=np.float32), 1)
    array([[9., 9.]], dtype=float32)
    """
    return _along(_along(values, reach, -1), reach, -2)


def square_at(
    series: Array, weeks: NDArray[np.int64], corner: tuple[NDArray[np.int64], ...], reach: int
) -> Array:
    """Sum over squares of single weeks: a row each, without summing the whole array.

    Args:
        series: shape (weeks, rows, columns).
        weeks: the week of each row.
        corner: lowest row and column of each square.
        reach: cells from the middle of the square to each side.
    """
    squares = sliding_window_view(series, (2 * reach + 1,) * 2, axis=(1, 2))
    row, column = corner
    parts = [slice(at, at + ROWS_AT_ONCE) for at in range(0, len(weeks), ROWS_AT_ONCE)]
    sums = [square_sums(squares[weeks[p], row[p], column[p]], reach).ravel() for p in parts]
    return np.concatenate([np.zeros(0, dtype=np.float32), *sums])


def _along(values: Array, reach: int, axis: int) -> Array:
    if reach == 0:
        return values
    shifted = sliding_window_view(values, 2 * reach + 1, axis=axis)
    total: Array = shifted[..., 0] + shifted[..., 1]
    for step in range(2, 2 * reach + 1):
        total += shifted[..., step]
    return total
