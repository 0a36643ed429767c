"""Areas under curves and calibration slopes, with intervals from influence values per unit.

Estimand: outcomes given flags. A score and its cells are fixed; what is drawn is the outcome.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cas_audit.inference.interval import Critical
from cas_audit.inference.scores import Scores, from_influence

__all__ = ["Auc", "area_under_curve", "calibration_slope", "paired_auc"]

CHANCE = 0.5
STEPS = 50
Values = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Auc:
    """How often a value is higher where something happened than where it did not."""

    estimate: float | None
    low: float | None = None
    high: float | None = None


def area_under_curve(
    score: Values, hit: NDArray[np.bool_], unit: Numbers, strata: Numbers
) -> Scores | None:
    """Return the area under the ROC curve, as scores over units.

    Influence of a row with an outcome: share of rows without one that it outranks, less the area;
    and the other way round (DeLong, DeLong & Clarke-Pearson 1988), summed per unit.

    Args:
        score: of each row, shape (rows,).
        hit: whether the outcome followed, same shape.
        unit: unit of each row, numbered from 0, same shape.
        strata: block of each unit, shape (units,).

    Returns:
        Scores whose `difference` is the area; None without rows of both kinds.
    """
    have, lack = int(hit.sum()), int((~hit).sum())
    if not have * lack:
        return None
    rank = stats.rankdata(score)
    own = np.empty(len(score))
    own[hit], own[~hit] = stats.rankdata(score[hit]), stats.rankdata(score[~hit])
    outranked = np.where(hit, (rank - own) / lack, 1 - (rank - own) / have)
    area = float(outranked[hit].mean())
    influence = (outranked - area) / np.where(hit, have, lack)
    rows = _sums(unit, np.ones(len(score)), len(strata))
    return from_influence(area, _sums(unit, influence, len(strata)), strata, rows)


def calibration_slope(
    expected: Values, observed: Values, unit: Numbers, strata: Numbers
) -> Scores | None:
    """Return the slope of log observed on log expected counts, as scores over units; one is right.

    Poisson regression log E(observed) = a + b * log(expected) (Cox 1958 for the idea; McCullagh &
    Nelder 1989 for the fit by iteratively reweighted least squares); the influence of a row is the
    row of the inverse information times its score, summed per unit.

    Args:
        expected: forecast count of each row, above zero, shape (rows,).
        observed: count that followed, same shape.
        unit: unit of each row, numbered from 0, same shape.
        strata: block of each unit, shape (units,).

    Returns:
        Scores whose `difference` is the slope; None without outcomes or without differences
        between forecasts.
    """
    if not observed.sum() > 0 or not np.ptp(expected) > 0:
        return None
    logs = np.log(expected)
    design = np.column_stack([np.ones(len(logs)), logs - logs.mean()])
    beta = np.array([np.log(observed.mean()), 1.0])
    for _ in range(STEPS):
        mean = np.exp(design @ beta)
        information = design.T @ (design * mean[:, None])
        step = np.linalg.solve(information, design.T @ (observed - mean))
        beta = beta + step
        if np.abs(step).max() < 1e-10:  # noqa: PLR2004 - of a slope near one
            break
    mean = np.exp(design @ beta)
    inverse = np.linalg.inv(design.T @ (design * mean[:, None]))
    lever = design @ inverse[1]
    size = _sums(unit, lever**2 * expected, len(strata))  # of counts that vary as Poisson's do
    influence = _sums(unit, lever * (observed - mean), len(strata))
    return from_influence(float(beta[1]), influence, strata, size)


def _sums(unit: Numbers, values: Values, units: int) -> Values:
    return np.bincount(unit, values, units).astype(np.float64)


def paired_auc(value: Values, hit: NDArray[np.bool_], area: Numbers, critical: Critical) -> Auc:
    """Pool the area under the curve over areas, weighted by pairs of cells within each.

    Variance per area of Hanley & McNeil (1982). Where every area shows one value only, the area is
    a half by construction, and exact.

    Args:
        value: what is shown of each cell, shape (cells,).
        hit: whether something happened there, same shape.
        area: area of each cell, same shape.
        critical: how many standard errors the interval reaches.
    """
    if not len(value):
        return Auc(None)
    inside = [area == one for one in np.unique(area)]
    if all(np.ptp(value[one]) == 0 for one in inside):
        return Auc(CHANCE, CHANCE, CHANCE)
    pairs, auc, variance = np.array([_hanley(value[one], hit[one]) for one in inside]).T
    if not pairs.sum():
        return Auc(None)
    share = pairs / pairs.sum()
    estimate = float((share * auc).sum())
    reach = critical.outer * float(np.sqrt((share**2 * variance).sum()))
    return Auc(estimate, max(estimate - reach, 0.0), min(estimate + reach, 1.0))


def _hanley(value: Values, hit: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Return pairs, area under the curve and its variance."""
    have, lack = int(hit.sum()), int((~hit).sum())
    if not have * lack:
        return 0.0, CHANCE, 0.0
    above = float(stats.rankdata(value)[hit].sum()) - have * (have + 1) / 2
    auc = above / (have * lack)
    both, none = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    extra = (have - 1) * (both - auc**2) + (lack - 1) * (none - auc**2)
    return float(have * lack), auc, (auc * (1 - auc) + extra) / (have * lack)
