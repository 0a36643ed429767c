"""What checks know of the values of features: figures of places, about nobody.

The mean in every cell, and how features go together, over the periods that are judged; and what
was known of every cell before the first of these, in which nothing is that happened later.
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
    """What checks may know of the features of a theme.

    `means` and `before` hold a row a cell: the mean over the periods that are judged, and the value
    before the first of them.
    """

    means: pd.DataFrame
    before: pd.DataFrame
    correlations: Values


@dataclass(frozen=True)
class Summing:
    """What is known of a theme over some weeks, to be made tile by tile."""

    subject: Subject
    weeks: NDArray[np.int64]

    def on(self, corner: Corner) -> tuple[NDArray[np.int64], Values, Values, Sums]:
        """Return the kept cells of one tile, means and first values of each, and the sums."""
        tile = self.subject.panel.tile(self.subject.theme, corner)
        asked = Weeks(self.weeks, tile.cells)
        rows = make_features(tile, asked, self.subject.features)
        mean, first = rows.mean(axis=0, dtype=float), rows[0].astype(float)
        return tile.numbered(tile.cells), mean, first, sum_rows(rows)


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
    cells, means, first, sums = zip(*parts, strict=True)
    return tabulate(
        (theme, [one.name for one in features]),
        np.concatenate(cells),
        np.concatenate(means),
        np.concatenate(first),
        sums,
    )


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
    of: tuple[str, Sequence[str]],
    cell: NDArray[np.int64],
    means: Values,
    first: Values,
    sums: Sequence[Sums],
) -> Known:
    """Return what is known of a theme as a dossier holds it.

    Args:
        of: the theme, and the names of its features.
        cell: the cell of each row.
        means: of each feature, shape (cells, features).
        first: what was known before the first period, same shape.
        sums: of every tile.
    """
    whole = Sums(
        sum(one.number for one in sums),
        np.sum([one.single for one in sums], axis=0),
        np.sum([one.products for one in sums], axis=0),
    )
    return Known(_held(of, cell, means), _held(of, cell, first), whole.correlations())


def _held(of: tuple[str, Sequence[str]], cell: NDArray[np.int64], values: Values) -> pd.DataFrame:
    """Return a row a cell, in the order of cells."""
    theme, names = of
    table = pd.DataFrame(values.round(DIGITS).astype(np.float32), columns=list(names))
    table.insert(0, "theme", theme)
    table.insert(1, "cell", cell)
    return table.sort_values("cell", ignore_index=True)


def write_known(known: Mapping[str, Known], dossier: Path) -> None:
    """Write `model/feature_means.parquet`, `…_before.parquet` and `…_correlations.json`, by theme.

    A feature that a theme has not got is missing in its rows; so is a correlation with a feature
    that is the same everywhere.
    """
    for name in ("means", "before"):
        table = pd.concat([getattr(one, name) for one in known.values()], ignore_index=True)
        table.to_parquet(dossier / f"model/feature_{name}.parquet", index=False)
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
