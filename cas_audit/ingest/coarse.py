"""Coarse rows as one number each: cell, week, shift, theme and channel, counted and told apart.

A place and a moment leave the gate in this form only, so that no exact one can.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Counter", "monday_of", "plain", "week_of"]

Numbers = NDArray[np.int64]
Moments = NDArray[np.datetime64]
SHIFT_HOURS = 8
FIRST_MONDAY = np.datetime64("1969-12-29", "D")  # the week in which the epoch began
WEEK_BITS, SHIFT_BITS, THEME_BITS, CHANNEL_BITS = 13, 2, 8, 2
SLICE = 1 << 17
HELD = 1 << 24  # keys held before they are counted together: 128 MiB


def week_of(moment: Moments) -> Numbers:
    """Return the week of each moment, counted from that of the epoch; NaT gives -1."""
    days = moment.astype("datetime64[D]")
    week = (days - FIRST_MONDAY).astype(np.int64) // 7
    return np.where(np.isnat(days), -1, week)


def monday_of(week: Numbers) -> Moments:
    """Return the Monday of each week, NaT for -1."""
    monday = FIRST_MONDAY + (week * 7).astype("timedelta64[D]")
    return np.where(week < 0, np.datetime64("NaT", "D"), monday).astype("datetime64[us]")


MONDAYS = pa.array(monday_of(np.arange(1 << WEEK_BITS)))


class Counter:
    """Counts coarse rows, in memory that grows with what is told apart and not with the rows."""

    def __init__(self, themes: list[str], channels: list[str]) -> None:
        """Count nothing yet."""
        self.themes, self.channels = themes, channels
        self.held: list[Numbers] = []
        self.key = np.empty(0, dtype=np.int64)
        self.count = np.empty(0, dtype=np.int64)

    def add(self, cell: Numbers, moment: Moments, theme: Numbers, channel: Numbers) -> None:
        """Coarsen and count rows.

        Args:
            cell: cell of each row, shape (rows,).
            moment: exact moment, same shape; it goes no further.
            theme: place of the theme in `themes`, same shape.
            channel: place of the channel in `channels`, same shape.
        """
        hours = moment.astype("datetime64[h]").astype(np.int64)
        day, hour = np.divmod(hours, 24)
        week = (day - FIRST_MONDAY.astype(np.int64)) // 7
        key = _pack(cell, (week, WEEK_BITS), (hour // SHIFT_HOURS, SHIFT_BITS))
        key = _pack(key, (theme, THEME_BITS), (channel, CHANNEL_BITS))
        key.sort()  # while the next piece is read
        self.held.append(key)
        if sum(map(len, self.held)) > HELD:
            self._gather()

    def _gather(self) -> None:
        """Count the held keys, and add them to those counted before."""
        keys = np.concatenate([np.empty(0, dtype=np.int64), *self.held])
        keys.sort(kind="stable")  # merges what is sorted in parts
        self.held = []
        first = _starts(keys)
        key, count = keys[first], np.diff(first, append=len(keys))
        if len(self.key):
            both = np.concatenate([self.key, key])
            order = np.argsort(both, kind="stable")
            both, weight = both[order], np.concatenate([self.count, count])[order]
            first = _starts(both)
            key, count = both[first], np.add.reduceat(weight, first)
        self.key, self.count = key, count

    def table(self) -> pa.Table:
        """Return columns cell, week (Monday), shift (0 to 2), theme, channel and count, sorted.

        >>> one = np.array([0])
        >>> counter = Counter(["drugs"], ["brought"])
        >>> counter.add(one + 7, np.array(["2025-01-08T17:30"], dtype="datetime64[m]"), one, one)
        >>> counter.table().to_pandas().iloc[0].astype(str).to_list()
        ['7', '2025-01-06 00:00:00', '2', 'drugs', 'brought', '1']
        """
        self._gather()
        places = range(0, max(len(self.key), 1), SLICE)
        parts = [self._rows(slice(at, at + SLICE)) for at in places]
        return pa.concat_tables(parts)

    def _rows(self, part: slice) -> pa.Table:
        """Tell apart a slice of the keys: a small one stays in the cache."""
        rest, channel = _unpack(self.key[part], CHANNEL_BITS)
        rest, theme = _unpack(rest, THEME_BITS)
        rest, shift = _unpack(rest, SHIFT_BITS)
        cell, week = _unpack(rest, WEEK_BITS)
        return pa.table(
            {
                "cell": cell.astype(np.int32),
                "week": pa.DictionaryArray.from_arrays(week.astype(np.int16), MONDAYS),
                "shift": shift.astype(np.int8),
                "theme": _named(theme, self.themes),
                "channel": _named(channel, self.channels),
                "count": self.count[part].astype(np.int32),
            }
        )


def _starts(keys: Numbers) -> Numbers:
    """Return where each key stands first in sorted keys."""
    new = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return np.flatnonzero(new)


def _pack(key: Numbers, *parts: tuple[Numbers, int]) -> Numbers:
    for part, bits in parts:
        key = (key << bits) | part
    return key


def _unpack(key: Numbers, bits: int) -> tuple[Numbers, Numbers]:
    return key >> bits, key & ((1 << bits) - 1)


def _named(code: Numbers, names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(code.astype(np.uint8), pa.array(names, pa.string()))


def plain(table: pa.Table) -> pd.DataFrame:
    """Return a table with its names as text."""
    decoded = [
        one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one for one in table.columns
    ]
    found: pd.DataFrame = pa.table(dict(zip(table.column_names, decoded, strict=True))).to_pandas()
    return found
