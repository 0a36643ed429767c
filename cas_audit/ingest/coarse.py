"""Coarse rows as one number each: cell, week, shift, theme and channel, counted and told apart.

A place and a moment leave the gate in this form only, so that no exact one can.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Coarse", "Counted"]

Numbers = NDArray[np.int64]
SHIFT_HOURS = 8
FIRST_MONDAY = np.datetime64("1969-12-29", "D")  # the week in which the epoch began
WEEKS, SHIFTS, THEMES, CHANNELS = 1 << 13, 24 // SHIFT_HOURS, 1 << 8, 1 << 2


@dataclass(frozen=True)
class Counted:
    """Incidents per key; both of shape (keys,), keys sorted."""

    key: Numbers
    count: Numbers

    @classmethod
    def of(cls, parts: list["Counted"]) -> "Counted":
        """Add up the counts of several parts."""
        keys = np.concatenate([part.key for part in parts])
        counts = np.concatenate([part.count for part in parts])
        key, place = np.unique(keys, return_inverse=True)
        return cls(key, np.bincount(place, counts, len(key)).astype(np.int64))


@dataclass(frozen=True)
class Coarse:
    """Turns coarse rows into keys, and counted keys into a table."""

    themes: list[str]
    channels: list[str]

    def count(
        self, cell: Numbers, moment: NDArray[np.datetime64], theme: Numbers, channel: Numbers
    ) -> Counted:
        """Coarsen and count.

        Args:
            cell: cell of each row, shape (rows,).
            moment: exact moment, same shape; it goes no further.
            theme: place of the theme in `themes`, same shape.
            channel: place of the channel in `channels`, same shape.
        """
        days = moment.astype("datetime64[D]")
        week = (days - FIRST_MONDAY).astype(np.int64) // 7
        hour = (moment - days).astype("timedelta64[h]").astype(np.int64)
        key = cell * WEEKS + week
        key = (key * SHIFTS + hour // SHIFT_HOURS) * THEMES + theme
        unique, count = np.unique(key * CHANNELS + channel, return_counts=True)
        return Counted(unique, count.astype(np.int64))

    def table(self, counted: Counted) -> pd.DataFrame:
        """Return columns cell, week (Monday), shift, theme, channel and count.

        >>> one = np.array([0])
        >>> coarse = Coarse(["drugs"], ["brought"])
        >>> moment = np.array(["2025-01-08T17:30"], dtype="datetime64[m]")
        >>> coarse.table(coarse.count(one + 7, moment, one, one)).iloc[0].astype(str).to_list()
        ['7', '2025-01-06 00:00:00', '2', 'drugs', 'brought', '1']
        """
        rest, channel = np.divmod(counted.key, CHANNELS)
        rest, theme = np.divmod(rest, THEMES)
        rest, shift = np.divmod(rest, SHIFTS)
        cell, week = np.divmod(rest, WEEKS)
        monday = FIRST_MONDAY + (week * 7).astype("timedelta64[D]")
        return pd.DataFrame(
            {
                "cell": cell,
                "week": monday.astype("datetime64[us]"),
                "shift": shift,
                "theme": np.array(self.themes, dtype=object)[theme],
                "channel": np.array(self.channels, dtype=object)[channel],
                "count": counted.count,
            }
        )
