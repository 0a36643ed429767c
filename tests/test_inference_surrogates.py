"""Surrogates keep what their method promises to keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import fft, sparse

from cas_audit.inference.spatial_weights import contiguity
from cas_audit.inference.surrogates import METHODS, Method, surrogates

SHAPE = (12, 15)
WHOLE = np.ones(SHAPE, dtype=bool)
NAMES: list[Method] = ["shuffle", "torus", "shift", "spectral", "blocks"]
MAPS = arrays(bool, st.tuples(st.integers(1, 8), st.integers(1, 8))).filter(np.any)


def smooth(seed: int = 1) -> NDArray[np.float64]:
    """Return a clustered field: noise of which short waves are damped."""
    waves = np.random.default_rng(seed).normal(size=SHAPE)
    down, right = np.indices(SHAPE)
    field: NDArray[np.float64] = fft.idctn(waves / (1 + down + right) ** 2, norm="ortho")
    return field.ravel()


def rng() -> np.random.Generator:
    """Return the source of draws of these tests."""
    return np.random.default_rng(1)


def roughness(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of squared differences of neighbours over that around the mean: Geary."""
    weights = contiguity(WHOLE, "rook", standardised=False)
    laplacian = sparse.diags_array(weights.sum(axis=1)) - weights
    z = (fields - fields.mean(axis=1, keepdims=True)).T
    rough: NDArray[np.float64] = (z * (laplacian @ z)).sum(axis=0) / (z**2).sum(axis=0)
    return rough


@given(MAPS, st.sampled_from(NAMES), st.integers(0, 5))
def test_any_map_gives_surrogates_of_values_it_has(
    kept: NDArray[np.bool_], method: Method, seed: int
) -> None:
    """On any map a surrogate has one value a cell, out of the field's own, or none at all."""
    field = np.arange(kept.sum()) + 0.5
    found = surrogates(field, kept, method, 3, np.random.default_rng(seed))

    assert found.shape == (3, field.size)
    assert set(found[np.isfinite(found)].tolist()) <= set(field.tolist())


@pytest.mark.parametrize("method", NAMES)
def test_same_seed_same_surrogates(method: Method) -> None:
    """Surrogates repeat with the seed, and are not all the field itself."""
    found = surrogates(smooth(), WHOLE, method, 5, rng())

    assert np.array_equal(found, surrogates(smooth(), WHOLE, method, 5, rng()), equal_nan=True)
    assert not np.array_equal(found, np.tile(smooth(), (5, 1)), equal_nan=True)


@pytest.mark.parametrize("method", NAMES)
def test_an_empty_margin_around_the_map_changes_nothing(method: Method) -> None:
    """Only the rectangle around the kept cells matters."""
    wide = np.pad(WHOLE, ((2, 3), (1, 4)))
    found = surrogates(smooth(), wide, method, 5, rng())

    assert np.array_equal(found, surrogates(smooth(), WHOLE, method, 5, rng()), equal_nan=True)


@pytest.mark.parametrize("method", ["shuffle", "torus", "spectral"])
def test_the_same_values_stand_elsewhere(method: Method) -> None:
    """On a rectangle these surrogates are orders of the same values."""
    found = np.sort(surrogates(smooth(), WHOLE, method, 9, rng()), axis=1)

    assert np.tile(np.sort(smooth()), (9, 1)).tolist() == found.tolist()


def test_blocks_on_a_lattice_that_fits_are_the_same_blocks() -> None:
    """With blocks of one cell the values change places; with one block the map turns at most."""
    single = surrogates(smooth(), WHOLE, "blocks", 1, rng(), side=1)

    assert np.sort(smooth()).tolist() == np.sort(single[0]).tolist()


def test_the_torus_keeps_who_is_beside_whom() -> None:
    """Counted around the torus, each cell has the right-hand neighbour it had."""
    field = np.arange(180.0)
    for drawn in surrogates(field, WHOLE, "torus", 20, rng()):
        grid = drawn.reshape(SHAPE)
        beside = dict(zip(grid.ravel().tolist(), np.roll(grid, -1, axis=1).ravel(), strict=True))
        expected = np.roll(field.reshape(SHAPE), -1, axis=1).ravel().tolist()

        assert expected == [beside[value] for value in field.tolist()]
        assert drawn.tolist() != field.tolist()


def test_a_shift_keeps_differences_between_neighbours_and_loses_the_edge() -> None:
    """What is left has moved as one piece, and covers at least a quarter of the map."""
    down, right = np.indices(SHAPE)
    field = (20 * down + right).astype(np.float64).ravel()
    for drawn in surrogates(field, WHOLE, "shift", 50, rng()):
        grid = drawn.reshape(SHAPE)
        steps = np.diff(grid, axis=1)

        assert set(steps[np.isfinite(steps)].tolist()) == {1.0}
        assert np.isfinite(drawn).mean() >= 0.25


def test_waves_are_the_eigenvectors_of_the_rook_laplacian() -> None:
    """A single cosine, put through the Laplacian of the grid, is itself times its eigenvalue."""
    weights = contiguity(WHOLE, "rook", standardised=False)
    laplacian = sparse.diags_array(weights.sum(axis=1)) - weights
    for down, right in [(0, 1), (3, 0), (5, 7), (11, 14)]:
        one = np.zeros(SHAPE)
        one[down, right] = 1
        wave = fft.idctn(one, norm="ortho").ravel()
        value = 4 * np.sin(np.pi * down / 24) ** 2 + 4 * np.sin(np.pi * right / 30) ** 2

        assert pytest.approx(value * wave) == laplacian @ wave


@pytest.mark.parametrize(("method", "far"), [("spectral", 0.35), ("shuffle", 20)])
def test_spectral_surrogates_are_as_rough_as_the_field(method: Method, far: float) -> None:
    """Their roughness stays near that of the field, where cells in any order are far rougher."""
    ratio = roughness(surrogates(smooth(), WHOLE, method, 50, rng())) / roughness(smooth()[None])

    assert abs(np.median(ratio) - 1) < far
    assert (method == "shuffle") == bool((ratio > 5).any())


def test_spectral_surrogates_go_every_way() -> None:
    """Their correlation with the field has mean zero, within three Monte Carlo errors."""
    drawn = surrogates(smooth(), WHOLE, "spectral", 400, rng())
    found = np.array([np.corrcoef(one, smooth())[0, 1] for one in drawn])

    assert abs(found.mean()) < 3 * found.std() / 20


def test_every_named_method_is_there() -> None:
    """The methods a caller may name are those that exist."""
    assert {*METHODS, "blocks"} == set(NAMES)
