"""Histories: what was recorded of one arena, drawn as often as one likes."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.simulate.arena import Arena

__all__ = ["History", "draw_history", "scatter"]

Numbers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Field = NDArray[np.float64]
COLUMNS = ("week", "cell", "registered", "found", "placed")


@dataclass(frozen=True)
class History:
    """Records, one an element; what nobody brought or found is not among them.

    Attributes:
        week: week in which it happened.
        cell: kept cell in which it happened.
        registered: week in which it was recorded; it may lie after the history ends.
        found: whether the police found it, and nobody brought it.
        placed: whether the record has a place.
        weeks: length of the history.
        cells: number of kept cells.
    """

    week: Numbers
    cell: Numbers
    registered: Numbers
    found: Booleans
    placed: Booleans
    weeks: int
    cells: int

    def where(self, chosen: Booleans) -> "History":
        """Return some of the records."""
        kept: dict[str, Any] = {name: getattr(self, name)[chosen] for name in COLUMNS}
        return replace(self, **kept)

    def counts(self) -> Numbers:
        """Return records with a place by week and cell, however late; shape (weeks, cells)."""
        flat = (self.week * self.cells + self.cell)[self.placed]
        return np.bincount(flat, minlength=self.weeks * self.cells).reshape(self.weeks, self.cells)


def draw_history(arena: Arena, rng: np.random.Generator) -> History:
    """Draw one history: incidents fall, are brought or not, get a place or not, are recorded.

    Each step has its own stream of chance: with the same seed a lower rate of reporting gives
    some of the same records, and no other ones.

    Args:
        arena: the truth.
        rng: the only source of chance.
    """
    streams = rng.spawn(6)
    week, cell = scatter(streams[0], arena.intensity)
    kept = streams[1].random(cell.size) < arena.reported[cell]
    brought = _record(arena, week, cell, streams[2], found=False).where(kept)
    found = _record(arena, *scatter(streams[3], arena.uncovered), streams[4], found=True)
    return _join(brought, found)


def scatter(rng: np.random.Generator, rates: Field) -> tuple[Numbers, Numbers]:
    """Draw a Poisson number of events for every week and cell.

    Args:
        rng: the only source of chance.
        rates: expected events, shape (weeks, cells).

    Returns:
        Week and cell of each event.
    """
    if rates.strides[0] == 0:  # every week alike
        total = np.cumsum(rates[0])
        number = rng.poisson(total[-1] * len(rates))
        return rng.integers(0, len(rates), number), _pick(rng, total, number)
    total = np.cumsum(rates)
    at = _pick(rng, total, rng.poisson(total[-1]))
    return at // rates.shape[1], at % rates.shape[1]


def _pick(rng: np.random.Generator, total: Field, number: int) -> Numbers:
    picked = np.searchsorted(total, rng.random(number) * total[-1], side="right")
    inside: Numbers = np.minimum(picked, total.size - 1)  # a product may be rounded up to the total
    return inside


def _record(
    arena: Arena, week: Numbers, cell: Numbers, rng: np.random.Generator, *, found: bool
) -> History:
    """Give each incident a place or none, and a week in which it is recorded."""
    place, late = rng.spawn(2)
    placed = place.random(cell.size) < arena.placed[cell]
    mean = arena.lag[cell]
    with np.errstate(divide="ignore"):  # a lag of 0 weeks: log(0) is minus infinity, and 0 comes
        weeks = np.floor(np.log(1 - late.random(cell.size)) / np.log(mean / (1 + mean)))
    registered = week + weeks.astype(np.int64)
    kind = np.full(cell.size, found)
    return History(week, cell, registered, kind, placed, *arena.intensity.shape)


def _join(one: History, other: History) -> History:
    both: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in COLUMNS
    }
    return replace(one, **both)
