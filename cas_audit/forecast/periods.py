"""Periods of one week or two: which there are, and what happened in each."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["in_periods", "origins_in"]


def origins_in(weeks: slice, period_weeks: int) -> NDArray[np.int64]:
    """Return the first weeks of the periods that lie wholly in some weeks, the last at their end.

    >>> origins_in(slice(10, 15), 2).tolist()
    [11, 13]
    """
    last = weeks.stop - period_weeks
    return np.arange(last, weeks.start - 1, -period_weeks)[::-1]


def in_periods(
    counts: NDArray[np.float32], origins: NDArray[np.int64], period_weeks: int
) -> NDArray[np.float32]:
    """Return the incidents in the period from each origin on; counts has weeks as first axis."""
    parts = [counts[week : week + period_weeks].sum(axis=0) for week in origins]
    return np.stack(parts).astype(np.float32, copy=False)
