"""Why the flagged cells are flagged: what each part of the features adds to their score.

A part is what is known of the cell itself, of near cells, of farther ones, of other themes, or from
another source. What it adds is how far the score falls when the part is set to its mean over all
cells of that period, the rest left as it is; on the scale of logarithms, or of log odds where a
model gives chances, so that models fitted on other samples can be held beside each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.forecast.city import City, panel_of, tiles_of
from cas_audit.forecast.features import make_features
from cas_audit.forecast.fitting import Fitted, known_by, record_of
from cas_audit.forecast.necessity import feature_parts
from cas_audit.forecast.past import Weeks

__all__ = ["Reasons", "ask_reasons", "explain", "write_explanations"]

PERIODS = 4  # of those that are judged, evenly spread: what a cell knows changes slowly
DIGITS = 6
LEAST = 1e-12  # of a chance or a rate, whose logarithm is asked for
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Reasons:
    """What is asked of every model: the same flagged cells, with the same features.

    Attributes:
        theme: what is forecast.
        cells: the cell of each row; a cell has a row for each period in which it is flagged.
        rows: its features, shape (rows, features).
        usual: the mean of each feature over all cells of that period, same shape.
        parts: which columns each part is.
    """

    theme: str
    cells: NDArray[np.int64]
    rows: NDArray[np.float32]
    usual: NDArray[np.float32]
    parts: dict[str, list[int]]


def ask_reasons(config: Config, city: City, theme: str, base: Fitted) -> Reasons | None:
    """Take the flagged cells of some periods with what was known of them.

    Args:
        config: which model, fitted on which features.
        city: weeks, cells, and what stands still.
        theme: what is forecast.
        base: the model that is audited; None is returned where it is a count.
    """
    if base.model is None:
        return None
    features = known_by(config, city, theme)
    counts = panel_of(city, theme, config.channels)
    record = record_of(config, city, theme, counts)
    reach = max(one.reach_cells for one in features)
    panel = tiles_of(city, theme, counts, record.themes, reach)
    tile = replace(panel, tile_cells=max(city.kept.shape)).tile(theme, (0, 0))
    chosen = np.unique(np.linspace(0, len(city.origins) - 1, PERIODS).round().astype(int))
    rows = make_features(tile, Weeks(city.origins[chosen], tile.cells), features)
    period, cell = np.nonzero(base.flagged[chosen][:, city.kept])
    names = [one.name for one in features]
    parts = {
        part: [names.index(name) for name in inside]
        for part, inside in feature_parts(features).items()
    }
    usual = rows.mean(axis=1, dtype=float).astype(np.float32)
    return Reasons(theme, tile.cells[cell], rows[period, cell], usual[period], parts)


def explain(
    asked: Reasons,
    model: Any,  # noqa: ANN401 - any estimator
    *,
    kind: str,
    refit: int = 0,
) -> pd.DataFrame:
    """Return what each part adds to the score of each flagged cell, by this model.

    Args:
        asked: of which cells.
        model: fitted on the same features.
        kind: model, seed, week or history.
        refit: which of several trials of a kind.

    Returns:
        Columns theme, kind, refit, part, cell and contribution: the mean over its periods.
    """
    whole = _scale(model, asked.rows)
    added = {}
    for part, columns in asked.parts.items():
        without = asked.rows.copy()
        without[:, columns] = asked.usual[:, columns]
        added[part] = whole - _scale(model, without)
    means = pd.DataFrame(added).groupby(asked.cells).mean().round(DIGITS)
    named = {"theme": asked.theme, "kind": kind, "refit": refit}
    rows = [
        pd.DataFrame({**named, "part": part, "cell": means.index, "contribution": means[part]})
        for part in asked.parts
    ]
    return pd.concat(rows, ignore_index=True)


def write_explanations(dossier: Path, tables: Sequence[pd.DataFrame]) -> None:
    """Write `trials/explanations.parquet`, where there is anything to explain."""
    if tables:
        table = pd.concat(tables, ignore_index=True)
        table.to_parquet(dossier / "trials/explanations.parquet", index=False)


def _scale(model: Any, rows: NDArray[np.float32]) -> Values:  # noqa: ANN401 - any estimator
    """Return log odds of chances, or logarithms of rates."""
    if hasattr(model, "predict_proba"):
        chance = np.clip(model.predict_proba(rows)[:, 1], LEAST, 1 - LEAST)
        odds: Values = np.log(chance) - np.log1p(-chance)
        return odds
    rate: Values = np.log(np.maximum(model.predict(rows), LEAST))
    return rate
