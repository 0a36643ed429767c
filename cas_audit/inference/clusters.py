"""Clusters of rows that nobody named: by what varies most among them, halved and halved again.

Principal direction divisive partitioning (Boley 1998, Data Mining and Knowledge Discovery 2:
325-344), here at the median. Nothing is drawn and no outcome is looked at, so the same rows give
the same clusters in any order.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["halve", "standing_out"]

Values = NDArray[np.float64]
Members = NDArray[np.bool_]
DIGITS = 9


def halve(rows: Values, depth: int, fewest: int) -> Members:
    """Return the clusters, from the two halves of all rows down to the smallest parts.

    Args:
        rows: shape (rows, columns), in units that can be compared; missing nowhere.
        depth: how often to halve.
        fewest: rows in a cluster; a part that cannot be cut into two of these stays whole.

    Returns:
        Shape (clusters, rows); a cluster lies within the one it was cut from.

    >>> halve(np.array([[0.0], [1.0], [9.0], [8.0]]), 1, 1).tolist()
    [[True, True, False, False], [False, False, True, True]]
    """
    found, parts = [], [np.ones(len(rows), dtype=bool)]
    for _ in range(depth):
        parts = [half for part in parts for half in _cut(rows, part, fewest)]
        found += parts
    return np.array(found).reshape(len(found), len(rows))


def standing_out(rows: Values, members: Members) -> tuple[int, float]:
    """Return the column in which a cluster differs most from the rest, and by how much.

    In standard deviations of all rows; above nought where the cluster has more.
    """
    apart = rows[members].mean(axis=0) - rows[~members].mean(axis=0)
    spread = rows.std(axis=0)
    off = np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0)
    column = int(np.abs(off).round(DIGITS).argmax())
    return column, float(off[column])


def _cut(rows: Values, part: Members, fewest: int) -> list[Members]:
    """Cut a part in two across what varies most in it; equal rows stay together."""
    inside = rows[part] - rows[part].mean(axis=0)
    along = (inside @ _direction(inside)).round(DIGITS)
    lower = along <= np.median(along)
    if along.max(initial=0.0) <= np.median(along):  # half of them or more are the highest
        lower = along < np.median(along)
    if min(lower.sum(), (~lower).sum()) < fewest:
        return []
    halves = [np.zeros(len(rows), dtype=bool) for _ in range(2)]
    for half, chosen in zip(halves, (lower, ~lower), strict=True):
        half[np.flatnonzero(part)[chosen]] = True
    return halves


def _direction(rows: Values) -> Values:
    """Return the first principal direction; its sign by its largest part, so that it is one."""
    longest: Values = np.linalg.eigh(rows.T @ rows)[1][:, -1]
    found: Values = longest * np.sign(longest[np.abs(longest).round(DIGITS).argmax()])
    return found
