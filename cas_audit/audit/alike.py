"""What followed in cells that were scored alike: recorded and expected, by cell and stretch."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.outcomes import count_by_period, on_record
from cas_audit.audit.reflag import open_scored
from cas_audit.audit.units import Units, open_units
from cas_audit.errors import Unavailable
from cas_audit.inference.scores import Scores, ratio_of_rates

__all__ = ["Alike", "halves", "open_alike"]

Values = NDArray[np.float64]
Members = NDArray[np.bool_]
CLASSES = 20  # of score, each with as many incidents
HALF = 0.5


@dataclass(frozen=True)
class Alike:
    """Sums by cell and stretch, each of shape (cells, stretches), of what was flagged, or was not.

    `recorded` are incidents; `expected` what would have been recorded, had it been as many as in
    all cells that were scored alike and flagged alike, in the same half of the stretches. `wide` is
    the block of each cell.
    """

    flagged: bool
    recorded: Values
    expected: Values
    wide: NDArray[np.int64]

    def enough(self, members: Members, least: float) -> bool:
        """Say whether as many are expected in a cluster and outside it, in either half."""
        return all(
            self.expected[cells][:, half].sum() >= least
            for cells in (members, ~members)
            for half in self._halves
        )

    def badness(self, members: Members) -> float:
        """Return how bad it is in a cluster in the half searched: the log ratio by its error."""
        one, other = (
            float((top.sum() + HALF) / (bottom.sum() + HALF))  # of nought there is no log
            for top, bottom in self._sums(members, self._halves[0])
        )
        events = float(self.expected[members][:, self._halves[0]].sum())
        return float(-np.log(one / other) * np.sqrt(events))

    def tested(self, members: Members) -> Scores:
        """Return the ratio of a cluster to the rest in the half tested; below one it is worse."""
        one, other = self._sums(members, self._halves[1])
        blocks = np.repeat(np.arange(int(self.wide.max()) + 1), int(self._halves[1].sum()))
        return ratio_of_rates(one, other, blocks)

    @property
    def _halves(self) -> tuple[Members, Members]:
        return halves(self.recorded.shape[1])

    def _sums(self, members: Members, half: Members) -> list[tuple[Values, Values]]:
        """Return what stands above and below the line, of the cluster and of the rest, by unit."""
        pair = (self.recorded, self.expected) if self.flagged else (self.expected, self.recorded)
        number, columns = int(self.wide.max()) + 1, int(half.sum())
        found = []
        for cells in (members, ~members):
            unit = self.wide[cells][:, None] * columns + np.arange(columns)
            sums = [
                np.bincount(unit.ravel(), one[cells][:, half].ravel(), number * columns).astype(
                    float
                )
                for one in pair
            ]
            found.append((sums[0], sums[1]))
        return found


def halves(stretches: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which stretches to search in, and which to test on: every other one."""
    even = np.arange(stretches) % 2 == 0
    return even, ~even


def open_alike(dossier: Dossier) -> tuple[pd.Index, dict[str, list[Alike]]]:
    """Read what followed every score: the cells, and per theme what was flagged and what was not.

    Incidents that the public brought are used where the channel is known.

    Raises:
        Unavailable: the dossier lacks scores of every cell, periods, incidents or a partition.
    """
    units = on_record(dossier, open_units(dossier))
    units = Units(units.wide.sort_index(), units.stretch)
    scored = open_scored(dossier)
    scored = scored[scored["period"].isin(units.stretch.index)]
    if scored.empty:
        message = "The dossier holds no forecast of a period that is on record."
        raise Unavailable(message)
    periods = pd.DatetimeIndex(units.stretch.index)
    counted = count_by_period(dossier, periods, dossier.manifest.judged_on)
    rows = scored.merge(counted, on=["theme", "cell", "period"], how="left")
    rows["count"] = rows["count"].fillna(0.0)
    return units.wide.index, {
        theme: _of_theme(rows[rows["theme"] == theme], units) for theme in dossier.manifest.themes
    }


def _of_theme(rows: pd.DataFrame, units: Units) -> list[Alike]:
    rows = rows[rows["cell"].isin(units.wide.index)]
    cell = units.wide.index.get_indexer(pd.Index(rows["cell"]))
    stretch = units.stretch.loc[rows["period"]].to_numpy()
    count = rows["count"].to_numpy(dtype=float)
    search, test = halves(units.stretches)
    level = _classes(rows["score"].to_numpy(dtype=float), count, search[stretch])
    kind = level * 2 + rows["flagged"].to_numpy(dtype=int)
    expected = np.zeros(len(rows))
    for half in (search, test):
        inside = half[stretch]
        number = np.bincount(kind[inside], minlength=2 * CLASSES)
        happened = np.bincount(kind[inside], count[inside], 2 * CLASSES)
        expected[inside] = (happened / np.maximum(number, 1))[kind[inside]]
    unit, shape = cell * units.stretches + stretch, (len(units.wide), units.stretches)
    wide, found = np.asarray(units.wide, dtype=np.int64), []
    for flagged in (True, False):
        part = rows["flagged"].to_numpy(dtype=bool) == flagged
        recorded, due = (
            np.bincount(unit[part], of[part], shape[0] * shape[1]).astype(float).reshape(shape)
            for of in (count, expected)
        )
        found.append(Alike(flagged, recorded, due, wide))
    return found


def _classes(score: Values, count: Values, search: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Cut scores into classes that hold as many incidents of the half that is searched in."""
    values, at = np.unique(score, return_inverse=True)
    above = np.cumsum(np.bincount(at, count * search, len(values)))
    share = (above - np.bincount(at, count * search, len(values)) / 2) / max(above[-1], 1.0)
    found: NDArray[np.int64] = np.minimum((share * CLASSES).astype(np.int64), CLASSES - 1)[at]
    return found
