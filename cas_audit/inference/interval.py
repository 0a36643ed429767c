"""Intervals and the verdict against a tolerance: what every estimator of this package gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Critical", "Interval", "above", "critical_values", "verdict"]

LEVEL = 0.95
DRAWS = 20_000
SEED = 20_220_518  # of the simulated quantile: a constant, so that the same data say the same


@dataclass(frozen=True)
class Critical:
    """How many standard errors an interval reaches: two-sided at `level`, and for the verdict."""

    outer: float
    inner: float
    level: float = LEVEL


@dataclass(frozen=True)
class Interval:
    """An estimate with a two-sided interval, and the narrower one a verdict uses.

    `low` and `high` hold at `level`; `inner_low` and `inner_high` at `2 * level - 1`, so that a
    verdict by two one-sided tests has size `1 - level` on each side. A bound may be infinite.
    `freedom` are the degrees of freedom of Student's t; `units` what they were counted from.
    """

    estimate: float
    low: float
    high: float
    inner_low: float
    inner_high: float
    level: float
    units: int
    freedom: float


def critical_values(
    freedom: float, correlation: NDArray[np.float64] | None = None, level: float = LEVEL
) -> Critical:
    """Return how far simultaneous intervals of several comparisons reach (max-t).

    The quantile of max |T_j| for T multivariate t with `freedom` degrees of freedom and the
    correlation of the comparisons' scores (Hothorn, Bretz & Westfall 2008), by simulation from a
    fixed seed; never more than Bonferroni gives, and exact for one comparison.

    Args:
        freedom: degrees of freedom; infinite for a normal.
        correlation: of the comparisons, shape (m, m); None for one.
        level: two-sided level at which all hold together.

    >>> one = critical_values(15.0)
    >>> round(one.outer, 3), round(one.inner, 3)
    (2.131, 1.753)
    """
    levels = (level, 2 * level - 1)
    if correlation is None or len(correlation) == 1:
        outer, inner = (float(stats.t.ppf((1 + one) / 2, freedom)) for one in levels)
        return Critical(outer, inner, level)
    rng = np.random.default_rng(SEED)
    values, vectors = np.linalg.eigh(np.nan_to_num(correlation))
    root = vectors * np.sqrt(values.clip(min=0))
    normal = rng.standard_normal((DRAWS, len(correlation))) @ root.T
    scale = rng.chisquare(freedom, DRAWS) / freedom if np.isfinite(freedom) else np.ones(DRAWS)
    largest = np.abs(normal).max(axis=1) / np.sqrt(scale)
    most = len(correlation)
    outer, inner = (
        min(float(np.quantile(largest, one)), float(stats.t.ppf(1 - (1 - one) / 2 / most, freedom)))
        for one in levels
    )
    return Critical(outer, inner, level)


def verdict(interval: Interval, low: float, high: float) -> bool | None:
    """Judge by two one-sided tests: inside is True, outside False, straddling None.

    >>> verdict(Interval(1.0, 0.9, 1.1, 0.92, 1.08, 0.95, 16, 15.0), 0.8, 1.25)
    True
    """
    if interval.inner_low > low and interval.inner_high < high:
        return True
    if interval.inner_low > high or interval.inner_high < low:
        return False
    return None


def above(interval: Interval, value: float) -> bool | None:
    """Judge one-sided: wholly above is True, wholly below False, straddling None.

    >>> above(Interval(0.2, 0.1, 0.3, 0.12, 0.28, 0.95, 16, 15.0), 0.11)
    True
    """
    if interval.inner_low > value:
        return True
    return False if interval.inner_high < value else None
