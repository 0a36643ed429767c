"""The gap between groups: p-values by enumeration, in closed form, and by their level."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from cas_audit.inference.group_gap import Gap, Units, group_gap

NAMES = np.array(["north", "south", "east"])


def units(seed: int, *, tenth: bool = False) -> Units:
    """Draw units of three groups in three strata, all with the same expected rate."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(3), 10)
    exposure = rng.lognormal(5, 0.5, 30) * np.where((group == 2) & tenth, 0.1, 1)
    events = rng.poisson(exposure * 0.05 * rng.gamma(3, 1 / 3, 30)).astype(float)
    return Units(events, exposure, NAMES[group], rng.integers(3, size=30))


def test_small_cases_are_enumerated() -> None:
    """Five units in two strata: over all twelve exchanges p is the share at least as far apart."""
    events, exposure = np.array([3.0, 1, 4, 2, 9]), np.array([10.0, 8, 12, 9, 14])
    group = np.array(["a", "b", "a", "b", "a"])

    def gap(order: tuple[int, ...]) -> float:
        at = list(order)
        rates = [events[at][group == g].sum() / exposure[at][group == g].sum() for g in "ab"]
        return float(abs(rates[0] - rates[1]))

    orders = [(*x, *y) for x in permutations(range(3)) for y in permutations([3, 4])]
    exact = np.mean([gap(order) >= gap((0, 1, 2, 3, 4)) - 1e-12 for order in orders])
    made = Units(events, exposure, group, np.array([0, 0, 0, 1, 1]))
    found = group_gap(made, np.random.default_rng(1), draws=20_000)

    assert abs(exact - found.plain.p) < 4 * found.plain.error
    assert pytest.approx(gap((0, 1, 2, 3, 4))) == found.gap


def test_two_groups_of_yes_and_no_follow_the_hypergeometric() -> None:
    """With units of exposure one the number of events in a group has a known distribution."""
    events = np.array([1.0] * 6 + [0] * 2 + [1] * 2 + [0] * 8)
    group = np.array(["a"] * 8 + ["b"] * 10)
    one = np.arange(9)
    apart = np.abs(one / 8 - (8 - one) / 10)
    exact = stats.hypergeom(18, 8, 8).pmf(one)[apart >= apart[6] - 1e-12].sum()
    made = Units(events, np.ones(18), group, np.zeros(18))
    found = group_gap(made, np.random.default_rng(1), draws=20_000)

    assert abs(exact - found.plain.p) < 4 * found.plain.error


@given(st.integers(0, 200), st.permutations(["x", "y", "z"]))
def test_names_and_order_change_nothing(seed: int, names: list[str]) -> None:
    """Groups by another name and units in another order: the same p-values, to the digit."""
    made = units(seed)
    order = np.random.default_rng(seed).permutation(30)
    renamed = np.array([names[NAMES.tolist().index(one)] for one in made.group])
    other = Units(made.events[order], made.exposure[order], renamed[order], made.stratum[order])
    first = group_gap(made, np.random.default_rng(1), draws=19)
    again = group_gap(other, np.random.default_rng(1), draws=19)

    assert (first.plain, first.studentised) == (again.plain, again.studentised)
    assert names[NAMES.tolist().index(first.highest)] == again.highest


def rejected(*, tenth: bool) -> NDArray[np.float64]:
    """Return how often each test rejects at 5 % where no rate differs, of 400."""
    found: list[Gap] = [
        group_gap(units(seed, tenth=tenth), np.random.default_rng(seed), draws=59)
        for seed in range(400)
    ]
    below = np.array([(one.plain.p <= 0.05, one.studentised.p <= 0.05) for one in found])
    return np.asarray(below.mean(axis=0), dtype=np.float64)


def test_both_hold_their_level_where_units_are_alike() -> None:
    """Exchangeable units: at most three Monte Carlo errors from 5 %."""
    assert (np.abs(rejected(tenth=False) - 0.05) < 3 * (0.05 * 0.95 / 400) ** 0.5).all()


def test_studentised_holds_where_one_group_has_smaller_units() -> None:
    """Equal rates, unequal exposure: the plain test rejects too often, the other does not."""
    plain, studentised = rejected(tenth=True)

    assert plain > 0.09
    assert studentised < 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_a_gap_that_is_there_is_found_and_named() -> None:
    """A group with eight times the rate of the others is named, and both p-values are small."""
    made = units(1)
    raised = np.where(made.group == "east", 8, 1) * made.events
    found = group_gap(
        Units(raised, made.exposure, made.group, made.stratum), np.random.default_rng(1)
    )

    assert found.highest == "east"
    assert max(found.plain.p, found.studentised.p) < 0.01


def test_a_group_without_exposure_leaves_all_undefined() -> None:
    """Nobody lives there: no rate, no gap, no p-value, and no warning."""
    made = units(1)
    exposure = np.where(made.group == "east", 0, made.exposure)
    found = group_gap(
        Units(made.events, exposure, made.group, made.stratum), np.random.default_rng(1), draws=9
    )

    assert np.isnan([found.gap, found.plain.p, found.studentised.p]).all()


def test_a_group_of_one_unit_has_no_studentised_p() -> None:
    """One unit says nothing of its own spread; the plain test needs none."""
    made = Units(np.array([1.0, 2, 3]), np.full(3, 9.0), np.array(["a", "a", "b"]), np.zeros(3))
    found = group_gap(made, np.random.default_rng(1), draws=99)

    assert np.isnan(found.studentised.p)
    assert np.isfinite(found.plain.p)


def test_rates_that_are_all_the_same_have_p_one() -> None:
    """No gap at all is never evidence of one."""
    made = Units(np.full(6, 2.0), np.full(6, 10.0), np.repeat(NAMES, 2), np.zeros(6))
    found = group_gap(made, np.random.default_rng(1), draws=99)

    assert (found.gap, found.plain.p, found.studentised.p) == (0, 1, 1)
