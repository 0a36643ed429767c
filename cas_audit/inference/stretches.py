"""Intervals from stretches of weeks, and the verdict against a tolerance.

Interim: the intervals describe how a figure varies between stretches of the weeks at hand.
They do not cover refitting the model on another history of the same city.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = [
    "FEWEST",
    "Interval",
    "above",
    "mean_interval",
    "ratio_interval",
    "stretches",
    "verdict",
]

FEWEST = 4  # fewer stretches give no interval: with t on two degrees it says next to nothing


@dataclass(frozen=True)
class Interval:
    """An estimate with a two-sided interval, and the narrower one a verdict uses.

    `low` and `high` hold at `level`; `inner_low` and `inner_high` at `2 * level - 1`,
    so that a verdict by two one-sided tests has size `1 - level` on each side.
    """

    estimate: float
    low: float
    high: float
    inner_low: float
    inner_high: float
    level: float
    stretches: int


def stretches(weeks: int, length: int = 13) -> NDArray[np.int64]:
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


def mean_interval(values: NDArray[np.float64], level: float = 0.95) -> Interval | None:
    """Student's t interval for the mean of one value per stretch.

    Formula: mean ± t(B - 1) * s / sqrt(B), for B stretches with standard deviation s
    (Student, 1908; as batch means in simulation: Law & Kelton, Simulation Modeling and Analysis).

    Args:
        values: one value per stretch, shape (B,); a value that is not finite makes it undefined.
        level: two-sided confidence level.

    Returns:
        The interval, or None for fewer than `FEWEST` stretches or an undefined value.
    """
    count = values.size
    if count < FEWEST or not np.isfinite(values).all():
        return None
    error = float(values.std(ddof=1)) / count**0.5
    mean = float(values.mean())
    wide = float(stats.t.ppf((1 + level) / 2, count - 1)) * error
    narrow = float(stats.t.ppf(level, count - 1)) * error
    return Interval(mean, mean - wide, mean + wide, mean - narrow, mean + narrow, level, count)


def ratio_interval(
    top: NDArray[np.float64], bottom: NDArray[np.float64], level: float = 0.95
) -> Interval | None:
    """Interval for a ratio: Student's t on the log ratio of each stretch.

    Args:
        top: numerator per stretch, shape (B,).
        bottom: denominator per stretch, shape (B,), same unit.
        level: two-sided confidence level.

    Returns:
        The interval of the geometric mean ratio, or None where a stretch holds no positive
        numerator and denominator: undefined is not zero.
    """
    if not (np.all(top > 0) and np.all(bottom > 0)):
        return None
    logs = mean_interval(np.log(top / bottom), level)
    if logs is None:
        return None
    bounds = (logs.estimate, logs.low, logs.high, logs.inner_low, logs.inner_high)
    estimate, low, high, inner_low, inner_high = np.exp(bounds).tolist()
    return Interval(estimate, low, high, inner_low, inner_high, level, logs.stretches)


def verdict(interval: Interval, low: float, high: float) -> bool | None:
    """Judge by two one-sided tests: inside is True, outside False, straddling None.

    >>> verdict(Interval(1.0, 0.9, 1.1, 0.92, 1.08, 0.95, 4), 0.8, 1.25)
    True
    """
    if interval.inner_low > low and interval.inner_high < high:
        return True
    if interval.inner_low > high or interval.inner_high < low:
        return False
    return None


def above(interval: Interval, value: float) -> bool | None:
    """Judge one-sided: wholly above is True, wholly below False, straddling None.

    >>> above(Interval(0.2, 0.1, 0.3, 0.12, 0.28, 0.95, 4), 0.11)
    True
    """
    if interval.inner_low > value:
        return True
    return False if interval.inner_high < value else None
