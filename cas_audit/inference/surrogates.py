"""Fields as they might have been: drawn anew, with about the autocorrelation of the one at hand.

Two fields that are each clustered go together somewhere by chance. To know how much, one of them
is moved over the map as a whole, so that it stays as clustered as it is while whatever tied it
to the other is broken. Five ways:

- "shuffle": cells in any order. Keeps no autocorrelation: here to show what goes wrong.
- "torus": moved by a random step, what leaves the map on one side comes in on the other.
- "shift": moved by a random step of at most half the map, what leaves it is lost
  (Mrkvička, Dvořák, González & Mateu, 2021, Spatial Statistics 42: 100430).
- "spectral": Moran spectral randomisation (Wagner & Dray, 2015, Methods in Ecology and
  Evolution 6: 1169-1178), by pairs: the field is a sum of waves on the grid, and each pair of
  waves of about equal length is turned by a random angle. The waves are the eigenvectors of the
  rook Laplacian of the rectangle around the map, which are cosines (Strang, 1999, SIAM Review
  41: 135-147), so no matrix is formed. Then the values are put in rank order, so
  that the surrogate holds the same values.
- "blocks": square blocks change places, each turned and mirrored at random; the lattice
  they are cut on starts at a random point.

On a map with holes "torus" and "shift" leave cells without a value (NaN); "spectral" and
"blocks" first give holes the value of the nearest kept cell.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

__all__ = ["METHODS", "Method", "surrogates"]

Floats = NDArray[np.float64]
Grid = NDArray[np.bool_]
Method = Literal["shuffle", "torus", "shift", "spectral", "blocks"]


def surrogates(
    field: Floats,
    kept: Grid,
    method: Method,
    draws: int,
    rng: np.random.Generator,
    *,
    side: int | None = None,
) -> Floats:
    """Return surrogates of a field.

    Args:
        field: one value per kept cell, read row by row, shape (n,).
        kept: which cells of the grid are kept, shape (rows, columns).
        method: how to draw; see the module.
        draws: how many.
        rng: source of the draws.
        side: cells along a side of a block; a quarter of the map's shorter side if not given.

    Returns:
        Array of shape (draws, n), NaN where a surrogate has no value.

    >>> rng = np.random.default_rng(1)
    >>> surrogates(np.arange(4.0), np.ones((1, 4), dtype=bool), "torus", 1, rng).tolist()
    [[2.0, 3.0, 0.0, 1.0]]
    """
    rows, columns = (np.flatnonzero(kept.any(axis=axis)) for axis in (1, 0))
    kept = kept[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if method == "blocks":
        return _blocks(field, kept, draws, rng, side or max(-(-min(kept.shape) // 4), 1))
    return METHODS[method](field, kept, draws, rng)


def _shuffle(field: Floats, _: Grid, draws: int, rng: np.random.Generator) -> Floats:
    return rng.permuted(np.tile(field, (draws, 1)), axis=1)


def _torus(field: Floats, kept: Grid, draws: int, rng: np.random.Generator) -> Floats:
    """Move by any step but none, around the torus."""
    step = rng.integers(1, max(kept.size, 2), draws)
    down, right = np.divmod(step, kept.shape[1])
    row, column = (at[None, :] for at in np.nonzero(kept))
    grid = _on_grid(field, kept)
    row, column = row - down[:, None], column - right[:, None]
    moved: Floats = grid[row % kept.shape[0], column % kept.shape[1]]
    return moved


def _shift(field: Floats, kept: Grid, draws: int, rng: np.random.Generator) -> Floats:
    """Move by a step within the ellipse of half the map's height and width."""
    high, wide = (side // 2 for side in kept.shape)
    grid = np.pad(_on_grid(field, kept), ((high, high), (wide, wide)), constant_values=np.nan)
    angle, radius = rng.uniform(0, 2 * np.pi, draws), np.sqrt(rng.uniform(0, 1, draws))
    down = np.rint(high * radius * np.sin(angle)).astype(int)[:, None]
    right = np.rint(wide * radius * np.cos(angle)).astype(int)[:, None]
    row, column = (at[None, :] for at in np.nonzero(kept))
    moved: Floats = grid[row - down + high, column - right + wide]
    return moved


def _spectral(field: Floats, kept: Grid, draws: int, rng: np.random.Generator) -> Floats:
    """Turn pairs of waves of successive length, then put the values in rank order."""
    waves = fft.dctn(_filled(field, kept), norm="ortho")
    order = _by_length(kept.shape)[1:]  # the first wave is the mean
    ranked = np.sort(field)
    found = np.empty((draws, field.size))
    for draw in range(draws):
        turned = waves.copy()
        turned.flat[order] = _turned(waves.flat[order], rng)
        drawn = fft.idctn(turned, norm="ortho")[kept]
        found[draw, np.argsort(drawn)] = ranked
    return found


def _by_length(shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Return the flat numbers of the waves, longest first: by eigenvalue of the Laplacian."""
    down, right = (4 * np.sin(np.pi * np.arange(side) / (2 * side)) ** 2 for side in shape)
    return np.argsort(np.round(down[:, None] + right, 9).ravel(), kind="stable")


def _turned(waves: Floats, rng: np.random.Generator) -> Floats:
    """Turn each pair by a random angle; a last one alone is mirrored or not."""
    paired = np.append(waves, 0.0) if waves.size % 2 else waves
    size = np.hypot(paired[::2], paired[1::2])
    angle = rng.uniform(0, 2 * np.pi, size.size)
    turned = np.stack([size * np.cos(angle), size * np.sin(angle)], axis=1).ravel()
    if waves.size % 2:
        turned[-2] = waves[-1] * rng.choice([-1.0, 1.0])
    return turned[: waves.size]


def _blocks(field: Floats, kept: Grid, draws: int, rng: np.random.Generator, side: int) -> Floats:
    """Let blocks that hold a kept cell change places, turned and mirrored."""
    grid = _filled(field, kept)
    found = np.empty((draws, field.size))
    for draw in range(draws):
        pads = [_pad(length, side, rng) for length in kept.shape]
        blocks = _cut(np.pad(grid, pads, mode="edge"), side)
        used = np.flatnonzero(_cut(np.pad(kept, pads), side).any(axis=(1, 2)))
        moved = blocks.copy()
        moved[used] = _turn_each(blocks[rng.permutation(used)], rng)
        (top, _), (left, right) = pads
        whole = _join(moved, side, left + kept.shape[1] + right)
        found[draw] = whole[top : top + kept.shape[0], left : left + kept.shape[1]][kept]
    return found


def _pad(length: int, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """Return how much to add before and after, so that whole blocks fit from a random start."""
    before = int(rng.integers(side))
    return before, -(length + before) % side


def _cut(grid: NDArray[Any], side: int) -> NDArray[Any]:
    """Cut a grid into blocks, shape (blocks, side, side)."""
    rows, columns = (length // side for length in grid.shape)
    return grid.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def _join(blocks: Floats, side: int, columns: int) -> Floats:
    across = columns // side
    return blocks.reshape(-1, across, side, side).swapaxes(1, 2).reshape(-1, columns)


def _turn_each(blocks: Floats, rng: np.random.Generator) -> Floats:
    """Give each block one of the eight ways a square can lie."""
    ways = rng.integers(8, size=len(blocks))
    turned = blocks.copy()
    for way in range(8):
        one = np.rot90(blocks[ways == way], way % 4, axes=(1, 2))
        turned[ways == way] = one.swapaxes(1, 2) if way > 3 else one  # noqa: PLR2004
    return turned


def _on_grid(field: Floats, kept: Grid) -> Floats:
    grid = np.full(kept.shape, np.nan)
    grid[kept] = field
    return grid


def _filled(field: Floats, kept: Grid) -> Floats:
    """Return the field on the whole rectangle: a hole has the value of the nearest kept cell."""
    nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
    filled: Floats = _on_grid(field, kept)[tuple(nearest)]
    return filled


METHODS: dict[str, Callable[[Floats, Grid, int, np.random.Generator], Floats]] = {
    "shuffle": _shuffle,
    "torus": _torus,
    "shift": _shift,
    "spectral": _spectral,
}
