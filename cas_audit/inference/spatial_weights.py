"""Who is a neighbour of whom, on a grid of which some cells are kept."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["contiguity", "islands"]

SIDES = [(0, 1), (1, 0)]
CORNERS = [(1, 1), (1, -1)]


def contiguity(
    kept: NDArray[np.bool_], kind: Literal["queen", "rook"] = "queen", *, standardised: bool = True
) -> sparse.csr_array:
    """Return the weights of the kept cells of a grid.

    A cell's neighbours share a side with it ("rook", at most 4) or a side or corner ("queen", at
    most 8). Standardised, the weights of a cell add up to one, so that its lag is the mean of its
    neighbours; else each weight is one. A cell without neighbours, an island, keeps a row of
    zeros: what is computed from its neighbours is undefined.

    Args:
        kept: which cells are kept, shape (rows, columns). Leave cells without a value out.
        kind: queen or rook.
        standardised: whether the weights of a cell add up to one.

    Returns:
        Weights of shape (n, n), cells in the order of `kept` read row by row.

    >>> import numpy as np
    >>> contiguity(np.ones((1, 3), dtype=bool)).toarray().tolist()
    [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    pairs = [_pairs(kept, *step) for step in SIDES + (CORNERS if kind == "queen" else [])]
    one, other = np.concatenate(pairs, axis=1)
    cells = int(kept.sum())
    ends = (np.concatenate([one, other]), np.concatenate([other, one]))
    weights = sparse.csr_array((np.ones(ends[0].size), ends), shape=(cells, cells))
    if not standardised:
        return weights
    degree = np.maximum(weights.sum(axis=1), 1)
    return sparse.csr_array(sparse.diags_array(1 / degree) @ weights)


def islands(weights: sparse.csr_array) -> NDArray[np.bool_]:
    """Say which cells have no neighbour.

    >>> import numpy as np
    >>> islands(contiguity(np.array([[True, False, True, True]]))).tolist()
    [True, False, False]
    """
    return np.asarray(weights.sum(axis=1) == 0)


def _pairs(kept: NDArray[np.bool_], down: int, right: int) -> NDArray[np.int64]:
    """Return the numbers of kept cells and of the kept cell one step from each, shape (2, m)."""
    number = np.full(kept.shape, -1)
    number[kept] = np.arange(kept.sum())
    rows, columns = kept.shape
    here = number[: rows - down, max(-right, 0) : columns - max(right, 0)]
    there = number[down:, max(right, 0) : columns + min(right, 0)]
    both = (here >= 0) & (there >= 0)
    return np.stack([here[both], there[both]])
