"""What followed each forecast: flagged or not, an incident or none, summed per unit for a group."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.comparison import Measured, effective_events
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.pairs import Pair
from cas_audit.audit.units import Units, open_units
from cas_audit.inference.scores import ratio_of_rates

__all__ = [
    "Confusion",
    "Followed",
    "Rate",
    "count_by_period",
    "false_flags",
    "misses",
    "on_record",
    "open_followed",
    "precision",
]

Values = NDArray[np.float64]
WEEK = pd.Timedelta(weeks=1)


@dataclass(frozen=True)
class Rate:
    """A rate per unit: sums above and below the line, and what flags alone would have them be."""

    top: Values
    bottom: Values
    expected: tuple[Values, Values]


@dataclass(frozen=True)
class Confusion:
    """Cells and periods, each weighted, summed per unit of the partition; each of shape (units,).

    `flagged` is flagged, `hit` has an incident, `both` is both, `whole` is every cell and period.
    """

    flagged: Values
    hit: Values
    both: Values
    whole: Values

    def expected_hits(self) -> tuple[Values, Values]:
        """Return incidents in flagged and in other cells, were all of a kind alike."""
        spared = self.whole - self.flagged
        missed = self.hit - self.both
        return (
            self.flagged * _share(self.both.sum(), self.flagged.sum()),
            spared * _share(missed.sum(), spared.sum()),
        )


def misses(counted: Confusion) -> Rate:
    """Return the false negative rate: with an incident and not flagged, over with an incident."""
    inside, outside = counted.expected_hits()
    return Rate(counted.hit - counted.both, counted.hit, (outside, inside + outside))


def false_flags(counted: Confusion) -> Rate:
    """Return the false positive rate: flagged without an incident, over without an incident."""
    inside, outside = counted.expected_hits()
    expected = counted.flagged - inside, counted.whole - inside - outside
    return Rate(counted.flagged - counted.both, counted.whole - counted.hit, expected)


def precision(counted: Confusion) -> Rate:
    """Return the positive predictive value: flagged with an incident, over flagged."""
    inside, _ = counted.expected_hits()
    return Rate(counted.both, counted.flagged, (inside, counted.flagged))


@dataclass(frozen=True)
class Followed:
    """Cells and periods in which something was flagged or recorded, and the partition.

    `rows` has columns cell, period, theme, flagged, hit and unit. Every other cell and period had
    neither.
    """

    rows: pd.DataFrame
    units: Units

    def confusion(self, theme: str, people: "pd.Series[float]") -> Confusion:
        """Return the sums for one theme; a cell weighs as many as it has residents of a group."""
        rows = self.rows[self.rows["theme"] == theme]
        weight = people.reindex(rows["cell"]).fillna(0.0).to_numpy(float)
        flagged, hit = (rows[name].to_numpy(float) for name in ("flagged", "hit"))
        unit = rows["unit"].to_numpy()
        return Confusion(
            self.units.sums(unit, weight * flagged),
            self.units.sums(unit, weight * hit),
            self.units.sums(unit, weight * flagged * hit),
            self.units.everywhere(people),
        )

    def compare(
        self, theme: str, pair: Pair, rate: Callable[[Confusion], Rate], least: float
    ) -> Measured:
        """Return the ratio of a rate of a group to that of its reference.

        Args:
            theme: of which flags and incidents are taken.
            pair: the group and those it is compared with.
            rate: `misses` or `false_flags`.
            least: fewest events above and below the line, counted as equal ones.
        """
        one, other = (
            rate(self.confusion(theme, pair.weights[name])) for name in ("group", "reference")
        )
        share = pair.weights.fillna(0.0) / pair.weights.sum().replace(0.0, np.nan)
        scores = ratio_of_rates(
            (one.top, one.bottom),
            (other.top, other.bottom),
            self.units.block,
            expected=(one.expected, other.expected),
            size=self.units.everywhere((share["group"] - share["reference"]) ** 2),
        )
        enough = self._events(theme, pair, rate) >= least and bool(np.isfinite(scores.estimate))
        return Measured(theme, pair.group, pair.reference, scores=scores, enough=enough)

    def by_cells(
        self, theme: str, shares: pd.DataFrame, rate: Callable[[Confusion], Rate]
    ) -> float | None:
        """Return the ratio of rates when every cell counts alike, however many live there.

        Args:
            theme: of which flags and incidents are taken.
            shares: of a cell's residents, columns group and reference, indexed by cell.
            rate: `misses`, `false_flags` or `precision`.

        Returns:
            Undefined is None.
        """
        one, other = (rate(self.confusion(theme, shares[name])) for name in ("group", "reference"))
        sums = [float(part.sum()) for part in (one.top, one.bottom, other.top, other.bottom)]
        return sums[0] / sums[1] / (sums[2] / sums[3]) if all(sums[1:]) else None

    def _events(self, theme: str, pair: Pair, rate: Callable[[Confusion], Rate]) -> float:
        """Return the fewest wrong ones of the two groups, as many as count as equal (Kish)."""
        rows = self.rows[self.rows["theme"] == theme]
        wrong = rows["hit"] & ~rows["flagged"] if rate is misses else rows["flagged"] & ~rows["hit"]
        people = pair.weights.reindex(rows["cell"]).fillna(0.0)
        happened = wrong.to_numpy().astype(float)
        return min(effective_events(people[one].to_numpy(float), happened) for one in people)


def open_followed(dossier: Dossier) -> Followed:
    """Read what was flagged and what was recorded in the cells and periods that are forecast.

    Incidents that the public brought are used where the channel is known. A period that the record
    does not reach is left out; an incident in a cell that is not forecast counts nowhere.

    Raises:
        Unavailable: the dossier lacks forecasts by period, incidents or a partition.
    """
    flagged = dossier.table("forecasts.parquet").query("flagged")
    units = open_units(dossier)
    keys = ["cell", "period", "theme"]
    known = on_record(dossier, units)
    flagged = flagged.loc[flagged["period"].isin(known.stretch.index), keys]
    hits = _with_incident(dossier, pd.DatetimeIndex(known.stretch.index))
    hits = hits[hits["cell"].isin(units.wide.index)]
    rows = flagged.assign(flagged=True).merge(hits, on=keys, how="outer")
    rows[["flagged", "hit"]] = rows[["flagged", "hit"]].eq(other=True)
    return Followed(rows.assign(unit=known.of(rows["cell"], rows["period"])), known)


def on_record(dossier: Dossier, units: Units) -> Units:
    """Leave out periods of which it is not known what followed."""
    if not dossier.has("data/weeks.parquet"):
        return units
    last = dossier.table("data/weeks.parquet")["week"].max()
    known = pd.DatetimeIndex(units.stretch.index) <= last + WEEK - _length(dossier)
    return Units(units.wide, units.stretch[known])


def _length(dossier: Dossier) -> pd.Timedelta:
    name = "model/parameters.json"
    chosen = dossier.json(name) if dossier.has(name) else {}
    return WEEK * int(chosen.get("period_weeks", 1))


def count_by_period(
    dossier: Dossier, periods: pd.DatetimeIndex, channels: list[str]
) -> pd.DataFrame:
    """Count incidents per cell, theme and period; a period ends after its own weeks.

    Args:
        dossier: a sealed dossier.
        periods: the first day of each.
        channels: those that count; none of them named, all do.

    Returns:
        Columns cell, theme, period and count.
    """
    incidents = dossier.table("data/incidents.parquet")
    if channels:
        incidents = incidents[incidents["channel"].isin(channels)]
    starts = periods.sort_values()
    at = starts.searchsorted(incidents["week"], side="right") - 1
    start = starts[at.clip(min=0)]
    inside = (at >= 0) & (incidents["week"] < start + _length(dossier)).to_numpy()
    where = incidents.loc[inside, ["cell", "theme", "count"]].assign(period=start[inside])
    summed: pd.DataFrame = where.groupby(["cell", "theme", "period"])[["count"]].sum()
    return summed.reset_index()


def _with_incident(dossier: Dossier, periods: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the cells with an incident in each period."""
    counted = count_by_period(dossier, periods, dossier.manifest.judged_on)
    return counted.drop(columns="count").assign(hit=True)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
