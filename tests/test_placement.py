"""Exposure beyond this city: known truth by simulation, and what does not matter."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cas_audit.inference.partition import Partition, cut_space
from cas_audit.inference.placement import occupied, placement_scores
from cas_audit.inference.scores import ratio
from cas_audit.simulate.fields import draw_fields

SIDE = 40
PLACE = (np.arange(SIDE**2) // SIDE, np.arange(SIDE**2) % SIDE)


def groups(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw residents of two groups that each have their own parts of the city."""
    field = draw_fields(np.random.default_rng(seed), (SIDE, SIDE), "exponential", 6.0)[0].ravel()
    share = 1 / (1 + np.exp(-field))
    return 100 * share, 100 * (1 - share)


def hot_spots(rng: np.random.Generator) -> NDArray[np.float64]:
    """Flag the top 3 % of a clustered field."""
    field = draw_fields(rng, (SIDE, SIDE), "exponential", 2.0)[0].ravel()
    flagged = np.zeros(SIDE**2)
    flagged[np.argsort(field)[-48:]] = 1.0
    return flagged


def test_hot_spots_that_fall_anywhere_are_covered() -> None:
    """The true ratio is one; of 400 intervals 91 to 98 percent hold it."""
    rng, weights = np.random.default_rng(1), groups(1)
    covered = 0
    for _ in range(400):
        flagged = hot_spots(rng)
        found = ratio(placement_scores(flagged, weights, PLACE, cut_space(*PLACE, flagged)))
        covered += found is None or found.low <= 1 <= found.high

    assert 0.91 <= covered / 400 <= 0.98


def test_the_estimate_is_the_exposure_ratio_of_this_map() -> None:
    """Residents in flagged cells over residents, of one group over the other."""
    flagged, (group, other) = hot_spots(np.random.default_rng(2)), groups(2)
    scores = placement_scores(flagged, (group, other), PLACE, cut_space(*PLACE, flagged))
    expected = (group @ flagged / group.sum()) / (other @ flagged / other.sum())

    assert pytest.approx(expected) == scores.estimate


def test_where_everyone_lives_does_not_widen_the_interval() -> None:
    """A city that is flagged evenly has no error, however unevenly a group lives."""
    flagged = np.full(SIDE**2, 0.03)
    scores = placement_scores(flagged, groups(3), PLACE, cut_space(*PLACE, flagged))

    assert np.allclose(0, scores.off(1.0), atol=1e-12)


def test_the_order_of_cells_does_not_matter() -> None:
    """Shuffled cells give the same interval."""
    flagged, weights = hot_spots(np.random.default_rng(4)), groups(4)
    order = np.random.default_rng(5).permutation(SIDE**2)
    mixed = (PLACE[0][order], PLACE[1][order])
    one = ratio(placement_scores(flagged, weights, PLACE, cut_space(*PLACE, flagged)))
    shuffled = (weights[0][order], weights[1][order])
    cut = cut_space(*mixed, flagged[order])
    other = ratio(placement_scores(flagged[order], shuffled, mixed, cut))

    assert one is not None
    assert other is not None
    assert pytest.approx((one.low, one.high)) == (other.low, other.high)


def test_hot_spots_are_counted_in_fine_blocks() -> None:
    """Two flags in one block are one hot spot."""
    cut = Partition(np.zeros(6, np.int64), np.array([0, 0, 1, 1, 2, 2]), 2.0)

    assert 2 == occupied(np.array([1.0, 0.5, 0.0, 0.0, 0.1, 0.0]), cut)
