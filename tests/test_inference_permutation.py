"""Association of two fields: p-values by known answers, and by their level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage, stats

from cas_audit.inference.permutation import (
    _distance,
    association,
    log_exposure_ratio,
    pearson,
)
from cas_audit.inference.surrogates import Method

KEPT = np.ones((24, 24), dtype=bool)
NAMES: list[Method] = ["torus", "shift", "spectral", "blocks"]


def field(seed: int) -> NDArray[np.float64]:
    """Return a clustered field: noise, smoothed."""
    noise = np.random.default_rng(seed).normal(size=(40, 40))
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(noise, 2)[8:32, 8:32].ravel()
    return smooth


def rng() -> np.random.Generator:
    """Return the source of draws of these tests."""
    return np.random.default_rng(1)


@given(st.integers(0, 10_000), st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_pearson_is_that_of_numpy_over_the_cells_with_a_value(
    seed: int, level: float, scale: float
) -> None:
    """Missing cells are left out on both sides, whatever the level and the scale."""
    draw = np.random.default_rng(seed)
    x, y = draw.normal(size=(2, 30))
    x[draw.random(30) < 0.4] = np.nan
    has = np.isfinite(x)

    assert pytest.approx(np.corrcoef(x[has], y[has])[0, 1], abs=1e-5) == pearson(
        scale * x[None] + level, y
    )


def test_log_exposure_ratio_is_that_of_two_rates() -> None:
    """By hand: 30 of 60 of the group are flagged, and 10 of 60 of others."""
    share, flags, residents = np.array([[0.75, 0.375]]), [1, 0], [40, 80]
    found = log_exposure_ratio(share, np.array([flags, residents], dtype=float).T)

    assert pytest.approx([np.log(3)]) == found


@pytest.mark.parametrize("method", NAMES)
def test_fields_that_go_together_are_found(method: Method) -> None:
    """A field against itself with some noise has a p-value near the smallest."""
    noisy = field(1) + 0.2 * field(2)
    found = association(field(1), noisy, KEPT, rng(), method=method, draws=199)

    assert found.drawn.p <= 0.02
    assert pytest.approx(stats.pearsonr(field(1), noisy).statistic) == found.estimate


@pytest.mark.parametrize("method", NAMES)
def test_sides_and_scales_change_nothing(method: Method) -> None:
    """A field turned upside down and stretched has the same p-value: the test is two-sided."""
    plain, turned = (
        association(field(3), held, KEPT, rng(), method=method, draws=99).drawn
        for held in (field(4), 7 - 3 * field(4))
    )

    assert plain == turned


@pytest.mark.parametrize("method", ["torus", "shift", "spectral"])
def test_clustered_fields_that_are_independent_are_rarely_rejected(method: Method) -> None:
    """Of 200 pairs at most 11 % are rejected at 5 %; cells in any order reject over 30 %."""
    found = [
        association(field(2 * at), field(2 * at + 1), KEPT, rng(), method=method, draws=39)
        for at in range(100, 300)
    ]
    naive = [
        association(field(2 * at), field(2 * at + 1), KEPT, rng(), method="shuffle", draws=39)
        for at in range(100, 150)
    ]

    assert np.mean([one.drawn.p <= 0.05 for one in found]) <= 0.11
    assert np.mean([one.drawn.p <= 0.05 for one in naive]) > 0.3


def test_the_torus_is_enumerated_on_a_tiny_map() -> None:
    """On four cells in a row three steps are possible: the p-value is that of all four."""
    x, y = np.array([1.0, 5, 2, 0]), np.array([0.0, 3, 1, 1])
    every = np.array([pearson(np.roll(x, step)[None], y)[0] for step in range(4)])
    away = np.abs(every - every.mean())
    found = association(x, y, np.ones((1, 4), dtype=bool), rng(), method="torus", draws=3000).drawn
    # none of the three steps stands still, so the map itself is among all it is compared with
    expected = (away[1:] >= away[0]).mean()

    assert abs(expected - found.p) < 0.05


def test_what_is_constant_is_undefined() -> None:
    """A constant field has no association and no p-value, and raises no warning."""
    found = association(np.full(576, 0.1), field(1), KEPT, rng(), draws=9)

    assert np.isnan([found.estimate, found.drawn.p, found.drawn.error]).all()


def test_an_undefined_draw_never_helps_to_reject() -> None:
    """One flag in a corner: most shifts leave it without a share, and each counts as extreme."""
    flag = np.zeros(KEPT.shape)
    flag[0, 0] = 1
    found = association(field(1), flag.ravel(), KEPT, rng(), method="shift", draws=99)

    assert found.undefined > 30
    assert found.drawn.p >= (1 + found.undefined) / 100


def test_a_surrogate_on_fewer_cells_weighs_less() -> None:
    """On a quarter of the cells chance moves a statistic twice as far: that counts as half."""
    found = _distance(np.array([1.0, -1]), np.array([400, 100]))

    assert [20, 10] == found.tolist()


def test_a_statistic_of_ones_own_is_used() -> None:
    """Any function of the moved rows and what is held will do."""
    found = association(
        np.clip(field(5) + 0.5, 0, 1),
        np.stack([field(6) > 0.1, np.full(576, 50.0)], axis=1),
        KEPT,
        rng(),
        statistic=log_exposure_ratio,
        method="torus",
        draws=99,
    )

    assert np.isfinite(found.estimate)
    assert 0.01 <= found.drawn.p <= 1


def test_the_error_of_p_is_what_seeds_differ_by() -> None:
    """Over 40 seeds p spreads as much as its stated error says."""
    found = [
        association(field(7), field(9), KEPT, np.random.default_rng(seed), draws=99).drawn
        for seed in range(40)
    ]
    spread = np.std([one.p for one in found])

    assert 0.6 < spread / np.mean([one.error for one in found]) < 1.6
