"""What a forecast of any theme starts from: the record, its weeks, and the cells that take part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.errors import InputError
from cas_audit.files import read_json
from cas_audit.forecast.features import FEATURES, Feature, layer_feature, make_features
from cas_audit.forecast.flagging import Lives, read_lives
from cas_audit.forecast.kernels import LONGEST_WEEKS
from cas_audit.forecast.panel import build_panel
from cas_audit.forecast.panels import MemoryPanel
from cas_audit.forecast.past import Asked, Weeks
from cas_audit.forecast.periods import in_periods, origins_in
from cas_audit.forecast.tile import Counts, whole
from cas_audit.forecast.weighing import read_stands

__all__ = [
    "MEMORY_WEEKS",
    "City",
    "features_of",
    "judged_on",
    "known_of",
    "next_week",
    "open_city",
    "panel_of",
    "tiles_of",
    "weeks_of",
]

MEMORY_WEEKS = max(feature.window_weeks for feature in FEATURES)
REACH_CELLS = max(feature.reach_cells for feature in FEATURES)
SUSPECTS = layer_feature("suspects_in_cell", "suspects", "suspects", about_persons=True)


@dataclass(frozen=True)
class City:
    """What a forecast of any theme starts from."""

    incidents: pd.DataFrame
    weeks: pd.DatetimeIndex
    kept: NDArray[np.bool_]  # (rows, columns)
    layers: Mapping[str, NDArray[np.float32]]  # what stands still, each (rows, columns)
    train: slice
    test: slice
    period_weeks: int = 1
    lives: Lives | None = None  # where groups live: to choose between cells, never to score them
    stands: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # by the survey
    left_out: frozenset[str] = frozenset()  # features that a trial does without

    @property
    def origins(self) -> NDArray[np.int64]:
        """The first week of every period that is judged."""
        return origins_in(self.test, self.period_weeks)

    @property
    def periods(self) -> pd.DatetimeIndex:
        """The first day of every period that is judged."""
        return self.weeks[self.origins]

    def worth(self, theme: str, score: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what a flag on each cell is worth: its score, weighed where a rule says so."""
        return score * self.stands[theme] if theme in self.stands else score

    def followed(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the incidents of every period that is judged, shape (periods, rows, columns)."""
        return in_periods(counts, self.origins, self.period_weeks)


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
    weeks = pd.DatetimeIndex(pd.read_parquet(data / "weeks.parquet")["week"], name="period")
    tested, trained = config.forecast.test_weeks, config.forecast.train_weeks
    if len(weeks) < tested + trained + 1:
        message = (
            f"The admitted history is {len(weeks)} weeks; expected at least one more than "
            f"train_weeks {trained} and test_weeks {tested} together."
        )
        raise InputError(message)
    weeks = weeks[-(LONGEST_WEEKS + tested + trained) :]  # older weeks are in no feature
    test = slice(len(weeks) - tested, len(weeks))
    train = slice(test.start - trained, test.start)
    incidents = pd.read_parquet(data / "incidents.parquet")
    return City(
        incidents,
        weeks,
        kept,
        _layers(data, shape),
        train,
        test,
        config.forecast.period_weeks,
        read_lives(data, config.forecast.choice),
        read_stands(data, config.forecast.choice, config.themes, kept),
    )


def _layers(data: Path, shape: tuple[int, int]) -> dict[str, NDArray[np.float32]]:
    if not (data / "suspects.parquet").is_file():
        return {}
    table = pd.read_parquet(data / "suspects.parquet")
    suspects = np.zeros(shape, dtype=np.float32)
    suspects.ravel()[table["cell"]] = np.log1p(table["suspects"])
    return {"suspects": suspects}


def panel_of(city: City, theme: str, channels: Sequence[str]) -> NDArray[np.float32]:
    """Return the incidents of a theme by these channels, shape (weeks, rows, columns)."""
    table = city.incidents
    wanted = table[(table["theme"] == theme) & table["channel"].isin(channels)]
    panel = build_panel(wanted, city.weeks, *city.kept.shape)
    counts: NDArray[np.float32] = panel.to_numpy()
    return counts


def known_of(city: City) -> tuple[Feature, ...]:
    """Return every feature that a model of this city is fitted on."""
    known = (*FEATURES, SUSPECTS) if "suspects" in city.layers else FEATURES
    return tuple(one for one in known if one.name not in city.left_out)


def tiles_of(
    city: City,
    theme: str,
    counts: NDArray[np.float32],
    others: Mapping[str, Counts] | None = None,
    reach_cells: int = REACH_CELLS,
) -> MemoryPanel:
    """Return the city on tiles, with the record of a theme and what is known beside it.

    Args:
        city: weeks, cells, and what stands still.
        theme: whose record it is.
        counts: its incidents, shape (weeks, rows, columns).
        others: incidents of other themes, same shape.
        reach_cells: how far its features look away.
    """
    days = [*city.weeks, next_week(city)]
    mondays = pd.DatetimeIndex(days).to_numpy().astype("M8[ns]")
    themes = {theme: counts, **(others or {})}
    return MemoryPanel(themes, city.kept, reach_cells, city.layers, mondays)


def next_week(city: City) -> pd.Timestamp:
    """Return the Monday after the history: the week that nobody knows yet."""
    return city.weeks[-1] + pd.Timedelta(days=7)


def weeks_of(city: City, weeks: slice) -> Weeks:
    """Ask for every kept cell in these weeks."""
    return Weeks(np.arange(weeks.start, weeks.stop), np.flatnonzero(city.kept))


def features_of(city: City, counts: NDArray[np.float32], asked: Asked) -> NDArray[np.float32]:
    """Return the features of what is asked for, by a record of shape (weeks, rows, columns)."""
    tile = whole(counts, REACH_CELLS, kept=city.kept, layers=city.layers)
    return make_features(tile, asked, known_of(city))


def judged_on(config: Config) -> list[str]:
    """Judge on what the public brought, where that is known: what police found follows police."""
    return ["brought"] if "brought" in config.channels else list(config.channels)
