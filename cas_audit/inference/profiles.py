"""Profiles over classes, of areas that have few counts each: shrunk towards that of all together.

Areas differ as a Dirichlet-multinomial says: the share of a class varies between areas with
variance `rho * p * (1 - p)`, where rho is one over one plus the concentration. It is estimated from
how far areas lie from the whole, by moments (Weir & Cockerham's form); nothing is chosen.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Profiles", "shrink"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Profiles:
    """The profile of the whole, shape (classes,), and of each area, shape (areas, classes).

    Attributes:
        rho: how much areas differ: 0 not at all, 1 as much as they can.
        weight: how far each area goes by its own counts, shape (areas,).
    """

    whole: Array
    areas: Array
    rho: float
    weight: Array


def shrink(counts: Array, others: Array | None = None, noise: float = 0.0) -> Profiles:
    """Shrink the profile of each area towards that of the whole, as far as areas are alike.

    Args:
        counts: of areas, shape (areas, classes); each area has at least one.
        others: counts that belong to the whole and to no area, shape (classes,).
        noise: variance that rounding added to each count.

    >>> found = shrink(np.array([[60.0, 40], [40, 60]]))
    >>> round(found.rho, 4), found.areas[0].round(3).tolist()
    (0.0707, [0.588, 0.412])
    """
    total = counts.sum(axis=0) + (0 if others is None else others)
    whole = total / total.sum()
    rho, n = _rho(counts, noise), counts.sum(axis=1)
    spread = max(1 - float((whole**2).sum()), np.finfo(float).tiny)
    own = (1 - rho) / n + counts.shape[1] * noise / (n**2 * spread)
    weight = rho / (rho + own) if rho else np.zeros(len(counts))
    areas = weight[:, None] * counts / n[:, None] + (1 - weight[:, None]) * whole
    return Profiles(whole, areas, rho, weight)


def _rho(counts: Array, noise: float) -> float:
    """Estimate how much areas differ: what chi-square is more than chance and rounding make it."""
    some = counts[:, counts.sum(axis=0) > 0]
    areas, classes = some.shape
    n = some.sum(axis=1)
    total = n.sum()
    share = some.sum(axis=0) / max(total, 1)
    room = (classes - 1) * (total - (n**2).sum() / max(total, 1) - (areas - 1))
    if areas < 2 or room <= 0:  # noqa: PLR2004 - one area differs from nothing
        return 0.0
    chi_square = ((some - n[:, None] * share) ** 2 / (n[:, None] * share)).sum()
    rounding = noise * ((1 / n).sum() - areas / total) * (1 / share).sum()
    excess = chi_square - (areas - 1) * (classes - 1) - rounding
    return float(np.clip(excess / room, 0.0, 1.0))
