"""Local Moran and G*, held against esda, against enumeration and against their level."""

import time
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from cas_audit.inference.spatial import moran
from cas_audit.inference.spatial_local import getis_ord, local_moran
from cas_audit.inference.spatial_weights import contiguity

WHOLE = np.ones((12, 12), dtype=bool)
FIVE = np.ones((1, 5), dtype=bool)


def noise(seed: int, cells: int = 144) -> NDArray[np.float64]:
    """Return positive values without pattern."""
    return np.random.default_rng(seed).gamma(2, size=cells)


def esda(name: str, values: NDArray[np.float64], **options: Any) -> Any:
    """Return a local statistic of esda on the whole map."""
    library = pytest.importorskip("esda")
    weights = pytest.importorskip("libpysal.weights").lat2W(12, 12, rook=False)
    return getattr(library, name)(values, weights, n_jobs=1, seed=1, **options)


@pytest.mark.filterwarnings("ignore:The alternative hypothesis for cond:DeprecationWarning")
def test_local_moran_is_that_of_esda() -> None:
    """The statistic but for its divisor, and the p-value but for the other tail."""
    values = noise(1)
    other = esda("Moran_Local", values, permutations=9_999)
    found = local_moran(values, contiguity(WHOLE), np.random.default_rng(1), draws=9_999)
    error = np.sqrt(other.p_sim * (1 - other.p_sim) / 9_999)

    assert pytest.approx(other.Is * 144 / 143) == found.statistic
    assert (np.abs(found.p / 2 - other.p_sim) < 6 * error + 1e-3).all()


def test_local_p_is_the_enumerated_one() -> None:
    """On five cells the 24 orders that leave a cell in place can all be tried."""
    values = np.array([1.0, 2, 4, 9, 7])
    weights = contiguity(FIVE)
    lags = np.array([weights @ values[list(order)] for order in permutations(range(5))])
    orders = np.array(list(permutations(range(5))))
    found = local_moran(values, weights, np.random.default_rng(1), draws=20_000).p
    for cell in range(5):
        drawn = lags[orders[:, cell] == cell, cell]
        lag = (weights @ values)[cell]
        tails = min((drawn >= lag - 1e-9).mean(), (drawn <= lag + 1e-9).mean())

        assert abs(min(2 * tails, 1) - found[cell]) < 0.02


def test_local_moran_adds_up_to_the_global_one() -> None:
    """With weights that add up to one per cell, the mean of the local is the global."""
    values, weights = noise(2), contiguity(WHOLE)
    local = local_moran(values, weights, np.random.default_rng(1), draws=1).statistic

    assert pytest.approx(local.mean()) == moran(values, weights, np.random.default_rng(1)).statistic


def test_g_star_is_that_of_esda_for_binary_weights() -> None:
    """z-values agree; the normal p-value of esda is one-sided, ours twice that."""
    values = noise(3)
    other = esda("G_Local", values, transform="B", star=True, permutations=0)
    weights = contiguity(WHOLE, standardised=False)
    found = getis_ord(values, weights, np.random.default_rng(1), draws=9)

    assert pytest.approx(other.Zs) == found.z
    assert pytest.approx(2 * other.p_norm) == found.p_normal


def test_g_star_of_standardised_weights_has_the_moments_of_all_orders() -> None:
    """Over all orders of five values z has mean zero and variance one at every cell."""
    values = np.array([1.0, 2, 4, 9, 7])
    z = [
        getis_ord(values[list(order)], contiguity(FIVE), np.random.default_rng(1), draws=1).z
        for order in permutations(range(5))
    ]

    assert pytest.approx(np.zeros(5), abs=1e-12) == np.mean(z, axis=0)
    assert pytest.approx(np.ones(5)) == np.var(z, axis=0)


def test_g_star_finds_a_hot_and_a_cold_place() -> None:
    """After correction for 144 tests the planted places are found, with their sign."""
    grid = np.random.default_rng(1).normal(size=WHOLE.shape)
    grid[1:4, 1:4] += 5
    grid[8:11, 8:11] -= 5
    star = getis_ord(grid.ravel(), contiguity(WHOLE), np.random.default_rng(1))
    found = np.sign(star.z.reshape(WHOLE.shape)) * (star.adjusted <= 0.05).reshape(WHOLE.shape)

    assert found[2, 2] == 1
    assert found[9, 9] == -1


@pytest.mark.parametrize("test", [local_moran, getis_ord])
def test_on_noise_five_percent_are_below_five_percent(test: Any) -> None:
    """Over 60 fields without pattern, within three Monte Carlo errors of fields."""
    weights = contiguity(WHOLE)
    shares = [
        np.mean(test(noise(seed), weights, np.random.default_rng(seed), draws=199).p <= 0.05)
        for seed in range(60)
    ]

    assert abs(np.mean(shares) - 0.05) < 3 * stats.sem(shares)
    assert stats.sem(shares) < 0.005


def test_a_large_map_takes_seconds() -> None:
    """12,100 cells with 999 draws: two seconds measured; ten are allowed on a busy machine."""
    weights = contiguity(np.ones((110, 110), dtype=bool))
    start = time.process_time()
    local_moran(noise(1, 12_100), weights, np.random.default_rng(1), draws=999)

    assert time.process_time() - start < 10
