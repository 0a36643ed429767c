"""Ratios, differences and rates from sums per unit of the partition; rows are never resampled.

A unit is what can be taken as one independent draw: a wide block of space, a stretch of weeks, or
a stretch of weeks within a block. A figure is `top / bottom`, each a sum over units. Its variance
comes from how the units' sums deviate from what is expected of them, within strata: the
linearisation of survey sampling, in which units are clusters (Binder 1983; for few wide blocks in
space: Bester, Conley & Hansen 2011).

- `across`: units differ from each other by chance; one stratum. For the estimand *beyond this
  city*, where units are wide blocks and hot spots could have fallen elsewhere, and for *this
  process* where units are stretches of weeks.
- `within`: units of a block differ from each other by chance, blocks do not. For *outcomes given
  flags*, where units are stretches of weeks within a block: what a block is like stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.interval import Critical, Interval, critical_values

__all__ = [
    "Scores",
    "across",
    "beside",
    "compare_together",
    "difference",
    "from_influence",
    "ratio",
    "ratio_of_rates",
    "within",
]

Values = NDArray[np.float64]
Sums = tuple[Values, Values]
FEWEST = 2.999  # degrees of freedom, fixed beforehand: with t on two an interval says nothing


@dataclass(frozen=True)
class Scores:
    """Two sums, and how the units deviate from what is expected of them.

    `top` and `bottom` are sums over all units; `top_off` and `bottom_off`, shape (units,), are
    deviations scaled so that their sum of squares is the variance of the sum.
    """

    top: float
    bottom: float
    top_off: Values
    bottom_off: Values
    freedom: float

    @property
    def estimate(self) -> float:
        """The ratio; NaN where nothing stands below the line."""
        return self.top / self.bottom if self.bottom else float("nan")

    def off(self, value: float) -> Values:
        """Return the deviations of `top - value * bottom`, shape (units,)."""
        return self.top_off - value * self.bottom_off


def across(
    top: Values,
    bottom: Values,
    *,
    expected: tuple[Values, Values] | None = None,
    size: Values | None = None,
) -> Scores:
    """Return scores of units that all differ by chance.

    Args:
        top: sums above the line, shape (units,).
        bottom: sums below the line, same shape.
        expected: what the two sums of each unit would be if every cell were alike (share flagged
            times residents, say); what is fixed about a unit is then no chance. Same shape.
        size: expected share of each unit in the variance, fixed beforehand, same shape.

    Returns:
        Scores with effective degrees of freedom (Satterthwaite 1946): those of as many equal units.
    """
    return _scores(top, bottom, np.zeros(len(top), dtype=np.int64), expected, size)


def within(
    top: Values,
    bottom: Values,
    block: NDArray[np.int64],
    *,
    expected: tuple[Values, Values] | None = None,
    size: Values | None = None,
) -> Scores:
    """Return scores of units that differ by chance within their block only.

    Args:
        top: sums above the line, shape (units,).
        bottom: sums below the line, same shape.
        block: block of each unit, same shape.
        expected: what the two sums of each unit would be if every row were alike, as in `across`.
        size: expected share of each unit in the variance, fixed beforehand, same shape.
    """
    return _scores(top, bottom, block, expected, size)


def ratio_of_rates(
    one: Sums,
    other: Sums,
    block: NDArray[np.int64],
    *,
    expected: tuple[Sums, Sums] | None = None,
    size: Values | None = None,
) -> Scores:
    """Return scores of one rate over another, where all four sums are drawn by chance.

    The ratio is (a * d) / (b * c) for rates a / b and c / d; a product of two sums deviates, to
    first order, as each factor does times the other (the delta method, on the products and not on
    the log, so that few events above the line make no trouble).

    Args:
        one: sums above and below the line of the first rate, each of shape (units,).
        other: the same of the second rate.
        block: block of each unit, shape (units,); units differ by chance within it.
        expected: what the sums of each unit would be if every row were alike, as in `across`.
        size: expected share of each unit in the variance, fixed beforehand, shape (units,).
    """
    (a, b), (c, d) = one, other

    def products(one: Sums, other: Sums) -> Sums:
        return one[0] * d.sum() + a.sum() * other[1], one[1] * c.sum() + b.sum() * other[0]

    off = products(*expected) if expected else None
    twice = within(*products(one, other), block, expected=off, size=size)
    return replace(twice, top=twice.top / 2, bottom=twice.bottom / 2)


def beside(scores: Scores, top_off: Values, bottom_off: Values) -> Scores:
    """Return the same with more sources of error, each apart from the units and from each other.

    Args:
        scores: from the units.
        top_off: the standard error that each source gives the top, shape (sources,); with the sign
            of how top and bottom move together.
        bottom_off: the same of the bottom.
    """
    return replace(
        scores,
        top_off=np.concatenate([scores.top_off, top_off]),
        bottom_off=np.concatenate([scores.bottom_off, bottom_off]),
    )


def from_influence(
    estimate: float,
    influence: Values,
    strata: NDArray[np.int64] | None = None,
    size: Values | None = None,
) -> Scores:
    """Return scores of any smooth figure from its influence values, summed per unit.

    Args:
        estimate: the figure.
        influence: sums per unit of the influence of single observations, shape (units,).
        strata: block of each unit where units differ by chance within their block only.
        size: expected share of each unit in the variance, fixed beforehand, shape (units,).
    """
    label = np.zeros(len(influence), dtype=np.int64) if strata is None else strata
    found = within(influence, np.zeros(len(influence)), label, size=size)
    return Scores(estimate, 0.0, found.top_off, found.bottom_off, found.freedom)


def _scores(
    top: Values,
    bottom: Values,
    strata: NDArray[np.int64],
    expected: tuple[Values, Values] | None,
    size: Values | None,
) -> Scores:
    plain = np.zeros(len(top))
    label = np.unique(strata, return_inverse=True)[1]
    off = [
        _deviate(one - less, label)
        for one, less in zip((top, bottom), expected or (plain, plain), strict=True)
    ]
    freedom = _freedom(np.ones(len(top)) if size is None else size, label)
    return Scores(float(top.sum()), float(bottom.sum()), off[0], off[1], freedom)


def _deviate(values: Values, label: NDArray[np.int64]) -> Values:
    """Return deviations from the mean of the stratum, scaled for the mean having been estimated."""
    number = np.bincount(label)
    mean = np.bincount(label, values) / number
    scale = np.sqrt(number / np.maximum(number - 1, 1))
    found: Values = (values - mean[label]) * scale[label]
    return found


def _freedom(size: Values, label: NDArray[np.int64]) -> float:
    """Return effective degrees of freedom from the units' expected shares in the variance."""
    sums, squares = np.bincount(label, size), np.bincount(label, size**2)
    own = np.divide(sums**2, squares, out=np.ones_like(sums), where=squares > 0) - 1
    part = np.divide(sums**2, own, out=np.zeros_like(sums), where=own > 0)
    return float(sums.sum() ** 2 / part.sum()) if part.sum() > 0 else 0.0


def ratio(
    scores: Scores, critical: Critical | None = None, *, signed: bool = False
) -> Interval | None:
    """Interval for a ratio by score inversion (Fieller 1954).

    It holds every value r for which `top - r * bottom` differs from zero by no more than chance
    gives: |top - r * bottom| <= c * sqrt(sum of off(r)²). The log of a ratio is not used: its
    interval covers too little where flags are few. Where the bottom itself may be zero the upper
    bound is infinite.

    Args:
        scores: sums and deviations.
        critical: how many standard errors; by default Student's t for this ratio alone.
        signed: the ratio can be below zero, as that of a gain.

    Returns:
        The interval, or None where the ratio is undefined: undefined is not zero.

    >>> scores = across(np.array([2.0, 3, 2, 3]), np.array([2.0, 2, 3, 3]))
    >>> found = ratio(scores)
    >>> round(found.estimate, 2), round(found.low, 2), round(found.high, 2)
    (1.0, 0.58, 1.74)
    """
    if scores.freedom < FEWEST or not (scores.bottom > 0 and np.isfinite(scores.top)):
        return None
    chosen = critical or critical_values(scores.freedom)
    least = -float("inf") if signed else 0.0
    outer, inner = (_invert(scores, one, least) for one in (chosen.outer, chosen.inner))
    units = len(scores.top_off)
    return Interval(scores.estimate, *outer, *inner, chosen.level, units, scores.freedom)


def _invert(scores: Scores, reach: float, least: float) -> tuple[float, float]:
    """Solve (top - r * bottom)² = reach² * |off(r)|² for r, from the least ratio that exists."""
    squared = reach**2
    a = scores.bottom**2 - squared * float(scores.bottom_off @ scores.bottom_off)
    b = scores.top * scores.bottom - squared * float(scores.top_off @ scores.bottom_off)
    c = scores.top**2 - squared * float(scores.top_off @ scores.top_off)
    root = max(b * b - a * c, 0.0) ** 0.5
    if a > 0:
        return max((b - root) / a, least), max((b + root) / a, least)
    # The bottom may be zero: whatever lies above the lower bound is possible, and perhaps all is.
    bounded = least == 0.0 and c > 0 and b + root > 0
    return (c / (b + root) if bounded else least), float("inf")


def difference(scores: Scores, critical: Critical | None = None) -> Interval | None:
    """Student's t interval for the difference `top - bottom`; of a sum, where bottom is zero.

    Args:
        scores: sums and deviations, in the unit of the figure.
        critical: how many standard errors; by default Student's t for this difference alone.

    Returns:
        The interval, or None with too few units or an undefined sum.
    """
    estimate = scores.top - scores.bottom
    if scores.freedom < FEWEST or not np.isfinite(estimate):
        return None
    chosen = critical or critical_values(scores.freedom)
    off = scores.off(1.0)
    error = float(off @ off) ** 0.5
    outer, inner = chosen.outer * error, chosen.inner * error
    bounds = (estimate - outer, estimate + outer, estimate - inner, estimate + inner)
    return Interval(estimate, *bounds, chosen.level, len(off), scores.freedom)


def compare_together(many: Sequence[Scores], level: float = 0.95) -> Critical | None:
    """Return how far the intervals of several ratios of the same units reach, to hold together.

    The correlation is that of `top - r * bottom` at each estimate r; the degrees of freedom are the
    fewest of all. None where none of the ratios is defined.
    """
    defined = [one for one in many if one.bottom > 0 and one.freedom >= FEWEST]
    if not defined:
        return None
    off = np.array([one.off(one.estimate) for one in defined])
    size = np.sqrt((off**2).sum(axis=1))
    unit = off / np.where(size > 0, size, 1.0)[:, None]
    return critical_values(min(one.freedom for one in defined), unit @ unit.T, level)
