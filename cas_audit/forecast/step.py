"""The step `forecast`: counted incidents in, a model, its flags and how well they do out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.by_theme import Themes, open_themes
from cas_audit.forecast.city import City, judged_on, known_of, next_week, panel_of
from cas_audit.forecast.evaluation import evaluate
from cas_audit.forecast.every_trial import try_theme, write_trials
from cas_audit.forecast.fitting import Fitted, fit, known_by
from cas_audit.forecast.hot_times import find_hot_times
from cas_audit.forecast.models import store_model
from cas_audit.forecast.publish import publish_flags
from cas_audit.forecast.rerun import run_again
from cas_audit.forecast.scores import score_week, summarise
from cas_audit.forecast.work import Work, open_work
from cas_audit.inference.partition import WEEKS as STRETCH_WEEKS
from cas_audit.inference.partition import cut_space, stretches

__all__ = [
    "count_weekly",
    "cut_city",
    "cut_weeks",
    "describe_features",
    "fit_themes",
    "forecast",
    "score_themes",
    "write_counting",
    "write_fitted",
    "write_forecasts",
]

SCORES = ["week", "wide", "theme", "forecaster"]


def forecast(config: Config, dossier: Path, tiles: Path) -> None:
    """Fit one model a theme, flag the top of every test week, and refit to see it repeat.

    Args:
        config: what is audited.
        dossier: folder with `data/` from ingest; gains `model/`, `trials/`, the forecasts
            and `public/`.
        tiles: folder for tiles on their way, where workers are elsewhere; not part of the dossier.

    Raises:
        InputError: the history is too short to train and test on.
    """
    with open_work(config.forecast.scheduler, tiles) as work:
        _forecast(config, dossier, work)


def _forecast(config: Config, dossier: Path, work: Work) -> None:
    (dossier / "model").mkdir()
    with open_themes(config, dossier / "data", work) as themes:
        city, made = themes.city, fit_themes(themes)
        wide = write_forecasts(config, city, made, dossier)
        more = [{"made": one, "wide": wide} for one in made.values()]
        tried = themes.each(try_theme, "trials", more)
    write_trials(config, dossier, dict(zip(made, tried, strict=True)))
    if config.forecast.rerun:
        run_again(config, dossier, work.folder if work.apart else None)
    for theme, one in made.items():
        if one.model is not None:
            store_model(one.model, dossier / f"model/{theme}.skops")
    scores = pd.read_parquet(dossier / "model/weekly.parquet")
    write_json(dossier / "model/scores.json", score_themes(scores))
    write_counting(city, made, dossier)
    _describe(config, city, dossier)
    searches = {theme: asdict(one.search) for theme, one in made.items()}
    write_json(dossier / "model/search.json", searches)
    write_fitted({theme: one.features for theme, one in made.items()}, dossier)
    evaluate(config, city, made, wide, dossier)
    find_hot_times(dossier)
    forecasts = pd.read_parquet(dossier / "forecasts.parquet")
    publish_flags(forecasts, dossier, config.publication.smallest_population)


def write_fitted(features: Mapping[str, Sequence[dict[str, Any]]], dossier: Path) -> None:
    """Write on which features each model was fitted, in their order, as the fit itself had them.

    The register says what a model should know, and this what it did know: a check compares them.
    """
    said = {theme: {"features": list(known)} for theme, known in features.items()}
    write_json(dossier / "model/fitted.json", said)


def fit_themes(themes: Themes) -> dict[str, Fitted]:
    """Fit a model for each theme."""
    made = themes.each(_fit_theme, "forecast")
    return dict(zip(themes.config.themes, made, strict=True))


def _fit_theme(config: Config, city: City, work: Work, of: tuple[int, str]) -> Fitted:
    """Fit one; scored tiles are put down where a cluster makes them, for a run that goes on."""
    number, theme = of
    record = theme, panel_of(city, theme, config.channels)
    return fit(config, city, record, [config.forecast.seed, number], work, put_down=work.apart)


def write_forecasts(
    config: Config, city: City, made: dict[str, Fitted], dossier: Path
) -> NDArray[np.int64]:
    """Write what was forecast, the cuts of space and time, and what was caught.

    Returns the grid of wide blocks.
    """
    wide = cut_city(city, made, dossier)
    cut_weeks(city.periods, dossier, city.period_weeks)
    forecasts = pd.concat([_rows(city, theme, one) for theme, one in made.items()])
    forecasts.to_parquet(dossier / "forecasts.parquet", index=False)
    _ahead(city, made).to_parquet(dossier / "next.parquet", index=False)
    judged = judged_on(config)
    weekly = [count_weekly(city, theme, one, judged, wide) for theme, one in made.items()]
    pd.concat(weekly, ignore_index=True).to_parquet(dossier / "model/weekly.parquet", index=False)
    return wide


def _rows(city: City, theme: str, made: Fitted) -> pd.DataFrame:
    cells = np.flatnonzero(city.kept)
    periods = city.periods
    return pd.DataFrame(
        {
            "cell": np.tile(cells, len(periods)),
            "period": np.repeat(periods, cells.size),
            "theme": theme,
            "score": made.score[:, city.kept].ravel().round(9),
            "flagged": made.flagged[:, city.kept].ravel(),
        }
    )


def _ahead(city: City, made: Mapping[str, Fitted]) -> pd.DataFrame:
    """Return the flags of the week after the history, of which nobody knows yet what happens."""
    cells, week = np.flatnonzero(city.kept), next_week(city)
    flags = {theme: one.ahead for theme, one in made.items()}
    rows = [
        pd.DataFrame({"theme": theme, "week": week, "cell": cells, "flagged": ahead[city.kept]})
        for theme, ahead in flags.items()
        if ahead is not None
    ]
    return pd.concat(rows)


def cut_city(city: City, made: dict[str, Fitted], dossier: Path) -> NDArray[np.int64]:
    """Cut space, once for every interval of this audit; return the grid of wide blocks.

    Space is cut for the theme whose flags cluster over the largest distance.
    """
    row, column = np.nonzero(city.kept)
    cuts = {
        theme: cut_space(row, column, one.flagged[:, city.kept].mean(axis=0))
        for theme, one in made.items()
    }
    chosen = max(cuts.values(), key=lambda one: one.range_cells)
    cells = np.flatnonzero(city.kept)
    table = pd.DataFrame({"cell": cells, "wide": chosen.wide, "fine": chosen.fine})
    table.to_parquet(dossier / "partition.parquet", index=False)
    ranges = {theme: round(one.range_cells, 3) for theme, one in cuts.items()}
    write_json(dossier / "partition.json", {"range_cells": ranges})
    wide = np.full(city.kept.shape, -1, dtype=np.int64)
    wide[city.kept] = chosen.wide
    return wide


def cut_weeks(periods: pd.DatetimeIndex, dossier: Path, period_weeks: int = 1) -> None:
    """Cut the periods that are judged, once for every interval of this audit."""
    length = STRETCH_WEEKS // period_weeks
    cut = pd.DataFrame({"period": periods, "stretch": stretches(len(periods), length)})
    cut.to_parquet(dossier / "stretches.parquet", index=False)


def count_weekly(
    city: City, theme: str, made: Fitted, judged: list[str], wide: NDArray[np.int64]
) -> pd.DataFrame:
    """Count what was caught per week and wide block; the whole is the sum of its blocks."""
    outcomes = city.followed(panel_of(city, theme, judged))
    rows = [
        {"week": week, "wide": block, "theme": theme, "forecaster": name, **asdict(score)}
        for name, flags in (("model", made.flagged), ("counting", made.counting))
        for week, counts, flagged in zip(city.periods, outcomes, flags, strict=True)
        for block, score in enumerate(score_week(counts, flagged, wide))
    ]
    return pd.DataFrame(rows)


def write_counting(city: City, made: Mapping[str, Fitted], dossier: Path) -> None:
    """Write `model/counting.parquet`: a row for each cell and period that counting would flag."""
    cells, rows = np.flatnonzero(city.kept), []
    for theme, one in made.items():
        period, cell = np.nonzero(one.counting[:, city.kept])
        where = {"period": city.periods[period], "cell": cells[cell]}
        rows.append(pd.DataFrame({"theme": theme, **where}))
    pd.concat(rows).to_parquet(dossier / "model/counting.parquet", index=False)


def score_themes(weekly: pd.DataFrame) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return how well each theme was forecast over all weeks, by forecaster."""
    summary: dict[str, dict[str, dict[str, float | None]]] = {}
    for (theme, forecaster), part in weekly.groupby(["theme", "forecaster"]):
        sums = part.drop(columns=SCORES).sum()
        summary.setdefault(str(theme), {})[str(forecaster)] = summarise(
            {str(name): float(value) for name, value in sums.items()}
        )
    return summary


def describe_features(city: City) -> list[dict[str, Any]]:
    """Return the columns that a model of a city gets, in their order, with where each is from."""
    return [one.described() for one in known_of(city)]


def _describe(config: Config, city: City, dossier: Path) -> None:
    """Write down what the model knows, how it was set, and on which weeks it is judged."""
    known = {one.name: one for theme in config.themes for one in known_by(config, city, theme)}
    write_json(dossier / "model/features.json", [one.described() for one in known.values()])
    chosen = config.forecast.model_dump(mode="json", exclude={"scheduler"})
    write_json(dossier / "model/parameters.json", {**chosen, "judged_on": judged_on(config)})
    train, test = city.weeks[city.train], city.weeks[city.test]
    split = {
        name: {"first": f"{part[0]:%Y-%m-%d}", "last": f"{part[-1]:%Y-%m-%d}", "weeks": len(part)}
        for name, part in (("train", train), ("test", test))
    }
    write_json(dossier / "model/split.json", split)
