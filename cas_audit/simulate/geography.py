"""Where the synthetic city lies: an invented outline, or the real quarters of Amsterdam.

Only outlines and residents are real there; crime is invented in either.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry import shape as outline_of

from cas_audit.errors import InputError
from cas_audit.simulate.city import CELL_SIZE_M, SIDE, build_city

__all__ = ["GROUPS", "Geography", "amsterdam", "invented"]

GROUPS = ("born_outside_europe", "born_europe", "born_netherlands")
OUTSIDE = ("imm_Sur", "imm_Ant", "imm_Tur", "imm_Mar", "imm_otherNW")
Field = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Geography:
    """Cells, neighbourhoods and residents; cells are counted from the south-west, row by row.

    Attributes:
        kept: cells that belong to a neighbourhood, shape (rows, columns).
        area: number of the neighbourhood of each kept cell, shape (cells,).
        residents: residents per kept cell of each of `GROUPS`, shape (groups, cells).
    """

    kept: NDArray[np.bool_]
    area: Numbers
    residents: Field

    @property
    def areas(self) -> int:
        """How many neighbourhoods there are."""
        return int(self.area.max()) + 1

    @property
    def share(self) -> Field:
        """Share of a cell's residents in each group, 0 where nobody lives; (groups, cells)."""
        people = self.residents.sum(0)
        share: Field = self.residents / np.where(people > 0, people, np.inf)
        return share

    @property
    def mix(self) -> Field:
        """As `share`; where nobody lives, the mix of the whole city: those who come there."""
        whole = self.residents.sum(1, keepdims=True) / self.residents.sum()
        mix: Field = np.where(self.residents.sum(0) > 0, self.share, whole)
        return mix


def invented(rng: np.random.Generator, side: int = SIDE) -> Geography:
    """Draw the outline, neighbourhoods and residents of the demonstration's kind of city.

    Args:
        rng: the only source of chance.
        side: rows and columns of the grid; 115 gives about 12,000 kept cells.
    """
    city = build_city(rng, side)
    outside, europe = city.share_outside, city.share_europe
    shares = np.stack([outside, europe, 1 - outside - europe])
    groups: Field = shares * city.residents
    return _spread(city.kept, city.area[city.kept], groups)


def amsterdam(path: Path) -> Geography:
    """Lay 125 m cells over the quarters of Amsterdam, with their residents by origin in 2016.

    The source tells western from non-western origin. We take these for Europe and beyond, which
    is near but not the same: Turkey is non-western there, and Japan and North America western.

    Args:
        path: `amsterdam_wijken_kenmerken2016.geojson`, outlines in WGS84.

    Raises:
        InputError: the file does not hold the figures it should.
    """
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        groups = np.array([_people(feature["properties"]) for feature in features]).T
        outlines = [outline_of(feature["geometry"]) for feature in features]
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path.name}: no outlines with population and origin; expected those of 2016."
        raise InputError(message) from error
    to_rd = Transformer.from_crs("EPSG:4326", "EPSG:28992", always_xy=True)
    drawn = [shapely.transform(one, to_rd.transform, interleaved=False) for one in outlines]
    area = _rasterise(drawn)
    return _spread(area >= 0, area[area >= 0], groups)


def _people(properties: dict[str, float | None]) -> list[float]:
    """Return residents by group; an area without figures has none."""
    figures = [properties["population"], *(properties[name] for name in (*OUTSIDE, "imm_W"))]
    if any(one is None for one in figures):
        return [0.0, 0.0, 0.0]
    population, *percent = (float(one or 0) for one in figures)
    outside, europe = sum(percent[:-1]), percent[-1]
    return [population * part / 100 for part in (outside, europe, 100 - outside - europe)]


def _rasterise(outlines: list[shapely.Geometry]) -> Numbers:
    """Return the area in which the centre of each cell lies, -1 outside all."""
    west, south, east, north = shapely.total_bounds(outlines) // CELL_SIZE_M
    columns, rows = np.arange(west, east + 1), np.arange(south, north + 1)
    x, y = np.meshgrid((columns + 0.5) * CELL_SIZE_M, (rows + 0.5) * CELL_SIZE_M)
    points = shapely.points(x.ravel(), y.ravel())
    point, area = shapely.STRtree(outlines).query(points, predicate="within")
    found = np.full(points.size, -1, dtype=np.int64)
    found[point] = area
    return found.reshape(x.shape)


def _spread(kept: NDArray[np.bool_], area: Numbers, groups: Field) -> Geography:
    """Spread the residents of an area evenly over its cells, as ingest does."""
    cells = np.bincount(area, minlength=groups.shape[1])
    return Geography(kept, area, (groups / np.maximum(cells, 1))[:, area])
