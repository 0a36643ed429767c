"""Intervals from histories drawn again: the model was refitted on each (estimand: this process).

The figure of this map is one draw of what the process gives, so it is an unbiased estimate of its
expected value; how far such draws lie apart is seen in the replicates. They are not used for
their mean: a history drawn from an estimate is a little flatter than the city's own.
"""

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.interval import Critical, Interval, critical_values

__all__ = ["FEWEST_REFITS", "compare_replicates", "log_ratio_interval", "plain_interval"]

FEWEST_REFITS = 5
Values = NDArray[np.float64]


def log_ratio_interval(
    estimate: float, replicates: Values, critical: Critical | None = None
) -> Interval | None:
    """Interval of a ratio over histories: exp(log R ± c * s), s of the log ratios of replicates.

    R and the replicates are ratios of sums over many weeks, and log R is nearly normal; with B
    replicates s² has B - 1 degrees of freedom and does not depend on R, so c is Student's.

    Args:
        estimate: the ratio on the map at hand, R.
        replicates: the ratio on each redrawn history, shape (B,).
        critical: how many standard errors; by default Student's t for this ratio alone.

    Returns:
        The interval, or None for fewer than `FEWEST_REFITS` replicates, or where one is undefined.
    """
    values = np.append(replicates, estimate)
    if len(replicates) < FEWEST_REFITS or not (np.isfinite(values).all() and (values > 0).all()):
        return None
    found = plain_interval(float(np.log(estimate)), np.log(replicates), critical)
    if found is None:
        return None
    bounds = np.exp([found.low, found.high, found.inner_low, found.inner_high]).tolist()
    low, high, inner_low, inner_high = bounds
    return Interval(
        estimate, low, high, inner_low, inner_high, found.level, found.units, found.freedom
    )


def plain_interval(
    estimate: float, replicates: Values, critical: Critical | None = None
) -> Interval | None:
    """Interval of a figure over histories: R ± c * s, as `log_ratio_interval` without the log."""
    if len(replicates) < FEWEST_REFITS or not np.isfinite(np.append(replicates, estimate)).all():
        return None
    freedom = float(len(replicates) - 1)
    chosen = critical or critical_values(freedom)
    error = float(np.std(replicates, ddof=1))
    outer, inner = chosen.outer * error, chosen.inner * error
    bounds = (estimate - outer, estimate + outer, estimate - inner, estimate + inner)
    return Interval(estimate, *bounds, chosen.level, len(replicates), freedom)


def compare_replicates(replicates: Values, level: float = 0.95) -> Critical | None:
    """Return how far the intervals of several ratios reach, to hold together.

    Args:
        replicates: one row a comparison, one column a history, shape (m, B); rows that are
            undefined or do not vary are passed over.
        level: two-sided level.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(replicates)
    defined = logs[np.isfinite(logs).all(axis=1)]
    defined = defined[defined.std(axis=1) > 0]
    if not len(defined) or defined.shape[1] < FEWEST_REFITS:
        return None
    return critical_values(defined.shape[1] - 1.0, np.atleast_2d(np.corrcoef(defined)), level)
