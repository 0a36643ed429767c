"""How well flags catch incidents: hit rate, near hits, PAI and precision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = [
    "WeekScore",
    "flag_shares",
    "flag_top",
    "log_score",
    "score_week",
    "summarise",
    "top_cells",
]

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class WeekScore:
    """Counts of one week in one block; rates follow from sums, never from means of rates."""

    incidents: int
    hits: int
    near_hits: int
    flagged_cells: int
    flagged_cells_with_incident: int
    dilated_cells: int
    cells: int

    @property
    def hit_rate(self) -> float | None:
        """Share of incidents in flagged cells; None without incidents."""
        return self.hits / self.incidents if self.incidents else None

    @property
    def near_hit_rate(self) -> float | None:
        """Share of incidents in or next to flagged cells; None without incidents."""
        return (self.hits + self.near_hits) / self.incidents if self.incidents else None

    @property
    def dilated_share(self) -> float:
        """Share of the cells that are flagged or next to one: what near hits must be held to."""
        return self.dilated_cells / self.cells

    @property
    def pai(self) -> float | None:
        """Hit rate over share of the area flagged (Chainey, Tompson & Uhlig 2008)."""
        if self.hit_rate is None or not self.flagged_cells:
            return None
        return self.hit_rate / (self.flagged_cells / self.cells)

    @property
    def precision(self) -> float | None:
        """Share of flagged cells with an incident; None without flags."""
        if not self.flagged_cells:
            return None
        return self.flagged_cells_with_incident / self.flagged_cells


def summarise(sums: Mapping[str, float]) -> dict[str, float | None]:
    """Return the rates over many weeks from the sums of their counts.

    >>> sums = {"incidents": 9, "hits": 3, "near_hits": 1, "flagged_cells": 4,
    ...         "flagged_cells_with_incident": 2, "dilated_cells": 20, "cells": 100}
    >>> summarise(sums)["precision"]
    0.5
    """
    total = WeekScore(**{field.name: int(sums[field.name]) for field in fields(WeekScore)})
    names = ("hit_rate", "near_hit_rate", "dilated_share", "pai", "precision")
    return {"incidents": total.incidents, **{name: getattr(total, name) for name in names}}


def flag_top(
    score: NDArray[np.float64], kept: Flags, share: float, rng: np.random.Generator
) -> Flags:
    """Flag the kept cells with the highest scores; ties are broken by lot.

    Args:
        score: one score per cell, shape (rows, columns).
        kept: cells that take part, same shape.
        share: share of the kept cells to flag, in (0, 1).
        rng: draws the lots.
    """
    found: Flags = flag_shares(score, kept, [share], rng)[0]
    return found


def flag_shares(
    score: NDArray[np.float64], kept: Flags, shares: Sequence[float], rng: np.random.Generator
) -> Flags:
    """Flag the highest scores at several shares, ranked once; shape (shares, rows, columns)."""
    cells = np.flatnonzero(kept)
    found, lots = score.ravel()[cells], rng.random(cells.size)
    most = min(max(round(cells.size * max(shares)), 1), cells.size)
    high = np.flatnonzero(found >= np.partition(found, -most)[-most])  # only these are ranked
    order = high[np.lexsort((lots[high], -found[high]))]
    flagged = np.zeros((len(shares), kept.size), dtype=bool)
    for one, share in zip(flagged, shares, strict=True):
        one[cells[order[: round(cells.size * share)]]] = True
    return flagged.reshape(len(shares), *kept.shape)


def top_cells(rates: NDArray[np.float64], share: float) -> NDArray[np.int64]:
    """Return the cells with the highest rates; a tie falls to the first. Shape (wanted,)."""
    order = np.argsort(-rates, kind="stable")
    return order[: round(rates.size * share)]


def log_score(rates: NDArray[np.float64], counts: NDArray[np.float32]) -> float:
    """Return the Poisson log likelihood an incident, less what no forecast can change.

    sum of (count * log(rate) - rate) / sum of counts; higher is better, and only the true rates
    reach the highest on average (Good 1952).

    >>> round(log_score(np.array([1.0, 1.0]), np.array([2.0, 0.0], dtype=np.float32)), 3)
    -1.0
    """
    return float((counts * np.log(rates) - rates).sum() / counts.sum())


def score_week(
    counts: NDArray[np.float32], flagged: Flags, block: NDArray[np.int64]
) -> list[WeekScore]:
    """Count what flags caught in one week, block by block.

    Args:
        counts: incidents per cell, shape (rows, columns); those in no block do not count.
        flagged: flagged cells, same shape.
        block: block of each cell, numbered from 0, -1 for cells that take no part, same shape.

    Returns:
        The counts of each block; a near hit is in one of the eight neighbours of a flagged cell,
        in whichever block that lies.
    """
    kept = block >= 0
    dilated = ndimage.binary_dilation(flagged, np.ones((3, 3), dtype=bool)) & kept
    parts = {
        "incidents": counts,
        "hits": counts * flagged,
        "near_hits": counts * (dilated & ~flagged),
        "flagged_cells": flagged,
        "flagged_cells_with_incident": flagged & (counts > 0),
        "dilated_cells": dilated,
        "cells": kept,
    }
    sums = {name: np.bincount(block[kept], values[kept]) for name, values in parts.items()}
    return [
        WeekScore(**{name: int(values[one]) for name, values in sums.items()})
        for one in range(len(sums["cells"]))
    ]
