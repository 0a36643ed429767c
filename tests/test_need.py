"""Exposure that follows need: the weights, against the figure written out."""

import numpy as np
import pandas as pd
import pytest

from cas_audit.audit.need import alike_in_need, spread_over_alike

CELLS = 200


def drawn(seed: int) -> tuple["pd.Series[float]", pd.DataFrame, "pd.Series[float]"]:
    """Return need, residents and the share of the weeks flagged of some cells."""
    rng = np.random.default_rng(seed)
    need = pd.Series(rng.poisson(rng.gamma(0.7, 3, CELLS)).astype(float))
    people = pd.DataFrame(rng.integers(0, 90, (CELLS, 2)).astype(float), columns=["one", "other"])
    return need, people, pd.Series(rng.random(CELLS))


@pytest.mark.parametrize("seed", range(3))
def test_due_exposure_is_indirectly_standardised(seed: int) -> None:
    """Each resident times the average of the flags in cells of the class."""
    need, people, flagged = drawn(seed)
    alike = alike_in_need(need)
    average = flagged.groupby(alike).mean()
    expected = people.mul(alike.map(average), axis=0).sum()
    found = spread_over_alike(people, alike).mul(flagged, axis=0).sum()

    assert expected.to_dict() == pytest.approx(found.to_dict())


def test_flags_that_follow_need_alone_are_due() -> None:
    """Exposure is then due exposure, however groups live."""
    need, people, _ = drawn(5)
    alike = alike_in_need(need)
    flagged = alike.map(lambda one: 1 / (1 + one))
    due = spread_over_alike(people, alike).mul(flagged, axis=0).sum()

    assert people.mul(flagged, axis=0).sum().to_dict() == pytest.approx(due.to_dict())


@pytest.mark.parametrize("seed", range(5))
def test_classes_are_ordered_and_large_enough(seed: int) -> None:
    """Cells that need as much are never apart, and no class has fewer than twenty cells."""
    need, _, _ = drawn(seed)
    alike = alike_in_need(need)

    assert alike.value_counts().min() >= 20
    assert need.groupby(alike).min().is_monotonic_decreasing
    assert {1} == set(alike.groupby(need).nunique())


def test_a_cell_of_unknown_need_is_in_no_class() -> None:
    """It counts in neither exposure."""
    found = alike_in_need(pd.Series([1.0, None, 2.0]), 1)

    assert {0: 1, 2: 0} == found.to_dict()
