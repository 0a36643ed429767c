"""What the gate counted about rows, compared by who lives in the area of each row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.comparison import Measured, effective_events
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.pairs import Pair, Pairs, Unseen
from cas_audit.audit.units import Units, open_half_years
from cas_audit.inference.scores import ratio_of_rates

__all__ = ["Counted", "Share", "open_quality"]

Values = NDArray[np.float64]
NAMES = ("group", "reference")


@dataclass(frozen=True)
class Share:
    """A share of rows: which kinds are added above and below the line, and which taken off."""

    top: Mapping[str, int]
    bottom: Mapping[str, int]


@dataclass(frozen=True)
class Counted:
    """Counts of quality, of rows whose area and week are known, and of all.

    Attributes:
        rows: columns kind, area, theme, count and unit.
        every: rows by theme (index) and kind (columns), also those of an unknown area or week.
        units: half-years within wide blocks; an area belongs to the block of most of its cells.
        cells: the area of each cell, indexed by cell.
    """

    rows: pd.DataFrame
    every: pd.DataFrame
    units: Units
    cells: "pd.Series[str]"

    def measure(
        self,
        named: Measured,
        share: Share,
        people: pd.DataFrame,
        least: float,
        lost: Mapping[str, float] | None = None,
    ) -> Measured:
        """Compare a share of the rows between a group and its reference.

        Args:
            named: the comparison.
            share: of which rows.
            people: share of each area's residents, columns `group` and `reference`, by area.
            least: fewest rows below the line of either, counted as equal ones, that are judged.
            lost: rows to add below the line of `group` or `reference`.
        """
        rows = self.rows[self.rows["theme"] == named.theme]
        lives = people.reindex(rows["area"]).fillna(0.0)
        unit, count = rows["unit"].to_numpy(), rows["count"].to_numpy(float)
        sums, events = {}, []
        for name in NAMES:
            weight = lives[name].to_numpy(float)
            top, bottom = (
                self.units.sums(unit, weight * count * _signs(rows["kind"], one))
                for one in (share.top, share.bottom)
            )
            whole = bottom.sum()
            more = (lost or {}).get(name, 0.0)
            sums[name] = top, bottom * (1 + more / whole) if whole else bottom
            below = np.maximum(_signs(rows["kind"], share.bottom), 0.0)
            events.append(effective_events(weight, count * below))
        scores = ratio_of_rates(sums["group"], sums["reference"], self.units.block)
        return replace(named, scores=scores, enough=min(events) >= least)

    def people(self, pair: Pair, residents: "pd.Series[float]") -> pd.DataFrame:
        """Return the shares of each area's residents that are of the group and its reference."""
        area = self.cells.reindex(pair.weights.index)
        sums = pair.weights.groupby(area.to_numpy()).sum(min_count=1)
        whole = residents.groupby(area.reindex(residents.index).to_numpy()).sum()
        return sums.div(whole.where(whole > 0), axis=0)

    def unseen(self, groups: Pairs) -> Unseen:
        """Say how many rows lie in areas where the figures of a group are lacking."""
        rows = self.rows[self.rows["kind"] == "rows"]
        first = self.cells.reset_index().groupby("area")["cell"].first()
        return groups.unseen(rows["area"].map(first), rows["count"])

    def of(self, kinds: Mapping[str, int]) -> "pd.Series[float]":
        """Return how many rows of these kinds there are in all, by theme."""
        signs = pd.Series(dict(kinds), dtype=float)
        found: pd.Series[float] = self.every.reindex(columns=signs.index, fill_value=0.0) @ signs
        return found


def _signs(kind: "pd.Series[str]", kinds: Mapping[str, int]) -> Values:
    at, names = pd.factorize(kind)
    signs = np.array([kinds.get(str(name), 0) for name in names], dtype=float)
    found: Values = signs[at]
    return found


def open_quality(dossier: Dossier) -> Counted:
    """Read what the gate counted.

    Raises:
        Unavailable: the dossier holds no such counts.
    """
    table = dossier.table("data/quality.parquet")
    units = open_half_years(dossier)
    cells = dossier.table("data/cells.parquet").set_index("cell")["area"]
    every = table.pivot_table(index="theme", columns="kind", values="count", aggfunc="sum")
    every = every.reindex(dossier.manifest.themes, fill_value=0)
    known = table["area"].isin(set(cells)) & table["week"].isin(units.stretch.index)
    rows = table[known].copy()
    rows["unit"] = _blocks(cells, units).loc[rows["area"]].to_numpy() * units.stretches
    rows["unit"] += units.stretch.loc[rows["week"]].to_numpy()
    return Counted(rows, every.fillna(0.0), units, cells)


def _blocks(cells: "pd.Series[str]", units: Units) -> "pd.Series[int]":
    """Return the wide block in which most cells of each area lie; the lowest of equals."""
    wide = units.wide.reindex(cells.index).to_numpy()
    counts = pd.crosstab(cells.to_numpy(), wide)
    found: pd.Series[int] = counts.idxmax(axis=1)
    return found
