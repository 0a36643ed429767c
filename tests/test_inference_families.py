"""Families: adjusted p-values, held against statsmodels and against false alarms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cas_audit.inference.families import Family, benjamini_hochberg, holm

P_VALUES = st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=30)


@pytest.mark.parametrize(("ours", "theirs"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_values_are_those_of_statsmodels(ours: object, theirs: str) -> None:
    """On random p-values, with ties, the two agree to the last digits."""
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.round(np.random.default_rng(1).beta(0.3, 1, 200), 3)
    expected = multitest.multipletests(p, 0.05, theirs)
    found = ours(p)  # type: ignore[operator]

    assert pytest.approx(expected[1]) == found
    assert expected[0].tolist() == (found <= 0.05).tolist()


@given(P_VALUES)
def test_an_undefined_test_stays_undefined_and_does_not_count(values: list[float]) -> None:
    """Leaving undefined tests in or out gives the others the same adjusted value."""
    p = np.array(values, dtype=float)
    defined = ~np.isnan(p)
    for adjust in (holm, benjamini_hochberg):
        found = adjust(p)

        assert np.isnan(p).tolist() == np.isnan(found).tolist()
        assert adjust(p[defined]).tolist() == found[defined].tolist()


@given(P_VALUES, st.randoms(use_true_random=False))
def test_the_order_of_tests_changes_nothing(values: list[float], random: object) -> None:
    """Adjusting shuffled p-values is shuffling the adjusted ones."""
    p = np.array(values, dtype=float)
    order = list(range(p.size))
    random.shuffle(order)  # type: ignore[attr-defined]

    assert np.array_equal(holm(p)[order], holm(p[order]), equal_nan=True)
    assert np.array_equal(
        benjamini_hochberg(p)[order], benjamini_hochberg(p[order]), equal_nan=True
    )


@given(P_VALUES)
def test_adjusting_never_makes_a_test_easier(values: list[float]) -> None:
    """Holm is at least Benjamini-Hochberg, which is at least the p-value itself."""
    p = np.array(values, dtype=float)
    p = p[~np.isnan(p)]

    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()
    assert (benjamini_hochberg(p) >= p - 1e-12).all()


def test_holm_keeps_the_chance_of_any_false_alarm() -> None:
    """Ten true nulls, 4,000 times: one or more rejected in 5 %, within its Monte Carlo error."""
    p = np.random.default_rng(2).random((4000, 10))
    family = Family("nulls", "holm")
    rate = np.mean([family.judge(row).rejected.any() for row in p])

    assert abs(rate - 0.05) < 3 * (0.05 * 0.95 / 4000) ** 0.5


def test_a_family_says_what_it_left_out() -> None:
    """An undefined test is not rejected, is named undefined, and is not in the size."""
    judged = Family("cells", "benjamini_hochberg").judge(np.array([0.02, np.nan, 0.9]))

    assert [True, False, False] == judged.rejected.tolist()
    assert [False, True, False] == judged.undefined.tolist()
    assert judged.tests == 2
