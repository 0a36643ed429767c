"""The step `forecast`: counted incidents in, a model, its flags and how well they do out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import read_json, write_json
from cas_audit.forecast.features import FEATURES, make_features
from cas_audit.forecast.models import cas_ensemble, count_scores, draw_sample, store_model
from cas_audit.forecast.panel import build_panel
from cas_audit.forecast.publish import publish_flags
from cas_audit.forecast.scores import flag_top, score_week, summarise
from cas_audit.inference.stretches import stretches
from cas_audit.progress import track

__all__ = ["forecast"]

MEMORY_WEEKS = max(feature.window_weeks for feature in FEATURES)
SUSPECTS = "suspects_in_cell"
SCORES = ["week", "theme", "forecaster"]


@dataclass(frozen=True)
class _City:
    """What a forecast of any theme starts from."""

    incidents: pd.DataFrame
    weeks: pd.DatetimeIndex
    kept: NDArray[np.bool_]  # (rows, columns)
    suspects: NDArray[np.float32] | None  # (rows, columns)
    train: slice
    test: slice


@dataclass(frozen=True)
class _Forecast:
    """One theme: flags, scores and the model behind them, for every test week."""

    model: Any
    score: NDArray[np.float64]  # (test weeks, rows, columns)
    flagged: NDArray[np.bool_]
    counting: NDArray[np.bool_]


def forecast(config: Config, dossier: Path) -> None:
    """Fit one model a theme, flag the top of every test week, and refit to see it repeat.

    Args:
        config: what is audited.
        dossier: folder with `data/` from ingest; gains `model/`, `trials/`, the forecasts
            and `public/`.

    Raises:
        InputError: the history is too short to train and test on.
    """
    city = _open(config, dossier / "data")
    (dossier / "model").mkdir()
    rows, weekly, trial, future = [], [], {}, {}
    for number, theme in enumerate(track(config.themes, "forecast")):
        seed = [config.forecast.seed, number]
        made = _make(config, city, theme, seed)
        trial[theme] = _compare(made, _make(config, city, theme, seed))
        future[theme] = _without_future(city, _panel(city, theme, config.channels))
        rows.append(_rows(city, theme, made))
        weekly.append(_weekly(city, theme, made, _judged(config)))
        if made.model is not None:
            store_model(made.model, dossier / f"model/{theme}.skops")
    forecasts = pd.concat(rows)
    forecasts.to_parquet(dossier / "forecasts.parquet", index=False)
    scores = pd.concat(weekly, ignore_index=True)
    scores.to_parquet(dossier / "model/weekly.parquet", index=False)
    write_json(dossier / "model/scores.json", _summary(scores))
    _describe(config, city, dossier)
    write_json(dossier / "trials/reproducibility.json", trial)
    write_json(dossier / "trials/future.json", future)
    publish_flags(forecasts, dossier, config.publication.smallest_population)


def _open(config: Config, data: Path) -> _City:
    grid = read_json(data / "grid.json")
    shape = (grid["rows"], grid["columns"])
    cells = pd.read_parquet(data / "cells.parquet", columns=["cell"])["cell"].to_numpy()
    kept = np.zeros(shape, dtype=bool)
    kept.ravel()[cells] = True
    suspects = None
    if (data / "suspects.parquet").is_file():
        table = pd.read_parquet(data / "suspects.parquet")
        suspects = np.zeros(shape, dtype=np.float32)
        suspects.ravel()[table["cell"]] = np.log1p(table["suspects"])
    weeks = pd.DatetimeIndex(pd.read_parquet(data / "weeks.parquet")["week"], name="period")
    tested, trained = config.forecast.test_weeks, config.forecast.train_weeks
    if len(weeks) < tested + trained + 1:
        message = (
            f"The admitted history is {len(weeks)} weeks; expected at least one more than "
            f"train_weeks {trained} and test_weeks {tested} together."
        )
        raise InputError(message)
    weeks = weeks[-(MEMORY_WEEKS + tested + trained) :]  # older weeks are in no feature
    test = slice(len(weeks) - tested, len(weeks))
    train = slice(test.start - trained, test.start)
    incidents = pd.read_parquet(data / "incidents.parquet")
    return _City(incidents, weeks, kept, suspects, train, test)


def _make(config: Config, city: _City, theme: str, seed: list[int]) -> _Forecast:
    sampling, ties, counting_ties = np.random.default_rng(seed).spawn(3)
    counts = _panel(city, theme, config.channels)
    counted = count_scores(counts, MEMORY_WEEKS)[city.test]
    model, score = None, counted
    if config.forecast.model == "cas_ensemble":
        features = _features(city, counts)
        columns = features.shape[-1]
        train = draw_sample(
            features[city.train][:, city.kept].reshape(-1, columns),
            counts[city.train][:, city.kept].ravel(),
            sampling,
        )
        if train.hit.sum() < config.forecast.train_weeks:
            message = (
                f"Theme {theme} has fewer cells with an incident than weeks to train on; "
                f"expected at least {config.forecast.train_weeks}."
            )
            raise InputError(message)
        model = cas_ensemble(config.forecast.seed).fit(train.features, train.hit)
        score = np.zeros(counted.shape)
        for number, week in enumerate(features[city.test]):
            score[number][city.kept] = model.predict_proba(week[city.kept])[:, 1]
    share = config.forecast.flagged_share
    flagged = np.stack([flag_top(week, city.kept, share, ties) for week in score])
    counting = np.stack([flag_top(week, city.kept, share, counting_ties) for week in counted])
    return _Forecast(model, score, flagged, counting)


def _panel(city: _City, theme: str, channels: Sequence[str]) -> NDArray[np.float32]:
    table = city.incidents
    wanted = table[(table["theme"] == theme) & table["channel"].isin(channels)]
    panel = build_panel(wanted, city.weeks, *city.kept.shape)
    counts: NDArray[np.float32] = panel.to_numpy()
    return counts


def _features(city: _City, counts: NDArray[np.float32]) -> NDArray[np.float32]:
    features = make_features(counts)
    if city.suspects is None:
        return features
    still = np.broadcast_to(city.suspects[None, ..., None], (*counts.shape, 1))
    return np.concatenate([features, still], axis=-1)


def _judged(config: Config) -> list[str]:
    """Judge on what the public brought, where that is known: what police found follows police."""
    return ["brought"] if "brought" in config.channels else list(config.channels)


def _compare(one: _Forecast, other: _Forecast) -> dict[str, float]:
    return {
        "weeks": len(one.score),
        "largest_score_difference": float(np.abs(one.score - other.score).max()),
        "flags_differing": int((one.flagged != other.flagged).sum()),
    }


def _without_future(city: _City, counts: NDArray[np.float32]) -> dict[str, float]:
    """Take away everything from a test week on; its features must stay as they were."""
    tried = sorted({city.test.start, (city.test.start + city.test.stop) // 2, city.test.stop - 1})
    features, largest = _features(city, counts), 0.0
    for week in tried:
        past = counts.copy()
        past[week:] = 0
        change = np.abs(_features(city, past)[week] - features[week]).max()
        largest = max(largest, float(change))
    return {"weeks": len(tried), "largest_change": largest}


def _rows(city: _City, theme: str, made: _Forecast) -> pd.DataFrame:
    cells = np.flatnonzero(city.kept)
    periods = city.weeks[city.test]
    return pd.DataFrame(
        {
            "cell": np.tile(cells, len(periods)),
            "period": np.repeat(periods, cells.size),
            "theme": theme,
            "score": made.score[:, city.kept].ravel().round(9),
            "flagged": made.flagged[:, city.kept].ravel(),
        }
    )


def _weekly(city: _City, theme: str, made: _Forecast, judged: list[str]) -> pd.DataFrame:
    outcomes = _panel(city, theme, judged)[city.test]
    rows = [
        {"week": week, "theme": theme, "forecaster": name, **asdict(score)}
        for name, flags in (("model", made.flagged), ("counting", made.counting))
        for week, counts, flagged in zip(city.weeks[city.test], outcomes, flags, strict=True)
        for score in [score_week(counts, flagged, city.kept)]
    ]
    return pd.DataFrame(rows)


def _summary(weekly: pd.DataFrame) -> dict[str, dict[str, dict[str, float | None]]]:
    summary: dict[str, dict[str, dict[str, float | None]]] = {}
    for (theme, forecaster), part in weekly.groupby(["theme", "forecaster"]):
        sums = part.drop(columns=SCORES).sum()
        summary.setdefault(str(theme), {})[str(forecaster)] = summarise(
            {str(name): float(value) for name, value in sums.items()}
        )
    return summary


def _describe(config: Config, city: _City, dossier: Path) -> None:
    """Write down what the model knows, how it was set, and on which weeks it is judged."""
    features: list[dict[str, Any]] = [
        {**asdict(feature), "source": "incidents", "about_persons": False} for feature in FEATURES
    ]
    if city.suspects is not None:
        still = {"name": SUSPECTS, "window_weeks": 0, "reach_cells": 0}
        features.append({**still, "source": "suspects", "about_persons": True})
    if config.forecast.model == "counting":
        features = [feature for feature in features if feature["name"] == "cell_0_last_52_weeks"]
    write_json(dossier / "model/features.json", features)
    chosen = config.forecast.model_dump()
    write_json(dossier / "model/parameters.json", {**chosen, "judged_on": _judged(config)})
    train, test = city.weeks[city.train], city.weeks[city.test]
    split = {
        name: {"first": f"{part[0]:%Y-%m-%d}", "last": f"{part[-1]:%Y-%m-%d}", "weeks": len(part)}
        for name, part in (("train", train), ("test", test))
    }
    write_json(dossier / "model/split.json", split)
    partition = pd.DataFrame({"period": test, "stretch": stretches(len(test))})
    partition.to_parquet(dossier / "partition.parquet", index=False)
