"""Exposure as one draw of where hot spots fall (estimand: beyond this city).

What would it be, had the same process placed its hot spots elsewhere? Residents stay where they
are. This answers whether an exposure is more than chance placement gives; it does not say how large
the exposure of this map is, which is known exactly.
"""

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.partition import Partition, effective_size
from cas_audit.inference.scores import Scores, across

__all__ = ["FEWEST_OCCUPIED", "occupied", "placement_scores"]

FEWEST_OCCUPIED = 20  # fine blocks with a flag; fewer hot spots than that tell nothing of placement
Values = NDArray[np.float64]
Numbers = NDArray[np.int64]


def placement_scores(
    flagged: Values,
    weights: tuple[Values, Values],
    place: tuple[Numbers, Numbers],
    cut: Partition,
) -> Scores:
    """Return the ratio of two groups' exposures, as scores over the wide blocks.

    Top and bottom are sums of w_i * f_i, w the residents of a group as shares that sum to one. From
    each block is taken what it would have were every cell flagged alike: what is fixed about a
    block is no chance of placement. Degrees of freedom go by the weights u = w - v and the range.

    Args:
        flagged: share of the weeks in which each cell was flagged, shape (cells,).
        weights: residents of the group and of its reference, each of shape (cells,).
        place: row and column of each cell, each of shape (cells,).
        cut: the partition.
    """
    top, bottom = (one / one.sum() if one.sum() > 0 else one for one in weights)
    blocks = int(cut.wide.max()) + 1

    def sums(values: Values) -> Values:
        return np.bincount(cut.wide, values, blocks).astype(np.float64)

    share = float(flagged.mean())
    size = effective_size(top - bottom, *place, cut.wide, cut.range_cells / 2)
    return across(
        sums(top * flagged),
        sums(bottom * flagged),
        expected=(share * sums(top), share * sums(bottom)),
        size=size if size.sum() > 0 else None,
    )


def occupied(flagged: Values, cut: Partition) -> int:
    """Return how many fine blocks hold a flag: about as many as there are separate hot spots."""
    return len(np.unique(cut.fine[flagged > 0]))
