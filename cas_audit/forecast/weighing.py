"""Scores weighed by reporting: where fewer people tell the police, each record stands for more."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Choice
from cas_audit.errors import InputError
from cas_audit.inference.recapture import shrink_shares

__all__ = ["answers_of", "read_stands", "stands_for"]

Values = NDArray[np.float64]


def answers_of(survey: pd.DataFrame) -> tuple[Values, Values]:
    """Return how many victims told the police, and how many were asked, for each row.

    Args:
        survey: columns respondents and reported_share.
    """
    asked = survey["respondents"].fillna(0).to_numpy(float)
    told: Values = np.round(asked * survey["reported_share"].fillna(0).to_numpy(float))
    return told, asked


def stands_for(survey: pd.DataFrame, area: "pd.Series[str]", theme: str) -> Values | None:
    """Return for how many incidents each record of a cell stands, by a victim survey.

    One over the share of victims in the area who told the police, drawn towards that of the city
    as far as few were asked. Akpinar, De-Arteaga & Chouldechova (2021) show what uneven reporting
    does to hot spots; weighing records so undoes it as far as the survey is right.

    Args:
        survey: columns area, theme, respondents and reported_share.
        area: of each cell.
        theme: of which victims are meant.

    Returns:
        Shape (cells,); where nobody was asked the figure of the city. None where the survey has
        nothing on the theme, or nobody told.
    """
    rows = survey[survey["theme"] == theme].set_index("area")
    told, asked = answers_of(rows)
    if not told.sum():
        return None
    shares = pd.Series(shrink_shares(told, asked), rows.index)
    known = area.map(shares).fillna(float(told.sum() / asked.sum()))
    return np.asarray(1 / known.to_numpy(float))


def read_stands(
    data: Path, rule: Choice | None, themes: list[str], kept: NDArray[np.bool_]
) -> Mapping[str, Values]:
    """Read for how many incidents each record stands, if the rule of choosing asks for it.

    Args:
        data: holds survey.parquet and cells.parquet.
        rule: of the configuration.
        themes: that are forecast.
        kept: cells that take part, shape (rows, columns).

    Returns:
        Per theme a grid of that shape, 1 outside the kept cells; empty without such a rule.

    Raises:
        InputError: no survey was let in, or it has nothing on a theme.
    """
    if rule is None or rule.method != "survey_weight":
        return {}
    if not (data / "survey.parquet").is_file():
        message = "forecast.choice: survey_weight; expected sources.survey to weigh by."
        raise InputError(message)
    survey = pd.read_parquet(data / "survey.parquet")
    cells = pd.read_parquet(data / "cells.parquet").sort_values("cell")
    grids = {}
    for theme in themes:
        stands = stands_for(survey, cells["area"], theme)
        if stands is None:
            message = f"forecast.choice: survey_weight; expected victims of {theme} in the survey."
            raise InputError(message)
        grid = np.ones(kept.shape)
        grid.ravel()[cells["cell"]] = stands
        grids[theme] = grid
    return grids
