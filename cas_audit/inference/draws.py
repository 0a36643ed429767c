"""P-values from random draws, with their own Monte Carlo error.

The rule is (1 + k) / (1 + B), with k of B draws at least as extreme as what was found: what was
found is itself one of the equally likely arrangements under the null, so p is never zero and the
test never too large (Phipson & Smyth, 2010, Statistical Applications in Genetics 9: 39).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Alternative", "DrawnP", "batches", "extreme", "p_from_draws", "two_sided"]

Floats = NDArray[np.float64]
Alternative = Literal["greater", "two-sided"]

SLACK = 1e-10  # sums of the same numbers in another order differ in their last digits
BATCH = 2_000_000  # numbers held at once: 16 MB


@dataclass(frozen=True)
class DrawnP:
    """A p-value from draws. `error` is the standard error that drawing left in it."""

    p: float
    error: float
    draws: int


def extreme(drawn: Floats, observed: Floats | float, scale: float) -> NDArray[np.bool_]:
    """Say which draws are at least as large as what was observed, but for rounding."""
    return np.asarray(drawn >= observed - SLACK * scale)


def p_from_draws(observed: float, drawn: Floats, alternative: Alternative = "two-sided") -> DrawnP:
    """Return the p-value of an observed statistic among draws of it under the null.

    Two-sided doubles the smaller tail. An undefined draw (NaN) counts as extreme, on both
    sides: it must not help to reject. An undefined observation has no p-value.

    >>> import numpy as np
    >>> p_from_draws(3.0, np.array([1.0, 2, 3, 0]), "greater").p
    0.4
    """
    if np.isnan(observed):
        return DrawnP(observed, observed, drawn.size)
    values = np.append(drawn, observed)
    scale = float(np.abs(values[np.isfinite(values)]).max(initial=0))
    lost = int(np.isnan(drawn).sum())
    above = lost + int(extreme(drawn, observed, scale).sum())
    below = lost + int(extreme(-drawn, -observed, scale).sum())
    if alternative == "greater":
        p = (1 + above) / (1 + drawn.size)
    else:
        p = float(two_sided(np.array(above), np.array(below), drawn.size))
    return DrawnP(p, (p * (1 - p) / drawn.size) ** 0.5, drawn.size)


def two_sided(above: NDArray[np.int64], below: NDArray[np.int64], draws: int) -> Floats:
    """Double the smaller tail: the numbers of draws at least as large, and at least as small."""
    return np.minimum(2 * (1 + np.minimum(above, below)) / (1 + draws), 1.0)


def batches(draws: int, size: int) -> Iterator[int]:
    """Cut a number of draws into batches, so that few numbers are held at once.

    >>> list(batches(5, 1_000_000))
    [2, 2, 1]
    """
    step = max(BATCH // max(size, 1), 1)
    for start in range(0, draws, step):
        yield min(step, draws - start)
