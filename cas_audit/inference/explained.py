"""How much of a field others tell in a part of the city that was not looked at.

A fit on cells next to those it is judged on has seen nearly the same; so whole wide blocks are left
out in turn, and each is judged by a fit on the others (spatial cross-validation: Roberts and
others, 2017, Ecography 40: 913-929).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.scores import Scores, across

__all__ = ["explained", "left_out_errors"]

Values = NDArray[np.float64]
RIDGE = 0.01  # of the variance of a feature: holds back those that say the same


def explained(
    field: Values,
    known: Values,
    features: Values,
    weight: Values,
    block: NDArray[np.int64],
) -> Scores:
    """Return the share of what `known` leaves open that features tell of a block never seen.

    Formula: 1 - E(known, features) / E(known), with E the weighted squared error in each block of
    a least-squares fit on all others. Below nought features mislead.
    Estimand ("beyond this city"): blocks as draws of a spatial process, so the two errors are sums
    over few wide blocks (`scores.across`); degrees of freedom follow from the weights alone.

    Limits: the fit is a straight line in each column. Fields that are smooth over several blocks
    go together by chance (`partial.partial_associations` says whether it is more than that).

    Args:
        field: what is to be told, shape (cells,).
        known: columns that are known in any case, besides a constant, shape (cells, m); may be 0.
        features: columns of which the worth is asked, shape (cells, k).
        weight: of each cell, at least nought, shape (cells,).
        block: the block of each cell, numbered from 0, same shape.
    """
    base = left_out_errors(field, known, np.empty((len(field), 0)), weight, block)
    more = left_out_errors(field, known, features, weight, block)
    size = np.bincount(block, weight, len(base)).astype(float) ** 2
    used = size > 0
    found = across((base - more)[used], base[used], size=size[used])
    return replace(
        found, top_off=_put(found.top_off, used), bottom_off=_put(found.bottom_off, used)
    )


def left_out_errors(
    field: Values,
    known: Values,
    features: Values,
    weight: Values,
    block: NDArray[np.int64],
    *,
    ridge: float = RIDGE,
) -> Values:
    """Return the weighted squared error in each block of a fit on all other blocks.

    Only the sums of products of each block are needed, no rows. Features are held back by `ridge`
    times their variance in the blocks that are fitted on; what is known is not.

    Args:
        field: as in `explained`.
        known: as in `explained`.
        features: as in `explained`.
        weight: as in `explained`.
        block: as in `explained`.
        ridge: of the variance of each feature.

    Returns:
        Shape (blocks,).
    """
    columns = np.column_stack([known, features, field])
    design = np.column_stack([np.ones(len(field)), _standard(columns, weight)])
    number, free = int(block.max()) + 1, 1 + known.shape[1]
    products = np.stack(
        [_products(design[block == one], weight[block == one]) for one in range(number)]
    )
    others = products.sum(axis=0) - products
    left, right = others[:, :-1, :-1], others[:, :-1, -1:]
    size = np.where(others[:, 0, 0] > 0, others[:, 0, 0], 1.0)
    spread = np.diagonal(left, axis1=1, axis2=2) - left[:, 0, :] ** 2 / size[:, None]
    spread[:, :free] = 0.0
    held = left + ridge * spread[:, :, None] * np.eye(left.shape[1])
    slope = np.linalg.pinv(held, hermitian=True) @ right
    off = np.concatenate([-slope, np.ones((number, 1, 1))], axis=1)
    errors: Values = (off.swapaxes(1, 2) @ products @ off)[:, 0, 0]
    whole: Values = errors * _variance(field, weight)  # the field was set to a variance of one
    return whole


def _put(values: Values, used: NDArray[np.bool_]) -> Values:
    """Return values of the blocks that are used in the places of all, so that all have as many."""
    found = np.zeros(len(used))
    found[used] = values
    return found


def _products(rows: Values, weight: Values) -> Values:
    found: Values = rows.T @ (rows * weight[:, None])
    return found


def _standard(columns: Values, weight: Values) -> Values:
    """Set columns to mean nought and variance one, so that sums of products keep their digits."""
    off = columns - np.average(columns, axis=0, weights=weight)
    size = np.sqrt(np.average(off**2, axis=0, weights=weight))
    found: Values = off / np.where(size > 0, size, 1.0)
    return found


def _variance(field: Values, weight: Values) -> float:
    mean = np.average(field, weights=weight)
    return float(np.average((field - mean) ** 2, weights=weight))
