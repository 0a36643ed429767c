"""A plain table of forecasts, laid on the map.

What stands for an area is laid on every cell of it; which areas are flagged is decided among areas,
so that a large one counts as one. What stands for more than a week stands for each of its weeks.
A place that is not in the table is not flagged, and was predicted nought times.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import write_json
from cas_audit.forecast.city import judged_on
from cas_audit.forecast.given import Given, audit_given
from cas_audit.forecast.scores import flag_top

__all__ = ["audit_table", "each_week", "flag_most"]

WEEK = pd.Timedelta(weeks=1)
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


def audit_table(config: Config, dossier: Path) -> None:
    """Lay a table of forecasts on the map, and judge it.

    Args:
        config: what is audited.
        dossier: folder with `data/` from ingest; gains `model/`, the partition, the forecasts and
            `public/`, and no trials.

    Raises:
        InputError: weeks are missing, or scores do not tell places apart.
    """
    table = pd.read_parquet(dossier / "data/forecasts.parquet")
    if "theme" not in table:
        table["theme"] = config.themes[0]
    unit = "area" if "area" in table else "cell"
    place = pd.read_parquet(dossier / "data/cells.parquet", columns=["cell", "area"])[unit]
    units = pd.Index(place.unique())
    weeks, length = _weeks(table, config.themes)
    score, flagged = {}, {}
    for theme in config.themes:
        part = table[table["theme"] == theme]
        values, flags = _read(config, (theme, part), units, weeks)
        laid = units.get_indexer(pd.Index(place))
        score[theme] = values[:, laid].repeat(length, axis=0)
        flagged[theme] = flags[:, laid].repeat(length, axis=0)
    (dossier / "model").mkdir()
    _describe(config, dossier, unit)
    audit_given(config, dossier, Given(each_week(weeks, length), score, flagged))


def _describe(config: Config, dossier: Path, unit: str) -> None:
    chosen = config.forecast.model_dump(include={"model", "flagged_share", "seed"})
    judged = judged_on(config) if config.sources.incidents else []
    write_json(dossier / "model/parameters.json", {**chosen, "unit": unit, "judged_on": judged})


def _weeks(table: pd.DataFrame, themes: list[str]) -> tuple[pd.DatetimeIndex | None, int]:
    """Return the weeks in which a forecast begins, and for how many weeks each stands.

    Raises:
        InputError: a theme has no forecasts, or lacks some between the first and the last.
    """
    absent = [theme for theme in themes if not (table["theme"] == theme).any()]
    if absent:
        message = f"The forecasts hold none of theme {absent[0]}; expected some of each theme."
        raise InputError(message)
    if "week" not in table:
        return None, 1
    weeks = pd.DatetimeIndex(table["week"].unique()).sort_values()
    length = int(np.diff(weeks).min() / WEEK) if len(weeks) > 1 else 1
    due = pd.date_range(weeks[0], weeks[-1], freq=length * WEEK, unit="us")
    for theme in themes:
        missing = len(due.difference(pd.DatetimeIndex(table.loc[table["theme"] == theme, "week"])))
        if missing:
            message = (
                f"The forecasts of theme {theme} lack {missing} of the {len(due)} weeks that are "
                f"due, one in {length}, between the first and the last; expected each of them."
            )
            raise InputError(message)
    return weeks, length


def each_week(weeks: pd.DatetimeIndex | None, length: int) -> pd.DatetimeIndex | None:
    """Return all weeks for which forecasts stand that begin in some of them."""
    if weeks is None:
        return None
    last = weeks[-1] + (length - 1) * WEEK
    return pd.date_range(weeks[0], last, freq=WEEK, unit="us", name="period")


def _read(
    config: Config, of: tuple[str, pd.DataFrame], units: pd.Index, weeks: pd.DatetimeIndex | None
) -> tuple[Values, Flags]:
    """Return scores and flags of one theme, shape (weeks, units)."""
    theme, part = of
    at = units.get_indexer(pd.Index(part["area" if "area" in part else "cell"]))
    week = (
        np.zeros(len(part), dtype=int)
        if weeks is None
        else weeks.get_indexer(pd.DatetimeIndex(part["week"]))
    )
    inside = at >= 0  # an area smaller than a cell is nowhere on the map
    shape = (1 if weeks is None else len(weeks), len(units))

    def lay(name: str, missing: float) -> Values:
        laid = np.full(shape, missing)
        laid[week[inside], at[inside]] = part[name].to_numpy(float)[inside]
        return laid

    counted = "count" in part
    score = lay("count", 0.0) if counted else np.full(shape, np.nan)
    score = lay("score", np.nan) if "score" in part else score
    if "flagged" in part:
        flagged = lay("flagged", 0.0) > 0
        return (flagged.astype(float) if np.isnan(score).all() else score), flagged
    eligible = ~np.isnan(score) if "score" in part else score > 0
    seed = [config.forecast.seed, config.themes.index(theme)]
    share = config.forecast.flagged_share
    return score, flag_most(score, eligible, share, (theme, np.random.default_rng(seed)))


def flag_most(
    score: Values, eligible: Flags, share: float, of: tuple[str, np.random.Generator]
) -> Flags:
    """Flag in each week the share of all units with the highest scores, if they are eligible.

    Args:
        score: shape (weeks, units).
        eligible: which may be flagged; same shape.
        share: of the units.
        of: theme, and what draws lots where scores are equal.

    Raises:
        InputError: the share is less than one unit, or scores are all equal, so that nothing but
            lots would decide.
    """
    theme, rng = of
    wanted = round(score.shape[1] * share)
    if not wanted:
        message = (
            f"A share of {share} of {score.shape[1]} places is less than one; "
            f"expected a larger forecast.flagged_share."
        )
        raise InputError(message)
    least, most = (np.where(eligible, score, edge) for edge in (float("inf"), -float("inf")))
    same = (least.min(axis=1) == most.max(axis=1)) & (eligible.sum(axis=1) > wanted)
    if same.any():
        message = (
            f"The scores of theme {theme} are the same everywhere in {int(same.sum())} of "
            f"{len(score)} weeks; expected scores that tell places apart."
        )
        raise InputError(message)
    everywhere = np.ones(score.shape[1], dtype=bool)
    top = [flag_top(week, everywhere, share, rng) for week in most]
    return np.stack(top) & eligible
