"""Intervals from stretches of weeks, held against scipy and against known truth."""

import numpy as np
import pytest
from scipy import stats

from cas_audit.inference.stretches import (
    Interval,
    mean_interval,
    ratio_interval,
    stretches,
    verdict,
)


def test_mean_interval_agrees_with_scipy() -> None:
    """The t interval is scipy's, at both of its levels."""
    values = np.array([0.9, 1.1, 1.3, 0.8, 1.0])
    found = mean_interval(values)
    wide = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    narrow = stats.ttest_1samp(values, 0).confidence_interval(0.90)

    assert found is not None
    assert pytest.approx((wide.low, wide.high)) == (found.low, found.high)
    assert pytest.approx((narrow.low, narrow.high)) == (found.inner_low, found.inner_high)


def test_a_nominal_95_percent_interval_covers_independent_stretches() -> None:
    """Over 2,000 draws with a known ratio of 1.5 the interval covers it in 93 to 97 percent."""
    rng = np.random.default_rng(1)
    draws = np.exp(np.log(1.5) + rng.normal(0, 0.2, (2000, 4)))
    found = [ratio_interval(draw, np.ones(4)) for draw in draws]
    covered = np.mean([f is not None and f.low <= 1.5 <= f.high for f in found])

    assert 0.93 <= covered <= 0.97


def test_turned_ratio_is_the_reciprocal() -> None:
    """Exchanging numerator and denominator gives one over the same interval."""
    top, bottom = np.array([1.0, 2, 3, 4]), np.array([2.0, 3, 3, 5])
    one, other = ratio_interval(top, bottom), ratio_interval(bottom, top)

    assert one is not None
    assert other is not None
    assert pytest.approx((1 / one.high, 1 / one.low)) == (other.low, other.high)


@pytest.mark.parametrize("top", [[1, 1, 1], [1, 0, 1, 1], [1, float("nan"), 1, 1]])
def test_too_few_or_undefined_gives_no_interval(top: list[float]) -> None:
    """Three stretches, an empty numerator or an undefined value: no interval, not zero."""
    found = ratio_interval(np.array(top, dtype=float), np.ones(len(top)))

    assert found is None


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 1.1, True), (1.3, 1.5, False), (0.5, 0.7, False), (1.1, 1.4, None), (0.5, 2, None)],
)
def test_verdict_compares_the_interval_with_the_tolerance(
    low: float, high: float, expected: bool | None
) -> None:
    """Inside is met, outside not met, straddling undecided."""
    interval = Interval((low + high) / 2, low, high, low, high, 0.95, 4)

    assert expected is verdict(interval, 0.8, 1.25)


def test_a_rest_joins_the_last_stretch() -> None:
    """No stretch is shorter than asked for, unless there are too few weeks for one."""
    assert [13, 13, 13, 14] == np.bincount(stretches(53)).tolist()
    assert [5] == np.bincount(stretches(5)).tolist()
