"""How far a map concentrates on a record that has no hot spots: every week dealt out at random.

Even there a forecaster that counts keeps some cells for months, since chance gave them more. So the
model is held beside counting on records dealt out in the same way, and beside a choice by lot.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.city import City
from cas_audit.forecast.fitting import COUNTED_WEEKS
from cas_audit.forecast.leaks import shuffle
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.scores import flag_top

__all__ = ["concentrate", "concentration"]

DEALS = 10  # of the record, on which counting and the lot are tried
DIGITS = 6
Flags = NDArray[np.bool_]


def concentrate(
    city: City, counts: NDArray[np.float32], flagged: Flags, share: float, seed: list[int]
) -> dict[str, Any]:
    """Return the concentration of the model's map, and of counting and a lot on other deals.

    Args:
        city: weeks and cells.
        counts: the record as it is, shape (weeks, rows, columns).
        flagged: by the model fitted on a record dealt out anew, shape (periods, rows, columns).
        share: of the cells that is flagged.
        seed: of the deals.
    """
    rng = np.random.default_rng([*seed, 3])
    counting, lots = [], []
    for _ in range(DEALS):
        dealt = shuffle(counts, city.kept, rng)
        counting.append(_flag(city, count_scores(dealt, city.origins, COUNTED_WEEKS), share, rng))
        lots.append(_flag(city, np.zeros(flagged.shape), share, rng))
    told = [concentration(one, city.kept, share) for one in (flagged, *counting, *lots)]
    return {
        "periods": len(flagged),
        "model": told[0],
        "counting": told[1 : 1 + DEALS],
        "lot": told[1 + DEALS :],
    }


def concentration(flagged: Flags, kept: Flags, share: float) -> dict[str, float]:
    """Return which part of the flags lies in the cells flagged most, and stays the period after.

    The cells flagged most are as many as are flagged in one period. A map that never changes gives
    one for both.

    >>> flagged = np.array([[[True, False]], [[True, False]], [[False, True]]])
    >>> concentration(flagged, np.ones((1, 2), dtype=bool), 0.5)
    {'in_most_flagged': 0.666667, 'stayed': 0.5}
    """
    times = np.sort(flagged[:, kept].sum(axis=0))
    most = times[times.size - round(times.size * share) :].sum()
    stayed = (flagged[1:] & flagged[:-1]).sum()
    return {
        "in_most_flagged": round(float(most / times.sum()), DIGITS),
        "stayed": round(float(stayed / flagged[:-1].sum()), DIGITS),
    }


def _flag(city: City, scores: NDArray[np.float64], share: float, rng: np.random.Generator) -> Flags:
    return np.stack([flag_top(one, city.kept, share, rng) for one in scores])
