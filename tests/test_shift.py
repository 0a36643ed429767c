"""A model unfair by a known amount has exactly that amount."""

from itertools import pairwise

import numpy as np
import pytest

from cas_audit.errors import InputError
from cas_audit.simulate.arena import draw_arena
from cas_audit.simulate.counting import Forecast
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import invented
from cas_audit.simulate.pull import pull_to_ratio
from cas_audit.simulate.shift import draw_flags, shift_to_ratio
from cas_audit.simulate.truth import true_parts

GEOGRAPHY = invented(np.random.default_rng(1), 30)
ARENA = draw_arena(GEOGRAPHY, Dials(weeks=60), np.random.default_rng(2))


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.25, 2.0])
@pytest.mark.parametrize("sharpness", [1.0, 4.0, 32.0])
def test_the_true_ratio_is_the_stated_one(ratio: float, sharpness: float) -> None:
    """Of the process, in closed form; as many flags are expected as asked."""
    shifted = shift_to_ratio(ARENA.intensity[0], GEOGRAPHY, ratio, sharpness=sharpness)
    true = true_parts(ARENA, Forecast(np.broadcast_to(shifted.chance, ARENA.intensity.shape)))

    assert ratio == pytest.approx(true["exposure"].ratio().value, rel=1e-8)
    assert round(0.03 * shifted.chance.size) == pytest.approx(shifted.chance.sum())


def test_a_map_a_week_has_the_ratio_over_all_weeks() -> None:
    """Where hot spots drift the pull is one and the thresholds many."""
    drifting = draw_arena(GEOGRAPHY, Dials(weeks=8, persistence_weeks=3), np.random.default_rng(2))
    shifted = shift_to_ratio(drifting.intensity, GEOGRAPHY, 1.4, group=1, reference=0)
    true = true_parts(drifting, Forecast(shifted.chance))

    assert 1.4 == pytest.approx(true["exposure"].ratio(1, 0).value, rel=1e-8)
    assert [round(0.03 * shifted.chance.shape[1])] * 8 == pytest.approx(shifted.chance.sum(1))


def test_a_pull_leaves_the_order_of_equals() -> None:
    """The score is the given one times exp(beta times the group's share), and nothing else."""
    shifted = shift_to_ratio(ARENA.intensity[0], GEOGRAPHY, 1.5)
    gained = np.log(shifted.score[0] / ARENA.intensity[0])

    assert shifted.beta * GEOGRAPHY.mix[0] == pytest.approx(gained)
    assert shifted.beta > 0


@pytest.mark.parametrize("hold_weeks", [1, 4])
def test_flags_have_exactly_their_chances(hold_weeks: int) -> None:
    """Over many weeks; and every week has the same number of them."""
    chance = shift_to_ratio(ARENA.intensity[0], GEOGRAPHY, 1.5, sharpness=2).chance
    flags = draw_flags(chance, 12_000, np.random.default_rng(3), hold_weeks=hold_weeks)
    error = np.sqrt(chance[0] * (1 - chance[0]) * hold_weeks / len(flags))
    far = (flags.mean(0) - chance[0]) / error

    assert {round(0.03 * chance.size)} == set(flags.sum(1).tolist())
    assert [0, 1] == pytest.approx([far.mean(), far.std()], abs=0.15)


def test_few_cells_have_exactly_their_chances_too() -> None:
    """Three cells and one flag, where a start that is not random would show."""
    chance = np.array([[0.3, 0.3, 0.4]])
    flags = draw_flags(chance, 20_000, np.random.default_rng(3))

    assert chance[0] == pytest.approx(flags.mean(0), abs=0.015)


def test_a_held_draw_gives_flags_memory() -> None:
    """The map stays for the stated weeks, then another is drawn."""
    chance = shift_to_ratio(ARENA.intensity[0], GEOGRAPHY, 1.5, sharpness=2).chance
    flags = draw_flags(chance, 8, np.random.default_rng(3), hold_weeks=4)
    same = [np.array_equal(one, other) for one, other in pairwise(flags)]

    assert [True, True, True, False, True, True, True] == same


def test_a_ratio_out_of_reach_is_refused() -> None:
    """No pull in this city flags a group a hundred times as often."""
    with pytest.raises(InputError, match=r"No pull gives an exposure ratio of 100\.0"):
        shift_to_ratio(ARENA.intensity[0], GEOGRAPHY, 100.0)
    with pytest.raises(InputError, match=r"No pull gives an exposure ratio of 100\.0"):
        pull_to_ratio(ARENA, 100.0, 2, np.random.default_rng(1), window_weeks=20, test_weeks=10)


def test_counting_is_pulled_to_a_stated_ratio_of_its_process() -> None:
    """Measured on other histories than it was solved on, within four Monte Carlo errors."""
    rng = np.random.default_rng(4)
    pulled = pull_to_ratio(ARENA, 1.5, 40, rng, window_weeks=40, test_weeks=10)

    assert 0 < pulled.ratio.error < 0.03
    assert 1.5 == pytest.approx(pulled.ratio.value, abs=6 * pulled.ratio.error)
