"""Histories drawn again: what this city's record could as well have been (estimand: this process).

Every incident of the record is one draw of a rate nobody saw. The rate is estimated, and new
incidents are drawn from it; a model refitted on such a history shows how far flags follow chance.

- The rate of a cell is its count shrunk towards its surroundings (empirical Bayes with a gamma
  prior: Clayton & Kaldor 1987), so that a cell without incidents is not taken for safe, and a cell
  with one not for dangerous. Drawing each count again (a Poisson bootstrap) does both, and its
  spread is a third too small where incidents are few.
- Rates may drift: half-years are shrunk towards the rate of the cell in the same way.
- An incident may draw others to the cells around it in the weeks after (near-repeats); how many is
  estimated from pairs beyond what the rates give.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["History", "draw_history", "fit_history"]

SURROUNDINGS_CELLS = 1.0  # of the Gaussian kernel whose mean a cell is shrunk towards
SEASON_WEEKS = 13
DRIFT_WEEKS = 26
REPEAT_WEEKS = 4
MOST_REPEATS = 0.6  # below one, or a history would never end
LEAST = 1e-9
STRONGEST = 1e6  # a prior this strong leaves nothing of a cell's own count

Counts = NDArray[np.float32]
Rates = NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """What histories are drawn from.

    `rate` are expected incidents per half-year and kept cell, shape (segments, rows, columns), by
    week of it; `season` multiplies it, shape (weeks,); `repeats` are those each incident draws.
    """

    rate: Rates
    season: Rates
    repeats: float
    kept: NDArray[np.bool_]


def fit_history(counts: Counts, kept: NDArray[np.bool_]) -> History:
    """Estimate the rates behind a record.

    Args:
        counts: incidents, shape (weeks, rows, columns).
        kept: cells that take part, shape (rows, columns).
    """
    weeks = len(counts)
    total = np.where(kept, counts.sum(axis=0, dtype=float), 0.0)
    rate = _shrink(total[kept], _surroundings(total, kept)) / weeks
    season = _season(counts)
    segments = _segments(weeks)
    own = np.stack(
        [
            counts[segments == one][:, kept].sum(axis=0, dtype=float)
            for one in range(int(segments.max()) + 1)
        ]
    )
    exposure = np.bincount(segments, season)[:, None]
    drifted = _shrink(own.ravel(), (rate * exposure).ravel()).reshape(own.shape) / exposure
    laid_out = np.zeros((len(own), *kept.shape))
    laid_out[:, kept] = drifted
    plain = History(laid_out, season, 0.0, kept)
    return History(laid_out, season, _repeats(counts, plain, segments), kept)


def draw_history(history: History, rng: np.random.Generator) -> Counts:
    """Draw a record: incidents by their rate, and those that each draws after it.

    Returns:
        Incidents, shape (weeks, rows, columns).
    """
    shape = (len(history.season), *history.kept.shape)
    last = _first(history, rng)
    drawn = [last]
    while history.repeats and len(last):
        last = _follow(last, history, rng)
        drawn.append(last)
    at = np.ravel_multi_index(tuple(np.concatenate(drawn).T), shape)
    counts: Counts = np.bincount(at, minlength=int(np.prod(shape))).reshape(shape)
    return counts.astype(np.float32)


def _first(history: History, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the incidents that no other drew: week, row and column of each."""
    segments = _segments(len(history.season))
    until = np.cumsum(history.rate.reshape(len(history.rate), -1), axis=1)
    expected = until[segments, -1] * history.season * (1 - history.repeats)
    week = np.repeat(np.arange(len(segments)), rng.poisson(expected))
    place = rng.random(len(week))
    cell = np.empty(len(week), dtype=np.int64)
    for one, sums in enumerate(until):
        part = segments[week] == one
        cell[part] = np.searchsorted(sums, place[part] * sums[-1], side="right")
    return np.column_stack([week, *np.divmod(cell, history.kept.shape[1])])


def _follow(
    parents: NDArray[np.int64], history: History, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the near-repeats of one generation: week, row and column of each."""
    children = parents.repeat(rng.poisson(history.repeats, len(parents)), axis=0)
    children[:, 0] += rng.integers(1, REPEAT_WEEKS + 1, len(children))
    children[:, 1:] += rng.integers(-1, 2, (len(children), 2))
    limits = (len(history.season), *history.kept.shape)
    inside = ((children >= 0) & (children < limits)).all(axis=1)
    children = children[inside]
    found: NDArray[np.int64] = children[history.kept[children[:, 1], children[:, 2]]]
    return found


def _surroundings(total: Rates, kept: NDArray[np.bool_]) -> Rates:
    """Return the mean around each kept cell, over kept cells."""
    smooth = ndimage.gaussian_filter(total, SURROUNDINGS_CELLS, mode="constant")
    cover = ndimage.gaussian_filter(kept.astype(float), SURROUNDINGS_CELLS, mode="constant")
    found: Rates = smooth[kept] / cover[kept]
    return found


def _shrink(count: Rates, expected: Rates) -> Rates:
    """Return gamma-Poisson means: (count + a) / (1 + a / expected), a by moments of the excess."""
    expected = expected.clip(min=LEAST)
    excess = float(((count - expected) ** 2 - count).sum())
    strength = float((expected**2).sum()) / excess if excess > 0 else STRONGEST
    strength = min(strength, STRONGEST)
    found: Rates = (count + strength) / (1 + strength / expected)
    return found


def _season(counts: Counts) -> Rates:
    """Return the smooth course of weekly totals, with a mean of one."""
    weekly = counts.sum(axis=(1, 2), dtype=float)
    smooth = ndimage.uniform_filter1d(weekly, min(SEASON_WEEKS, len(weekly)), mode="nearest")
    found: Rates = smooth / smooth.mean() if smooth.mean() > 0 else np.ones(len(weekly))
    return found


def _segments(weeks: int) -> NDArray[np.int64]:
    return np.minimum(np.arange(weeks) // DRIFT_WEEKS, max(weeks // DRIFT_WEEKS, 1) - 1)


def _repeats(counts: Counts, plain: History, segments: NDArray[np.int64]) -> float:
    """Return how many near-repeats an incident draws: pairs beyond those that the rates give."""
    incidents = float(counts.sum())
    if not incidents:
        return 0.0
    around = ndimage.uniform_filter(plain.rate, (0, 3, 3), mode="constant") * 9
    pairs = expected = 0.0
    for week in range(len(counts) - REPEAT_WEEKS):
        later = counts[week + 1 : week + 1 + REPEAT_WEEKS].sum(axis=0)
        near = ndimage.uniform_filter(later, 3, mode="constant") * 9
        pairs += float((counts[week] * near).sum())
        season = plain.season[week + 1 : week + 1 + REPEAT_WEEKS]
        at = segments[week + 1 : week + 1 + REPEAT_WEEKS]
        expected += float((counts[week] * (around[at] * season[:, None, None]).sum(axis=0)).sum())
    return float(np.clip((pairs - expected) / incidents, 0.0, MOST_REPEATS))
