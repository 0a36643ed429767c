"""Beyond this city: hot spots drawn again, residents fixed; who covers the true exposure ratio?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from tables import share_of, table

from cas_audit.inference.interval import Interval, verdict
from cas_audit.inference.partition import cut_space
from cas_audit.inference.placement import FEWEST_OCCUPIED, occupied, placement_scores
from cas_audit.inference.scores import across, ratio
from cas_audit.simulate.fields import Kind, draw_fields

Values = NDArray[np.float64]
PEERS = 300  # cities on which the slow peers are tried
DRAWS = 200
TOLERANCE = (0.8, 1.25)
SAID = (("met", True), ("not_met", False))
PERSISTENT = 0.8  # of the variance of a week's field
SETTINGS: list[dict[str, Any]] = [
    {"kind": kind, "reach": reach, "side": side, "share": share, "pull": pull, "weeks": weeks,
     "cities": cities}
    for kind, reach, side, share, pull, weeks, cities in (
        ("exponential", 2.0, 40, 0.03, 0.0, 1, 2000),
        ("exponential", 5.0, 40, 0.03, 0.0, 1, 2000),
        ("exponential", 2.0, 110, 0.03, 0.0, 1, 2000),
        ("exponential", 5.0, 110, 0.03, 0.0, 1, 2000),
        ("exponential", 10.0, 110, 0.03, 0.0, 1, 2000),
        ("gaussian", 5.0, 110, 0.03, 0.0, 1, 2000),
        ("matern", 3.0, 110, 0.03, 0.0, 1, 2000),
        ("patches", 5.0, 110, 0.03, 0.0, 1, 2000),
        ("ridges", 3.0, 110, 0.03, 0.0, 1, 2000),
        ("exponential", 2.0, 110, 0.01, 0.0, 1, 2000),
        ("exponential", 5.0, 110, 0.05, 0.0, 1, 2000),
        ("exponential", 2.0, 40, 0.03, 0.8, 1, 2000),
        ("exponential", 2.0, 110, 0.03, 0.8, 1, 2000),
        ("matern", 5.0, 110, 0.03, 0.8, 1, 2000),
        ("patches", 3.0, 110, 0.05, 0.8, 1, 2000),
        ("exponential", 2.0, 40, 0.03, 0.0, 52, 2000),
        ("matern", 3.0, 40, 0.05, 0.8, 52, 2000),
    )
]  # fmt: skip


def measure(
    *, kind: Kind, reach: float, side: int, share: float, pull: float, weeks: int, cities: int
) -> dict[str, Any]:
    """Draw cities and count how often each method covers the true ratio."""
    rng = np.random.default_rng([1, side, round(100 * reach), round(100 * share), weeks])
    group, people = draw_fields(rng, (side, side), "exponential", 8.0, 2).reshape(2, -1)
    of = 1 / (1 + np.exp(-1.2 * group))
    weights = (np.exp(0.5 * people) * of, np.exp(0.5 * people) * (1 - of))
    flags = [
        _flags(rng, kind, reach, side, (share, pull * (of - of.mean()), weeks))
        for _ in range(cities)
    ]
    shares = [one / one.sum() for one in weights]
    mean = np.mean(flags, axis=0)
    true = float(shares[0] @ mean / (shares[1] @ mean))
    place = np.divmod(np.arange(side * side), side)
    tried: dict[str, list[tuple[bool, float]]] = {}
    issued, judged = [], []
    for number, flagged in enumerate(flags):
        cut = cut_space(*place, flagged)
        ours = ratio(placement_scores(flagged, weights, place, cut))
        found: dict[str, Interval | tuple[float, float] | None] = {
            "scores": ours,
            **_blocks(shares, flagged, cut.wide),
        }
        if number < PEERS:
            found |= _bootstraps(rng, shares, flagged, place)
        issued.append(occupied(flagged, cut) >= FEWEST_OCCUPIED)
        judged.append(verdict(ours, *TOLERANCE) if issued[-1] and ours else None)
        for name, one in found.items():
            low, high = _bounds(one)
            tried.setdefault(name, []).append((low <= true <= high, high - low))
    verdicts = {name: float(np.mean([one is said for one in judged])) for name, said in SAID}
    summary = _summary(tried, np.array(issued))
    return {"true": true, "issued": float(np.mean(issued)), **verdicts, **summary}


def _flags(
    rng: np.random.Generator,
    kind: Kind,
    reach: float,
    side: int,
    how: tuple[float, Values, int],
) -> Values:
    """Flag the top of each week's field; return the share of weeks for each cell."""
    share, pull, weeks = how
    fields = draw_fields(rng, (side, side), kind, reach, weeks + (weeks > 1))
    latent = fields.reshape(len(fields), -1)
    if weeks > 1:
        latent = PERSISTENT**0.5 * latent[:1] + (1 - PERSISTENT) ** 0.5 * latent[1:]
    # Patches hold equal values: ties are broken by lot.
    latent = latent + pull + 1e-6 * rng.random(latent.shape)
    number = round(side * side * share)
    flagged = np.zeros(latent.shape)
    np.put_along_axis(flagged, np.argpartition(latent, -number, axis=1)[:, -number:], 1.0, axis=1)
    return flagged.mean(axis=0)


def _blocks(
    shares: list[Values], flagged: Values, wide: NDArray[np.int64]
) -> dict[str, Interval | tuple[float, float] | None]:
    """Return the same blocks by plainer means: without expectation, and on the log."""
    top, bottom = (np.bincount(wide, one * flagged) for one in shares)
    scores = across(top, bottom)
    estimate = scores.estimate
    off = scores.off(estimate)
    reach = stats.t.ppf(0.975, len(top) - 1) * (off @ off) ** 0.5 / max(scores.top, 1e-12)
    log = (estimate * np.exp(-reach), estimate * np.exp(reach))
    return {"blocks_plain": ratio(scores), "blocks_log": log}


def _bootstraps(
    rng: np.random.Generator, shares: list[Values], flagged: Values, place: tuple[Values, ...]
) -> dict[str, tuple[float, float]]:
    """Return percentile bootstraps: of rows, as fairness toolkits do, and of small blocks."""
    cells = len(flagged)
    rows = rng.multinomial(cells, np.full(cells, 1 / cells), DRAWS)
    block = (place[0] // 8) * (int(place[1].max()) // 8 + 1) + place[1] // 8
    number = int(block.max()) + 1
    blocks = rng.multinomial(number, np.full(number, 1 / number), DRAWS)[:, block]
    return {
        "rows_bootstrap": _percentiles(rows, shares, flagged),
        "blocks_bootstrap": _percentiles(blocks, shares, flagged),
    }


def _percentiles(
    times: NDArray[np.int64], shares: list[Values], flagged: Values
) -> tuple[float, float]:
    rates = [(times @ (one * flagged)) / (times @ one) for one in shares]
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = rates[0] / rates[1]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def _bounds(one: Interval | tuple[float, float] | None) -> tuple[float, float]:
    if one is None:
        return 0.0, float("inf")  # nothing is claimed
    return (one.low, one.high) if isinstance(one, Interval) else one


def _summary(
    tried: dict[str, list[tuple[bool, float]]], issued: NDArray[np.bool_]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, pairs in tried.items():
        covered, width = np.array(pairs, dtype=float).T
        part = issued[: len(covered)]
        found[name] = {
            "all": float(covered.mean()),
            "issued": float(covered[part].mean()) if part.any() else None,
            "width": float(np.median(width[part])) if part.any() else None,
            "n": len(covered),
        }
    return found


def page(rows: list[dict[str, Any]]) -> str:
    """Return the section of the page."""
    head = [
        "field", "range", "cells", "flagged", "weeks", "true ratio", "cities", "issued",
        "covers, all", "covers, issued", "width", "met", "not met", "plain blocks", "log of blocks",
        "small blocks, bootstrap", "rows, bootstrap",
    ]  # fmt: skip
    lines = [
        [
            one["kind"], f"{one['reach']:g}", f"{one['side'] ** 2:,}", f"{one['share']:.0%}",
            str(one["weeks"]), f"{one['true']:.2f}", f"{one['cities']:,}", f"{one['issued']:.0%}",
            share_of(one["scores"]["all"], one["cities"]), share_of(one["scores"]["issued"], None),
            "-" if one["scores"]["width"] is None else f"{one['scores']['width']:.2f}",
            share_of(one["met"], None), share_of(one["not_met"], None),
            f"{_wide(one, 'blocks_plain')}", share_of(one["blocks_log"]["all"], None),
            share_of(one["blocks_bootstrap"]["all"], None),
            share_of(one["rows_bootstrap"]["all"], None),
        ]
        for one in rows
    ]  # fmt: skip
    return f"""\
## Beyond this city: the exposure ratio of two groups

Hot spots are drawn again and again, residents stay. A nominal 95 % interval should cover the true
ratio in 95 %. *Issued* are cities in which at least {FEWEST_OCCUPIED} fine blocks hold a flag: in
the others the check says that the evidence is insufficient. An interval without an upper bound
counts as covering; the width is the median of those issued. *Met* and *not met* are the shares of
all cities in which two one-sided tests at 5 % decide against 0.8 to 1.25; the rest is undecided,
which is why no verdict of the gate on exposure is about what lies beyond this city. Beside it the
peers: the same blocks
without taking off what a block would have anyhow (and the width that gives), Student's t on the log
of the ratio, and percentile bootstraps of blocks of eight by eight cells and of rows, as fairness
toolkits do, on the first {PEERS} cities.

{table(head, lines)}"""


def _wide(one: dict[str, Any], name: str) -> str:
    width = one[name]["width"]
    said = share_of(one[name]["all"], None)
    return said if width is None else f"{said} ({width:.2f})"
