"""Values of a piece, read as numbers, moments and codes; what cannot be read is absent."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyproj import Transformer

from cas_audit.ingest.contract import STAY, Column, Contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.names import Unfit
from cas_audit.ingest.scan import find_identifiers
from cas_audit.ingest.sieve import Sieve

__all__ = ["read_codes", "read_moment", "read_numbers", "read_points", "read_when", "scan"]

Numbers = NDArray[np.float64]
Moments = NDArray[np.datetime64]
ZONE = r"[Z+]|-\d\d:|-\d{4}$"
OFFSET = r"([T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)[+-]\d\d:?\d\d$"
UNIVERSAL = {"UTC", "Etc/UTC", "GMT", "Z", "+00:00"}
LONGEST_NUMBER = 1e18  # what a whole number of 64 bits holds, and no identifier exceeds
LIKE_NUMBER = 1e7  # shorter whole numbers are no identifier of any kind


def read_numbers(piece: pa.Table, name: str, decimal: str = ".") -> Numbers:
    """Return a column as numbers, NaN where it is none; text is read as the dialect writes."""
    column = _plain(piece[name])
    if decimal == "," and pa.types.is_string(column.type):
        column = pc.replace_substring(pc.replace_substring(column, ".", ""), ",", ".")
    try:
        cast = column.cast(pa.float64())
    except (pa.ArrowException, TypeError):  # something in it is no number: slower, and forgiving
        found: Numbers = pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(float)
    else:
        found = cast.to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(found), found, np.nan)


def read_when(piece: pa.Table, name: str, zone: str | None) -> Moments:
    """Return a column as moments on the clock on the spot; NaT where that cannot be read.

    Args:
        piece: admitted columns.
        name: of the column.
        zone: of the clock on the spot, for moments that are told in another.

    Raises:
        Unfit: all moments are in universal time, and `zone` is not known.
    """
    column = _plain(piece[name])
    if pa.types.is_timestamp(column.type) and column.type.tz:
        return _moments(pc.local_timestamp(column.cast(_local(column.type, name, zone))))
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _moments(column.cast(pa.timestamp("us")))
    if not pa.types.is_string(column.type):
        return np.full(len(column), np.datetime64("NaT", "us"))
    try:
        return _moments(column.cast(pa.timestamp("us")))
    except pa.ArrowException:  # something in it is no plain ISO moment: slower, and forgiving
        return _read_text(column.to_pandas(), zone)


def _local(kind: pa.DataType, name: str, zone: str | None) -> pa.DataType:
    if not zone and kind.tz in UNIVERSAL:
        raise Unfit(json.dumps({"kind": "instants", "column": name}))
    return pa.timestamp("us", zone or kind.tz)


def _moments(column: pa.Array) -> Moments:
    found: Moments = column.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return found


def _read_text(column: "pd.Series[str]", zone: str | None) -> Moments:
    elsewhere = column.str.slice(-6).str.contains(ZONE, regex=True).fillna(value=False)
    there = column.where(elsewhere)
    if elsewhere.any():
        column = column.str.replace(OFFSET, r"\1", regex=True)
        column = column.mask(column.str.endswith("Z"))  # universal time is another clock
    read = pd.to_datetime(column, errors="coerce", format="ISO8601")
    if zone and elsewhere.any():
        told = pd.to_datetime(there, errors="coerce", format="ISO8601", utc=True)
        read = read.where(~elsewhere, told.dt.tz_convert(zone).dt.tz_localize(None))
    return read.to_numpy().astype("datetime64[us]")


def read_moment(piece: pa.Table, contract: Contract) -> Moments:
    """Return when each row happened; a date and an hour are as good as a moment."""
    name = contract.name_of("moment")
    if name:
        return read_when(piece, name, contract.time_zone)
    date = str(contract.name_of("date"))
    day = read_when(piece, date, contract.time_zone).astype("datetime64[D]")
    if not contract.column("hour"):
        return day.astype("datetime64[us]")
    hour = read_numbers(piece, str(contract.name_of("hour")))
    whole = (hour >= 0) & (hour < 24)  # noqa: PLR2004 - 1430 is no hour, and would move the day
    step = np.where(whole, hour, 0).astype("timedelta64[h]")
    return np.where(whole, day + step, np.datetime64("NaT", "h")).astype("datetime64[us]")


def read_codes(
    piece: pa.Table, column: Column | None, asked: Sequence[str], sieve: Sieve
) -> NDArray[np.int64]:
    """Return the place of each value among those that are asked, -1 where it is not.

    What the contract does not name is refused or left out. Without a column, all is `unknown`.
    """
    if column is None:
        return np.full(piece.num_rows, asked.index("unknown") if "unknown" in asked else -1)
    coded = _dictionary(piece[column.name])
    code = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    meanings = column.values  # noqa: PD011 - of a contract, not of a table
    meant = [meanings.get(str(value)) for value in coded.dictionary.to_pylist()]
    known = np.array([*(one is not None for one in meant), False])  # the last stands for absent
    drop = sieve.refuse if column.unmapped == "refuse" else sieve.leave_out
    drop(f"unknown_{column.role}", ~known[code])
    places = [asked.index(one) if one in asked else -1 for one in meant]
    found: NDArray[np.int64] = np.array([*places, -1])[code]
    return found


def read_points(
    piece: pa.Table, contract: Contract, grid: Grid, *, swapped: bool = False
) -> tuple[Numbers, Numbers]:
    """Return x and y of each row in the CRS of the grid, metres; NaN or inf where unknown."""
    roles = ("y", "x") if swapped else ("x", "y")
    decimal = contract.dialect.decimal
    x, y = (read_numbers(piece, str(contract.name_of(role)), decimal) for role in roles)
    return to_grid(x, y, contract, grid)


def to_grid(x: Numbers, y: Numbers, contract: Contract, grid: Grid) -> tuple[Numbers, Numbers]:
    """Return points of the contract's CRS in that of the grid."""
    if contract.crs == grid.crs:
        return x, y
    east, north = Transformer.from_crs(contract.crs, grid.crs, always_xy=True).transform(x, y)
    return east, north


def scan(piece: pa.Table, contract: Contract, sieve: Sieve) -> None:
    """Refuse rows in which an admitted column holds what looks like a direct identifier."""
    for column in contract.columns:
        if column.role in STAY:
            continue  # it may be one, and goes no further
        sieve.tally.scanned[column.name] = {}
        if column.type in {"moment", "date"}:
            continue  # a value that reads as a moment is no identifier, and another is refused
        for kind, rows in _identifiers(piece[column.name], column).items():
            sieve.tally.scanned[column.name][kind] = int(np.count_nonzero(rows))
            sieve.refuse(f"looks_like_{kind}", rows)


def _identifiers(values: pa.ChunkedArray, column: Column) -> dict[str, NDArray[np.bool_]]:
    plain = _plain(values)
    if pa.types.is_floating(plain.type) or pa.types.is_integer(plain.type):
        likely = plain.to_numpy(zero_copy_only=False)
        if not np.any(np.abs(likely) >= LIKE_NUMBER):
            return {}
        known = (np.abs(likely) < LONGEST_NUMBER) & (likely == np.floor(likely))
        whole = np.where(known, likely, 0)
        plain = pa.array(whole.astype(np.int64)).cast(pa.string())
    elif column.role in {"x", "y"}:
        whole = pc.match_substring(plain.cast(pa.string()), ".")
        plain = pc.if_else(pc.fill_null(whole, True), None, plain)
    return find_identifiers(plain, free_text=column.type == "free_text")


def _dictionary(values: pa.ChunkedArray) -> pa.DictionaryArray:
    joined = values.combine_chunks()
    joined = joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined
    if not pa.types.is_dictionary(joined.type):
        joined = joined.dictionary_encode()
    return joined


def _plain(values: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece; text as plain strings, whatever the format made of it."""
    joined = values.combine_chunks()
    joined = joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined
    if pa.types.is_dictionary(joined.type):
        joined = joined.dictionary_decode()
    return joined.cast(pa.string()) if pa.types.is_large_string(joined.type) else joined
