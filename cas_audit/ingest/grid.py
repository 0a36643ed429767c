"""The grid: square cells over the areas, and points put in cells by arithmetic."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from cas_audit.errors import ContractError

__all__ = ["Grid", "build_grid", "demand_crs", "keep_cells"]

MOST_CELLS = 20_000_000
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A grid in metres: cell = row * columns + column, row 0 in the south."""

    crs: str
    cell_size_m: float
    x0: float
    y0: float
    rows: int
    columns: int

    def cell(self, x: Numbers, y: Numbers) -> NDArray[np.int64]:
        """Return the cell of each point, -1 outside the grid or where a coordinate is NaN."""
        column = np.floor((x - self.x0) / self.cell_size_m)
        row = np.floor((y - self.y0) / self.cell_size_m)
        inside = (column >= 0) & (column < self.columns) & (row >= 0) & (row < self.rows)
        found = np.where(inside, row * self.columns + column, -1)
        return found.astype(np.int64)

    def plain(self) -> dict[str, Any]:
        """Return the grid as JSON."""
        return asdict(self)


def demand_crs(name: str, where: str) -> None:
    """Refuse a CRS that is not known.

    Raises:
        ContractError: naming where it stands.
    """
    try:
        CRS.from_user_input(name)
    except CRSError:
        message = f"{where}: unknown crs {name}; expected one such as EPSG:28992."
        raise ContractError(message) from None


def build_grid(areas: Any, crs: str, cell_size_m: float) -> Grid:  # noqa: ANN401 - GeoDataFrame
    """Lay a grid, aligned to multiples of the cell size, over the areas.

    Raises:
        ContractError: the areas span more cells than any country, so the CRS must be wrong.
    """
    bounds = areas.to_crs(crs).total_bounds
    if not np.isfinite(bounds).all():
        message = f"The areas reach beyond where {crs} is defined; expected areas within it."
        raise ContractError(message)
    west, south, east, north = bounds
    x0, y0 = (float(np.floor(edge / cell_size_m) * cell_size_m) for edge in (west, south))
    columns, rows = (
        int(np.ceil((edge - start) / cell_size_m)) for edge, start in ((east, x0), (north, y0))
    )
    if not 0 < columns * rows <= MOST_CELLS:
        message = f"The areas span {columns} by {rows} cells; expected at most {MOST_CELLS} in all."
        raise ContractError(message)
    return Grid(crs, cell_size_m, x0, y0, rows, columns)


def keep_cells(grid: Grid, areas: Any, name: str) -> pd.DataFrame:  # noqa: ANN401 - GeoDataFrame
    """Return the cells whose centre lies in an area.

    Args:
        grid: the grid.
        areas: outlines, with a column of area codes.
        name: that column.

    Returns:
        Columns cell, row, col, x_m, y_m (centre, metres in the grid's CRS) and area.
    """
    import geopandas  # noqa: PLC0415, TID251 - loaded only where outlines are met

    row, column = (part.ravel() for part in np.mgrid[: grid.rows, : grid.columns])
    x = grid.x0 + (column + 0.5) * grid.cell_size_m
    y = grid.y0 + (row + 0.5) * grid.cell_size_m
    cells = pd.DataFrame({"cell": row * grid.columns + column, "row": row, "col": column})
    cells = cells.assign(x_m=x, y_m=y)
    points = geopandas.GeoDataFrame(cells, geometry=geopandas.points_from_xy(x, y), crs=grid.crs)
    outlines = areas[[name, "geometry"]].to_crs(grid.crs)
    joined = points.sjoin(outlines, predicate="within").drop_duplicates("cell")
    kept = pd.DataFrame(joined.drop(columns=["geometry", "index_right"]))
    kept["area"] = kept.pop(name).astype(str)
    return kept.sort_values("cell", ignore_index=True)
