"""The panel: incidents as an array over weeks and the grid, held by xarray."""

import numpy as np
import pandas as pd
import xarray as xr

__all__ = ["build_panel"]


def build_panel(
    incidents: pd.DataFrame, weeks: pd.DatetimeIndex, rows: int, columns: int
) -> xr.DataArray:
    """Count incidents per week and cell.

    Args:
        incidents: columns cell (row * columns + column), week (Monday) and count, of one theme.
        weeks: every Monday of the history, sorted.
        rows: rows of the grid.
        columns: columns of the grid.

    Returns:
        Counts, dimensions (period, y, x), float32. Incidents outside `weeks` are not counted.

    >>> table = pd.DataFrame({"cell": [3], "week": [pd.Timestamp("2025-01-06")], "count": [2]})
    >>> float(build_panel(table, pd.DatetimeIndex(["2025-01-06"]), 2, 2).sel(y=1, x=1).sum())
    2.0
    """
    counts = np.zeros((len(weeks), rows * columns), dtype=np.float32)
    week = weeks.get_indexer(pd.DatetimeIndex(incidents["week"]))
    known = week >= 0
    cells = incidents["cell"].to_numpy()[known]
    np.add.at(counts, (week[known], cells), incidents["count"].to_numpy()[known])
    coordinates = {"period": weeks, "y": np.arange(rows), "x": np.arange(columns)}
    return xr.DataArray(counts.reshape(len(weeks), rows, columns), coordinates, list(coordinates))
