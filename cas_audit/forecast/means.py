"""The mean of every feature in every cell over the periods that are judged.

It is all that checks know of the values of features: a figure of a place, about nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.forecast.city import City, panel_of, tiles_of
from cas_audit.forecast.features import Feature
from cas_audit.forecast.fitting import known_by, record_of
from cas_audit.forecast.panels import Corner
from cas_audit.forecast.past import Past, Weeks
from cas_audit.forecast.scoring import Subject
from cas_audit.forecast.tile import Counts
from cas_audit.forecast.work import Work

__all__ = ["mean_features", "tabulate_means", "write_means"]

DIGITS = 6


@dataclass(frozen=True)
class Averaging:
    """The means of a theme over some weeks, to be made tile by tile."""

    subject: Subject
    weeks: NDArray[np.int64]

    def on(self, corner: Corner) -> pd.DataFrame:
        """Return a row a kept cell of one tile, a column a feature; one feature at a time."""
        tile = self.subject.panel.tile(self.subject.theme, corner)
        past = Past(tile, Weeks(self.weeks, tile.cells))
        found = {
            feature.name: feature.make(past).mean(axis=0, dtype=float)
            for feature in self.subject.features
        }
        return pd.DataFrame({"cell": tile.numbered(tile.cells), **found})


def mean_features(config: Config, city: City, theme: str, work: Work) -> pd.DataFrame:
    """Return the mean of what the model of a theme knows of each cell, over the periods judged.

    Args:
        config: which model, fitted on which features.
        city: weeks, cells, and what stands still.
        theme: what is forecast.
        work: who does the work on tiles.

    Returns:
        Columns theme and cell, and one a feature; a row a cell, in the order of cells.
    """
    features = known_by(config, city, theme)
    counts = panel_of(city, theme, config.channels)
    reach = max(one.reach_cells for one in features)
    others = _others(config, city, theme, counts, features)
    panel = work.reach(tiles_of(city, theme, counts, others, reach))
    averaging = Averaging(Subject(panel, theme, features), city.origins)
    parts = work.each(averaging.on, panel.corners, f"{theme}: means of features")
    table = pd.concat(parts).sort_values("cell", ignore_index=True)
    return tabulate_means(theme, table.pop("cell").to_numpy(), table)


def tabulate_means(theme: str, cell: NDArray[np.int64], means: pd.DataFrame) -> pd.DataFrame:
    """Return means as a dossier holds them.

    Args:
        theme: what is forecast.
        cell: the cell of each row.
        means: a column a feature.
    """
    held = means.round(DIGITS).astype(np.float32)
    held.insert(0, "theme", theme)
    held.insert(1, "cell", cell)
    return held


def write_means(tables: Sequence[pd.DataFrame], dossier: Path) -> None:
    """Write `model/feature_means.parquet`; a feature that a theme has not got is missing there."""
    pd.concat(tables, ignore_index=True).to_parquet(
        dossier / "model/feature_means.parquet", index=False
    )


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
