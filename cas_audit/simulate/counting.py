"""Forecasting by counting, on arrays: fast enough to refit on thousands of histories."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.errors import InputError
from cas_audit.simulate.history import History

__all__ = [
    "Forecast",
    "Forecaster",
    "count_flags",
    "count_forecast",
    "flag_top_rows",
    "known_counts",
]

Field = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Forecast:
    """What a forecaster makes of a history; the weeks are the last ones of the arena.

    Attributes:
        flags: flags, or the chance of one, shape (test weeks, cells).
        expected: incidents it expects, same shape; None if it does not say.
    """

    flags: NDArray[np.bool_] | Field
    expected: Field | None = None


Forecaster = Callable[[History, np.random.Generator], Forecast]


def known_counts(history: History, window_weeks: int, test_weeks: int) -> Field:
    """Count what was known of each cell before each of the last weeks began.

    A record counts from the week after it was recorded, until it happened longer ago than the
    window: it is added where it comes in and taken off where it goes out, and summed along time.

    Args:
        history: the records; those without a place are in no cell.
        window_weeks: how far back to count.
        test_weeks: how many of the last weeks.

    Returns:
        Shape (test_weeks, cells).

    Raises:
        InputError: the history is shorter than that.
    """
    if not 0 < test_weeks <= history.weeks:
        message = f"{test_weeks} weeks to test on; expected 1 to {history.weeks}."
        raise InputError(message)
    first = history.weeks - test_weeks
    comes = np.maximum(history.registered + 1 - first, 0)
    goes = np.minimum(history.week + window_weeks + 1 - first, test_weeks)
    used = history.placed & (comes < goes)
    change = np.zeros((test_weeks + 1, history.cells))
    cell = history.cell[used]
    np.add.at(change, (comes[used], cell), 1)
    np.subtract.at(change, (goes[used], cell), 1)
    counts: Field = np.cumsum(change[:-1], axis=0)
    return counts


def count_flags(
    history: History,
    window_weeks: int,
    share: float,
    rng: np.random.Generator,
    *,
    test_weeks: int = 52,
    pull: Field | float = 0.0,
) -> Flags:
    """Flag each week the cells with the most known records; ties are broken by lot.

    Agrees with `count_scores` and `flag_top` of `forecast/` where every record is in time.

    Args:
        history: the records.
        window_weeks: how far back to count.
        share: share of the cells to flag.
        rng: draws the lots.
        test_weeks: how many of the last weeks.
        pull: log of what the score of each cell is multiplied by, shape (cells,).

    Returns:
        Shape (test_weeks, cells).
    """
    return _flag(known_counts(history, window_weeks, test_weeks), share, rng, pull)


def count_forecast(
    *,
    window_weeks: int = 52,
    share: float = 0.03,
    test_weeks: int = 52,
    pull: Field | float = 0.0,
) -> Forecaster:
    """Return counting as a forecaster: the flags of `count_flags`, and the mean count a week.

    Args:
        window_weeks: how far back to count.
        share: share of the cells to flag.
        test_weeks: how many of the last weeks.
        pull: log of what the score of each cell is multiplied by, shape (cells,).
    """

    def forecast(history: History, ties: np.random.Generator) -> Forecast:
        counts = known_counts(history, window_weeks, test_weeks)
        seen = np.arange(history.weeks - test_weeks, history.weeks).clip(1, window_weeks)
        return Forecast(_flag(counts, share, ties, pull), counts / seen[:, None])

    return forecast


def _flag(counts: Field, share: float, ties: np.random.Generator, pull: Field | float) -> Flags:
    """Flag the top; counts are whole, so that a lot below 1 only breaks ties."""
    return flag_top_rows((counts + ties.random(counts.shape)) * np.exp(pull), share)


def flag_top_rows(scores: Field, share: float) -> Flags:
    """Flag the highest scores of every row; scores must differ within a row."""
    wanted = round(scores.shape[1] * share)
    flags = np.zeros(scores.shape, dtype=bool)
    if wanted:
        top = np.argpartition(scores, -wanted, axis=1)[:, -wanted:]
        np.put_along_axis(flags, top, values=True, axis=1)
    return flags
