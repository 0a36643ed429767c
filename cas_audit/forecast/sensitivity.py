"""Trials of how far the flags follow choices that nobody measured: grid, window, share, geocoding.

A trial changes one choice, flags the same share of the cells of the city (but for the trials of
that share), and is held beside the map without the change. Refitting a model for each would take
days, so counting stands in for it: incidents in the weeks before, ties by lot. The trials of the
share need no refit, and are done with the model as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.forecast.city import City, judged_on, panel_of
from cas_audit.forecast.evaluation import SHARES
from cas_audit.forecast.fitting import COUNTED_WEEKS, Fitted
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.scores import flag_shares

__all__ = ["flag_merged", "merge_cells", "move_incidents", "try_choices"]

MERGED = (2, 4)  # cells to each side: 250 m has four origins on cells of 125 m, 500 m sixteen
WINDOWS = {"three_years": 156, "one_year": 52, "six_months": 26}
MOVED = (0.05, 0.1, 0.2)
DRAWS = 5  # of each share of incidents that are moved
DIGITS = 9
NEIGHBOURS = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column]
Counts = NDArray[np.float32]
Grids = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Tried:
    """The flags of one trial, beside the map without the change; each (periods, rows, columns)."""

    named: dict[str, Any]
    flagged: Flags
    base: Flags

    def told(self, outcomes: Counts, kept: Flags) -> dict[str, Any]:
        """Return what was caught, and how much of the base map stayed; by chance: its share."""
        incidents, hits = float(outcomes[:, kept].sum()), float((outcomes * self.flagged).sum())
        stayed, before = int((self.base & self.flagged).sum()), int(self.base.sum())
        cells = int(kept.sum()) * len(self.flagged)
        return {
            **self.named,
            "incidents": int(incidents),
            "hits": int(hits),
            "hit_rate": round(hits / incidents, DIGITS) if incidents else None,
            "flagged_in_base": before,
            "flagged_in_both": stayed,
            "overlap": round(stayed / before, DIGITS) if before else None,
            "overlap_by_chance": round(int(self.flagged.sum()) / cells, DIGITS),
            "periods": len(self.flagged),
        }


def try_choices(
    config: Config, city: City, theme: str, made: Fitted, seed: list[int]
) -> list[dict[str, Any]]:
    """Return what each trial caught, and how much of the map stayed; the first is the base.

    Args:
        config: which share is flagged, how large a cell is, and which channels are judged.
        city: weeks and cells.
        theme: what is forecast.
        made: the fitted model of the theme.
        seed: of lots and of incidents that are moved.
    """
    counts = panel_of(city, theme, config.channels)
    rng, share = np.random.default_rng([*seed, 2]), config.forecast.flagged_share
    score = count_scores(counts, city.origins, COUNTED_WEEKS)
    base = flag_merged(score, city.kept, share, rng=rng)
    named = {"trial": "base", "forecaster": "counting", "share": share}
    outcomes = city.followed(panel_of(city, theme, judged_on(config)))
    trials = (
        Tried(named, base, base),
        *_grids(config, city, score, base, rng),
        *_windows(city, counts, base, share, rng),
        *_shares(city, score, base, "counting", rng),
        *_shares(city, made.score, made.flagged, "model", rng),
        *_moved(city, counts, base, share, rng),
    )
    return [one.told(outcomes, city.kept) for one in trials]


def _grids(
    config: Config, city: City, score: Grids, base: Flags, rng: np.random.Generator
) -> Iterator[Tried]:
    """Merge cells, from every origin that the grid could have had."""
    share = config.forecast.flagged_share
    for side in MERGED:
        for row, column in np.ndindex(side, side):
            block = merge_cells(city.kept.shape, side, (row, column))
            named = {
                "trial": "grid",
                "forecaster": "counting",
                "share": share,
                "cell_size_m": config.area.cell_size_m * side,
                "origin": [row, column],
            }
            yield Tried(named, flag_merged(score, city.kept, share, block, rng=rng), base)


def _windows(
    city: City, counts: Counts, base: Flags, share: float, rng: np.random.Generator
) -> Iterator[Tried]:
    """Count over other windows; one that reaches before the history is not tried."""
    for name, weeks in WINDOWS.items():
        if weeks <= city.origins[0]:
            score = count_scores(counts, city.origins, weeks)
            named = {"trial": "window", "forecaster": "counting", "share": share, "window": name}
            yield Tried(named, flag_merged(score, city.kept, share, rng=rng), base)


def _shares(
    city: City, score: Grids, base: Flags, name: str, rng: np.random.Generator
) -> Iterator[Tried]:
    """Flag other shares of the cells, ranked once."""
    flags = np.stack([flag_shares(one, city.kept, SHARES, rng) for one in score], axis=1)
    for share, flagged in zip(SHARES, flags, strict=True):
        yield Tried({"trial": "share", "forecaster": name, "share": share}, flagged, base)


def _moved(
    city: City, counts: Counts, base: Flags, share: float, rng: np.random.Generator
) -> Iterator[Tried]:
    """Move incidents of the history to a cell beside their own; what followed stays as recorded."""
    for moved in MOVED:
        for draw in range(DRAWS):
            elsewhere = move_incidents(counts, city.kept, moved, rng)
            score = count_scores(elsewhere, city.origins, COUNTED_WEEKS)
            named = {
                "trial": "geocoding",
                "forecaster": "counting",
                "share": share,
                "moved": moved,
                "draw": draw,
            }
            yield Tried(named, flag_merged(score, city.kept, share, rng=rng), base)


def merge_cells(shape: tuple[int, ...], side: int, origin: tuple[int, int]) -> NDArray[np.int64]:
    """Return the block of every cell, when so many cells to each side are one.

    Args:
        shape: rows and columns.
        side: cells to each side of a block.
        origin: by how many rows and columns the first block sticks out of the grid.

    >>> merge_cells((2, 3), 2, (0, 1))
    array([[0, 1, 1],
           [0, 1, 1]])
    """
    row, column = np.indices(shape)
    wide = (shape[1] - 1 + origin[1]) // side + 1
    block: NDArray[np.int64] = (row + origin[0]) // side * wide + (column + origin[1]) // side
    return block


def flag_merged(
    score: Grids,
    kept: Flags,
    share: float,
    block: NDArray[np.int64] | None = None,
    *,
    rng: np.random.Generator,
) -> Flags:
    """Flag whole blocks, those with the most a cell first, until a share of the cells is flagged.

    Of the last block some cells are flagged, by lot, so that every trial flags as many.

    Args:
        score: shape (periods, rows, columns).
        kept: cells that take part, shape (rows, columns).
        share: share of the kept cells to flag.
        block: of each cell, shape (rows, columns); by default each cell is its own.
        rng: draws the lots.
    """
    cells = np.flatnonzero(kept)
    own = np.arange(cells.size) if block is None else block.ravel()[cells]
    size = np.maximum(np.bincount(own), 1)
    wanted = round(cells.size * share)
    flagged = np.zeros((len(score), kept.size), dtype=bool)
    for one, values in zip(flagged, score, strict=True):
        mean = np.bincount(own, values.ravel()[cells], len(size)) / size
        lots = rng.random(len(size))
        order = np.lexsort((rng.random(cells.size), lots[own], -mean[own]))
        one[cells[order[:wanted]]] = True
    return flagged.reshape(len(score), *kept.shape)


def move_incidents(counts: Counts, kept: Flags, share: float, rng: np.random.Generator) -> Counts:
    """Move each incident with a chance to one of the eight cells beside; off the map it stays.

    Args:
        counts: shape (weeks, rows, columns).
        kept: cells that take part, shape (rows, columns).
        share: the chance.
        rng: draws who moves, and where to.
    """
    at = np.stack(np.nonzero(counts), axis=1)
    each = np.repeat(at, counts[tuple(at.T)].astype(int), axis=0)
    steps = np.array(NEIGHBOURS)[rng.integers(len(NEIGHBOURS), size=len(each))]
    steps[rng.random(len(each)) >= share] = 0
    row, column = (each[:, 1:] + steps).T
    inside = (row >= 0) & (row < kept.shape[0]) & (column >= 0) & (column < kept.shape[1])
    inside[inside] = kept[row[inside], column[inside]]
    to = np.where(inside, (row, column), each[:, 1:].T)
    moved = np.zeros_like(counts)
    np.add.at(moved, (each[:, 0], *to), 1)
    return moved
