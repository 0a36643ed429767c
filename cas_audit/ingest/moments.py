"""Days and shifts: how often incidents of a theme fell on a weekday and shift, by area.

The weekday of an incident leaves the gate in these counts only: never beside its cell or its week.
They are of the whole history, of areas with enough incidents, and rounded at random to fives.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cas_audit.config import SMALLEST_COUNT
from cas_audit.ingest.coarse import SHIFT_HOURS

__all__ = ["FEWEST_INCIDENTS", "SHIFTS", "WEEKDAYS", "Clock", "protect_moments"]

Numbers = NDArray[np.int64]
WEEKDAYS, SHIFTS = 7, 24 // SHIFT_HOURS
CLASSES = WEEKDAYS * SHIFTS
FEWEST_INCIDENTS = SMALLEST_COUNT * CLASSES  # of an area by itself: five a class on average
FEWEST = 2  # areas that are counted together
FIRST_WEEKDAY = 3  # the epoch began on a Thursday
COLUMNS = ["theme", "area", "weekday", "shift", "count"]


class Clock:
    """Counts incidents by theme, area, weekday (0: Monday) and shift (0: from midnight)."""

    def __init__(self, themes: list[str], codes: list[str]) -> None:
        """Count nothing yet."""
        self.themes, self.codes = themes, codes
        self.counts = np.zeros((len(themes), len(codes), WEEKDAYS, SHIFTS), dtype=np.int64)

    def add(self, theme: Numbers, area: NDArray[np.int32], moment: NDArray[np.datetime64]) -> None:
        """Count rows; each array has shape (rows,)."""
        hours = moment.astype("datetime64[h]").astype(np.int64)
        day, hour = np.divmod(hours, 24)
        place = (theme, area, (day + FIRST_WEEKDAY) % WEEKDAYS, hour // SHIFT_HOURS)
        flat = np.ravel_multi_index(place, self.counts.shape)
        self.counts += np.bincount(flat, minlength=self.counts.size).reshape(self.counts.shape)

    def table(self) -> pa.Table:
        """Return columns theme, area, weekday, shift and count, where there is any.

        >>> one, clock = np.array([0]), Clock(["drugs"], ["a"])
        >>> clock.add(one, one, np.array(["2025-01-08T17:30"], dtype="datetime64[m]"))
        >>> clock.table().to_pylist()
        [{'theme': 'drugs', 'area': 'a', 'weekday': 2, 'shift': 2, 'count': 1}]
        """
        theme, area, weekday, shift = np.nonzero(self.counts)
        names = (pa.array(one, pa.string()) for one in (self.themes, self.codes))
        named = [one.take(pa.array(at)) for one, at in zip(names, (theme, area), strict=True)]
        count = self.counts[theme, area, weekday, shift]
        return pa.table([*named, weekday, shift, count], names=COLUMNS)


def protect_moments(table: pd.DataFrame, few: set[str], seed: int) -> pd.DataFrame:
    """Return the counts that may be kept: every weekday and shift of each area that is shown.

    Areas with too few residents or incidents are counted together (area null), with those that
    have the fewest of the others until two areas and enough incidents are together. A count is
    rounded at random up or down to a multiple of five, so that on average it stays what it was.

    Args:
        table: as `Clock.table` gives it.
        few: areas with too few residents to be shown alone.
        seed: of the rounding; the same audit rounds the same way.
    """
    rng = np.random.default_rng([seed, 3])
    parts = [
        _rounded(_gathered(part, few), rng).assign(theme=theme)
        for theme, part in table.groupby("theme")
    ]
    return pd.concat([pd.DataFrame(columns=COLUMNS), *parts])[COLUMNS].reset_index(drop=True)


def _gathered(part: pd.DataFrame, few: set[str]) -> pd.DataFrame:
    """Return counts of shape (areas, classes); the area is "" where some are together."""
    totals = part.groupby("area")["count"].sum().sort_values(kind="stable")
    hidden = {one for one in totals.index if one in few or totals[one] < FEWEST_INCIDENTS}
    for one in totals.index:
        alone = len(hidden) < FEWEST or totals[list(hidden)].sum() < FEWEST_INCIDENTS
        if hidden and alone:
            hidden.add(one)
    area = part["area"].mask(part["area"].isin(hidden), "")
    told = part.assign(area=area, spot=part["weekday"] * SHIFTS + part["shift"])
    wide = told.pivot_table("count", "area", "spot", aggfunc="sum", fill_value=0)
    wide = wide.reindex(columns=range(CLASSES), fill_value=0)
    return wide[wide.sum(axis=1) >= FEWEST_INCIDENTS]


def _rounded(wide: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    lots = rng.integers(SMALLEST_COUNT, size=wide.shape)
    rounded = (wide.to_numpy() + lots) // SMALLEST_COUNT * SMALLEST_COUNT
    weekday, shift = np.divmod(np.arange(CLASSES), SHIFTS)
    areas = [one or None for one in wide.index]
    return pd.DataFrame(
        {
            "area": [one for one in areas for _ in range(CLASSES)],
            "weekday": np.tile(weekday, len(wide)),
            "shift": np.tile(shift, len(wide)),
            "count": rounded.ravel(),
        }
    )
