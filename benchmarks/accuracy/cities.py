"""Real cities as arrays: incidents per theme, week and cell; only full weeks, from a Monday on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyogrio import read_dataframe
from pyproj import Transformer

from cas_audit.forecast.panel import build_panel
from cas_audit.ingest.grid import Grid, build_grid, keep_cells

CELL_SIZE_M = 125.0


@dataclass(frozen=True)
class City:
    """Counts per theme, shape (weeks, rows, columns); the test is the last 52 weeks."""

    name: str
    themes: Mapping[str, NDArray[np.float32]]
    kept: NDArray[np.bool_]


def earlier(city: City, weeks: int) -> City:
    """Return the city as it stood so many weeks before: what a model is developed on."""
    stop = len(next(iter(city.themes.values()))) - weeks
    return City(city.name, {name: one[:stop] for name, one in city.themes.items()}, city.kept)


def toronto() -> City:
    """Four themes from 6 January 2014 to 29 December 2019: the test is 2019."""
    folder = _folder("toronto")
    areas = read_dataframe(folder / "toronto_neighbourhoods_140_profile2016.geojson")
    rows = pd.read_parquet(folder / "toronto_mci_2014_2021.parquet")
    names = ("Break and Enter", "Robbery", "Auto Theft", "Assault")
    parts = {name: rows[rows["type"] == name] for name in names}
    points = {name.lower(): (one["date"], one["lon"], one["lat"]) for name, one in parts.items()}
    return _count("Toronto", (areas, "EPSG:32617"), points, "EPSG:4326", ("2014-01-06", 312))


def portland() -> City:
    """Two themes from 5 March 2012 to 28 May 2017: the test is the last 52 weeks."""
    folder = _folder("portland")
    areas = read_dataframe(folder / "Portland_Police_Districts.shp").set_crs("EPSG:2913")
    points = {}
    for name, file in (("burglary", "crimes_bur"), ("vehicle theft", "crimes_veh")):
        rows = pd.read_csv(folder / f"{file}.csv")
        points[name] = (rows["occ_date"], rows["x_coordina"], rows["y_coordina"])
    return _count("Portland", (areas, "EPSG:32610"), points, "EPSG:2913", ("2012-03-05", 273))


def _folder(name: str) -> Path:
    return Path(os.environ["CAS_AUDIT_DATA"]) / name


def _count(
    name: str,
    ground: tuple["pd.DataFrame", str],
    points: "Mapping[str, tuple[pd.Series[str], pd.Series[float], pd.Series[float]]]",
    crs: str,
    span: tuple[str, int],
) -> City:
    areas, metres = ground
    areas = areas.assign(number=range(len(areas)))
    grid = build_grid(areas, metres, CELL_SIZE_M, name)
    kept = np.zeros((grid.rows, grid.columns), dtype=bool)
    kept.ravel()[keep_cells(grid, areas, "number", name)["cell"]] = True
    weeks = pd.date_range(span[0], periods=span[1], freq="7D")
    to_metres = Transformer.from_crs(crs, metres, always_xy=True)
    themes = {}
    for theme, (date, x, y) in points.items():
        cell = grid.cell(*to_metres.transform(x.to_numpy(), y.to_numpy()))
        themes[theme] = _panel(pd.to_datetime(date), cell, (grid, kept), weeks)
    return City(name, themes, kept)


def _panel(
    date: "pd.Series[pd.Timestamp]",
    cell: NDArray[np.int64],
    ground: tuple[Grid, NDArray[np.bool_]],
    weeks: pd.DatetimeIndex,
) -> NDArray[np.float32]:
    grid, kept = ground
    monday = date - pd.to_timedelta(date.dt.weekday, unit="D")
    table = pd.DataFrame({"cell": cell, "week": monday.dt.normalize(), "count": 1.0})
    counts = build_panel(table[cell >= 0], weeks, grid.rows, grid.columns).to_numpy()
    counts[:, ~kept] = 0
    found: NDArray[np.float32] = counts
    return found
