"""A change of level in weekly counts: against statsmodels, and against series of known truth."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.diagnostic import breaks_cusumolsresid

from cas_audit.inference.breaks import YEAR_WEEKS, find_break

DRAWS = 1000
Values = NDArray[np.float64]


def drawn(kind: str, rng: np.random.Generator, weeks: int = 156) -> Values:
    """Return a series whose level never changes."""
    level = {"many": 120.0, "few": 5.0}.get(kind, 60.0)
    angle = 2 * np.pi * np.arange(weeks) / YEAR_WEEKS
    if kind == "seasons":
        return np.asarray(rng.poisson(level * np.exp(0.3 * np.sin(angle + 1))), dtype=float)
    if kind == "memory":
        noise = rng.normal(0, 0.15, weeks + 50)
        for week in range(1, noise.size):
            noise[week] += 0.4 * noise[week - 1]
        return np.asarray(rng.poisson(level * np.exp(noise[50:])), dtype=float)
    return np.asarray(rng.poisson(level, weeks), dtype=float)


@pytest.mark.parametrize("weeks", [80, 156])
def test_the_statistic_is_that_of_statsmodels(weeks: int) -> None:
    """Without memory, on the same residuals."""
    counts = np.random.default_rng(1).poisson(20, weeks).astype(float)
    angle = 2 * np.pi * np.arange(weeks) / YEAR_WEEKS
    waves = [np.sin(angle), np.cos(angle)] if weeks >= 104 else []
    design = np.column_stack([np.ones(weeks), *waves])
    left = OLS(2 * np.sqrt(counts + 0.375), design).fit().resid
    statistic, p_value, _ = breaks_cusumolsresid(left)
    found = find_break(counts, lags=0)

    assert found
    assert statistic == pytest.approx(found.statistic)
    assert p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize("kind", ["many", "few", "seasons", "memory"])
def test_false_alarms_are_as_rare_as_stated(kind: str) -> None:
    """At most 5 % of series without a break, but for what 1,000 draws leave open."""
    rng = np.random.default_rng(2)
    found = [find_break(drawn(kind, rng)) for _ in range(DRAWS)]
    alarms = sum(one.p_value < 0.05 for one in found if one)

    assert alarms <= stats.binom.ppf(0.999, DRAWS, 0.05)
    assert all(found)


def test_a_change_of_the_detectable_size_is_found_as_often_as_stated() -> None:
    """At least four times in five, halfway, and not always; and at the right week."""
    rng = np.random.default_rng(3)
    quiet = find_break(drawn("many", rng))

    assert quiet
    level = np.repeat([120.0, 120.0 * quiet.detectable], 78)
    found = [find_break(rng.poisson(level).astype(float)) for _ in range(300)]

    assert 0.75 < np.mean([one.p_value < 0.05 for one in found if one]) < 0.97
    big = find_break(rng.poisson(np.repeat([100.0, 150.0], 78)).astype(float))

    assert big
    assert 78 == pytest.approx(big.at, abs=2)
    assert 1.5 == pytest.approx(big.ratio, abs=0.08)


@pytest.mark.parametrize("counts", [np.zeros(60), np.full(60, 7.0)])
def test_nothing_or_constant_has_no_break(counts: Values) -> None:
    """Undefined is not sound."""
    found = find_break(counts)

    assert found is None
