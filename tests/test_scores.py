"""Intervals from sums per unit, held against closed forms, other libraries and known truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cas_audit.inference.interval import (
    Critical,
    Interval,
    above,
    critical_values,
    verdict,
)
from cas_audit.inference.scores import (
    Scores,
    across,
    compare_together,
    difference,
    from_influence,
    ratio,
    ratio_of_rates,
    within,
)

UNITS = st.integers(0, 2**32 - 1)


def draw(seed: int, units: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Draw sums per unit."""
    rng = np.random.default_rng(seed)
    bottom = rng.gamma(9, 1, units)
    return bottom * rng.normal(1.3, 0.2, units), bottom


def test_the_interval_of_a_mean_is_scipys() -> None:
    """Equal units, nothing below the line: Student's t interval of their mean."""
    values = np.array([0.9, 1.1, 1.3, 0.8, 1.0])
    found = difference(across(values / 5, np.zeros(5)))
    test = stats.ttest_1samp(values, 0)
    wide, narrow = test.confidence_interval(0.95), test.confidence_interval(0.90)

    assert found is not None
    assert pytest.approx((wide.low, wide.high)) == (found.low, found.high)
    assert pytest.approx((narrow.low, narrow.high)) == (found.inner_low, found.inner_high)


def test_a_difference_is_scipys_paired_test() -> None:
    """Two sums of the same units differ as scipy's related-samples test says."""
    top, bottom = draw(1)
    found = difference(across(top / 16, bottom / 16))
    low, high = stats.ttest_rel(top, bottom).confidence_interval(0.95)

    assert found is not None
    assert pytest.approx((low, high)) == (found.low, found.high)


def test_the_bounds_of_a_ratio_are_where_the_score_is_just_chance() -> None:
    """At each bound, top less bound times bottom lies exactly so many standard errors from zero."""
    scores = across(*draw(2))
    found = ratio(scores)

    assert found is not None
    for bound, reach in (
        (found.low, stats.t.ppf(0.975, 15)),
        (found.high, stats.t.ppf(0.975, 15)),
        (found.inner_low, stats.t.ppf(0.95, 15)),
        (found.inner_high, stats.t.ppf(0.95, 15)),
    ):
        off = scores.off(bound)
        distance = abs(scores.top - bound * scores.bottom) / float(off @ off) ** 0.5

        assert pytest.approx(reach) == distance


def test_a_ratio_agrees_with_a_grid_of_paired_tests() -> None:
    """The interval holds the values that scipy's test of top - r * bottom does not reject."""
    top, bottom = draw(3, 8)
    found = ratio(across(top, bottom))
    grid = np.linspace(0.5, 2.5, 4001)
    kept = [one for one in grid if stats.ttest_rel(top, one * bottom).pvalue > 0.05]

    assert found is not None
    assert pytest.approx((kept[0], kept[-1]), abs=1e-3) == (found.low, found.high)


@settings(max_examples=50, deadline=None)
@given(seed=UNITS)
def test_a_turned_ratio_is_the_reciprocal(seed: int) -> None:
    """Exchanging top and bottom gives one over the same interval."""
    top, bottom = draw(seed)
    one, other = ratio(across(top, bottom)), ratio(across(bottom, top))

    assert one is not None
    assert other is not None
    assert pytest.approx((1 / one.high, 1 / one.low)) == (other.low, other.high)


@settings(max_examples=50, deadline=None)
@given(seed=UNITS)
def test_the_order_of_units_and_names_of_blocks_do_not_matter(seed: int) -> None:
    """Shuffled units with renamed blocks give the same interval, to the last digits."""
    rng = np.random.default_rng(seed)
    top, bottom = draw(seed, 24)
    block = np.repeat(np.arange(6), 4)
    order = rng.permutation(24)
    names = rng.permutation(100)[:6]
    one = ratio(within(top, bottom, block))
    other = ratio(within(top[order], bottom[order], names[block][order]))

    assert one is not None
    assert other is not None
    assert pytest.approx((one.low, one.high, one.freedom)) == (other.low, other.high, other.freedom)


def test_what_blocks_are_like_is_no_chance_within_them() -> None:
    """Adding a constant to every unit of a block changes the sum and not its error."""
    top, bottom = draw(4, 20)
    block = np.repeat(np.arange(5), 4)
    plain = within(top, bottom, block)
    moved = within(top + 100.0 * block, bottom, block)

    assert pytest.approx(plain.top_off) == moved.top_off
    assert plain.freedom == moved.freedom == pytest.approx(15.0)


def test_stratified_variance_is_that_of_the_textbook() -> None:
    """Sum over strata of n / (n - 1) times squared deviations, counted in a loop."""
    top, bottom = draw(5, 12)
    block = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2])
    scores = within(top, bottom, block)
    expected = 0.0
    for one in range(3):
        part = (top - 1.1 * bottom)[block == one]
        expected += len(part) / (len(part) - 1) * ((part - part.mean()) ** 2).sum()
    off = scores.off(1.1)

    assert pytest.approx(expected) == float(off @ off)


def test_unequal_units_count_for_fewer() -> None:
    """Freedom is that of as many equal units: sixteen alike give 15, one that rules gives none."""
    top, bottom = draw(6)
    even = across(top, bottom, size=np.ones(16))
    uneven = across(top, bottom, size=np.r_[np.ones(8), np.full(8, 1e-9)])
    ruled = across(top, bottom, size=np.r_[1.0, np.full(15, 1e-9)])

    assert pytest.approx(15.0) == even.freedom
    assert pytest.approx(7.0, abs=1e-4) == uneven.freedom
    assert ratio(ruled) is None


@pytest.mark.parametrize("top", [[1, 1, 1], [1, 0, float("nan"), 1]])
def test_too_few_or_undefined_gives_no_interval(top: list[float]) -> None:
    """Three units or an undefined value: no interval, not zero."""
    values = np.array(top, dtype=float)

    assert ratio(across(values, np.ones(len(top)))) is None
    assert difference(across(values, np.ones(len(top)))) is None
    assert ratio(across(np.ones(6), np.zeros(6))) is None


def test_where_the_bottom_may_be_zero_there_is_no_upper_bound() -> None:
    """A reference that is flagged in one block only: the ratio may be anything above the lower."""
    top = np.ones(16)
    bottom = np.r_[5.0, np.zeros(15)]
    found = ratio(across(top, bottom))

    assert found is not None
    assert found.high == float("inf")
    assert 0 < found.low < found.estimate
    assert verdict(found, 0.8, 1.25) is None


def test_a_gain_may_lie_below_zero() -> None:
    """A signed ratio keeps its lower bound."""
    rng = np.random.default_rng(7)
    found = ratio(across(rng.normal(0, 1, 16), np.ones(16)), signed=True)

    assert found is not None
    assert found.low < 0 < found.high


def test_a_ratio_of_rates_deviates_as_its_parts_do() -> None:
    """The products' deviations are their derivative in each sum, by finite differences."""
    rng = np.random.default_rng(8)
    parts = rng.gamma(9, 1, (4, 12))
    block = np.repeat(np.arange(3), 4)
    scores = ratio_of_rates((parts[0], parts[1]), (parts[2], parts[3]), block)
    a, b, c, d = parts.sum(axis=1)
    plain = [within(one, np.zeros(12), block).top_off for one in parts]
    ratio_of = (a * d) / (b * c)
    expected = plain[0] * d + plain[3] * a - ratio_of * (plain[1] * c + plain[2] * b)

    assert pytest.approx(ratio_of) == scores.estimate
    assert pytest.approx(expected) == scores.off(scores.estimate)


def test_simultaneous_intervals_lie_between_one_and_bonferroni() -> None:
    """Alike comparisons need no correction, independent ones nearly Bonferroni's."""
    alone = critical_values(15.0)
    alike = critical_values(15.0, np.ones((4, 4)))
    apart = critical_values(15.0, np.eye(4))
    bonferroni = stats.t.ppf(1 - 0.05 / 8, 15)

    assert pytest.approx(alone.outer, rel=0.02) == alike.outer
    assert alone.outer < apart.outer <= bonferroni
    assert pytest.approx(bonferroni, rel=0.03) == apart.outer


def test_simultaneous_quantile_agrees_with_scipy() -> None:
    """The chance that none of three exceeds the quantile is 95 %, by scipy's multivariate t."""
    shape = np.array([[1, 0.5, 0.2], [0.5, 1, -0.3], [0.2, -0.3, 1]])
    reach = critical_values(12.0, shape).outer
    law = stats.multivariate_t(np.zeros(3), shape, 12, seed=1)
    inside = law.cdf(np.full(3, reach), lower_limit=np.full(3, -reach), random_state=1)

    assert pytest.approx(0.95, abs=0.004) == float(inside)


def test_comparisons_without_a_ratio_do_not_widen_the_others() -> None:
    """What is undefined takes no part in the correction; nothing defined gives none."""
    one, empty = across(*draw(9)), across(np.zeros(16), np.zeros(16))

    assert compare_together([one]) == compare_together([one, empty])
    assert compare_together([empty]) is None


def test_influence_gives_the_interval_of_any_figure() -> None:
    """The influence of a mean is the deviation from it over n."""
    values = np.array([0.9, 1.1, 1.3, 0.8, 1.0])
    found = difference(from_influence(values.mean(), (values - values.mean()) / 5))
    wide = stats.ttest_1samp(values, 0).confidence_interval(0.95)

    assert found is not None
    assert pytest.approx((wide.low, wide.high)) == (found.low, found.high)


@pytest.mark.parametrize("true", [1.0, 1.5])
def test_a_nominal_95_percent_interval_covers_a_known_ratio(true: float) -> None:
    """Over 2,000 draws of clustered events with a known ratio, 93 to 97 percent are covered."""
    rng = np.random.default_rng(10)
    covered = 0
    for _ in range(2000):
        top, bottom = (rng.poisson(rng.gamma(4, 5, 16)).astype(np.float64) for _ in "ab")
        found = ratio(across(top * true, bottom))
        covered += found is not None and found.low <= true <= found.high

    assert 0.93 <= covered / 2000 <= 0.97


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 1.1, True), (1.3, 1.5, False), (0.5, 0.7, False), (1.1, 1.4, None), (0.5, 2, None)],
)
def test_verdict_compares_the_interval_with_the_tolerance(
    low: float, high: float, expected: bool | None
) -> None:
    """Inside is met, outside not met, straddling undecided."""
    interval = Interval((low + high) / 2, low, high, low, high, 0.95, 16, 15.0)

    assert expected is verdict(interval, 0.8, 1.25)


def test_above_is_judged_by_the_narrower_interval() -> None:
    """One side is tested, at 5 %."""
    interval = Interval(0.2, 0.1, 0.3, 0.12, 0.28, 0.95, 16, 15.0)

    assert [True, None, False] == [above(interval, value) for value in (0.11, 0.2, 0.29)]


def test_a_given_reach_is_used() -> None:
    """Simultaneous intervals hand over how far to reach."""
    scores = Scores(1.0, 1.0, np.array([0.1, -0.1]), np.zeros(2), 15.0)
    found = ratio(scores, Critical(outer=2.0, inner=1.0))

    assert found is not None
    assert pytest.approx((1 - 2 * 0.02**0.5, 1 + 0.02**0.5)) == (found.low, found.inner_high)
