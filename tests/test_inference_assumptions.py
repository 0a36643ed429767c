"""Overdispersion, clustering and persistence of what a score leaves over."""

import numpy as np
import pytest
from scipy import stats

from cas_audit.inference.assumptions import (
    clustering,
    collinearity,
    dispersion,
    persistence,
    residuals,
)
from cas_audit.inference.spatial_weights import contiguity

SIDE = 20


def test_dispersion_is_the_chi_square_of_scipy() -> None:
    """Over its degrees of freedom; classes that expect too little are left out."""
    rng = np.random.default_rng(1)
    expected = rng.uniform(6, 30, 40)
    observed = rng.poisson(expected).astype(float)
    due = expected * observed.sum() / expected.sum()
    oracle = stats.chisquare(observed, due).statistic / 39
    found = dispersion(np.append(observed, 100.0), np.append(expected, 1.0))

    assert pytest.approx(oracle) == found.value


@pytest.mark.parametrize("excess", [0.0, 0.2])
def test_dispersion_shows_rates_that_vary(excess: float) -> None:
    """1 + m * v for rates of variance v about a mean of m; within two standard errors."""
    rng = np.random.default_rng(2)
    rate = 10 * (rng.gamma(1 / excess, excess, 4000) if excess else np.ones(4000))
    found = dispersion(rng.poisson(rate).astype(float), np.full(4000, 10.0))

    assert pytest.approx(1 + 10 * excess, abs=0.1 + excess) == found.value


def test_each_is_near_its_value_under_chance_as_often_as_it_says() -> None:
    """Of 200 cities without pattern, about 95 % lie within two standard errors."""
    rng, weights = np.random.default_rng(3), contiguity(np.ones((SIDE, SIDE), dtype=bool))
    expected, inside = np.full(SIDE**2, 6.0), np.zeros(3)
    for _ in range(200):
        observed = rng.poisson(expected).astype(float)
        figures = (
            (dispersion(observed, expected), 1.0),
            (clustering(observed, expected, weights, rng), 0.0),
            (persistence(observed[:52], expected[:52]), 0.0),
        )
        inside += [abs(one.value - true) < 1.96 * one.error for one, true in figures]

    assert (inside > 180).all()


def test_persistence_is_the_correlation_with_the_period_before() -> None:
    """As scipy has it."""
    rng = np.random.default_rng(4)
    observed, expected = rng.poisson(9, 60).astype(float), rng.uniform(5, 9, 60)
    left = residuals(observed, expected)

    assert pytest.approx(stats.pearsonr(left[1:], left[:-1]).statistic) == (
        persistence(observed, expected).value
    )


def test_without_incidents_nothing_is_known() -> None:
    """Undefined is not zero."""
    none, expected = np.zeros(SIDE**2), np.ones(SIDE**2)
    weights = contiguity(np.ones((SIDE, SIDE), dtype=bool))
    found = (
        dispersion(none, 9 * expected),
        clustering(none, expected, weights, np.random.default_rng(1)),
        persistence(none, expected),
    )

    assert all(np.isnan(one.value) for one in found)


def test_overlap_is_the_condition_number_of_standardised_columns() -> None:
    """As numpy has it by singular values; and the two columns that were made alike are named."""
    rng = np.random.default_rng(9)
    columns = rng.normal(size=(500, 5))
    columns[:, 3] = columns[:, 1] + 0.1 * rng.normal(size=500)
    standard = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    found = collinearity(np.asarray(np.corrcoef(columns.T)))

    assert pytest.approx(np.linalg.cond(standard)) == found.condition
    assert {1, 3} == set(found.most)


def test_overlap_without_bounds_is_a_number_and_of_nothing_undefined() -> None:
    """A column that stands twice is far above any limit; columns that never vary say nothing."""
    twice, none = np.ones((2, 2)), np.full((2, 2), np.nan)

    assert 1000 < collinearity(twice).condition < np.inf
    assert np.isnan(collinearity(none).condition)
    assert pytest.approx(1) == collinearity(np.diag([1.0, 1.0, np.nan])).condition
