"""Do two fields on the map go together more than two clustered fields do by chance?

Cells are no separate observations: fields that are each clustered but have nothing to do with
each other go together somewhere by chance. Shuffling cells forgets that. Measured on 7,200
independent pairs, by a test at 5 % (docs/measured/permutation.md, with each setting):

| method | rejects | worst settings |
|---|---|---|
| "shuffle", cells in any order | 46.4 % | 80 % |
| "blocks" | 7.7 % | 10 to 14 % where clusters are wide on the map |
| "torus" | 6.0 % | 9 %, small map with a river |
| "shift" | 5.1 % | 4.5 % on 40x40, 6.3 % on 110x110 |
| "spectral" | 5.3 % | 5.5 % on 40x40, 5.0 % on 110x110 |

So use "spectral", which is the default: it alone held its level on small and on large maps, whole
and with a river; it finds about as much as the others and covers every cell. It costs about five
times what "shift" does. Move the share, not the flags: that is what was measured. "blocks" and
"shuffle" are for comparison, not for a verdict.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.draws import DrawnP, batches
from cas_audit.inference.surrogates import Method, surrogates

__all__ = ["Association", "Statistic", "association", "log_exposure_ratio", "pearson"]

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], Floats]
SMALL = 1e-12  # of a sum of squares: a variance this small is what rounding leaves of none
TIE = 1 - 1e-9


@dataclass(frozen=True)
class Association:
    """A statistic of two fields, with its two-sided p-value under independence.

    `undefined` counts the draws on which the statistic could not be computed. Each counts as
    extreme, so many of them hide an association: of "shift" where few flags are left on the map.
    """

    estimate: float
    drawn: DrawnP
    undefined: int
    method: Method


def pearson(moved: Floats, held: Floats) -> Floats:
    """Return the correlation of each row of `moved` with `held`, over the cells with a value.

    NaN where either is constant over those cells.

    >>> import numpy as np
    >>> fields = np.array([[1.0, 2, 3, np.nan], [1, 1, 1, 1]])
    >>> pearson(fields, np.array([3.0, 2, 1, 9])).round(9).tolist()
    [-1.0, nan]
    """
    has = np.isfinite(moved)
    x = np.where(has, moved - moved.mean(where=has), 0.0)
    y = held - held.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        n = has.sum(axis=1) / 1.0
        mean_x, mean_y = x.sum(axis=1) / n, has @ y / n
        square_x, square_y = np.einsum("bn,bn->b", x, x) / n, has @ y**2 / n
        spread_x, spread_y = square_x - mean_x**2, square_y - mean_y**2
        constant = (spread_x <= SMALL * square_x) | (spread_y <= SMALL * square_y)
        found = (x @ y / n - mean_x * mean_y) / np.sqrt(spread_x * spread_y)
    return np.where(constant, np.nan, found)


def log_exposure_ratio(moved: Floats, held: Floats) -> Floats:
    """Return the log of how much more of a group's residents than of others is flagged.

    Formula: log of (sum of f r s / sum of r s) / (sum of f r (1 - s) / sum of r (1 - s)), over
    the cells with a value, f flagged, r residents, s the group's share of them.

    Args:
        moved: the group's share per cell, shape (draws, n).
        held: flags and residents per cell, shape (n, 2).

    Returns:
        Shape (draws,), NaN where one of the two is exposed to nothing.

    >>> import numpy as np
    >>> held = np.array([[1.0, 10], [0, 10]])
    >>> log_exposure_ratio(np.array([[0.5, 0.5], [0, 0]]), held).tolist()
    [0.0, nan]
    """
    has = np.isfinite(moved)
    flags, residents = held.T
    group = np.where(has, moved, 0.0) * residents
    other = has * residents - group
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = [part @ flags / part.sum(axis=1) for part in (group, other)]
        found: Floats = np.log(rates[0] / rates[1])
    return np.where(np.isfinite(found), found, np.nan)


def association(
    moved: Floats,
    held: Floats,
    kept: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    statistic: Statistic = pearson,
    method: Method = "spectral",
    draws: int = 999,
    side: int | None = None,
) -> Association:
    """Test whether two fields go together more than clustered fields do by chance.

    Formula: with T(0) of the map and T(1) to T(B) of surrogates of one field, on n(b) cells,
    each is set at S(b) = |T(b) - mean of all T| sqrt(n(b)), and p = (1 + k) / (1 + B), with k of
    the S(b) at least S(0). The root makes up for surrogates that cover fewer cells (Mrkvička et
    al., 2021); the rule for p is that of Phipson & Smyth (2010).
    Null: the two fields are independent, and the moved one is stationary: it is as clustered
    and as high anywhere on the map. Not that cells are exchangeable.
    Estimand ("beyond this city"): association in the process of which this map is one draw. It
    is not about the size of an exposure on this map, which is exact.

    Limits: an association of two fields is no cause. Where the map is only a few times as wide as
    its clusters, no method knows much: see the module for what was measured. A gradient over
    the whole city is no stationary field, and makes p too small.

    Args:
        moved: the field to draw surrogates of, shape (n,), kept cells read row by row; of a
            share and flags, the share.
        held: what stays in place, shape (n,), or (n, k) if the statistic asks for more.
        kept: which cells of the grid are kept, shape (rows, columns).
        rng: source of the draws.
        statistic: of (moved, held) for each row of moved, without the cells where it is NaN.
        method: how surrogates are drawn; see the module `surrogates`.
        draws: how many surrogates.
        side: of "blocks": cells along a side of a block.
    """
    found, cells = [statistic(moved[None, :], held)], [np.array([moved.size])]
    for batch in batches(draws, moved.size):
        drawn = surrogates(moved, kept, method, batch, rng, side=side)
        found.append(statistic(drawn, held))
        cells.append(np.isfinite(drawn).sum(axis=1))
    distance = _distance(np.concatenate(found), np.concatenate(cells))
    undefined = int(np.isnan(distance[1:]).sum())
    return Association(float(found[0][0]), _p(distance), undefined, method)


def _distance(found: Floats, cells: NDArray[np.int64]) -> Floats:
    """Return how far each is from the mean of all, in units of what its cells let expect."""
    defined = np.isfinite(found)
    if not defined[0]:
        return np.full(found.shape, np.nan)
    distance: Floats = np.abs(found - found[defined].mean()) * np.sqrt(cells)
    return distance


def _p(distance: Floats) -> DrawnP:
    """Return the p-value of the first among all; an undefined one counts as extreme."""
    drawn = distance[1:]
    if np.isnan(distance[0]):
        return DrawnP(float("nan"), float("nan"), drawn.size)
    p = (1 + int((~(drawn < distance[0] * TIE)).sum())) / (1 + drawn.size)
    return DrawnP(p, (p * (1 - p) / drawn.size) ** 0.5, drawn.size)
