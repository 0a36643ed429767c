"""Which cells are flagged once they have a score: the plain top, or a rule that was decided on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Choice, Config
from cas_audit.errors import InputError
from cas_audit.forecast.choosing import (
    Shares,
    choose_bounded,
    choose_equally,
    choose_penalised,
    choose_top,
)
from cas_audit.forecast.scores import flag_top
from cas_audit.ingest.pairs import Pair, fifths, read_pairs

__all__ = ["Lives", "choose", "flag", "lives_of", "read_lives", "shares_of"]

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Lives:
    """Where groups live on the kept cells: as shares, and as kinds of area, numbered from 0."""

    shares: Shares
    kinds: NDArray[np.int64]


def flag(
    score: Values, kept: Flags, config: Config, lives: Lives | None, ties: np.random.Generator
) -> Flags:
    """Flag one period by the rule of the configuration, or else its top.

    Args:
        score: what a flag is worth, shape (rows, columns).
        kept: cells that take part, same shape.
        config: share that is flagged, and the rule.
        lives: where groups live; needed by a rule.
        ties: draws the lots between equal scores.
    """
    share, rule = config.forecast.flagged_share, config.forecast.choice
    if rule is None or lives is None:
        return flag_top(score, kept, share, ties)
    flags = np.zeros(kept.shape, dtype=bool)
    worth = score[kept]
    lots = ties.permutation(worth.size)  # a tie falls to the first, so cells come in another order
    mixed = Lives(_take(lives.shares, lots), lives.kinds[lots])
    chosen = np.zeros(worth.size, dtype=bool)
    chosen[lots] = choose(worth[lots], mixed, round(worth.size * share), rule.method, rule.setting)
    flags[kept] = chosen
    return flags


def choose(score: Values, lives: Lives, number: int, method: str, setting: float | None) -> Flags:
    """Flag cells by a rule.

    Args:
        score: shape (cells,).
        lives: where groups live, same cells.
        number: flags.
        method: a rule of `Choice`, or `top`.
        setting: of the rule.

    Raises:
        InputError: no choice keeps within the bound.
    """
    if method == "exposure_bound" and setting is not None:
        return choose_bounded(score, lives.shares, number, setting)
    if method == "penalty" and setting is not None:
        return choose_penalised(score, lives.shares, number, setting)
    if method == "equal_share":
        return choose_equally(score, lives.kinds, number)
    return choose_top(score, number)


def _take(shares: Shares, order: NDArray[np.int64]) -> Shares:
    return Shares(shares.group[:, order], shares.reference[:, order])


def read_lives(data: Path, rule: Choice | None) -> Lives | None:
    """Read where groups live, if a rule asks for it.

    Raises:
        InputError: no group is compared, so that there is nothing to even out.
    """
    if rule is None or rule.method == "survey_weight":
        return None
    cells = pd.read_parquet(data / "cells.parquet").sort_values("cell")
    residents = pd.read_parquet(data / "residents.parquet")
    return lives_of(read_pairs(data), residents, cells)


def lives_of(pairs: list[Pair], residents: pd.DataFrame, cells: pd.DataFrame) -> Lives:
    """Return where the groups of all comparisons live.

    The kind of an area says of which groups it has one of the largest shares, a fifth of the areas.

    Args:
        pairs: the comparisons.
        residents: columns cell, residents and one per group.
        cells: columns cell and area, in the order of the result.

    Raises:
        InputError: there is no comparison.
    """
    if not pairs:
        message = "forecast.choice: no group is compared; expected groups in the configuration."
        raise InputError(message)
    kinds = np.zeros(len(cells), dtype=np.int64)
    area = cells.set_index("cell")["area"]
    for one in pairs:
        kinds = kinds * 2 + _is_highest(one, residents, area).to_numpy(dtype=np.int64)
    _, plain = np.unique(kinds, return_inverse=True)
    return Lives(shares_of(pairs, cells["cell"]), plain.astype(np.int64))


def _is_highest(pair: Pair, residents: pd.DataFrame, area: "pd.Series[str]") -> "pd.Series[bool]":
    """Say of each cell whether its area has one of the largest shares of the group."""
    people = residents.set_index("cell")["residents"]
    table = pd.DataFrame({"residents": people, "group": pair.weights["group"]})
    table = table.reset_index(names="cell")
    highest = fifths(table, area, "group")["highest"]
    where = (highest > 0).groupby(area.reindex(highest.index)).any()
    return area.map(where).eq(True)


def shares_of(pairs: list[Pair], cells: "pd.Series[int]") -> Shares:
    """Return the share of all residents of each side who live in a cell, in the order of cells."""
    both = {}
    for side in ("group", "reference"):
        people = np.array([one.weights[side].reindex(cells).fillna(0.0) for one in pairs])
        total = people.sum(axis=1, keepdims=True)
        both[side] = people / np.where(total > 0, total, 1.0)
    return Shares(both["group"], both["reference"])
