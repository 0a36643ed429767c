"""A model made unfair by a known amount: chances of a flag whose true exposure ratio is stated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from cas_audit.errors import InputError
from cas_audit.simulate.geography import Geography

__all__ = ["Shifted", "draw_flags", "shift_to_ratio"]

Field = NDArray[np.float64]
STEEPEST = 100.0  # times the log score per unit of the group's share: beyond it nothing moves
MOST_STEPS = 100
CLOSE = 1e-10


@dataclass(frozen=True)
class Shifted:
    """A score pulled towards a group.

    Attributes:
        score: the score times exp(beta times the group's share), shape (maps, cells).
        chance: with which chance each cell is flagged; a row sums to a whole number of cells.
        beta: the pull that gives the stated ratio.
    """

    score: Field
    chance: Field
    beta: float


def shift_to_ratio(
    score: Field,
    geography: Geography,
    ratio: float,
    *,
    share: float = 0.03,
    sharpness: float = 4.0,
    group: int = 0,
    reference: int = -1,
) -> Shifted:
    """Pull a score towards a group until the exposure ratio of the flags is exactly as stated.

    A cell is flagged with chance 1 / (1 + (threshold / score)^sharpness), where the threshold of
    a map makes the expected number of flags `round(share * cells)`. The ratio of expected
    exposures is smooth in beta, and beta is solved for.

    Args:
        score: above zero, shape (cells,) or (maps, cells): one map for all weeks, or one a week.
        geography: with residents by group.
        ratio: wanted exposure of the group over that of its reference, weeks pooled.
        share: share of the cells to flag.
        sharpness: how surely the highest scores are flagged; high values give the same map
            nearly every week.
        group: number of the group.
        reference: number of the group it is compared with.

    Raises:
        InputError: no pull gives that ratio.
    """
    logs, mix = np.log(np.atleast_2d(score)), geography.mix[group]
    wanted = round(share * mix.size)
    people = geography.residents / geography.residents.sum(1, keepdims=True)

    def chance(beta: float) -> Field:
        return _chance(sharpness * (logs + beta * mix), wanted)

    def excess(beta: float) -> float:
        exposed = people @ chance(beta).mean(0)
        return float(np.log(exposed[group] / exposed[reference]) - np.log(ratio))

    low, high = -STEEPEST / sharpness, STEEPEST / sharpness
    if not excess(low) <= 0 <= excess(high):
        message = f"No pull gives an exposure ratio of {ratio}; expected one this city can have."
        raise InputError(message)
    beta = float(brentq(excess, low, high, xtol=1e-12))
    return Shifted(np.exp(logs + beta * mix), chance(beta), beta)


def _chance(height: Field, wanted: int) -> Field:
    """Return logistic chances that sum to `wanted` in each row: Newton's steps in a bracket."""
    low, high = height.min(1, keepdims=True) - STEEPEST, height.max(1, keepdims=True) + STEEPEST
    at = -np.partition(-height, wanted, axis=1)[:, wanted, None]
    for _ in range(MOST_STEPS):
        chance: Field = expit(height - at)
        total = chance.sum(1, keepdims=True)
        if np.abs(total - wanted).max() < CLOSE:
            break
        low, high = np.where(total > wanted, at, low), np.where(total < wanted, at, high)
        slope = (chance * (1 - chance)).sum(1, keepdims=True)
        step = at + total * np.log(total / wanted) / np.maximum(slope, CLOSE)
        at = np.where((step > low) & (step < high), step, (low + high) / 2)
    return chance


def draw_flags(
    chance: Field, weeks: int, rng: np.random.Generator, *, hold_weeks: int = 1
) -> NDArray[np.bool_]:
    """Draw flags with exactly these chances, and exactly as many a week as they sum to.

    Systematic sampling in random order (Madow 1949): cells are laid end to end in random order,
    each as long as its chance, and every whole step from a random start flags one.

    Args:
        chance: shape (1, cells) for all weeks, or (weeks, cells).
        weeks: how many weeks.
        rng: the only source of chance.
        hold_weeks: for how many weeks a drawn order and start stay, so that flags have memory.

    Returns:
        Shape (weeks, cells).
    """
    rows = np.broadcast_to(chance, (weeks, chance.shape[1]))
    flags = np.zeros(rows.shape, dtype=bool)
    for week, row in enumerate(rows):
        if week % hold_weeks == 0:
            order, start = rng.permutation(row.size), rng.random()
        ends = np.cumsum(row[order])
        ends[-1] = round(ends[-1])  # sums of chances are whole but for rounding
        flags[week, order] = np.diff(np.ceil(ends - start), prepend=np.ceil(-start)) > 0
    return flags
