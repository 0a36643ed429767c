"""What checks know of the values of features: their mean in every cell, and how they go together.

Both are over the periods that are judged: figures of places, about nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.city import City, panel_of, tiles_of
from cas_audit.forecast.features import Feature, make_features
from cas_audit.forecast.fitting import known_by, record_of
from cas_audit.forecast.panels import Corner
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.scoring import Subject
from cas_audit.forecast.tile import Counts
from cas_audit.forecast.work import Work

__all__ = ["Known", "know_features", "sum_rows", "tabulate", "write_known"]

DIGITS = 6
LEAST = 1e-6  # of the mean: what rounding leaves of a spread of none
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sums:
    """Sums over cells and periods: how many, of each feature, and of each product of two."""

    number: int
    single: Values
    products: Values

    def correlations(self) -> Values:
        """Return how each feature goes with each; NaN where one is the same everywhere."""
        mean = self.single / self.number
        spread = self.products / self.number - np.outer(mean, mean)
        size = np.sqrt(np.diagonal(spread).clip(min=0))
        size = np.where(size > LEAST * np.abs(mean), size, np.nan)
        found: Values = (spread / np.outer(size, size)).round(DIGITS)
        return found


@dataclass(frozen=True)
class Known:
    """What checks may know of the features of a theme: means by cell, and correlations."""

    means: pd.DataFrame
    correlations: Values


@dataclass(frozen=True)
class Summing:
    """The means and sums of a theme over some weeks, to be made tile by tile."""

    subject: Subject
    weeks: NDArray[np.int64]

    def on(self, corner: Corner) -> tuple[pd.DataFrame, Sums]:
        """Return a row a kept cell of one tile, a column a feature, and the sums of the tile."""
        features = self.subject.features
        tile = self.subject.panel.tile(self.subject.theme, corner)
        rows = make_features(tile, Weeks(self.weeks, tile.cells), features)
        means = pd.DataFrame(rows.mean(axis=0, dtype=float), columns=[one.name for one in features])
        means.insert(0, "cell", tile.numbered(tile.cells))
        return means, sum_rows(rows)


def know_features(config: Config, city: City, theme: str, work: Work) -> Known:
    """Sum up what the model of a theme knows of each cell, over the periods that are judged.

    Args:
        config: which model, fitted on which features.
        city: weeks, cells, and what stands still.
        theme: what is forecast.
        work: who does the work on tiles.
    """
    features = known_by(config, city, theme)
    counts = panel_of(city, theme, config.channels)
    reach = max(one.reach_cells for one in features)
    others = _others(config, city, theme, counts, features)
    panel = work.reach(tiles_of(city, theme, counts, others, reach))
    summing = Summing(Subject(panel, theme, features), city.origins)
    parts = work.each(summing.on, panel.corners, f"{theme}: what is known")
    tables, sums = zip(*parts, strict=True)
    table = pd.concat(tables).sort_values("cell", ignore_index=True)
    return tabulate(theme, table.pop("cell").to_numpy(), table, sums)


def sum_rows(rows: NDArray[np.float32]) -> Sums:
    """Return the sums of features of shape (weeks, cells, features), a week at a time."""
    weeks, cells, features = rows.shape
    single, products = np.zeros(features), np.zeros((features, features))
    for week in rows:
        exact = week.astype(float)
        single += exact.sum(axis=0)
        products += exact.T @ exact
    return Sums(weeks * cells, single, products)


def tabulate(
    theme: str, cell: NDArray[np.int64], means: pd.DataFrame, sums: Sequence[Sums]
) -> Known:
    """Return means and correlations as a dossier holds them.

    Args:
        theme: what is forecast.
        cell: the cell of each row.
        means: a column a feature.
        sums: of every tile.
    """
    held = means.round(DIGITS).astype(np.float32)
    held.insert(0, "theme", theme)
    held.insert(1, "cell", cell)
    whole = Sums(
        sum(one.number for one in sums),
        np.sum([one.single for one in sums], axis=0),
        np.sum([one.products for one in sums], axis=0),
    )
    return Known(held, whole.correlations())


def write_known(known: Mapping[str, Known], dossier: Path) -> None:
    """Write `model/feature_means.parquet` and `model/feature_correlations.json`, by theme.

    A feature that a theme has not got is missing in its means; so is a correlation with a feature
    that is the same everywhere.
    """
    table = pd.concat([one.means for one in known.values()], ignore_index=True)
    table.to_parquet(dossier / "model/feature_means.parquet", index=False)
    held = {
        theme: {
            "features": list(one.means)[2:],
            "correlations": as_plain(one.correlations),
        }
        for theme, one in known.items()
    }
    write_json(dossier / "model/feature_correlations.json", held)


def as_plain(values: Values) -> list[list[float | None]]:
    """Return rows of numbers; undefined is null."""
    return [[None if np.isnan(one) else float(one) for one in row] for row in values]


def _others(
    config: Config,
    city: City,
    theme: str,
    counts: NDArray[np.float32],
    features: Sequence[Feature],
) -> Mapping[str, Counts] | None:
    """Return the records of other themes, where any feature is made of them."""
    if not any(one.theme for one in features):
        return None
    return record_of(config, city, theme, counts).themes
