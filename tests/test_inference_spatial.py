"""Weights and Moran's I on the grid, held against libpysal, esda and enumeration."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import sparse

from cas_audit.inference.spatial import moran
from cas_audit.inference.spatial_local import getis_ord, local_moran
from cas_audit.inference.spatial_weights import contiguity, islands

SHAPE = (7, 9)


def kept(seed: int = 1) -> NDArray[np.bool_]:
    """Return a ragged map without islands."""
    grid = np.random.default_rng(seed).random(SHAPE) < 0.75
    grid[grid] = ~islands(contiguity(grid, "rook"))
    return grid


def theirs(grid: NDArray[np.bool_], kind: str = "queen") -> Any:
    """Return the weights of the kept cells as libpysal makes them."""
    weights = pytest.importorskip("libpysal.weights")
    whole = weights.lat2W(*grid.shape, rook=kind == "rook")
    return weights.w_subset(whole, np.flatnonzero(grid).tolist())


def noise(grid: NDArray[np.bool_], seed: int = 2) -> NDArray[np.float64]:
    """Return positive, skewed values without pattern."""
    return np.random.default_rng(seed).lognormal(size=int(grid.sum()))


@pytest.mark.filterwarnings("ignore:The weights matrix is not fully connected:UserWarning")
@pytest.mark.parametrize("kind", ["queen", "rook"])
def test_weights_are_those_of_libpysal(kind: Any) -> None:
    """The same neighbours, binary and row-standardised."""
    grid = kept()
    other = theirs(grid, kind)
    binary = other.full()[0]
    other.transform = "r"

    assert binary.tolist() == contiguity(grid, kind, standardised=False).toarray().tolist()
    assert pytest.approx(other.full()[0]) == contiguity(grid, kind).toarray()


@given(arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 6))))
def test_neighbours_are_mutual_and_near(grid: NDArray[np.bool_]) -> None:
    """On any map cells are neighbours both ways, exactly where they are one step apart."""
    place = np.argwhere(grid)
    apart = np.abs(place[:, None] - place).max(axis=2)

    assert (apart == 1).tolist() == (contiguity(grid).toarray() > 0).tolist()


def test_moran_and_its_moments_are_those_of_esda() -> None:
    """Statistic, both standard deviations, both z and both p-values."""
    esda = pytest.importorskip("esda")
    grid = kept()
    other = esda.Moran(noise(grid), theirs(grid), permutations=0)
    found = moran(noise(grid), contiguity(grid), np.random.default_rng(1), draws=9)

    assert pytest.approx((other.I, other.EI)) == (found.statistic, found.expected)
    for name, ours in [("norm", found.normal), ("rand", found.randomised)]:
        expected = [getattr(other, f"{kind}_{name}") for kind in ("seI", "z", "p")]

        assert pytest.approx(expected) == [ours.deviation, ours.z, ours.p]


def test_drawn_p_is_the_enumerated_one() -> None:
    """On five cells all 120 orders can be tried: the drawn p-value comes to the same."""
    weights = contiguity(np.ones((1, 5), dtype=bool))
    values = np.array([1.0, 2, 4, 9, 7])
    z = values - values.mean()
    all_of_them = np.array(
        [(z[list(o)] * (weights @ z[list(o)])).sum() for o in permutations(range(5))]
    )
    exact = (all_of_them >= (z * (weights @ z)).sum() - 1e-9).mean()
    found = moran(values, weights, np.random.default_rng(1), draws=20_000, alternative="greater")

    assert abs(exact - found.drawn.p) < 4 * found.drawn.error


def test_a_gradient_is_clustered_and_a_chessboard_the_opposite() -> None:
    """A known field has a known sign, and the p-value is the smallest there is."""
    weights = contiguity(np.ones((8, 8), dtype=bool), "rook")
    down, right = np.indices((8, 8))
    slope, squares = (one.astype(np.float64).ravel() for one in (down, (down + right) % 2))
    smooth = moran(slope, weights, np.random.default_rng(1), draws=99)
    board = moran(squares, weights, np.random.default_rng(1), draws=99)

    assert smooth.statistic > 0.8
    assert pytest.approx(-1) == board.statistic
    assert smooth.drawn.p == board.drawn.p == 0.02


def test_constant_or_missing_values_leave_all_undefined() -> None:
    """No statistic and no p-value is invented, and no warning raised."""
    weights = contiguity(np.ones((3, 3), dtype=bool))
    for values in (np.full(9, 0.1), np.array([np.nan, *range(8)])):
        whole = moran(values, weights, np.random.default_rng(1), draws=9)
        local = local_moran(values, weights, np.random.default_rng(1), draws=9)
        star = getis_ord(values, weights, np.random.default_rng(1), draws=9)

        assert np.isnan([whole.statistic, whole.normal.p, whole.randomised.p, whole.drawn.p]).all()
        assert np.isnan([local.statistic, local.p, local.adjusted]).all()
        assert np.isnan([star.z, star.p, star.adjusted]).all()


def test_islands_are_undefined_and_do_not_count() -> None:
    """An island has no local value, and changes nothing of the global one."""
    grid = np.zeros((6, 8), dtype=bool)
    grid[:, :5] = True
    lonely = grid.copy()
    lonely[3, 7] = True
    values = noise(lonely)
    island = islands(contiguity(lonely))
    rng = np.random.default_rng
    local = local_moran(values, contiguity(lonely), rng(1), draws=99)
    star = getis_ord(values, contiguity(lonely), rng(1), draws=99)

    assert island.tolist() == np.isnan(local.p).tolist() == np.isnan(star.p).tolist()
    assert island.tolist() == np.isnan(local.adjusted).tolist() == np.isnan(star.z).tolist()
    assert moran(values[~island], contiguity(grid), rng(1)) == moran(
        values, contiguity(lonely), rng(1)
    )


def test_a_map_of_islands_is_undefined() -> None:
    """Where no cell has a neighbour there is nothing to say of any."""
    weights = contiguity(np.array([[True, False, True, False, True]]))
    values = np.array([1.0, 2, 3])

    assert np.isnan(local_moran(values, weights, np.random.default_rng(1), draws=9).p).all()
    assert np.isnan(getis_ord(values, weights, np.random.default_rng(1), draws=9).p).all()
    assert np.isnan(moran(values, weights, np.random.default_rng(1), draws=9).statistic)


@given(st.integers(0, 1000))
def test_the_order_of_cells_changes_nothing(seed: int) -> None:
    """Cells in another order, with their weights: the same statistics, in that order."""
    grid = kept()
    weights, values = contiguity(grid), noise(grid)
    order = np.random.default_rng(seed).permutation(values.size)
    moved = sparse.csr_array(weights[order][:, order])

    def found(x: NDArray[np.float64], w: sparse.csr_array) -> list[NDArray[np.float64]]:
        whole = moran(x, w, np.random.default_rng(1), draws=1)
        local = local_moran(x, w, np.random.default_rng(1), draws=1)
        star = getis_ord(x, w, np.random.default_rng(1), draws=1)
        moments = np.full(x.size, whole.statistic + whole.randomised.p)
        return [local.statistic, star.z, star.p_normal, moments]

    for one, other in zip(found(values, weights), found(values[order], moved), strict=True):
        assert pytest.approx(one[order]) == other


def test_same_seed_same_answer() -> None:
    """Drawn p-values repeat with the seed, and differ without."""
    grid = kept()
    first, again, other = (
        local_moran(noise(grid), contiguity(grid), np.random.default_rng(seed), draws=199).p
        for seed in (1, 1, 2)
    )

    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
