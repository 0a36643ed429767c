"""The truth agrees with brute force on tiny cities, for each estimand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import skellam

from cas_audit.audit.groups import weekly_exposure
from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.counting import Forecast, count_flags, count_forecast
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import Geography, invented
from cas_audit.simulate.history import draw_history
from cas_audit.simulate.truth import Parts, beyond_city, of_process, true_parts

GEOGRAPHY = invented(np.random.default_rng(1), 20)
FIGURES = ("exposure", "hit_rate", "precision", "calibration", "reported", "recorded")
BIASED: dict[str, Any] = {
    "weeks": 12,
    "incidents_a_week": 200,
    "group_effect": 0.5,
    "persistence_weeks": 8,
    "reporting": (0.4, 0.6, 0.9),
    "found": 0.1,
    "over_policing": 0.5,
    "place_loss_group": 0.3,
}
Field = NDArray[np.float64]


def make(geography: Geography = GEOGRAPHY, **dials: Any) -> Arena:
    """Draw an arena."""
    return draw_arena(geography, Dials(**dials), np.random.default_rng(2))


def two_cells(rates: tuple[float, float]) -> Arena:
    """Return an arena of two cells with these rates; the group lives in the first."""
    residents = np.array([[3.0, 1.0], [1.0, 1.0], [1.0, 3.0]])
    geography = Geography(np.ones((1, 2), dtype=bool), np.array([0, 1]), residents)
    arena = make(geography, weeks=2)
    intensity = np.broadcast_to(np.array([rates]), (2, 2))
    return Arena(geography, arena.dials, intensity, *_rest(arena))


def _rest(arena: Arena) -> tuple[Field, Field, Field, Field, Field]:
    return arena.reported, arena.attention, arena.placed, arena.lag, arena.proxies


def brute(arena: Arena, flags: NDArray[np.bool_], rng: np.random.Generator) -> dict[str, Any]:
    """Draw the outcomes of the last weeks once, and sum them as an audit would."""
    people, share = arena.geography.residents, arena.geography.share
    history = draw_history(arena, rng)
    test = slice(history.weeks - len(flags), None)
    brought = history.where(~history.found).counts()[test]
    return {
        "hit_rate": ((flags * brought).sum(0) @ share.T, brought.sum(0) @ share.T),
        "precision": ((flags * (brought > 0)).sum(0) @ people.T, flags.sum(0) @ people.T),
        "recorded": (history.counts()[test].sum(0) @ share.T, brought.sum(0) @ share.T),
    }


def pooled(draws: list[dict[str, Any]], name: str) -> Parts:
    """Return brute-force draws as parts, with their Monte Carlo error."""
    return Parts(*(np.stack([one[name][part] for one in draws]) for part in (0, 1)))


def agree(true: Parts, found: Parts) -> None:
    """Assert that ratios and differences agree within four errors, which are small."""
    for expected, value in (
        (true.ratio(), found.ratio()),
        (true.difference(), found.difference()),
        (true.of(0), found.of(0)),
    ):
        assert value.error < 0.03 * (1 + abs(expected.value))
        assert expected.value == pytest.approx(value.value, abs=4 * (value.error + expected.error))


def test_given_the_flags_outcomes_are_as_expected() -> None:
    """Every dial turned: the closed form is the mean over outcomes drawn many times."""
    arena = make(**BIASED)
    flags = np.random.default_rng(3).random((6, arena.placed.size)) < 0.2
    true = true_parts(arena, Forecast(flags))
    rng = np.random.default_rng(4)
    draws = [brute(arena, flags, rng) for _ in range(600)]

    agree(true["hit_rate"], pooled(draws, "hit_rate"))
    agree(true["precision"], pooled(draws, "precision"))


def test_given_the_chance_of_a_flag_every_figure_is_in_closed_form() -> None:
    """Flags drawn anew for each history, apart from its outcomes."""
    arena = make(**BIASED)
    chance = np.random.default_rng(3).random((6, arena.placed.size)) ** 4
    true = true_parts(arena, Forecast(chance))
    rng = np.random.default_rng(4)
    drawn = [rng.random(chance.shape) < chance for _ in range(600)]
    draws = [brute(arena, flags, rng) for flags in drawn]
    exposures = [true_parts(arena, Forecast(flags))["exposure"] for flags in drawn]

    agree(true["hit_rate"], pooled(draws, "hit_rate"))
    agree(true["precision"], pooled(draws, "precision"))
    exposure = Parts(
        *(np.concatenate([getattr(p, n) for p in exposures]) for n in ("top", "bottom"))
    )
    agree(true["exposure"], exposure)


def test_the_process_of_counting_is_right_where_it_is_known_exactly() -> None:
    """Two cells, last week's count: the first is flagged as often as Skellam's law says."""
    arena = two_cells((2.0, 1.0))
    counting = count_forecast(window_weeks=1, share=0.5, test_weeks=1)
    found = of_process(arena, counting, 4000, np.random.default_rng(5))
    first = skellam.sf(0, 2.0, 1.0) + skellam.pmf(0, 2.0, 1.0) / 2
    exact = true_parts(arena, Forecast(np.array([[first, 1 - first]])))

    for name in ("exposure", "hit_rate", "precision"):
        agree(exact[name], found[name])


def test_the_process_is_the_mean_over_histories_of_flags_and_outcomes() -> None:
    """By brute force: the model refitted on each history, judged on that history's last weeks."""
    arena = make(**BIASED)
    rng = np.random.default_rng(6)
    draws = []
    for _ in range(600):
        streams = rng.spawn(2)
        seed = streams[0].integers(2**63)
        history = draw_history(arena, np.random.default_rng(seed))
        flags = count_flags(history, 6, 0.1, streams[1], test_weeks=6)
        draws.append(brute(arena, flags, np.random.default_rng(seed)))
    counting = count_forecast(window_weeks=6, share=0.1, test_weeks=6)
    found = of_process(arena, counting, 200, np.random.default_rng(7))

    agree(found["hit_rate"], pooled(draws, "hit_rate"))
    agree(found["precision"], pooled(draws, "precision"))


def test_the_stated_error_is_the_spread_of_repeats() -> None:
    """Of a ratio and of a difference, for few histories at a time."""
    arena = make(weeks=20)
    counting = count_forecast(window_weeks=10, test_weeks=10, share=0.1)
    repeats = [
        of_process(arena, counting, 12, stream)["exposure"]
        for stream in np.random.default_rng(8).spawn(120)
    ]
    for values in ([p.ratio() for p in repeats], [p.difference() for p in repeats]):
        spread = np.std([one.value for one in values])

        assert spread == pytest.approx(np.mean([one.error for one in values]), rel=0.2)


def test_exposure_is_what_the_check_measures() -> None:
    """The same flags and residents give the same figure as the audit's own definition."""
    arena = make(weeks=4)
    cells, people = arena.placed.size, arena.geography.residents
    flags = np.random.default_rng(3).random((4, cells)) < 0.2
    rows = {"cell": np.tile(np.arange(cells), 4), "period": np.repeat(np.arange(4), cells)}
    table = pd.DataFrame({**rows, "flagged": flags.ravel()})
    measured = weekly_exposure(table, pd.DataFrame(people.T, columns=["a", "b", "c"])).mean()
    true = true_parts(arena, Forecast(flags))["exposure"]

    assert measured.tolist() == pytest.approx([true.of(group).value for group in range(3)])
    assert 0 == true.ratio().error


def test_figures_of_the_city_do_not_ask_who_lives_there() -> None:
    """Hit rate over all incidents, precision over flagged cells; by hand, and empty cells too."""
    arena = two_cells((2.0, 1.0))
    true = true_parts(arena, Forecast(np.array([[True, False]])))

    assert 2 / 3 == pytest.approx(true["city_hit_rate"].of(0).value)
    assert 1 - np.exp(-2.0) == pytest.approx(true["city_precision"].of(0).value)


def test_reporting_is_that_of_the_dial_where_groups_live_apart() -> None:
    """The ratio of what is brought to what happens is the ratio of the rates."""
    residents = np.array([[3.0, 0.0], [0.0, 0.0], [0.0, 3.0]])
    geography = Geography(np.ones((1, 2), dtype=bool), np.array([0, 1]), residents)
    arena = make(geography, weeks=4, reporting=(0.3, 0.5, 0.6), place_loss=0.5, found=0.2)
    true = true_parts(arena, Forecast(np.ones((4, 2), dtype=bool)))

    assert 0.3 / 0.6 == pytest.approx(true["reported"].ratio().value)
    assert (0.3 + 0.2) / 2 == pytest.approx(true["recorded"].of(0).value)


def _id(value: object) -> str:
    """Name a case the same in every process: the order of a set is not."""
    return str(sorted(value)) if isinstance(value, set) else str(value)


@pytest.mark.parametrize(
    ("turned", "moved"),
    [
        ({"reporting": (0.4, 0.6, 0.9)}, set(FIGURES)),
        ({"over_policing": 2.0}, {"exposure", "hit_rate", "precision", "calibration", "recorded"}),
        ({"place_loss_group": 0.5}, set(FIGURES) - {"reported"}),
        ({"lag_weeks_group": 8.0}, {"exposure", "hit_rate", "precision", "calibration"}),
        ({"proxies": (0.9,)}, set()),
    ],
    ids=_id,
)
def test_a_dial_moves_the_true_ratios_it_should(turned: dict[str, Any], moved: set[str]) -> None:
    """With the same histories but for the dial; the rest is equal to the digit."""
    counting = count_forecast(window_weeks=26, test_weeks=10, share=0.1)
    off, on = (
        of_process(make(weeks=40, **dials), counting, 20, np.random.default_rng(1))
        for dials in ({}, turned)
    )
    found = {
        name
        for name in FIGURES
        if on[name].ratio().value != pytest.approx(off[name].ratio().value, rel=1e-9)
    }

    assert moved == found


def test_counting_is_calibrated_in_a_city_without_bias() -> None:
    """It expects what happens, also where history is short; a silent one has no such figure."""
    arena = make(weeks=60)
    found = of_process(
        arena, count_forecast(window_weeks=26, test_weeks=50), 60, np.random.default_rng(1)
    )
    silent = true_parts(arena, Forecast(np.ones((4, arena.placed.size), dtype=bool)))

    for group in range(3):
        value = found["calibration"].of(group)
        assert 1 == pytest.approx(value.value, abs=4 * value.error)
    assert np.isnan(silent["calibration"].ratio().value)


def test_without_flags_precision_is_undefined() -> None:
    """Undefined is not zero; exposure is zero."""
    arena = make(weeks=4)
    true = true_parts(arena, Forecast(np.zeros((4, arena.placed.size), dtype=bool)))

    assert np.isnan(true["precision"].of(0).value)
    assert np.isnan(true["exposure"].ratio().value)
    assert 0 == true["exposure"].of(0).value


def test_beyond_the_city_hot_spots_are_placed_again() -> None:
    """In a city without bias no group is favoured, though on any one map one is."""
    arena = make(weeks=40, range_cells=3)
    counting = count_forecast(window_weeks=26, test_weeks=10, share=0.1)
    city = of_process(arena, counting, 20, np.random.default_rng(1))["exposure"].ratio()
    beyond = beyond_city(arena, counting, 300, np.random.default_rng(2))["exposure"].ratio()

    assert 1 == pytest.approx(beyond.value, abs=4 * beyond.error + 0.02)
    assert beyond.error * 300**0.5 > 3 * city.error * 20**0.5
