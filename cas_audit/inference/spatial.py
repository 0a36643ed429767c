"""Is a field clustered? Moran's I over the whole map.

Null: the values could stand in any order on the cells, each order equally likely ("no spatial
pattern"). It says nothing of why a pattern is there: hot spots are clustered where people are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from cas_audit.inference.draws import Alternative, DrawnP, batches, p_from_draws
from cas_audit.inference.spatial_weights import islands

__all__ = ["Moments", "Moran", "moran"]

Floats = NDArray[np.float64]
FEWEST = 4  # the variance under randomisation divides by n - 3
NAN = float("nan")


@dataclass(frozen=True)
class Moments:
    """Standard deviation of Moran's I under a null, and what follows: z and two-sided p."""

    deviation: float
    z: float
    p: float


@dataclass(frozen=True)
class Moran:
    """Moran's I, its expectation without pattern, and three ways to test it.

    `normal`: values independent and normal; `randomised`: the values found, in any order;
    `drawn`: the same null as `randomised`, by drawing orders. `cells` counts no islands.
    """

    statistic: float
    expected: float
    normal: Moments
    randomised: Moments
    drawn: DrawnP
    cells: int


def moran(
    values: Floats,
    weights: sparse.csr_array,
    rng: np.random.Generator,
    *,
    draws: int = 999,
    alternative: Alternative = "two-sided",
) -> Moran:
    """Return the global Moran's I with analytic and permutation tests.

    Formula: I = (n / S0) (z' W z) / (z' z), z the values minus their mean, S0 the sum of the
    weights (Moran, 1950); its variances as in Cliff & Ord, Spatial Processes (1981), pages 42-46.
    Null: see the module. Estimand ("beyond this city"): clustering of the process of which this
    map is one draw; as a description of this map, I needs no test.

    Limits: islands are left out. Constant values, values that are not finite, or fewer than
    four cells leave everything undefined (NaN). The p-value of `normal` is two-sided always.

    Args:
        values: one per cell, shape (n,), in the order of the weights.
        weights: of `contiguity`.
        rng: source of the draws.
        draws: how many orders to draw.
        alternative: of the drawn p-value; "greater" asks for clustering only.
    """
    joined = ~islands(weights)
    values, weights = values[joined], weights[joined][:, joined]
    if values.size < FEWEST or not np.isfinite(values).all() or np.ptp(values) == 0:
        none = Moments(NAN, NAN, NAN)
        return Moran(NAN, NAN, none, none, DrawnP(NAN, NAN, draws), int(values.size))
    z = values - values.mean()
    scale = float(values.size / weights.sum() / (z @ z))
    found = scale * float(z @ (weights @ z))
    p = p_from_draws(found, _permuted(z, weights, rng, draws) * scale, alternative)
    expected = -1 / (z.size - 1)
    normal, randomised = (
        _moments(found - expected, variance - expected**2) for variance in _squares(z, weights)
    )
    return Moran(found, expected, normal, randomised, p, int(z.size))


def _permuted(z: Floats, weights: sparse.csr_array, rng: np.random.Generator, draws: int) -> Floats:
    """Return z' W z for z in random orders."""
    found = []
    for batch in batches(draws, z.size):
        orders = rng.permuted(np.tile(z, (batch, 1)), axis=1).T
        found.append(np.einsum("nb,nb->b", orders, weights @ orders))
    return np.concatenate(found)


def _squares(z: Floats, weights: sparse.csr_array) -> tuple[float, float]:
    """Return E(I²) under normality and under randomisation (Cliff & Ord, 1981)."""
    n = float(z.size)
    s0 = float(weights.sum())
    s1 = float(((weights + weights.T).power(2)).sum()) / 2
    s2 = float(((weights.sum(axis=1) + weights.sum(axis=0)) ** 2).sum())
    kurtosis = n * float((z**4).sum()) / float((z**2).sum()) ** 2
    normal = (n**2 * s1 - n * s2 + 3 * s0**2) / ((n**2 - 1) * s0**2)
    values = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    shape = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    return normal, (values - shape) / ((n - 1) * (n - 2) * (n - 3) * s0**2)


def _moments(distance: float, variance: float) -> Moments:
    deviation = max(variance, 0.0) ** 0.5
    if deviation == 0:  # every order gives the same I: there is nothing to test
        return Moments(0.0, NAN, NAN)
    z = distance / deviation
    return Moments(deviation, z, 2 * float(stats.norm.sf(abs(z))))
