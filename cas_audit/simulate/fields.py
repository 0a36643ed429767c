"""Fields over the grid whose values are alike nearby, in five kinds with one meaning of range.

The range is the distance in cells at which the correlation has fallen to 1/e, whatever the kind.
"""

from collections.abc import Callable
from math import ceil, e, log, sqrt
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.optimize import brentq
from scipy.spatial import cKDTree

from cas_audit.errors import InputError

__all__ = ["KINDS", "Kind", "draw_fields"]

Field = NDArray[np.float64]
Kind = Literal["exponential", "gaussian", "matern", "patches", "ridges"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PAD_RANGES = 6  # beyond it even the exponential correlation is below 0.003
MATERN = float(brentq(lambda a: (1 + a) * np.exp(-a) - 1 / e, 1, 5))
# Of a Poisson-Voronoi pattern with one centre a unit of area, two points 0.588 apart share a
# patch with probability 1/e: the integral of exp(-area of the union of two discs), by quadrature.
PATCH_UNIT = 0.5879775
RIDGE_STEEP = 8.0  # the ridge is exp(-RIDGE_STEEP g^2 / 2), highest where a smooth field g is 0

CORRELATION: dict[str, Callable[[Field], Field]] = {
    "exponential": lambda d: np.exp(-d),
    "gaussian": lambda d: np.exp(-(d**2)),
    "matern": lambda d: (1 + MATERN * d) * np.exp(-MATERN * d),
}


def draw_fields(
    rng: np.random.Generator,
    shape: tuple[int, int],
    kind: Kind,
    range_cells: float,
    number: int = 1,
) -> Field:
    """Draw independent stationary fields of mean 0 and variance 1 over many draws.

    `exponential` is rough, `gaussian` very smooth, `matern` (smoothness 3/2) between the two.
    `patches` has one value in each patch of a Poisson-Voronoi pattern, as quarters of a town.
    `ridges` is high along winding lines, as shopping streets.

    Args:
        rng: the only source of chance.
        shape: rows and columns.
        kind: how a place resembles its surroundings.
        range_cells: distance at which the correlation is 1/e.
        number: how many fields.

    Returns:
        Shape (number, rows, columns).

    Raises:
        InputError: an unknown kind, or a range that is not above zero.
    """
    if kind not in KINDS or not range_cells > 0:
        message = (
            f"Field {kind} of range {range_cells}; expected one of {KINDS} and a range above 0."
        )
        raise InputError(message)
    if kind == "patches":
        return np.stack([_patches(rng, shape, range_cells) for _ in range(number)])
    if kind == "ridges":
        return _ridges(rng, shape, range_cells, number)
    return _gaussian(rng, shape, CORRELATION[kind], range_cells, number)


def _gaussian(
    rng: np.random.Generator,
    shape: tuple[int, int],
    correlation: Callable[[Field], Field],
    range_cells: float,
    number: int,
) -> Field:
    """Colour white noise on a torus so wide that its far side is not felt (Dietrich & Newsam)."""
    padded = [fft.next_fast_len(size + ceil(PAD_RANGES * range_cells), real=True) for size in shape]
    steps = [np.minimum(np.arange(size), size - np.arange(size)) for size in padded]
    distance = np.hypot(steps[0][:, None], steps[1][None, :]) / range_cells
    power = np.maximum(fft.rfft2(correlation(distance)).real, 0)
    noise = rng.standard_normal((number, *padded))
    coloured = fft.irfft2(fft.rfft2(noise) * np.sqrt(power), s=padded)
    fields: Field = coloured[:, : shape[0], : shape[1]]
    return fields


def _patches(rng: np.random.Generator, shape: tuple[int, int], range_cells: float) -> Field:
    pad = PAD_RANGES * range_cells
    low, high = np.full(2, -pad), np.array(shape) + pad
    expected = float(np.prod(high - low)) * (PATCH_UNIT / range_cells) ** 2
    centres = rng.uniform(low, high, (max(1, rng.poisson(expected)), 2))
    cells = np.indices(shape).transpose(1, 2, 0)
    patch = cKDTree(centres).query(cells)[1]
    field: Field = rng.standard_normal(len(centres))[patch]
    return field


def _ridges(
    rng: np.random.Generator, shape: tuple[int, int], range_cells: float, number: int
) -> Field:
    """Bend a smooth field into ridges; its range is chosen so that the ridges have theirs.

    With r the correlation of the smooth field g at two places, the mean of the product of two
    ridges is ((1 + a)^2 - a^2 r^2)^(-1/2), from the Gaussian integral, where a is the steepness.
    """
    square, mean = _ridge_product(1.0), _ridge_product(0.0)
    wanted = mean + (square - mean) / e
    latent = brentq(lambda r: _ridge_product(r) - wanted, 0, 1)
    smooth = _gaussian(
        rng, shape, CORRELATION["gaussian"], range_cells / sqrt(-log(latent)), number
    )
    ridges: Field = (np.exp(-RIDGE_STEEP * smooth**2 / 2) - sqrt(mean)) / sqrt(square - mean)
    return ridges


def _ridge_product(r: float) -> float:
    return float(((1 + RIDGE_STEEP) ** 2 - (RIDGE_STEEP * r) ** 2) ** -0.5)
