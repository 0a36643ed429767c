"""The dials: each moves what it should, by as much as it says, and nothing else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cas_audit.errors import InputError
from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.fields import KINDS, Kind
from cas_audit.simulate.geography import Geography, invented

OFF = Dials(weeks=30)
PARTS = ("intensity", "reported", "attention", "placed", "lag", "proxies")
GEOGRAPHY = invented(np.random.default_rng(1), 40)
GROUP = GEOGRAPHY.mix[0]


def draw(dials: Dials, seed: int = 2, geography: Geography = GEOGRAPHY) -> Arena:
    """Draw an arena."""
    return draw_arena(geography, dials, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", [2, 3])
def test_same_seed_same_arena(seed: int) -> None:
    """Every array is drawn from the seed alone."""
    dials = replace(
        OFF, persistence_weeks=5, over_policed="random", over_policing=1, proxies=(0.5,)
    )
    one, other, third = draw(dials, seed), draw(dials, seed), draw(dials, 9)
    moved = {name for name in PARTS if not np.array_equal(getattr(one, name), getattr(third, name))}

    assert all(np.array_equal(getattr(one, name), getattr(other, name)) for name in PARTS)
    assert {"intensity", "attention", "proxies"} == moved


@pytest.mark.parametrize(
    ("turned", "moved"),
    [
        ({"incidents_a_week": 50.0}, {"intensity"}),
        ({"kind": "patches"}, {"intensity"}),
        ({"range_cells": 5.0}, {"intensity"}),
        ({"log_sd": 0.5}, {"intensity"}),
        ({"group_effect": 1.0}, {"intensity"}),
        ({"persistence_weeks": 10.0}, {"intensity"}),
        ({"reporting": (0.5, 0.8, 0.9)}, {"reported"}),
        ({"found": 0.1}, {"attention"}),
        ({"over_policing": 1.0}, {"attention"}),
        ({"over_policing": 1.0, "over_policed": "random"}, {"attention"}),
        ({"over_policing": 1.0, "over_policed_weeks": 10}, {"attention"}),
        ({"place_loss": 0.1}, {"placed"}),
        ({"place_loss_group": 0.2}, {"placed"}),
        ({"lag_weeks": 2.0}, {"lag"}),
        ({"lag_weeks_group": 3.0}, {"lag"}),
        ({"proxies": (0.5,)}, {"proxies"}),
    ],
    ids=str,
)
def test_each_dial_moves_one_thing(turned: dict[str, Any], moved: set[str]) -> None:
    """The rest stays as it was to the byte."""
    off, on = draw(OFF), draw(replace(OFF, **turned))
    found = {name for name in PARTS if not np.array_equal(getattr(off, name), getattr(on, name))}

    assert moved == found


def test_with_every_dial_off_the_record_is_the_truth() -> None:
    """Everything is brought, with a place and at once, and the police find nothing."""
    arena = draw(OFF)

    assert arena.intensity == pytest.approx(arena.brought)
    assert (0, 0) == (arena.found.max(), arena.lag.max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("effect", [0.0, 0.7, -0.7])
def test_crime_is_linked_with_the_group_as_stated(kind: Kind, effect: float) -> None:
    """The slope of log intensity on the group's share is the dial; at 0 they are uncorrelated."""
    dials = replace(OFF, kind=kind, group_effect=effect, log_sd=0.9)
    logs = np.log(draw(dials).intensity[0])
    rest = logs - effect * GROUP

    assert effect == pytest.approx(np.polyfit(GROUP, logs, 1)[0], abs=1e-9)
    assert 0.9 == pytest.approx(rest.std())


def test_each_week_has_its_incidents() -> None:
    """However the hot spots drift."""
    dials = replace(OFF, incidents_a_week=70, persistence_weeks=4)

    assert draw(dials).intensity.sum(1) == pytest.approx(70)


def test_hot_spots_drift_as_slowly_as_stated() -> None:
    """After the stated weeks their correlation with now is 1/e; without drift they stay."""
    dials = Dials(weeks=400, persistence_weeks=6, kind="exponential", range_cells=1)
    logs = np.log(draw(dials).intensity)
    logs -= logs.mean(1, keepdims=True)
    found = (logs[:-6] * logs[6:]).mean() / logs.var()

    assert np.exp(-1) == pytest.approx(found, abs=0.02)
    assert np.array_equal(draw(OFF).intensity[0], draw(OFF).intensity[-1])


def test_reporting_is_a_mean_over_residents() -> None:
    """By hand: half of a cell's residents report one in five, half nine in ten."""
    residents = np.array([[5.0, 0.0], [0.0, 0.0], [5.0, 8.0]])
    two = Geography(np.ones((1, 2), dtype=bool), np.array([0, 1]), residents)
    arena = draw(replace(OFF, reporting=(0.2, 0.5, 0.9)), geography=two)

    assert [0.55, 0.9] == pytest.approx(arena.reported)


def test_the_group_is_over_policed_until_it_stops() -> None:
    """The quarter of neighbourhoods where its share is highest, for the stated weeks."""
    dials = replace(OFF, found=0.1, over_policing=2.0, over_policed_weeks=10)
    attention = draw(dials).attention
    chosen = attention[0] > 1
    areas = len(np.unique(GEOGRAPHY.area[chosen]))

    assert round(0.25 * GEOGRAPHY.areas) == areas
    assert GROUP[chosen].min() >= GROUP[~chosen].max()
    assert [2.1, 2.1, 0.1] == pytest.approx(attention[[0, 9, 10]].max(1))


def test_a_random_choice_is_over_policed_whoever_lives_there() -> None:
    """Over many draws the chosen neighbourhoods have the city's share."""
    dials = replace(OFF, over_policing=1.0, over_policed="random")
    chosen = [draw(dials, seed).attention[0] for seed in range(200)]
    shares = [(GROUP * one).sum() / one.sum() for one in chosen]

    assert GROUP.mean() == pytest.approx(np.mean(shares), abs=0.02)


def test_proxies_have_the_stated_strength_and_know_nothing_of_crime() -> None:
    """Beyond what the group's share itself tells, which is here nothing."""
    strengths = (0.0, 0.3, -0.6, 1.0)
    arena = draw(replace(OFF, proxies=strengths))
    logs = np.log(arena.intensity[0])
    found = np.corrcoef(np.vstack([GROUP, logs, arena.proxies]))

    assert strengths == pytest.approx(found[0, 2:], abs=1e-9)
    assert [0, 0, 0, 0] == pytest.approx(found[1, 2:], abs=1e-9)


@pytest.mark.parametrize(
    "turned",
    [
        {"weeks": 0},
        {"log_sd": -1.0},
        {"reporting": (0.5, 1.2, 1.0)},
        {"place_loss": 0.5, "place_loss_group": 0.6},
        {"lag_weeks_group": -1.0},
        {"proxies": (1.1,)},
        {"kind": "spots"},
        {"over_policed": "all"},
        {"over_policed_share": 1.5},
    ],
    ids=str,
)
def test_a_setting_that_means_nothing_is_refused(turned: dict[str, Any]) -> None:
    """The message names the dial and what it may be."""
    with pytest.raises(InputError, match=f"Dial {list(turned)[-1]} is .*; expected"):
        Dials(**turned)
