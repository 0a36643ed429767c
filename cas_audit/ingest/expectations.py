"""Expectations about places, weeks and deliveries that Great Expectations does not bring itself.

The library's second door: an expectation can only be added as a subclass of its own classes. One
is known to it, under its name in words, once this module is loaded. Each says of how many elements
how many are not as expected, and never which.
"""

from abc import ABC, abstractmethod
from datetime import date
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from great_expectations.expectations.expectation import BatchExpectation  # noqa: TID251 - a door
from numpy.typing import NDArray
from pyproj import CRS

from cas_audit.ingest.known import unpack

__all__ = [
    "ExpectAreasNotToFallSilent",
    "ExpectColumnCellsToLieInAnArea",
    "ExpectColumnNewestWeekToBeRecent",
    "ExpectColumnToCoverAreas",
    "ExpectColumnToCoverCells",
    "ExpectColumnToCoverWeeks",
    "ExpectColumnWeeksToBeMondays",
    "ExpectColumnsToBePartsOfColumn",
    "ExpectGridToBeMetricAndAligned",
    "ExpectKindsOfRowToBeRare",
    "ExpectOfferedRowsToEqualControlTotal",
]

Mask = NDArray[np.bool_]
DAY, WEEK = pd.Timedelta(days=1), pd.Timedelta(weeks=1)
ROUNDING = 0.5  # persons: counts and percentages are rounded by their source


class _Counted(BatchExpectation, ABC):  # type: ignore[misc] # the library has no types
    """Holds when at least `mostly` of its elements are as expected, and there are any."""

    mostly: float = 1.0
    success_keys: ClassVar[tuple[str, ...]] = ("mostly",)

    @abstractmethod
    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Return the number of elements, and of those that are not as expected."""

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,  # noqa: ANN401 - of the library
    ) -> dict[str, Any]:
        del metrics, runtime_configuration
        elements, unexpected = self.count(execution_engine.get_domain_records({}))
        return {
            "success": elements > 0 and elements - unexpected >= self.mostly * elements,
            "result": {"element_count": elements, "unexpected_count": unexpected},
        }


class _OfPlaces(_Counted, ABC):
    """About a column of cells or of area codes, on the ground that was laid."""

    column: str
    ground: str = ""
    areas: list[str] = []

    def places(self, table: pd.DataFrame) -> NDArray[np.int64]:
        """Return the place of each row's area among all, -1 where it is in none."""
        if self.column == "area":
            return pd.Index(self.areas).get_indexer(pd.Index(table["area"])).astype(np.int64)
        area = unpack(self.ground)
        cell = table[self.column].fillna(-1).to_numpy(dtype=np.int64)
        inside = (cell >= 0) & (cell < len(area))
        return np.where(inside, area[np.where(inside, cell, 0)], -1).astype(np.int64)


class ExpectColumnCellsToLieInAnArea(_OfPlaces):
    """Every cell lies on the grid and is one of those kept, with its centre in an area."""

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count rows."""
        return len(table), int((self.places(table) < 0).sum())


class ExpectColumnToCoverCells(_OfPlaces):
    """Every kept cell has a row."""

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count kept cells."""
        kept = np.flatnonzero(unpack(self.ground) >= 0)
        return len(kept), int((~np.isin(kept, table[self.column])).sum())


class ExpectColumnToCoverAreas(_OfPlaces):
    """Areas have a row."""

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count areas."""
        seen = np.unique(self.places(table))
        return len(self.areas), len(self.areas) - int((seen >= 0).sum())


class ExpectAreasNotToFallSilent(_OfPlaces):
    """No area stays without rows as long as `missed` weeks with rows would have been likely.

    An area with rows in a share p of the weeks is silent for w weeks by chance with probability
    (1 - p)^w, at most exp(-pw). With pw = 12 that is six in a million.
    """

    week: str = "week"
    missed: float = 12

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count areas that have rows."""
        week = (table[self.week] - table[self.week].min()) // WEEK
        number = int(week.max()) + 1
        pairs = np.unique(np.stack([self.places(table), week.to_numpy()]), axis=1)
        areas = [pairs[1][pairs[0] == area] for area in np.unique(pairs[0])]
        return len(areas), sum(_silence(at, number) >= self.missed for at in areas)


def _silence(weeks: NDArray[np.int64], number: int) -> float:
    """Return the longest run of weeks without rows, in weeks with rows that were to be expected."""
    longest = np.diff(weeks, prepend=-1, append=number).max() - 1
    return float(longest) * len(weeks) / number


class ExpectColumnToCoverWeeks(_Counted):
    """Weeks from the first in the column to the last full one have a row."""

    column: str
    last_week: date

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count weeks."""
        weeks = pd.date_range(table[self.column].min(), self.last_week, freq="7D")
        return len(weeks), len(weeks.difference(pd.DatetimeIndex(table[self.column])))


class ExpectColumnWeeksToBeMondays(_Counted):
    """A week is named by its Monday, and lies within what may be kept and has passed."""

    column: str
    first_week: date
    last_week: date

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count rows."""
        week = table[self.column]
        if not pd.api.types.is_datetime64_any_dtype(week):
            return len(week), len(week)
        day = week.dt.normalize()
        within = week.between(pd.Timestamp(self.first_week), pd.Timestamp(self.last_week))
        right = within & (week == day) & (week.dt.day_of_week == 0)
        return len(week), int((~right).sum())


class ExpectColumnNewestWeekToBeRecent(_Counted):
    """The newest week lies at most `weeks` before the reference date, and not after it."""

    column: str
    reference_date: date
    weeks: int

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count the one newest week."""
        age = pd.Timestamp(self.reference_date) - table[self.column].max()
        return 1, int(not DAY <= age <= self.weeks * WEEK)


class ExpectColumnsToBePartsOfColumn(_Counted):
    """A part that is known is never below zero or above the whole, save for rounding."""

    columns: list[str]
    whole: str
    slack_share: float = 0.001

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count figures: parts times rows."""
        whole = table[self.whole]
        slack = whole * self.slack_share + ROUNDING
        parts = table[self.columns]
        right = parts.isna() | (parts.ge(0) & parts.le(whole + slack, axis=0))
        return parts.size, int((~right).to_numpy().sum())


class ExpectGridToBeMetricAndAligned(_Counted):
    """The grid counts in metres, and its corner is a whole number of cells from the origin."""

    crs: str
    cell_size_m: float
    x0: float
    y0: float

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count the three things that must be so."""
        del table
        crs = CRS.from_user_input(self.crs)
        metric = crs.is_projected and all(axis.unit_name == "metre" for axis in crs.axis_info)
        aligned = [not edge % self.cell_size_m for edge in (self.x0, self.y0)]
        return 3, [metric, *aligned].count(False)


class ExpectOfferedRowsToEqualControlTotal(_Counted):
    """As many rows were read as the source system says that it handed over."""

    offered: int
    control_total: int

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count rows handed over, and how far off the rows read are."""
        del table
        return max(self.control_total, 1), abs(self.offered - self.control_total)


class ExpectKindsOfRowToBeRare(_Counted):
    """Rows of some kinds are few among those of others, as counted at the gate."""

    counts: dict[str, int]
    kinds: list[str]
    among: list[str]

    def count(self, table: pd.DataFrame) -> tuple[int, int]:
        """Count rows that were offered."""
        del table
        all_rows, rare = (
            sum(self.counts.get(kind, 0) for kind in kinds) for kinds in (self.among, self.kinds)
        )
        return all_rows, rare
