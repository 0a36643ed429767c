"""This process: a city's history drawn again and counting refitted; who covers, who passes?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize
from tables import share_of, table

from cas_audit.forecast.histories import History, draw_history, fit_history
from cas_audit.inference.interval import Interval, verdict
from cas_audit.inference.partition import stretches
from cas_audit.inference.replicates import log_ratio_interval
from cas_audit.inference.scores import across, ratio
from cas_audit.simulate.counting import flag_top_rows
from cas_audit.simulate.fields import draw_fields

Values = NDArray[np.float64]
WINDOW = TEST = 52
WEEKS = WINDOW + TEST
SHARE = 0.03
TRUTH, REFITS = 40, 20
TOLERANCE = (0.8, 1.25)
SETTINGS: list[dict[str, Any]] = [
    {"side": side, "a_week": a_week, "ratio_of": true, "repeats": repeats, "cities": cities}
    for side, a_week, true, repeats, cities in (
        (40, 5.0, 1.0, 0.0, 200),
        (40, 5.0, 1.0, 0.25, 200),
        (40, 20.0, 1.0, 0.25, 200),
        (40, 20.0, 1.5, 0.25, 200),
        *(
            (110, a_week, true, 0.0, 100)
            for a_week in (10.0, 50.0, 200.0)
            for true in (0.8, 1.0, 1.25, 1.5)
        ),
        (110, 50.0, 1.0, 0.25, 100),
    )
]


def measure(
    side: int, a_week: float, ratio_of: float, repeats: float, cities: int
) -> dict[str, Any]:
    """Draw cities whose true ratio is as stated, audit each, and count."""
    tried: dict[str, list[tuple[bool, float, bool | None]]] = {}
    spread = []
    for city in range(cities):
        rng = np.random.default_rng([2, side, round(a_week), round(100 * ratio_of), city])
        history = _history(rng, side, a_week, repeats)
        weights, deviation = _weights(rng, history, ratio_of)
        spread.append(deviation)
        for name, found in _audit(rng, history, weights).items():
            covers = found is None or found.low <= ratio_of <= found.high
            width = float("inf") if found is None else float(np.log(found.high / found.low))
            judged = None if found is None else verdict(found, *TOLERANCE)
            tried.setdefault(name, []).append((covers, width, judged))
    return {"spread": float(np.mean(spread)), **{name: _count(one) for name, one in tried.items()}}


def _history(rng: np.random.Generator, side: int, a_week: float, repeats: float) -> History:
    rate = np.exp(1.3 * draw_fields(rng, (side, side), "exponential", 3.0)[0])
    rate *= a_week / rate.sum()
    kept = np.ones((side, side), dtype=bool)
    return History(rate[None].repeat(WEEKS // 26, 0), np.ones(WEEKS), repeats, kept)


def _flags(rng: np.random.Generator, counts: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Count a year back and flag the top of each test week, shape (weeks, cells)."""
    flat = counts.reshape(len(counts), -1)
    until = np.concatenate([np.zeros((1, flat.shape[1])), np.cumsum(flat, axis=0, dtype=float)])
    scores = until[WINDOW:WEEKS] - until[:TEST]
    return flag_top_rows(scores + rng.random(scores.shape), SHARE)


def _weights(
    rng: np.random.Generator, history: History, ratio_of: float
) -> tuple[tuple[Values, Values], float]:
    """Return residents of two groups whose expected exposures have exactly the stated ratio.

    Where flags fall is what it is; the group's residents are shifted towards or away from it. The
    expected flags are the mean over redrawn histories, so the true ratio has their Monte Carlo
    error, below a percent.
    """
    runs = [_flags(rng, draw_history(history, rng)).mean(axis=0) for _ in range(TRUTH)]
    expected = np.mean(runs, axis=0)
    shape = history.kept.shape
    of = 1 / (1 + np.exp(-1.2 * draw_fields(rng, shape, "exponential", 8.0)[0].ravel()))
    near = ndimage.gaussian_filter(expected.reshape(shape), 3).ravel()
    near = (near - near.mean()) / near.std()
    other = 1 - of

    def exposure(values: Values, flags: Values) -> float:
        return float(values @ flags / values.sum())

    def shifted(by: float) -> Values:
        moved: Values = of * np.exp(by * near)
        return moved

    def miss(by: float) -> float:
        return exposure(shifted(by), expected) / exposure(other, expected) - ratio_of

    group = shifted(float(optimize.brentq(miss, -3, 3)))
    logs = [np.log(exposure(group, one) / exposure(other, one)) for one in runs]
    return (group, other), float(np.std(logs, ddof=1))


def _audit(
    rng: np.random.Generator, history: History, weights: tuple[Values, Values]
) -> dict[str, Interval | None]:
    """Draw the one history an auditor has; return the intervals of each method."""
    counts = draw_history(history, rng)
    flags = _flags(rng, counts)
    top, bottom = (flags @ (one / one.sum()) for one in weights)
    fitted = fit_history(counts, history.kept)
    drawn = {
        "histories": [_flags(rng, draw_history(fitted, rng)) for _ in range(REFITS)],
        "poisson_bootstrap": [_flags(rng, rng.poisson(counts)) for _ in range(REFITS)],
    }
    cut = stretches(TEST)
    estimate = float(top.mean() / bottom.mean())
    found: dict[str, Interval | None] = {
        name: log_ratio_interval(estimate, np.array([_ratio(one, weights) for one in runs]))
        for name, runs in drawn.items()
    }
    found["stretches"] = ratio(across(np.bincount(cut, top), np.bincount(cut, bottom)))
    return found


def _ratio(flags: NDArray[np.bool_], weights: tuple[Values, Values]) -> float:
    mean = flags.mean(axis=0)
    one, other = (part @ mean / part.sum() for part in weights)
    return float(one / other)


def _count(tried: list[tuple[bool, float, bool | None]]) -> dict[str, float]:
    covers, width, judged = zip(*tried, strict=True)
    return {
        "covers": float(np.mean(covers)),
        "width": float(np.median(width)),
        "met": float(np.mean([one is True for one in judged])),
        "not_met": float(np.mean([one is False for one in judged])),
    }


def page(rows: list[dict[str, Any]]) -> str:
    """Return the section of the page."""
    head = [
        "cells", "incidents a week", "near-repeats", "true ratio", "cities", "sd of log ratio",
        "covers", "width of log", "met", "not met", "undecided",
        "Poisson bootstrap covers", "stretches of weeks cover",
    ]  # fmt: skip
    lines = [
        [
            f"{one['side'] ** 2:,}", f"{one['a_week']:g}", f"{one['repeats']:g}",
            f"{one['ratio_of']:.2f}", str(one["cities"]), f"{one['spread']:.3f}",
            share_of(one["histories"]["covers"], one["cities"]),
            f"{one['histories']['width']:.2f}",
            share_of(one["histories"]["met"], one["cities"]),
            share_of(one["histories"]["not_met"], one["cities"]),
            share_of(1 - one["histories"]["met"] - one["histories"]["not_met"], one["cities"]),
            share_of(one["poisson_bootstrap"]["covers"], None),
            share_of(one["stretches"]["covers"], None),
        ]
        for one in rows
    ]  # fmt: skip
    return f"""\
## This process: histories drawn again, and counting refitted

The true ratio is what counting gives on average over {TRUTH} histories of the same city; residents
are placed so that it is exactly as stated. The audit sees one history of {WEEKS} weeks, draws it
again {REFITS} times from estimated rates, and refits. Verdicts by two one-sided tests at 5 %
against {TOLERANCE[0]} to {TOLERANCE[1]}: a city at 0.80 or 1.25 should pass in at most 5 %.
Beside it two peers: a Poisson bootstrap of the record, and stretches of thirteen weeks without
refits.

{table(head, lines)}"""
