"""Families of tests: p-values that stand together are judged together.

Twenty true nulls, each tested at 5 %, give a false alarm in 64 of 100 audits. So tests that are
read together form a family that is named beforehand, and their p-values are adjusted together:
by Holm where a verdict depends on each of them, by Benjamini and Hochberg on maps.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Family", "Judged", "benjamini_hochberg", "holm"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """The p-values of one family, judged together.

    `adjusted` is NaN and `rejected` False where a test is undefined: see `undefined`.
    `tests` is the size of the family: undefined tests do not count.
    """

    adjusted: Floats
    rejected: NDArray[np.bool_]
    undefined: NDArray[np.bool_]
    tests: int


@dataclass(frozen=True)
class Family:
    """Tests that are judged together: what they are called, and which error is kept small.

    "holm" keeps the chance of even one false rejection below `level`; "benjamini_hochberg" the
    expected share of false ones among the rejections. Declare a family before its p-values exist.

    >>> import numpy as np
    >>> Family("exposure of named groups", "holm").judge(np.array([0.01, 0.04])).rejected.tolist()
    [True, True]
    """

    name: str
    method: Literal["holm", "benjamini_hochberg"]
    level: float = 0.05

    def judge(self, p: Floats) -> Judged:
        """Adjust the p-values of the whole family, and reject at its level."""
        adjusted = holm(p) if self.method == "holm" else benjamini_hochberg(p)
        undefined = np.isnan(adjusted)
        return Judged(adjusted, adjusted <= self.level, undefined, int((~undefined).sum()))


def holm(p: Floats) -> Floats:
    """Return p-values adjusted by Holm's step-down rule.

    Formula: of m p-values in rising order, the i-th becomes the largest of (m - j + 1) p(j) over
    j <= i, at most 1 (Holm, 1979, Scandinavian Journal of Statistics 6: 65-70).

    Null: of each test its own. Whatever their dependence, the chance of one or more false
    rejections is at most the level at which the result is read. What is estimated is that of each
    test; adjusting adds nothing to it.

    Limits: an undefined test (NaN) stays NaN and does not count. So a test must be undefined for
    reasons fixed beforehand, or leaving it out is a choice made after the fact.

    >>> import numpy as np
    >>> holm(np.array([0.04, 0.01, np.nan])).tolist()
    [0.04, 0.02, nan]
    """
    defined = np.isfinite(p)
    found = np.sort(p[defined])
    steps = np.maximum.accumulate(found * np.arange(found.size, 0, -1))
    return _put_back(p, steps)


def benjamini_hochberg(p: Floats) -> Floats:
    """Return p-values adjusted for the false discovery rate.

    Formula: of m p-values in rising order, the i-th becomes the smallest of m p(j) / j over
    j >= i, at most 1 (Benjamini & Hochberg, 1995, JRSS B 57: 289-300).

    Null: of each test its own. The expected share of false rejections is at most the level, for
    tests that are independent or positively dependent (Benjamini & Yekutieli, 2001), as those of
    neighbouring cells mostly are.

    Limits: it holds for the map as a whole. Of one cell it says nothing, nor of the cells of one
    part of the map. An undefined test (NaN) stays NaN and does not count.

    >>> import numpy as np
    >>> benjamini_hochberg(np.array([0.04, 0.01, np.nan])).tolist()
    [0.04, 0.02, nan]
    """
    found = np.sort(p[np.isfinite(p)])
    raised = found * found.size / np.arange(1, found.size + 1)
    return _put_back(p, np.minimum.accumulate(raised[::-1])[::-1])


def _put_back(p: Floats, steps: Floats) -> Floats:
    """Return adjusted values, given in rising order of p, in the places of p."""
    adjusted = np.full(p.shape, np.nan)
    places = np.flatnonzero(np.isfinite(p))
    adjusted.flat[places[np.argsort(p.flat[places], kind="stable")]] = np.minimum(steps, 1.0)
    return adjusted
