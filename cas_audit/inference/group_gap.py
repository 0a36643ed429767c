"""Is the gap between the highest and the lowest of several groups more than chance?

The highest of several rates less the lowest is never negative, so an interval around it excludes
zero also where nothing differs. A permutation test compares it with what it is when group names
mean nothing.

A unit is the smallest thing that counts as one observation: it has a group, a number of events
and an exposure to them (flagged residents of residents, hits of incidents). Near cells are not
separate observations, so a unit is a wide block, or the part of a group in a wide block. Only
these sums are needed, no rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.draws import DrawnP, batches, p_from_draws

__all__ = ["Gap", "Units", "group_gap"]

Floats = NDArray[np.float64]
FEWEST = 2  # a group of one unit has no spread of its own


@dataclass(frozen=True)
class Units:
    """What was counted per unit; all arrays of shape (units,).

    `stratum` says within which units the groups may be exchanged: the wide block or the district.
    """

    events: Floats
    exposure: Floats
    group: NDArray[np.generic]
    stratum: NDArray[np.generic]


@dataclass(frozen=True)
class Gap:
    """The highest rate less the lowest, which groups those are, and two p-values.

    `plain` draws the gap itself; `studentised` the largest difference of two groups in units of
    its own standard error.
    """

    gap: float
    highest: str
    lowest: str
    plain: DrawnP
    studentised: DrawnP


def group_gap(units: Units, rng: np.random.Generator, *, draws: int = 999) -> Gap:
    """Test whether rates differ between named groups, by exchanging units within strata.

    Formula: the rate of a group is its events over its exposure; the gap the highest rate less
    the lowest; studentised, the largest |r - r'| / sqrt(v + v') over pairs of groups, with
    v = m / (m - 1) * sum of (events - r * exposure)² / (sum of exposure)² over its m units.

    Null of `plain`: within a stratum, events and exposure of units are exchangeable, whatever
    the group; the test is then exact. Null of `studentised`: the groups have equal rates; the
    test is exact where units are exchangeable, and nearly so with many units per group where groups
    differ in exposure or spread (Janssen, 1997; Chung & Romano, 2013, Annals of Statistics
    41: 484-507). Groups of places do differ, so judge by `studentised`.
    Estimand ("this process", or "beyond this city" where units are places): a gap in expected
    rates. The gap itself is biased upward: report it with the p-value, never with an
    interval around it.

    Limits: units must be independent; strata must each hold several groups, or there is nothing
    to exchange. Few units per group make `studentised` approximate: benchmarks/permutation.py
    measures it. A group without exposure, or fewer than two groups, leaves all
    undefined; a group of one unit leaves `studentised` undefined.

    Args:
        units: what was counted.
        rng: source of the draws.
        draws: how many exchanges.
    """
    names, group, order = _canonical(units)
    member = (group[:, None] == np.arange(names.size)).astype(float)
    sums = _sums(units.events[order], units.exposure[order])
    rates, spread = _rates(sums[None] @ member)
    if names.size < FEWEST or not np.isfinite(rates).all():
        none = DrawnP(float("nan"), float("nan"), draws)
        return Gap(float("nan"), "", "", none, none)
    drawn = _exchanged(sums, member, units.stratum[order], rng, draws)
    plain, studentised = (
        p_from_draws(float(one[0]), many, "greater")
        for one, many in zip((_plain(rates), _studentised(rates, spread)), drawn, strict=True)
    )
    high, low = (str(names[pick(rates[0])]) for pick in (np.argmax, np.argmin))
    return Gap(float(_plain(rates)[0]), high, low, plain, studentised)


def _canonical(
    units: Units,
) -> tuple[NDArray[np.generic], NDArray[np.int64], NDArray[np.int64]]:
    """Return group names, the group number of each unit, and the order of units.

    Both orders follow from what was counted alone, so that neither names nor the order in which
    units are given can change a draw.
    """
    names, code = np.unique(units.group, return_inverse=True)
    stratum = np.unique(units.stratum, return_inverse=True)[1]
    by_unit = np.lexsort((code, units.exposure, units.events, stratum))
    held: list[list[tuple[float, ...]]] = [[] for _ in names]
    for at in by_unit:
        held[code[at]].append((stratum[at], units.events[at], units.exposure[at]))
    by_group = np.array(sorted(range(names.size), key=held.__getitem__), dtype=np.int64)
    rank = np.argsort(by_group)[code]
    order = np.lexsort((rank, units.exposure, units.events, stratum))
    return names[by_group], rank[order], order


def _sums(events: Floats, exposure: Floats) -> Floats:
    """Return per unit what has to be added up per group, shape (6, units)."""
    ones = np.ones(events.size)
    return np.stack([events, exposure, events**2, events * exposure, exposure**2, ones])


def _exchanged(
    sums: Floats, member: Floats, stratum: NDArray[np.generic], rng: np.random.Generator, draws: int
) -> tuple[Floats, Floats]:
    """Return both statistics for random exchanges of units within strata."""
    block = np.unique(stratum, return_inverse=True)[1]
    plain, studentised = [], []
    for batch in batches(draws, sums.size):
        # units stand in order of stratum, so sorting within it is exchanging within it
        order = np.argsort(block + rng.random((batch, block.size)), axis=1)
        rates, spread = _rates(np.moveaxis(sums[:, order], 0, 1) @ member)
        plain.append(_plain(rates))
        studentised.append(_studentised(rates, spread))
    return np.concatenate(plain), np.concatenate(studentised)


def _rates(sums: Floats) -> tuple[Floats, Floats]:
    """Return rates and their variances per group, shape (draws, groups); NaN where undefined."""
    events, exposure, squared, crossed, wide, units = np.moveaxis(sums, 1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(exposure > 0, events / exposure, np.nan)
        around = np.maximum(squared - 2 * rate * crossed + rate**2 * wide, 0)
        around[around <= 1e-12 * squared] = 0  # what rounding leaves of units all alike
        correction = np.where(units < FEWEST, np.nan, units / (units - 1))
        return rate, correction * around / exposure**2


def _plain(rates: Floats) -> Floats:
    gap: Floats = rates.max(axis=1) - rates.min(axis=1)  # NaN where any rate is
    return gap


def _studentised(rates: Floats, spread: Floats) -> Floats:
    """Return the largest standardised difference of two groups; NaN where a group has no rate."""
    one, other = np.triu_indices(rates.shape[1], 1)
    apart = np.abs(rates[:, one] - rates[:, other])
    error = np.sqrt(spread[:, one] + spread[:, other])
    with np.errstate(divide="ignore", invalid="ignore"):
        # two groups of units all alike: equal is no difference, unequal is one without bound
        found = np.where(apart == 0, 0 * error, apart / error)
    largest: Floats = found.max(axis=1)
    return largest
