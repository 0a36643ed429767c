"""The loop runs away on what police find, and is dampened by what the public brings."""

from dataclasses import replace

import numpy as np
import pytest

from cas_audit.errors import InputError
from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.counting import count_flags
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import Geography, invented
from cas_audit.simulate.history import draw_history
from cas_audit.simulate.loop import Channel, Deployment, deploy

BROUGHT: tuple[Channel, ...] = ("brought",)
FOUND: tuple[Channel, ...] = ("found",)
BOTH: tuple[Channel, ...] = ("brought", "found")
GEOGRAPHY = invented(np.random.default_rng(1), 40)
DENSE = Dials(weeks=200, incidents_a_week=1000, found=0.1, over_policing=0.5)
LOOP = Deployment(weeks=130, find=1.0, window_weeks=26)


def dense(seed: int = 2) -> Arena:
    """Draw a city with past over-policing and many incidents."""
    return draw_arena(GEOGRAPHY, DENSE, np.random.default_rng(seed))


def first_of_two(channels: tuple[Channel, ...], seed: int) -> float:
    """Return how often the first of two equal cells is flagged in the last year of six."""
    geography = Geography(np.ones((1, 2), dtype=bool), np.array([0, 1]), np.ones((3, 2)))
    dials = Dials(weeks=312, incidents_a_week=8, found=0.5)
    arena = draw_arena(geography, dials, np.random.default_rng(seed))
    chosen = Deployment(260, find=0.5, channels=channels, window_weeks=26, share=0.5)
    deployed = deploy(arena, chosen, np.random.default_rng(seed))
    return float(deployed.flags[-52:, 0].mean())


@pytest.mark.parametrize("channels", [FOUND, BOTH], ids=str)
def test_of_two_equal_cells_one_is_flagged_for_ever(channels: tuple[Channel, ...]) -> None:
    """Which of the two is chance: the urn of Ensign and others (2018)."""
    shares = [first_of_two(channels, seed) for seed in range(40)]

    assert {0.0, 1.0} == set(shares)
    assert 8 < sum(shares) < 32


def test_of_two_equal_cells_each_is_flagged_half_the_time_on_reports() -> None:
    """What the public brings does not follow the flags."""
    shares = [first_of_two(BROUGHT, seed) for seed in range(40)]

    assert 0.5 == pytest.approx(np.mean(shares), abs=0.1)
    assert sum(share in {0.0, 1.0} for share in shares) < 8


def test_found_records_keep_a_past_that_reports_forget() -> None:
    """After years without over-policing: found keeps it, both together keep a part."""
    last = {}
    for channels in (BROUGHT, BOTH, FOUND):
        loop = replace(LOOP, channels=channels)
        ratios = [
            deploy(dense(seed), loop, np.random.default_rng(5)).exposure_ratio()
            for seed in range(5)
        ]
        last[channels] = float(np.mean([ratio[-13:].mean() for ratio in ratios]))
        if channels == FOUND:
            assert np.mean([ratio[:13].mean() for ratio in ratios]) < 1.15 * last[channels]

    assert last[BROUGHT] * 1.05 < last[BOTH] < 0.6 * last[FOUND]


def test_the_map_freezes_on_found_records() -> None:
    """Flags of the last week are those of two years before; on reports they still move."""
    stayed = {}
    for channels in (BROUGHT, FOUND):
        flags = deploy(dense(), replace(LOOP, channels=channels), np.random.default_rng(5)).flags
        stayed[channels] = (flags[-1] & flags[-104]).sum() / flags[-1].sum()

    assert stayed[FOUND] > 0.95 > stayed[BROUGHT]


def test_without_finds_the_loop_is_counting() -> None:
    """On what the public brings: the same flags but for ties."""
    dials = Dials(weeks=60, incidents_a_week=5000)
    arena = draw_arena(GEOGRAPHY, dials, np.random.default_rng(2))
    deployed = deploy(arena, Deployment(10, window_weeks=26), np.random.default_rng(3))
    history = draw_history(arena, np.random.default_rng(3).spawn(1)[0])
    flags = count_flags(history, 26, 0.03, np.random.default_rng(9), test_weeks=10)

    assert 0 == deployed.found.sum()
    assert np.array_equal(history.counts()[-10:], deployed.brought)
    assert (flags & deployed.flags).sum() > 0.97 * flags.sum()


def test_police_find_only_where_they_were_sent() -> None:
    """And there as often as stated; what is brought does not depend on the flags."""
    loops = [replace(LOOP, find=0.4, channels=channels) for channels in (BROUGHT, BOTH)]
    one, other = (deploy(dense(), loop, np.random.default_rng(5)) for loop in loops)
    expected = 0.4 * (dense().intensity[-130:] * one.flags).sum()

    assert 0 == one.found[~one.flags].sum()
    assert expected == pytest.approx(one.found.sum(), abs=4 * expected**0.5)
    assert np.array_equal(one.brought, other.brought)
    assert not np.array_equal(one.flags, other.flags)


def test_finds_count_for_as_long_as_the_window() -> None:
    """Flags are the top of what was found within it; other cells are flagged by lot, not habit."""
    arena = draw_arena(GEOGRAPHY, Dials(weeks=400, incidents_a_week=50), np.random.default_rng(2))
    chosen = Deployment(weeks=390, find=1.0, channels=FOUND, window_weeks=3)
    deployed = deploy(arena, chosen, np.random.default_rng(5))
    stayed = []
    for week in range(3, 390):
        recent, flags = deployed.found[week - 3 : week].sum(0), deployed.flags[week]
        stayed += deployed.flags[week - 1][flags & (recent == 0)].tolist()

        assert recent[flags].min() >= recent[~flags].max()
    assert 0.03 == pytest.approx(np.mean(stayed), abs=0.015)


def test_exposure_is_told_week_by_week() -> None:
    """As the share of a group's residents in a flagged cell."""
    deployed = deploy(dense(), LOOP, np.random.default_rng(5))
    people = GEOGRAPHY.residents
    expected = [(people[0] * week).sum() / people[0].sum() for week in deployed.flags]

    assert expected == pytest.approx(deployed.exposure[:, 0])


def test_same_seed_same_loop() -> None:
    """To the last flag."""
    one, other = (deploy(dense(), LOOP, np.random.default_rng(5)).flags for _ in range(2))

    assert np.array_equal(one, other)


def test_a_deployment_that_means_nothing_is_refused() -> None:
    """A chance above 1, or more weeks than there are."""
    with pytest.raises(InputError, match="expected 0 to 1"):
        Deployment(find=1.5)
    with pytest.raises(InputError, match="Deployed for 201 weeks; expected 1 to 200"):
        deploy(dense(), replace(LOOP, weeks=201), np.random.default_rng(1))
