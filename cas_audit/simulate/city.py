"""A procedural city on RD New: cells, neighbourhoods, residents by group, and where crime falls.

No cell, name or number stands for a real place.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

__all__ = ["CELL_SIZE_M", "ORIGIN_M", "SIDE", "City", "build_city", "draw_intensity"]

CELL_SIZE_M = 125.0
ORIGIN_M = (110_000.0, 480_000.0)  # south-west corner, EPSG:28992
RANGE_CELLS = 2.0  # e-folding distance of the latent field
LOG_SD = 1.3
CELLS_A_NEIGHBOURHOOD = 110
INDUSTRIAL_SHARE = 0.015
SIDE = 115
RIVER_HALF_WIDTH = 0.03  # of the side
MEADOW_FROM = 0.53

Field = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class City:
    """The city; arrays are per cell of a square grid, row 0 in the south.

    Attributes:
        area: number of the neighbourhood, -1 where nobody lives or builds, shape (side, side).
        residents: residents per neighbourhood, shape (areas,).
        share_outside: share of residents born outside Europe or to parents so born, per area.
        share_europe: likewise for the rest of Europe.
    """

    area: Numbers
    residents: Numbers
    share_outside: Field
    share_europe: Field

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Cells that belong to a neighbourhood."""
        return self.area >= 0


def build_city(rng: np.random.Generator, side: int = SIDE) -> City:
    """Draw a city.

    Args:
        rng: the only source of chance.
        side: rows and columns of the grid; 115 gives about 12,000 kept cells.
    """
    kept = _outline(side)
    area = _neighbourhoods(rng, kept)
    areas = int(area.max()) + 1
    outside = rng.beta(1.2, 2.2, areas) * 0.7 + 0.03
    europe = rng.beta(2, 8, areas) * (0.95 - outside)
    cells = np.bincount(area[kept], minlength=areas)
    residents = np.round(cells * rng.gamma(8, 70 / 8, areas)).astype(np.int64)
    industrial = rng.choice(areas, max(1, round(areas * INDUSTRIAL_SHARE)), replace=False)
    residents[industrial] = 0
    return City(area, residents, outside, europe)


def _outline(side: int) -> NDArray[np.bool_]:
    """Drop a river and the meadows at the corners."""
    row, column = np.mgrid[:side, :side] / (side - 1)
    river = np.abs(row - 0.45 - 0.08 * np.sin(5 * column)) < RIVER_HALF_WIDTH
    meadow = (np.abs(row - 0.5) ** 4 + np.abs(column - 0.5) ** 4) ** 0.25 > MEADOW_FROM
    kept: NDArray[np.bool_] = ~(river | meadow)
    return kept


def _neighbourhoods(rng: np.random.Generator, kept: NDArray[np.bool_]) -> Numbers:
    """Give each kept cell the nearest of as many random centres."""
    cells = np.argwhere(kept)
    centres = cells[rng.choice(len(cells), max(4, len(cells) // CELLS_A_NEIGHBOURHOOD), False)]
    nearest = cKDTree(centres + rng.uniform(-0.4, 0.4, centres.shape)).query(cells)[1]
    area = np.full(kept.shape, -1, dtype=np.int64)
    area[kept] = np.unique(nearest, return_inverse=True)[1]
    return area


def draw_intensity(rng: np.random.Generator, city: City) -> Field:
    """Draw a log-Gaussian field of short range that has no link with who lives there.

    The log intensity is made orthogonal to the group share over kept cells, so that its
    correlation with the share is zero by construction, not by luck.

    Returns:
        Share of a week's incidents per cell, shape (side, side); sums to one.
    """
    kept, share = city.kept, city.share_outside[city.area[city.kept]]
    noise = ndimage.gaussian_filter(rng.standard_normal(kept.shape), RANGE_CELLS / 2**0.5)
    logs = noise[kept] - noise[kept].mean()
    centred = share - share.mean()
    logs -= centred * (logs @ centred) / (centred @ centred)
    intensity = np.zeros(kept.shape)
    intensity[kept] = np.exp(LOG_SD * logs / logs.std())
    normed: Field = intensity / intensity.sum()
    return normed
