"""Choosing cells so that groups are flagged more evenly, at a price in what is caught.

Each rule takes the scores of one period and returns as many flags as the plain top would have.
None makes a forecast fair: each moves flags from one place to another, and says how much is lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from cas_audit.errors import InputError

__all__ = [
    "Shares",
    "choose_bounded",
    "choose_equally",
    "choose_penalised",
    "choose_top",
    "even_out",
]

ROUNDS = 100
CLOSE = 1e-10
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Shares:
    """Where the residents of each group, and of its reference, live: both (pairs, cells).

    Every row sums to 1, so that the sum over flagged cells is the exposure of the group.
    """

    group: Values
    reference: Values

    @property
    def gap(self) -> Values:
        """What a flag on a cell adds to the exposure of the group over that of its reference."""
        return self.group - self.reference


def choose_top(score: Values, number: int) -> Flags:
    """Flag the highest scores; a tie falls to the first. Shape (cells,)."""
    flags = np.zeros(score.size, dtype=bool)
    flags[np.argsort(-score, kind="stable")[:number]] = True
    return flags


def choose_bounded(score: Values, shares: Shares, number: int, most: float) -> Flags:
    """Flag the highest sum of scores of which no exposure ratio lies outside 1/most to most.

    A linear programme over cells (Wheeler 2020 chooses hot spots under such a bound): maximise the
    sum of scores, with `number` flags, each between none and whole, and for every pair
    group <= most * reference and reference <= most * group. At its optimum at most one cell a
    constraint is flagged in part; those are filled in by how large a part, so that a bound can be
    passed by what these few cells hold.

    Args:
        score: what a flag is worth, shape (cells,), at least 0.
        shares: where groups live.
        number: flags.
        most: highest exposure ratio, either way; at least 1.

    Raises:
        InputError: no choice of cells keeps within the bound.
    """
    rows = np.vstack(
        [shares.group - most * shares.reference, shares.reference - most * shares.group]
    )
    scale = np.abs(rows).max(axis=1, keepdims=True)
    found = linprog(
        -score / max(float(score.max()), np.finfo(float).tiny),
        A_ub=rows / np.where(scale > 0, scale, 1.0),
        b_ub=np.zeros(len(rows)),
        A_eq=np.ones((1, score.size)),
        b_eq=[number],
        bounds=(0, 1),
        method="highs",
    )
    if not found.success:
        message = (
            f"No choice of {number} cells keeps every exposure ratio within {most:g}; "
            f"expected a wider bound."
        )
        raise InputError(message)
    return choose_top(np.asarray(found.x).round(9), number)


def even_out(score: Values, shares: Shares, strength: float) -> Values:
    """Return scores drawn towards equal exposure to what is expected.

    They maximise sum(score * log(rate) - rate) - strength / 2 * sum over pairs of gap², where gap
    is the sum over cells of rate * (group - reference), in shares of all that is expected: a
    Poisson likelihood with a penalty on the difference between groups, as Mohler and others (2018)
    put on a point process. There the penalty goes into the fit of the model; here into rates that
    were fitted before, one for each cell. Solved in the dual, one multiplier a pair, by Newton.

    Args:
        score: what is expected in each cell, shape (cells,).
        shares: where groups live.
        strength: of the penalty; at 0 nothing changes.
    """
    total = float(score.sum())
    if not (strength and total):
        return score
    part, gap = score / total, shares.gap * score.size
    pull = np.zeros(len(gap))
    for _ in range(ROUNDS):
        held = 1 + pull @ gap
        slope = gap @ (part / held) - pull / strength
        if np.abs(slope).max() < CLOSE:
            break
        bend = (gap * (part / held**2)) @ gap.T + np.eye(len(gap)) / strength
        pull = _step(pull, np.linalg.solve(bend, slope).astype(np.float64), gap)
    return score / (1 + pull @ gap)


def _step(pull: Values, step: Values, gap: Values) -> Values:
    """Go as far as every rate stays above zero."""
    while ((1 + (pull + step) @ gap) <= 0).any():
        step = step / 2
    return pull + step


def choose_penalised(score: Values, shares: Shares, number: int, strength: float) -> Flags:
    """Flag the highest scores once they are evened out."""
    return choose_top(even_out(score, shares, strength), number)


def choose_equally(score: Values, stratum: NDArray[np.int64], number: int) -> Flags:
    """Flag the same share of the cells in each kind of area: a threshold of its own for each.

    What `ThresholdOptimizer` of fairlearn does for demographic parity (Hardt, Price & Srebro 2016),
    but with a fixed number of flags, which it cannot hold, and without lots. Fractions of a flag
    go to the kinds of area with the largest.

    Args:
        score: shape (cells,).
        stratum: kind of area of each cell, from 0, shape (cells,).
        number: flags.
    """
    cells = np.bincount(stratum)
    wanted = number * cells / cells.sum()
    each = np.floor(wanted).astype(int)
    each[np.argsort(each - wanted, kind="stable")[: number - each.sum()]] += 1
    flags = np.zeros(score.size, dtype=bool)
    for kind, many in enumerate(each):
        inside = np.flatnonzero(stratum == kind)
        flags[inside[choose_top(score[inside], int(many))]] = True
    return flags
