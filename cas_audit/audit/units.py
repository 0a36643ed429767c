"""The partition of a dossier: which unit of space and time each row of a table belongs to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.dossier import Dossier
from cas_audit.errors import Unavailable
from cas_audit.inference.partition import stretches

__all__ = ["Units", "open_half_years", "open_units", "unit_sums"]

Values = NDArray[np.float64]
HALF_YEAR_WEEKS = 26


@dataclass(frozen=True)
class Units:
    """Units are stretches of weeks within wide blocks, numbered block by block.

    `wide` is indexed by cell, `stretch` by period.
    """

    wide: "pd.Series[int]"
    stretch: "pd.Series[int]"

    @property
    def block(self) -> NDArray[np.int64]:
        """The block of each unit, shape (units,)."""
        return np.repeat(np.arange(int(self.wide.max()) + 1), self.stretches)

    @property
    def stretches(self) -> int:
        """Stretches in each block."""
        return int(self.stretch.max()) + 1

    def of(self, cell: "pd.Series[int]", period: "pd.Series[pd.Timestamp]") -> NDArray[np.int64]:
        """Return the unit of each row."""
        wide, stretch = self.wide.loc[cell].to_numpy(), self.stretch.loc[period].to_numpy()
        found: NDArray[np.int64] = wide * self.stretches + stretch
        return found

    def sums(self, unit: NDArray[np.int64], values: Values) -> Values:
        """Return the sum of values per unit, shape (units,)."""
        found: Values = np.bincount(unit, values, len(self.block)).astype(float)
        return found

    def everywhere(self, values: "pd.Series[float]") -> Values:
        """Return the sum over every cell and period of a value per cell, shape (units,).

        Args:
            values: indexed by cell; missing counts as nothing.
        """
        each = values.reindex(self.wide.index).fillna(0.0).to_numpy(float)
        number = int(self.wide.max()) + 1
        periods = np.bincount(self.stretch.to_numpy(), minlength=self.stretches)
        total = np.bincount(self.wide.to_numpy(), each, number).astype(float)
        found: Values = np.outer(total, periods).ravel()
        return found


def open_units(dossier: Dossier) -> Units:
    """Read the partition that every interval of an audit shares.

    Raises:
        Unavailable: the dossier holds none.
    """
    wide = dossier.table("partition.parquet").set_index("cell")["wide"]
    stretch = dossier.table("stretches.parquet").set_index("period")["stretch"]
    return Units(wide, stretch)


def open_half_years(dossier: Dossier) -> Units:
    """Cut the whole history into half-years, within the wide blocks that all checks share.

    For records of which there are few: a shorter stretch would often hold none.

    Raises:
        Unavailable: the dossier holds no weeks or no partition.
    """
    weeks = pd.DatetimeIndex(dossier.table("data/weeks.parquet")["week"].sort_values())
    wide = dossier.table("partition.parquet").set_index("cell")["wide"]
    return Units(wide, pd.Series(stretches(len(weeks), HALF_YEAR_WEEKS), index=weeks))


def unit_sums(dossier: Dossier, forecaster: str = "model") -> dict[str, pd.DataFrame]:
    """Return per theme the counts of incidents and flags, summed per unit of the partition.

    Args:
        dossier: a sealed dossier.
        forecaster: one that must be among them.

    Returns:
        Per theme a table indexed by forecaster, wide block and stretch.

    Raises:
        Unavailable: the dossier holds no such counts.
    """
    weekly = dossier.table("model/weekly.parquet").rename(columns={"week": "period"})
    if not (weekly["forecaster"] == forecaster).any():
        message = f"The dossier holds no counts of {forecaster}."
        raise Unavailable(message)
    weekly = weekly.merge(dossier.table("stretches.parquet"))
    sums = weekly.groupby(["theme", "forecaster", "wide", "stretch"]).sum(numeric_only=True)
    return {theme: sums.loc[[theme]].droplevel("theme") for theme in dossier.manifest.themes}
