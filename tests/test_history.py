"""Histories and counting: what is recorded follows the rates, and is counted once it is known."""

from typing import Any

import numpy as np
import pytest

from cas_audit.errors import InputError
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.scores import flag_top
from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.counting import count_flags, known_counts
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import invented
from cas_audit.simulate.history import History, draw_history

GEOGRAPHY = invented(np.random.default_rng(1), 20)
BIASED: dict[str, Any] = {
    "reporting": (0.4, 0.6, 0.9),
    "found": 0.1,
    "over_policing": 0.5,
    "place_loss": 0.1,
    "place_loss_group": 0.2,
    "lag_weeks": 1.0,
    "lag_weeks_group": 3.0,
}


def draw(dials: Dials, seed: int = 3) -> History:
    """Draw a history."""
    return draw_history(make(dials), np.random.default_rng(seed))


def make(dials: Dials) -> Arena:
    """Draw an arena."""
    return draw_arena(GEOGRAPHY, dials, np.random.default_rng(2))


def rows(history: History) -> set[tuple[int, ...]]:
    """Return the brought records, by where and when."""
    brought = history.where(~history.found)
    names = (brought.week, brought.cell, brought.registered, brought.placed)
    return set(zip(*(one.tolist() for one in names), strict=True))


def test_same_seed_same_history() -> None:
    """And another seed gives another."""
    one, other, third = (draw(Dials(**BIASED), seed).counts() for seed in (3, 3, 4))

    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


@pytest.mark.parametrize("persistence", [np.inf, 4.0])
def test_mean_counts_are_the_rates(persistence: float) -> None:
    """Of brought and found records with a place, over many histories; the spread is Poisson's."""
    arena = make(Dials(weeks=6, incidents_a_week=300, persistence_weeks=persistence, **BIASED))
    rng = np.random.default_rng(5)
    counts = np.stack([draw_history(arena, rng).counts() for _ in range(1500)])
    rates = arena.brought + arena.found
    far = (counts.mean(0) - rates) / np.sqrt(rates / len(counts))

    assert [0, 1] == pytest.approx([far.mean(), far.std()], abs=0.1)
    assert 1 == pytest.approx((counts.var(0) / rates).mean(), abs=0.05)


@pytest.mark.parametrize("turned", [{"found": 0.5}, {"over_policing": 2.0}], ids=str)
def test_what_the_public_brings_does_not_know_the_police(turned: dict[str, Any]) -> None:
    """Brought records are the same, one by one, whatever the police find."""
    assert rows(draw(Dials())) == rows(draw(Dials(**turned)))
    assert draw(Dials(**turned)).found.any()


def test_who_reports_less_leaves_some_of_the_same_records() -> None:
    """No other ones appear."""
    less, all_brought = rows(draw(Dials(reporting=(0.3, 0.5, 0.9)))), rows(draw(Dials()))

    assert less < all_brought


@pytest.mark.parametrize("turned", [{"place_loss": 0.2}, {"lag_weeks": 2.0}], ids=str)
def test_loss_and_lag_leave_records_where_they_are(turned: dict[str, Any]) -> None:
    """A record loses its place or comes late; it still happened there and then."""
    off, on = draw(Dials()), draw(Dials(**turned))

    assert np.array_equal(off.week, on.week)
    assert np.array_equal(off.cell, on.cell)


def test_loss_and_lag_are_as_large_as_stated() -> None:
    """The share without a place, and the mean of weeks until recorded."""
    history = draw(Dials(incidents_a_week=1000, place_loss=0.2, lag_weeks=2.0))
    waited = history.registered - history.week

    assert 0.8 == pytest.approx(history.placed.mean(), abs=0.01)
    assert 2.0 == pytest.approx(waited.mean(), abs=0.05)


@pytest.mark.parametrize("window", [4, 52])
def test_counting_agrees_with_that_of_the_forecast(window: int) -> None:
    """The same counts; the same flags but for ties, which either breaks by lot."""
    history = draw(Dials(weeks=80))
    counts = history.counts()[:, None].astype(np.float32)
    scores = count_scores(counts, np.arange(60, 80), window)[:, 0]
    flags = count_flags(history, window, 0.1, np.random.default_rng(1), test_weeks=20)
    rng, kept = np.random.default_rng(2), np.ones(flags.shape[1], dtype=bool)
    others = np.stack([flag_top(week, kept, 0.1, rng) for week in scores])
    tied = scores == np.sort(scores, axis=1)[:, [-int(flags[0].sum())]]

    assert np.array_equal(scores, known_counts(history, window, 20))
    assert np.array_equal(others.sum(1), flags.sum(1))
    assert np.array_equal(others[~tied], flags[~tied])


def test_ties_are_broken_by_lot() -> None:
    """Where nothing was recorded every cell is flagged about as often."""
    empty = draw(Dials(weeks=4000, incidents_a_week=1e-9))
    flags = count_flags(empty, 52, 0.1, np.random.default_rng(1), test_weeks=3900)
    share = flags[0].mean()
    far = (flags.mean(0) - share) / np.sqrt(share * (1 - share) / len(flags))

    assert [0, 1] == pytest.approx([far.mean(), far.std()], abs=0.15)


def test_a_record_counts_once_it_is_known() -> None:
    """By brute force, record by record."""
    history = draw(Dials(weeks=40, **BIASED))
    expected = np.zeros((15, history.cells))
    for week, cell, registered, placed in zip(
        history.week, history.cell, history.registered, history.placed, strict=True
    ):
        for test in range(25, 40):
            expected[test - 25, cell] += placed and registered < test and test - 10 <= week

    assert np.array_equal(expected, known_counts(history, 10, 15))


def test_a_pull_moves_flags_and_nothing_else() -> None:
    """Without a pull the flags are those of counting."""
    history, group = draw(Dials()), GEOGRAPHY.mix[0]
    plain, none, pulled = (
        count_flags(history, 52, 0.1, np.random.default_rng(1), pull=pull)
        for pull in (0.0, 0 * group, 3 * group)
    )

    assert np.array_equal(plain, none)
    assert (pulled @ group).mean() > (plain @ group).mean()


def test_more_weeks_than_there_are_cannot_be_tested_on() -> None:
    """The message says how many there are."""
    with pytest.raises(InputError, match="81 weeks to test on; expected 1 to 80"):
        count_flags(draw(Dials(weeks=80)), 52, 0.1, np.random.default_rng(1), test_weeks=81)
