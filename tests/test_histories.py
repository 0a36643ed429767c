"""Histories drawn again: rates are estimated, near-repeats are found, and the spread is right."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from cas_audit.forecast.histories import History, draw_history, fit_history
from cas_audit.inference.replicates import (
    compare_replicates,
    log_ratio_interval,
    plain_interval,
)

SIDE, WEEKS = 24, 104


def truth(repeats: float = 0.0, a_week: float = 15.0) -> History:
    """Return rates of which the north has four times those of the south."""
    rate = np.ones((SIDE, SIDE))
    rate[SIDE // 2 :] = 4.0
    rate *= a_week / rate.sum()
    kept = np.ones((SIDE, SIDE), dtype=bool)
    kept[:3, :3] = False
    segments = WEEKS // 26
    return History(
        np.where(kept, rate, 0.0)[None].repeat(segments, 0), np.ones(WEEKS), repeats, kept
    )


def draw(seed: int, history: History) -> NDArray[np.float32]:
    """Draw a record."""
    return draw_history(history, np.random.default_rng(seed))


@pytest.mark.parametrize("repeats", [0.0, 0.3])
def test_a_history_has_the_incidents_of_its_rates(repeats: float) -> None:
    """Near-repeats replace first incidents and do not add to them; none falls outside."""
    history = truth(repeats)
    total = np.mean([draw(seed, history).sum() for seed in range(20)])

    assert pytest.approx(history.rate.sum() / 4 * WEEKS, rel=0.06) == total
    assert 0 == draw(1, history)[:, ~history.kept].sum()


@pytest.mark.parametrize("repeats", [0.0, 0.3])
def test_near_repeats_are_found(repeats: float) -> None:
    """Pairs beyond what the rates give say how many incidents each draws."""
    found = [fit_history(draw(seed, truth(repeats)), truth().kept).repeats for seed in range(10)]

    assert pytest.approx(repeats, abs=0.08) == np.mean(found)


def test_rates_are_shrunk_towards_their_surroundings() -> None:
    """The estimate is nearer the truth than the count is, and no kept cell has a rate of zero."""
    history = truth()
    counts = draw(2, history)
    fitted = fit_history(counts, history.kept)
    kept = history.kept
    plain = counts.sum(axis=0)[kept] / WEEKS
    error = [
        np.abs(one - history.rate[0][kept]).mean() for one in (fitted.rate.mean(0)[kept], plain)
    ]

    assert error[0] < 0.5 * error[1]
    assert fitted.rate[:, kept].min() > 0
    assert 0 == fitted.rate[:, ~kept].max()


def test_a_season_is_kept() -> None:
    """Twice as many incidents in the second year are drawn twice as often there."""
    history = truth()
    season = np.r_[np.full(52, 2 / 3), np.full(52, 4 / 3)]
    counts = draw(3, History(history.rate, season, 0.0, history.kept))
    again = draw(4, fit_history(counts, history.kept))

    assert pytest.approx(counts[52:].sum() / counts.sum(), abs=0.05) == (
        again[52:].sum() / again.sum()
    )


def test_same_seed_same_history() -> None:
    """And another seed another one."""
    assert (draw(5, truth(0.2)) == draw(5, truth(0.2))).all()
    assert (draw(5, truth(0.2)) != draw(6, truth(0.2))).any()


def test_an_empty_record_is_fitted() -> None:
    """A theme without incidents has nothing to draw, and says so with zeros."""
    counts = np.zeros((WEEKS, SIDE, SIDE), dtype=np.float32)

    assert draw(7, fit_history(counts, truth().kept)).sum() < 5


def test_the_interval_of_a_ratio_is_students_on_the_log() -> None:
    """Estimate times or divided by exp(t * s), with one degree of freedom fewer than refits."""
    refits = np.array([0.9, 1.1, 1.0, 1.2, 0.95, 1.05])
    found = log_ratio_interval(1.1, refits)
    reach = stats.t.ppf(0.975, 5) * np.log(refits).std(ddof=1)

    assert found is not None
    assert pytest.approx((1.1 / np.exp(reach), 1.1 * np.exp(reach))) == (found.low, found.high)


def test_a_plain_figure_covers_its_expected_value() -> None:
    """Figure and replicates from one law: the interval covers its mean in 93 to 97 percent."""
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(3000):
        found = plain_interval(rng.normal(), rng.normal(3.0, 1.0, 10))
        covered += found is not None and found.low <= 0 <= found.high

    assert 0.93 <= covered / 3000 <= 0.97


def test_too_few_or_undefined_histories_say_nothing() -> None:
    """Four histories, or one on which the ratio is undefined: no interval."""
    assert log_ratio_interval(1.0, np.ones(4)) is None
    assert log_ratio_interval(1.0, np.array([1.0, 1.1, 0.9, 1.0, np.nan])) is None
    assert plain_interval(np.nan, np.ones(9)) is None
    assert compare_replicates(np.full((2, 6), np.nan)) is None
    assert compare_replicates(np.array([[1.0, 1.1], [1.0, 0.9]])) is None
