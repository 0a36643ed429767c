"""Forecasts that were made elsewhere, judged like our own: partition, what they caught, the map.

Nothing is fitted, so there are no trials: what needs a refit stays unknown, and is said to be.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import read_json, write_json
from cas_audit.forecast.city import City, judged_on, panel_of
from cas_audit.forecast.fitting import Fitted
from cas_audit.forecast.models import count_scores
from cas_audit.forecast.publish import publish_flags
from cas_audit.forecast.scores import flag_top
from cas_audit.forecast.step import (
    count_weekly,
    cut_city,
    cut_weeks,
    score_themes,
    write_counting,
)

__all__ = ["Given", "audit_given", "kept_cells"]

COUNTED_WEEKS = 52  # of the past, for the count that forecasts are held against
INCIDENTS = ["cell", "week", "theme", "channel", "count"]


@dataclass(frozen=True)
class Given:
    """Forecasts of all themes, each of shape (weeks, kept cells).

    `weeks` are Mondays without gaps; None where the forecasts stand for no time in particular, and
    then they have one row. A score is NaN where none was given.
    """

    weeks: pd.DatetimeIndex | None
    score: dict[str, NDArray[np.float64]]
    flagged: dict[str, NDArray[np.bool_]]


def kept_cells(data: Path) -> NDArray[np.bool_]:
    """Return the cells that take part, shape (rows, columns)."""
    grid = read_json(data / "grid.json")
    kept = np.zeros((grid["rows"], grid["columns"]), dtype=bool)
    kept.ravel()[pd.read_parquet(data / "cells.parquet", columns=["cell"])["cell"]] = True
    return kept


def audit_given(config: Config, dossier: Path, given: Given) -> None:
    """Write all that checks ask of forecasts, as far as it can be known.

    Args:
        config: what is audited.
        dossier: folder with `data/` and `model/`; gains the partition, the forecasts and `public/`.
        given: the forecasts.
    """
    kept = kept_cells(dossier / "data")
    made = {theme: _on_grid(kept, given.flagged[theme]) for theme in config.themes}
    weeks = pd.DatetimeIndex([]) if given.weeks is None else given.weeks
    nothing = pd.DataFrame(columns=INCIDENTS)
    city = City(nothing, weeks, kept, {}, slice(0, 0), slice(0, len(weeks)))
    wide = cut_city(city, made, dossier)
    forecasts = pd.concat([_rows(kept, theme, given) for theme in config.themes])
    forecasts.to_parquet(dossier / "forecasts.parquet", index=False)
    if given.weeks is not None:
        cut_weeks(weeks, dossier)
        if config.sources.incidents:
            _count_caught(config, dossier, city, (made, wide))
    publish_flags(forecasts, dossier, config.publication.smallest_population)


def _on_grid(kept: NDArray[np.bool_], flagged: NDArray[np.bool_]) -> Fitted:
    """Return flags as our own models give them; nothing there looks at the scores."""
    flags = np.zeros((len(flagged), *kept.shape), dtype=bool)
    flags[:, kept] = flagged
    return Fitted(None, np.empty(0), flags, flags)


def _rows(kept: NDArray[np.bool_], theme: str, given: Given) -> pd.DataFrame:
    cells, score = np.flatnonzero(kept), given.score[theme]
    when = {} if given.weeks is None else {"period": np.repeat(given.weeks, cells.size)}
    return pd.DataFrame(
        {
            "cell": np.tile(cells, len(score)),
            **when,
            "theme": theme,
            "score": score.ravel().round(9),
            "flagged": given.flagged[theme].ravel(),
        }
    )


def _count_caught(
    config: Config, dossier: Path, city: City, on: tuple[dict[str, Fitted], NDArray[np.int64]]
) -> None:
    """Count what the flags caught in the weeks that are on record, beside a count of the past."""
    (made, wide), data = on, dossier / "data"
    history = pd.DatetimeIndex(pd.read_parquet(data / "weeks.parquet")["week"], name="period")
    common = history[history.isin(city.weeks)]
    if common.empty:
        return
    start = int(history.searchsorted(common[0]))
    table = pd.read_parquet(data / "incidents.parquet")
    test = slice(start, start + len(common))
    known = City(table, history, city.kept, {}, slice(0, start), test)
    beside = {
        theme: _beside_counting(config, known, theme, one.flagged[city.weeks.isin(common)])
        for theme, one in made.items()
    }
    judged = judged_on(config)
    rows = [count_weekly(known, theme, one, judged, wide) for theme, one in beside.items()]
    weekly = pd.concat(rows, ignore_index=True)
    if start < COUNTED_WEEKS:  # too little of the past to count
        weekly = weekly[weekly["forecaster"] == "model"]
    else:
        write_counting(known, beside, dossier)
    weekly.to_parquet(dossier / "model/weekly.parquet", index=False)
    write_json(dossier / "model/scores.json", score_themes(weekly))


def _beside_counting(config: Config, city: City, theme: str, flagged: NDArray[np.bool_]) -> Fitted:
    """Return the flags beside those of counting, of as many cells each week."""
    counts = panel_of(city, theme, config.channels)
    counted = count_scores(counts, city.origins, COUNTED_WEEKS)
    ties = np.random.default_rng([config.forecast.seed, config.themes.index(theme)])
    shares = flagged[:, city.kept].mean(axis=1)
    counting = [
        flag_top(score, city.kept, share, ties)
        for score, share in zip(counted, shares, strict=True)
    ]
    return Fitted(None, counted, flagged, np.stack(counting))
