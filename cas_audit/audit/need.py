"""What each cell would need by the record, and by the record corrected with a victim survey."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from cas_audit.audit.dossier import Dossier
from cas_audit.forecast.weighing import answers_of
from cas_audit.inference.recapture import happened_per_record

__all__ = [
    "alike_in_need",
    "asked_in_survey",
    "need_around",
    "need_per_cell",
    "spread_over_alike",
]

SURVEY = "data/survey.parquet"
CELLS_ALIKE = 20
REACHES = (0, 1, 3)  # cells around: what features of the surroundings look at


def need_per_cell(dossier: Dossier, theme: str, cells: pd.Index) -> dict[str, "pd.Series[float]"]:
    """Return incidents per cell over the whole record, indexed by cell.

    What the public brought is used where the channel is known. Under `recorded` they count as they
    are; under `surveyed`, where the dossier holds a survey, each stands for as many as happened for
    one recorded in its area, and is missing where nobody was asked.

    Args:
        dossier: a sealed dossier.
        theme: of which incidents are taken.
        cells: those that are forecast.
    """
    incidents = dossier.table("data/incidents.parquet")
    incidents = incidents[incidents["theme"] == theme]
    if dossier.manifest.judged_on:
        incidents = incidents[incidents["channel"].isin(dossier.manifest.judged_on)]
    recorded = incidents.groupby("cell")["count"].sum().reindex(cells).fillna(0.0)
    if not dossier.has(SURVEY):
        return {"recorded": recorded}
    survey = asked_in_survey(dossier)
    asked = survey[survey["theme"] == theme].set_index("area")["number"]
    area = dossier.table("data/cells.parquet").set_index("cell")["area"].reindex(cells)
    return {"recorded": recorded, "surveyed": recorded * area.map(asked).astype(float)}


def asked_in_survey(dossier: Dossier) -> pd.DataFrame:
    """Return per area and theme how many were asked, and what each record stands for.

    Returns:
        Columns area, theme, asked, number (that happened for one recorded) and its error.

    Raises:
        Unavailable: the dossier holds no survey.
    """
    survey = dossier.table(SURVEY)
    told, asked = answers_of(survey)
    each = happened_per_record(told, asked)
    table = survey[["area", "theme"]].assign(asked=asked, number=each.number, error=each.error)
    return table[table["asked"] > 0]


def need_around(need: "pd.Series[float]", shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return how much happened in each cell and around it: columns, in the order of the cells.

    For each reach the log of one plus the count in the square around the cell, and its square.

    Args:
        need: incidents per cell, indexed by cell.
        shape: rows and columns of the grid.
    """
    grid = np.zeros(shape)
    grid.ravel()[need.index] = need.to_numpy()
    sums = [
        ndimage.convolve(grid, np.ones((2 * reach + 1, 2 * reach + 1)), mode="constant")
        for reach in REACHES
    ]
    logs = [np.log1p(one.ravel()[need.index].clip(min=0)) for one in sums]
    return np.column_stack([power for one in logs for power in (one, one**2)])


def alike_in_need(need: "pd.Series[float]", least: int = CELLS_ALIKE) -> "pd.Series[int]":
    """Return classes of cells that need about as much, from most to least, each of `least` or more.

    Cells that need exactly as much are in one class; the last class holds what is left. Cells of
    which the need is missing are in none.

    >>> alike_in_need(pd.Series([5.0, 1, 0, 1, 0]), 2).tolist()
    [0, 0, 1, 0, 1]
    """
    known = need.dropna()
    counts = known.value_counts().sort_index(ascending=False)
    number, inside, names = 0, 0, {}
    for value, cells in counts.items():
        names[value] = number
        inside += cells
        if inside >= least:
            number, inside = number + 1, 0
    if inside and number:  # too few are left for a class of their own
        names = {value: min(one, number - 1) for value, one in names.items()}
    return known.map(names).astype(int)


def spread_over_alike(weights: pd.DataFrame, alike: "pd.Series[int]") -> pd.DataFrame:
    """Spread residents evenly over the cells that need as much.

    Flags fall on them as they would on the group if flags followed need alone: the sum of flags
    times these weights is the indirectly standardised exposure, times residents.

    Args:
        weights: residents per cell, one column per group, indexed by cell.
        alike: class of each cell, as `alike_in_need` gives it.

    Returns:
        The same columns, for the cells in a class.
    """
    known = weights.reindex(alike.index).fillna(0.0)
    found: pd.DataFrame = known.groupby(alike.to_numpy()).transform("mean")
    return found
