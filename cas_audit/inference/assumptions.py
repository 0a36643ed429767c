"""Do counts vary about a forecast as the forecast assumes: as Poisson's do, and apart?

And can the columns it is fitted on be told apart?

Estimand: outcomes given scores. Each figure comes with its standard error where the assumption
holds, so an interval far from it is about right only near it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cas_audit.inference.spatial import moran

__all__ = ["Figure", "Overlap", "clustering", "collinearity", "dispersion", "persistence"]

Values = NDArray[np.float64]
LEAST = 5.0  # expected in a class: below it the chi-square is poor (Cochran 1954)
FEWEST = 4
TINY = 1e-6  # what rounding leaves of an eigenvalue of nought


@dataclass(frozen=True)
class Figure:
    """A figure with its standard error; NaN where it is undefined."""

    value: float
    error: float


NOTHING = Figure(float("nan"), float("nan"))


@dataclass(frozen=True)
class Overlap:
    """How far columns say the same: a condition number, and the two columns that do so most."""

    condition: float
    most: tuple[int, ...]


def collinearity(correlations: Values) -> Overlap:
    """Return how far columns can be told from each other; no chance is in it.

    Formula: the square root of the largest over the smallest eigenvalue of the correlations: one
    where nothing overlaps, thousands where a column follows from the others; by convention above 30
    is strong (Belsley, Kuh & Welsch 1980, chapter 3). The two columns are those that weigh most in
    the eigenvector of the smallest.

    Args:
        correlations: shape (columns, columns), NaN where a column is the same everywhere; such a
            column overlaps with none.

    >>> round(collinearity(np.array([[1.0, 0.8], [0.8, 1.0]])).condition, 9)
    3.0
    """
    used = np.flatnonzero(np.isfinite(np.diagonal(correlations)))
    if not used.size:
        return Overlap(float("nan"), ())
    values, vectors = np.linalg.eigh(correlations[np.ix_(used, used)])
    order = np.argsort(-np.abs(vectors[:, 0]).round(9), kind="stable")[:2]
    condition = float(np.sqrt(values[-1] / max(float(values[0]), TINY)))
    return Overlap(condition, tuple(used[order].tolist()))


def dispersion(observed: Values, expected: Values) -> Figure:
    """Return Pearson's statistic over its degrees of freedom: one for counts as Poisson's.

    Formula: sum of (O - E)² / E over n - 1, over classes that expect five or more, E scaled to
    the total of O there; variance 2 / (n - 1) (McCullagh & Nelder 1989, section 6.2).

    >>> round(dispersion(np.array([8.0, 12, 10, 10]), np.full(4, 10.0)).value, 3)
    0.267
    """
    chosen = expected >= LEAST
    counts, due = observed[chosen], expected[chosen]
    if counts.size < FEWEST or not counts.sum():
        return NOTHING
    due = due * counts.sum() / due.sum()
    freedom = counts.size - 1
    return Figure(float(((counts - due) ** 2 / due).sum() / freedom), float(np.sqrt(2 / freedom)))


def clustering(
    observed: Values, expected: Values, weights: sparse.csr_array, rng: np.random.Generator
) -> Figure:
    """Return Moran's I of Pearson residuals per cell; near zero where they have no pattern.

    Args:
        observed: count per cell, shape (cells,).
        expected: above zero, same shape; scaled to the total observed.
        weights: neighbours, as `spatial_weights.contiguity` gives them.
        rng: of the draws that `moran` makes.
    """
    if not observed.sum():
        return NOTHING
    found = moran(residuals(observed, expected), weights, rng, draws=1)
    return Figure(found.statistic - found.expected, found.randomised.deviation)


def persistence(observed: Values, expected: Values) -> Figure:
    """Return the correlation of residuals of the city with those of the period before.

    Standard error 1 / sqrt(n) without correlation (Bartlett 1946).
    """
    left = residuals(observed, expected) if observed.sum() else np.zeros(0)
    if left.size <= FEWEST or np.ptp(left) == 0:
        return NOTHING
    return Figure(float(np.corrcoef(left[1:], left[:-1])[0, 1]), float(left.size**-0.5))


def residuals(observed: Values, expected: Values) -> Values:
    """Return Pearson residuals, with what is expected scaled to the total observed."""
    due = expected * observed.sum() / expected.sum()
    found: Values = (observed - due) / np.sqrt(due)
    return found
