"""What follows about hidden counts from the sums they stand in."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["narrow", "tells"]

Counts = NDArray[np.int64]
ROUNDS = 200  # of tightening; a table settles in a handful


def narrow(low: Counts, high: Counts) -> tuple[Counts, Counts]:
    """Narrow the bounds of counts as far as their sums allow.

    Args:
        low: least each count can be, shape (1 + parts, 1 + kinds). The first column is the sum of
            the others in its row, the first row the sum of the others in its column; without
            parts there is only that row.
        high: most it can be, same shape.

    Returns:
        Both, as narrow as each sum by itself makes them.

    >>> low, high = np.array([[9, 0, 1]]), np.array([[9, 8, 4]])  # nine of which at most eight
    >>> narrow(low, high)[1].tolist()
    [[9, 8, 4]]
    >>> narrow(np.array([[9, 8, 1]]), np.array([[9, 8, 4]]))[1].tolist()
    [[9, 8, 1]]
    """
    low, high = low.copy(), high.copy()
    for _ in range(ROUNDS):
        before = low.copy(), high.copy()
        _tighten(low, high)
        if len(low) > 1:
            _tighten(low.T, high.T)
        if np.array_equal(low, before[0]) and np.array_equal(high, before[1]):
            break
    return low, high


def _tighten(low: Counts, high: Counts) -> None:
    """Use that the first of each row is the sum of the rest; both are changed in place."""
    least, most = low[:, 1:].sum(axis=1), high[:, 1:].sum(axis=1)
    low[:, 0] = np.maximum(low[:, 0], least)
    high[:, 0] = np.minimum(high[:, 0], most)
    others_least, others_most = least[:, None] - low[:, 1:], most[:, None] - high[:, 1:]
    low[:, 1:] = np.maximum(low[:, 1:], low[:, :1] - others_most)
    high[:, 1:] = np.minimum(high[:, 1:], high[:, :1] - others_least)


def tells(low: Counts, high: Counts, smallest: int) -> bool:
    """Say whether a count below `smallest`, and not nought, follows from what is shown.

    Args:
        low: as for `narrow`.
        high: as for `narrow`; where it equals `low`, the count is shown.
        smallest: smallest count that may be known.
    """
    least, most = narrow(low, high)
    solved = (low < high) & (least == most) & (least > 0) & (least < smallest)
    return bool(solved.any())
