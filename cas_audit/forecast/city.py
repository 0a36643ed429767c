"""What a forecast of any theme starts from: the record, its weeks, and the cells that take part."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import read_json
from cas_audit.forecast.features import FEATURES, make_features
from cas_audit.forecast.panel import build_panel

__all__ = ["MEMORY_WEEKS", "City", "features_of", "judged_on", "open_city", "panel_of"]

MEMORY_WEEKS = max(feature.window_weeks for feature in FEATURES)


@dataclass(frozen=True)
class City:
    """What a forecast of any theme starts from."""

    incidents: pd.DataFrame
    weeks: pd.DatetimeIndex
    kept: NDArray[np.bool_]  # (rows, columns)
    suspects: NDArray[np.float32] | None  # (rows, columns)
    train: slice
    test: slice


def open_city(config: Config, data: Path) -> City:
    """Read what a forecast starts from.

    Raises:
        InputError: the history is too short to train and test on.
    """
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
    return City(incidents, weeks, kept, suspects, train, test)


def panel_of(city: City, theme: str, channels: Sequence[str]) -> NDArray[np.float32]:
    """Return the incidents of a theme by these channels, shape (weeks, rows, columns)."""
    table = city.incidents
    wanted = table[(table["theme"] == theme) & table["channel"].isin(channels)]
    panel = build_panel(wanted, city.weeks, *city.kept.shape)
    counts: NDArray[np.float32] = panel.to_numpy()
    return counts


def features_of(city: City, counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the features of every week and cell, shape (weeks, rows, columns, features)."""
    features = make_features(counts)
    if city.suspects is None:
        return features
    still = np.broadcast_to(city.suspects[None, ..., None], (*counts.shape, 1))
    return np.concatenate([features, still], axis=-1)


def judged_on(config: Config) -> list[str]:
    """Judge on what the public brought, where that is known: what police found follows police."""
    return ["brought"] if "brought" in config.channels else list(config.channels)
