"""Features that weigh the past: rates over long windows, decay, recency, season, near-repeats, KDE.

Each is a rate a week or a weight of at least nought, and larger where more happened: a model may
add them up with weights that are not negative, or be held to rise with them.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.features import Feature
from cas_audit.forecast.past import Past, Rows

__all__ = [
    "LONGEST_WEEKS",
    "counting_feature",
    "decay_feature",
    "kde_feature",
    "near_repeat_feature",
    "rate_feature",
    "recency_feature",
    "season_feature",
]

LONGEST_WEEKS = 260  # five years: what the Police Data Act lets one look back on at most
YEAR = 52
TIE = np.float32(1e-3)  # of an incident: no density of ours comes to a thousand incidents
Array = NDArray[np.float32]


def _weeks_seen(past: Past, window: int) -> Array:
    """Return over how many weeks a window reaches in fact, of a shape that fits other values."""
    weeks = np.clip(past.asked.weeks, 1, window).astype(np.float32)
    return weeks if isinstance(past.asked, Rows) else weeks[:, None]


def _named(what: str, reach: int, theme: str | None) -> str:
    place = f"ring_{reach}" if reach else "cell"
    return f"{place}_{what}" + (f"_{theme}" if theme else "")


def _reason(reach: int, theme: str | None) -> str:
    if theme:
        return "other_themes"
    return "near_past" if reach else "own_past"


def rate_feature(window: int, reach: int = 0, theme: str | None = None) -> Feature:
    """Return the feature: incidents a week over a window, as far as the history reaches back."""

    def make(past: Past) -> Array:
        rate: Array = past.count(window, reach, theme=theme) / _weeks_seen(past, window)
        return rate

    named = _named(f"rate_{window}_weeks", reach, theme)
    return Feature(named, make, window, reach, theme=theme, reason=_reason(reach, theme))


def decay_feature(half_life: int, reach: int = 0, theme: str | None = None) -> Feature:
    """Return the feature: incidents a week, those of `half_life` weeks ago counting half.

    The weights are cut off after five years, so that the window is what it is said to be.
    """
    kept = np.float32(0.5 ** (1 / half_life))
    name = f"decay_{half_life}"

    def step(series: Array, counts: Array) -> Array:
        return series * kept + counts

    def make(past: Past) -> Array:
        now = past.running(name, step, reach, theme=theme)
        gone = past.running(name, step, reach, ago=LONGEST_WEEKS, theme=theme)
        seen = _weeks_seen(past, LONGEST_WEEKS)
        weight = (1 - kept**seen) / (1 - kept)
        rate: Array = np.maximum(now - gone * kept**LONGEST_WEEKS, 0) / weight
        return rate

    named = _named(name + "_weeks", reach, theme)
    reason = _reason(reach, theme)
    return Feature(named, make, LONGEST_WEEKS, reach, theme=theme, reason=reason)


def recency_feature(window: int = 3 * YEAR) -> Feature:
    """Return the feature: weeks that are left of a window since the last incident in the cell."""

    def step(series: Array, counts: Array) -> Array:
        return np.where(counts > 0, np.float32(window), np.maximum(series - 1, 0))

    def make(past: Past) -> Array:
        return past.running("recency", step)

    return Feature("cell_recency", make, window, 0, reason="recency")


def season_feature(years: int = 3, before: int = 3, after: int = 5) -> Feature:
    """Return the feature: incidents a week in the same season of earlier years, in the cell."""

    def make(past: Past) -> Array:
        total, seen = np.zeros(past.asked.shape, dtype=np.float32), np.float32(before + after)
        for year in range(1, years + 1):
            total += past.count(before + after, ago=YEAR * year - after)
        return total / (years * seen)

    return Feature("cell_season", make, YEAR * years + before, 0, reason="season")


def _by_ring(past: Past, weights: Sequence[float], count: Callable[[int], Array]) -> Array:
    """Add up rings, each with its weight; `count` gives what lies within a reach, less the cell."""
    total = np.float32(weights[0]) * count(0)
    inner = np.zeros(past.asked.shape, dtype=np.float32)
    for reach, weight in enumerate(weights[1:], 1):
        within = count(reach)
        total += np.float32(weight) * (within - inner)
        inner = within
    return total


def kde_feature(window: int = YEAR, bandwidth_cells: float = 1.0) -> Feature:
    """Return the feature: kernel density, incidents a week smoothed over the cells around.

    Weights fall with the ring as a Gaussian does, up to three bandwidths (Chainey, Tompson & Uhlig
    2008 for its use on crime).
    """
    reach = round(3 * bandwidth_cells)
    weights = np.exp(-0.5 * (np.arange(reach + 1) / bandwidth_cells) ** 2)
    cells = np.array([1.0, *(8.0 * np.arange(1, reach + 1))])
    weights /= float(weights @ cells)

    def make(past: Past) -> Array:
        density = _by_ring(past, weights.tolist(), lambda one: past.count(window, one))
        return density / _weeks_seen(past, window)

    name = f"kde_{bandwidth_cells:g}_cells_{window}_weeks"
    return Feature(name, make, window, reach, reason="smooth_past")


def counting_feature(window: int) -> Feature:
    """Return the feature: incidents counted in the cell; density around it only breaks ties.

    Ties broken so make counting a stronger rival than ties broken by lot.
    """
    around = kde_feature(window, 2.0)

    def make(past: Past) -> Array:
        tie: Array = past.count(window) / _weeks_seen(past, window) + TIE * around.make(past)
        return tie

    name = f"cell_count_{window}_weeks"
    return Feature(name, make, window, around.reach_cells, reason="counting")


def near_repeat_feature(weeks: int = 8, reach: int = 3) -> Feature:
    """Return the feature: prospective hotspot, recent incidents weighed by weeks and cells away.

    Each incident weighs 1 / ((1 + weeks ago) * (1 + rings away)), over two months and 400 m at
    cells of 125 m (Bowers, Johnson & Pease 2004).
    """
    weights = [1 / (1 + ring) for ring in range(reach + 1)]

    def make(past: Past) -> Array:
        risk = np.zeros(past.asked.shape, dtype=np.float32)
        for ago in range(weeks):
            near = _by_ring(past, weights, lambda one, ago=ago: past.count(1, one, ago=ago))  # type: ignore[misc]
            risk += near / np.float32(1 + ago)
        return risk

    name = f"near_repeat_{weeks}_weeks_{reach}_cells"
    return Feature(name, make, weeks, reach, reason="near_repeat")
