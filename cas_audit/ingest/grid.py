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
MOST_SHARED = 0.01  # of the cells: outlines that were simplified overlap a little
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


def build_grid(areas: Any, crs: str, cell_size_m: float, shown: str) -> Grid:  # noqa: ANN401
    """Lay a grid, aligned to multiples of the cell size, over the areas (a GeoDataFrame).

    `shown` is what a message calls their source.

    Raises:
        ContractError: the areas span more cells than any country, so the CRS must be wrong.
    """
    bounds = areas.to_crs(crs).total_bounds
    if not np.isfinite(bounds).all():
        message = (
            f"{shown}: the areas reach beyond where {crs} is defined; expected them within it."
        )
        raise ContractError(message)
    west, south, east, north = bounds
    x0, y0 = (float(np.floor(edge / cell_size_m) * cell_size_m) for edge in (west, south))
    columns, rows = (
        int(np.ceil((edge - start) / cell_size_m)) for edge, start in ((east, x0), (north, y0))
    )
    if not 0 < columns * rows <= MOST_CELLS:
        message = (
            f"{shown}: the areas span {columns} by {rows} cells; "
            f"expected at most {MOST_CELLS} in all."
        )
        raise ContractError(message)
    return Grid(crs, cell_size_m, x0, y0, rows, columns)


def keep_cells(grid: Grid, areas: Any, name: str, shown: str) -> pd.DataFrame:  # noqa: ANN401
    """Return the cells whose centre lies in an area.

    Args:
        grid: the grid.
        areas: a GeoDataFrame of outlines, with a column of area codes.
        name: that column.
        shown: what a message calls their source.

    Returns:
        Columns cell, row, col, x_m, y_m (centre, metres in the grid's CRS) and area.

    Raises:
        ContractError: areas overlap, so that residents would be counted in the wrong place.
    """
    inside = [_inside(grid, outline) for outline in areas.geometry.to_crs(grid.crs)]
    codes = areas[name].astype(str).to_numpy(object)
    found = pd.DataFrame(
        {"cell": np.concatenate(inside), "area": np.repeat(codes, list(map(len, inside)))}
    ).sort_values(["cell", "area"])
    _demand_apart(found["cell"], shown)
    kept = found.drop_duplicates("cell", ignore_index=True)
    row, column = np.divmod(kept["cell"].to_numpy(), grid.columns)
    x = grid.x0 + (column + 0.5) * grid.cell_size_m
    y = grid.y0 + (row + 0.5) * grid.cell_size_m
    places = {"cell": kept["cell"], "row": row, "col": column, "x_m": x, "y_m": y}
    return pd.DataFrame({**places, "area": kept["area"].astype(str)})


def _inside(grid: Grid, outline: Any) -> NDArray[np.int64]:  # noqa: ANN401 - of shapely
    """Return the cells whose centre lies in an outline; only those in its bounds are looked at."""
    import shapely  # noqa: PLC0415 - loaded only where outlines are met

    size, (west, south, east, north) = grid.cell_size_m, outline.bounds
    first = np.floor((np.array([south, west]) - (grid.y0, grid.x0)) / size).astype(int)
    last = np.ceil((np.array([north, east]) - (grid.y0, grid.x0)) / size).astype(int)
    row, column = (part.ravel() for part in np.mgrid[first[0] : last[0], first[1] : last[1]])
    x, y = grid.x0 + (column + 0.5) * size, grid.y0 + (row + 0.5) * size
    shapely.prepare(outline)
    found: NDArray[np.int64] = (row * grid.columns + column)[shapely.contains_xy(outline, x, y)]
    return found


def _demand_apart(cells: "pd.Series[int]", shown: str) -> None:
    shared, number = int(cells[cells.duplicated()].nunique()), cells.nunique()
    if shared > MOST_SHARED * number:
        message = (
            f"{shown}: areas overlap, {shared} of {number} cells lie in more than one; "
            f"expected each cell in one area."
        )
        raise ContractError(message)
