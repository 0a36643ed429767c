"""Does a weekly series of counts break: has its level changed at some week nobody named?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

__all__ = ["Break", "find_break"]

Values = NDArray[np.float64]
YEAR_WEEKS = 365.25 / 7
FEWEST_FOR_SEASONS = 104  # weeks; of one year nobody can tell a season from a change
LEVEL, POWER = 0.05, 0.8
HALF = 0.5  # deviation of a Brownian bridge halfway


@dataclass(frozen=True)
class Break:
    """A possible break.

    Attributes:
        statistic: largest absolute partial sum of the residuals, in its own standard errors.
        p_value: chance of one as large where the level never changed.
        at: first week after the likeliest break.
        ratio: mean count after it over that before; NaN where there was none before.
        detectable: ratio of a change halfway that is found at least four times in five, at 5 %.
    """

    statistic: float
    p_value: float
    at: int
    ratio: float
    detectable: float


def find_break(counts: Values, *, lags: int | None = None) -> Break | None:
    """Test a weekly series for one change of level (OLS-CUSUM: Ploberger & Krämer 1992).

    Formula: residuals e of 2 sqrt(count + 3/8) (Anscombe 1948) on a mean and, from two years on,
    one wave a year; statistic max |e_1 + ... + e_t| / (s sqrt(n)), with s² their long-run variance
    (Newey & West 1987; Bartlett weights). Null: the level never changed; the statistic is then the
    largest value of a Brownian bridge (Kolmogorov's distribution).

    Limits: a slow trend is found as a break too, and so is a true change. Two breaks that cancel
    are found less. At a small number of weeks the test is careful.

    Args:
        counts: one a week, zeros included, shape (weeks,).
        lags: of the long-run variance; by default floor(4 (n / 100)^(2/9)).

    Returns:
        The likeliest break, or None where nothing was ever counted or all is constant.
    """
    weeks = counts.size
    value = 2 * np.sqrt(counts + 0.375)
    left = value - _fitted(value)
    memory = int(4 * (weeks / 100) ** (2 / 9)) if lags is None else lags
    spread = _long_run(left, memory) ** 0.5
    if not counts.any() or spread < 1e-9:  # noqa: PLR2004 - rounding
        return None
    sums = np.abs(np.cumsum(left)[:-1]) / (spread * weeks**0.5)
    at = int(sums.argmax()) + 1
    before, after = counts[:at].mean(), counts[at:].mean()
    ratio = float(after / before) if before else float("nan")
    p_value = float(stats.kstwobign.sf(sums.max()))
    step = _detectable(spread, weeks, memory)
    return Break(float(sums.max()), p_value, at, ratio, _as_ratio(float(value.mean()), step))


def _detectable(spread: float, weeks: int, lags: int) -> float:
    """Return a step halfway that is found at least as often as `POWER`; it widens the spread."""
    reach = float(stats.kstwobign.isf(LEVEL) + HALF * stats.norm.ppf(POWER))
    room = weeks / 16 - reach**2 * (lags + 1) / 4
    return reach * spread / room**0.5 if room > 0 else float("inf")


def _fitted(value: Values) -> Values:
    angle = 2 * np.pi * np.arange(value.size) / YEAR_WEEKS
    waves = [np.sin(angle), np.cos(angle)] if value.size >= FEWEST_FOR_SEASONS else []
    design = np.column_stack([np.ones(value.size), *waves])
    found: Values = design @ np.linalg.lstsq(design, value, rcond=None)[0]
    return found


def _long_run(left: Values, lags: int) -> float:
    total = float(left @ left)
    for lag in range(1, lags + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(left[lag:] @ left[:-lag])
    return max(total, 0.0) / left.size


def _as_ratio(level: float, step: float) -> float:
    """Return the ratio of counts that a step of the transformed level stands for."""
    low = level - step / 2
    return (level + step / 2) ** 2 / low**2 if low > 0 else float("inf")
