"""A scan for areas nobody named, where outcomes are out of line with the forecasts.

Estimand: outcomes given flags. Flags and calibrated rates are taken as they are; the question is
whether what was recorded in flagged cells follows them everywhere alike.
Statistic: the largest log likelihood ratio over all windows (Kulldorff, 1997; for fairness of
places Sacharidis et al., 2023, EDBT), each divided by the dispersion fitted for its window, as
in quasi-likelihood (McCullagh & Nelder, 1989, chapter 9): var(O_w) over its Poisson variance.
Null: outcomes drawn at the calibrated rates, with fitted overdispersion and correlation in space
(`scan_null`), given their total. Fit and statistic are repeated in every draw.

Limits: recorded outcomes are not crime; an area that records less stands out as one that has
less. An area that is smooth enough to be part of the fitted correlation is not found. Ratio and
outline of the area found are those of the most extreme one, hence larger than the truth. What
makes the whole city too low or too high cannot be found, as the total is given. Expected counts
are taken as known up to their level: a calibration by area on the same outcomes would hide areas.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from cas_audit.inference.scan_fit import RANGES
from cas_audit.inference.scan_found import (
    FEWEST_CELLS,
    FEWEST_OUTCOMES,
    Area,
    Described,
    Found,
    One,
    Side,
    TooFew,
)
from cas_audit.inference.scan_null import Null
from cas_audit.inference.scan_statistic import maxima, statistics
from cas_audit.inference.scan_windows import Values, Windows, likelihood_ratio

__all__ = ["describe", "scan"]


def scan(
    observed: Values,
    windows: Windows,
    null: Null,
    rng: np.random.Generator,
    *,
    draws: int = 999,
    side: Side = "both",
    most: int = 5,
) -> Found | TooFew:
    """Test whether outcomes follow the expected counts everywhere alike.

    Args:
        observed: outcomes per cell, in the order the cells were handed to `make_windows`.
        windows: areas looked at.
        null: how outcomes vary when no area stands out, as `fit_null` fits it.
        rng: the only source of chance.
        draws: Monte Carlo draws of the null.
        side: too few, too many, or both; both doubles the smaller p-value.
        most: how many areas are named at most.

    Returns:
        What was found, or `TooFew`, which depends on counts fixed beforehand alone.
    """
    counts = windows.sorted(observed)
    total = int(counts.sum())
    if total < FEWEST_OUTCOMES or counts.size < FEWEST_CELLS or not windows.share.size:
        return TooFew(total, counts.size, windows.share.size)
    here = statistics(counts[:, None], windows, null.geometry)
    there = maxima(null.draw(windows, total, draws, rng), windows, null.geometry)
    seen: dict[One, Values] = {"few": here.few[:, 0], "many": here.many[:, 0]}
    looked: tuple[One, ...] = ("few", "many") if side == "both" else (side,)
    seen = {one: seen[one] for one in looked}
    chances = {one: _chance(seen[one], there[one], len(looked)) for one in looked}
    areas = tuple(_areas(counts, windows, seen, chances, draws=draws, most=most))
    first = min(float(one.min()) for one in chances.values())
    return Found(
        areas=areas,
        p_value=first,
        p_error=_error(first, draws),
        outcomes=total,
        windows=windows.share.size,
        draws=draws,
        nugget=float(here.fitted.nugget[0]),
        sill=float(here.fitted.sill[0]),
        range_cells=float(RANGES[here.fitted.range_index[0]]),
    )


def describe(flags: Values, windows: Windows, *, most: int = 5) -> Described:
    """Name the areas where flags are most out of line with need; no p-value.

    Args:
        flags: flagged cells or cell-weeks per cell, in the order handed to `make_windows`.
        windows: areas over all cells, made with need as what is expected.
        most: how many areas are named at most.
    """
    counts = windows.sorted(flags)
    ratio, inside = _plain(counts, windows)
    few = inside < windows.share * counts.sum()
    seen: dict[One, Values] = {"few": np.where(few, ratio, 0), "many": np.where(few, 0, ratio)}
    return Described(tuple(_areas(counts, windows, seen, None, draws=0, most=most)))


def _plain(counts: Values, windows: Windows) -> tuple[Values, Values]:
    """Return Kulldorff's ratio and the count of each window."""
    inside = windows.member @ counts
    ratio = likelihood_ratio(inside[:, None], windows.share, counts.sum(keepdims=True))
    return ratio[:, 0], inside


def _chance(seen: Values, drawn: Values, sides: int) -> Values:
    """Return the p-value of each window: (1 + draws as extreme) / (1 + draws), times the sides."""
    beyond = drawn.size - np.searchsorted(np.sort(drawn), seen, side="left")
    return np.minimum(sides * (1 + beyond) / (1 + drawn.size), 1.0)


def _error(p_value: float, draws: int) -> float:
    """Return the binomial standard error of a p-value from draws."""
    return float(np.sqrt(p_value * (1 - p_value) / (draws + 1)))


def _areas(
    counts: Values,
    windows: Windows,
    seen: Mapping[One, Values],
    chances: Mapping[One, Values] | None,
    *,
    draws: int,
    most: int,
) -> Iterator[Area]:
    """Yield the most likely area, then the next that shares no cell with any before."""
    taken, named = np.zeros(counts.size, dtype=np.bool_), 0
    for one, window in _ranked(seen, chances):
        inside = windows.member.indices[slice(*windows.member.indptr[window : window + 2])]
        if named == most:
            return
        if not taken[inside].any():
            taken[inside] = True
            named += 1
            observed = float(counts[inside].sum())
            expected = float(windows.share[window] * counts.sum())
            p_value = None if chances is None else float(chances[one][window])
            yield Area(
                cells=windows.cells(window),
                side=one,
                observed=observed,
                expected=expected,
                ratio=observed / expected,
                statistic=float(seen[one][window]),
                p_value=p_value,
                p_error=None if p_value is None else _error(p_value, draws),
            )


def _ranked(
    seen: Mapping[One, Values], chances: Mapping[One, Values] | None
) -> list[tuple[One, int]]:
    """Return windows by p-value, then by statistic, the most extreme first."""
    keyed: list[tuple[float, float, One, int]] = [
        (
            0.0 if chances is None else float(chances[one][window]),
            -float(value[window]),
            one,
            window,
        )
        for one, value in seen.items()
        for window in np.flatnonzero(value > 0).tolist()
    ]
    return [(one, window) for _, _, one, window in sorted(keyed)]
