"""The gate: admits rows, coarsens them at once, and counts what it turned away and why.

`left_out` is what the audit did not ask for; `refused` is what is wrong with the source.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyproj import Transformer

from cas_audit.config import Config
from cas_audit.errors import ContractError
from cas_audit.ingest.coarse import Coarse, Counted
from cas_audit.ingest.contract import Column, Contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.scan import find_identifiers

__all__ = [
    "Tally",
    "admit_incidents",
    "admit_suspects",
    "read_moment",
]

Cells = NDArray[np.int64]
SWAPPED_SHARE = 0.5
ZONE = r"[Z+]|-\d\d:|-\d{4}$"
OFFSET = r"([T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)[+-]\d\d:?\d\d$"


@dataclass
class Tally:
    """Rows of one table, by what became of them."""

    offered: int
    left_out: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Add the counts of another batch of the same table."""
        self.offered += other.offered
        for mine, theirs in ((self.left_out, other.left_out), (self.refused, other.refused)):
            for rule, rows in theirs.items():
                mine[rule] = mine.get(rule, 0) + rows

    @property
    def admitted(self) -> int:
        """Rows that came in."""
        return self.offered - sum(self.left_out.values()) - sum(self.refused.values())


class _Rows(NamedTuple):
    """Admitted rows, still exact; they go no further than the count."""

    cell: NDArray[np.int64]
    moment: NDArray[np.datetime64]
    theme: NDArray[np.int64]
    channel: NDArray[np.int64]


class _Sieve:
    """Applies rules in order; each row is counted by the first rule that turns it away."""

    def __init__(self, rows: int) -> None:
        self.kept = np.ones(rows, dtype=bool)
        self.tally = Tally(rows)

    def refuse(self, rule: str, rows: "pd.Series[bool] | NDArray[np.bool_]") -> None:
        self._drop(self.tally.refused, rule, rows)

    def leave_out(self, rule: str, rows: "pd.Series[bool] | NDArray[np.bool_]") -> None:
        self._drop(self.tally.left_out, rule, rows)

    def _drop(
        self, counts: dict[str, int], rule: str, rows: "pd.Series[bool] | NDArray[np.bool_]"
    ) -> None:
        dropped = self.kept & np.asarray(rows)
        counts[rule] = counts.get(rule, 0) + int(dropped.sum())
        self.kept &= ~dropped


def admit_incidents(
    batches: Iterable[pd.DataFrame], contract: Contract, config: Config, grid: Grid, kept: Cells
) -> tuple[pd.DataFrame, Tally]:
    """Admit incidents, and coarsen and count them batch by batch.

    Returns:
        Columns cell, week (Monday), shift (0 to 2), theme, channel and count; and the tally.

    Raises:
        ContractError: more rows are refused than the configuration allows.
    """
    coarse = Coarse(config.themes, list(config.channels))
    counted, tally, fitting = [], Tally(0), 0
    for batch in batches:
        rows, part, swapped = _admit(batch, contract, config, grid, kept)
        counted.append(coarse.count(*rows))
        tally.add(part)
        fitting += swapped
    _limit(tally, config, config.sources.incidents.path, fitting)
    return coarse.table(Counted.of(counted)), tally


def _admit(
    table: pd.DataFrame, contract: Contract, config: Config, grid: Grid, kept: Cells
) -> tuple[_Rows, Tally, int]:
    sieve = _Sieve(len(table))
    theme = _place(table, contract.column("theme"), config.themes, sieve)
    channel = _place(table, contract.column("channel"), config.channels, sieve)
    moment = read_moment(table, contract)
    sieve.refuse("no_readable_moment", moment.isna())
    cell = grid.cell(*_metres(table, contract, grid))
    outside = ~np.isin(cell, kept)
    sieve.refuse("outside_the_areas", outside)
    swapped = _swapped(table, contract, grid, kept, outside)
    sieve.leave_out("theme_not_asked", theme < 0)
    sieve.leave_out("channel_not_asked", channel < 0)
    end = _monday(config.reference_date)
    start = pd.Timestamp(config.reference_date) - pd.DateOffset(years=_years(contract, config))
    sieve.leave_out("older_than_retention", moment < start)
    sieve.leave_out("not_before_the_reference_week", moment >= end)
    inside = sieve.kept
    exact = moment.to_numpy()[inside]
    return _Rows(cell[inside], exact, theme[inside], channel[inside]), sieve.tally, swapped


def _years(contract: Contract, config: Config) -> int:
    return min(config.retention_years, *(column.retention_years for column in contract.columns))


def _monday(day: date) -> pd.Timestamp:
    moment = pd.Timestamp(day)
    return moment - pd.Timedelta(days=moment.day_of_week)


def _place(
    table: pd.DataFrame, column: Column | None, asked: Sequence[str], sieve: _Sieve
) -> NDArray[np.int64]:
    """Return the place of each value among those that are asked, -1 where it is not.

    What the contract does not name is refused or left out. Without a column, all is `unknown`.
    """
    if column is None:
        return np.full(len(table), asked.index("unknown") if "unknown" in asked else -1)
    code, values = pd.factorize(table[column.name])
    meanings = column.values  # noqa: PD011 - of a contract, not of a table
    meant = [meanings.get(value) for value in values]
    known = np.array([*(one is not None for one in meant), False])  # the last stands for absent
    drop = sieve.refuse if column.unmapped == "refuse" else sieve.leave_out
    drop(f"unknown_{column.role}", ~known[code])
    places = [asked.index(one) if one in asked else -1 for one in meant]
    found: NDArray[np.int64] = np.array([*places, -1])[code]
    return found


def read_moment(table: pd.DataFrame, contract: Contract) -> "pd.Series[pd.Timestamp]":
    """Read when each row happened, as the clock on the spot said; NaT where that is unreadable."""
    name = contract.name_of("moment")
    if name:
        column = table[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            wall: pd.Series[pd.Timestamp] = column.dt.tz_localize(None)
            return wall  # what the clock on the spot said
        if column.str.slice(-6).str.contains(ZONE, regex=True).any():
            column = column.str.replace(OFFSET, r"\1", regex=True)
            column = column.mask(column.str.endswith("Z"))  # universal time is another clock
        return pd.to_datetime(column, errors="coerce", format="ISO8601")
    day = pd.to_datetime(table[contract.name_of("date")], errors="coerce")
    hour = pd.to_numeric(table[contract.name_of("hour")], errors="coerce")
    whole = hour.where(hour.between(0, 23))  # 1430 is no hour, and would move the day
    return day.dt.normalize() + pd.to_timedelta(whole, unit="h")


def _metres(
    table: pd.DataFrame, contract: Contract, grid: Grid, *, swapped: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    names = ("y", "x") if swapped else ("x", "y")
    x, y = (_numbers(table, role, contract) for role in names)
    if contract.crs == grid.crs:
        return x, y
    east, north = Transformer.from_crs(contract.crs, grid.crs, always_xy=True).transform(x, y)
    return east, north


def _numbers(table: pd.DataFrame, role: str, contract: Contract) -> NDArray[np.float64]:
    """Read a column as numbers, NaN where it is none; text is read as the dialect writes."""
    column = table[contract.name_of(role)]
    if contract.dialect.decimal == "," and not pd.api.types.is_numeric_dtype(column):
        column = column.str.replace(".", "").str.replace(",", ".")
    try:
        cast = pa.array(column, from_pandas=True).cast(pa.float64())
    except (pa.ArrowException, TypeError):  # something in it is no number: slower, and forgiving
        return pd.to_numeric(column, errors="coerce").to_numpy(float)
    found: NDArray[np.float64] = cast.to_numpy(zero_copy_only=False)
    return found


def _swapped(
    table: pd.DataFrame, contract: Contract, grid: Grid, kept: Cells, outside: NDArray[np.bool_]
) -> int:
    """Count the points outside that would lie inside with their coordinates exchanged."""
    if not outside.any():
        return 0
    x, y = _metres(table[outside], contract, grid, swapped=True)
    return int(np.isin(grid.cell(x, y), kept).sum())


def _limit(tally: Tally, config: Config, path: str, fitting: int) -> None:
    share = sum(tally.refused.values()) / tally.offered
    if share <= config.max_refused_share:
        return
    rule = max(tally.refused, key=tally.refused.__getitem__)
    swapped = fitting > SWAPPED_SHARE * tally.refused.get("outside_the_areas", 0)
    hint = " The axes seem to be swapped: exchanged, most points fit." if swapped else ""
    message = (
        f"{path}: {share:.1%} of {tally.offered} rows refused, most for {rule}; "
        f"expected at most {config.max_refused_share:.1%} (max_refused_share).{hint}"
    )
    raise ContractError(message)


def admit_suspects(
    batches: Iterable[pd.DataFrame], contract: Contract, config: Config, grid: Grid, kept: Cells
) -> tuple[pd.DataFrame, Tally]:
    """Admit suspects counted per cell.

    Returns:
        Columns cell and suspects (persons); and the tally.

    Raises:
        ContractError: more rows are refused than the configuration allows.
    """
    counted, tally, fitting = [], Tally(0), 0
    for table in batches:
        sieve = _Sieve(len(table))
        cell = grid.cell(*_metres(table, contract, grid))
        outside = ~np.isin(cell, kept)
        count = _numbers(table, "count", contract)
        sieve.refuse("no_readable_count", ~(count >= 0))
        for kind, mask in find_identifiers(table[contract.name_of("count")]).items():
            sieve.refuse(f"looks_like_{kind}", mask)
        sieve.refuse("outside_the_areas", outside)
        tally.add(sieve.tally)
        fitting += _swapped(table, contract, grid, kept, outside)
        counted.append(pd.DataFrame({"cell": cell, "suspects": count})[sieve.kept])
    path = config.sources.suspects.path if config.sources.suspects else contract.table
    _limit(tally, config, path, fitting)
    rows = pd.concat(counted, ignore_index=True)
    return rows.groupby("cell", as_index=False)[["suspects"]].sum(), tally
