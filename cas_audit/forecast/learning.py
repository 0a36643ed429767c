"""One model of one theme: fitted on some periods of its record, asked for the rate in others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.drawing import draw, surroundings
from cas_audit.forecast.features import make_features
from cas_audit.forecast.forecasters import Forecaster
from cas_audit.forecast.past import Asked, Rows, Weeks
from cas_audit.forecast.periods import in_periods
from cas_audit.forecast.tile import Counts, Tile, whole

__all__ = ["Record", "features_at", "learn", "rates_of"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Record:
    """What was recorded of a theme, and what else is known of the same cells.

    Attributes:
        counts: incidents, shape (weeks, rows, columns).
        kept: cells that take part, shape (rows, columns).
        period_weeks: weeks in a period that is forecast.
        themes: incidents of other themes, same shape as counts.
        layers: what stands still, shape (rows, columns).
    """

    counts: NDArray[np.float32]
    kept: NDArray[np.bool_]
    period_weeks: int = 1
    themes: Mapping[str, Counts] = field(default_factory=dict)
    layers: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def tile(self, reach: int) -> Tile:
        """Return the record as one tile with so much nothing around it."""
        return whole(self.counts, reach, kept=self.kept, themes=self.themes, layers=self.layers)

    def followed(self, origins: Numbers) -> NDArray[np.float32]:
        """Return the incidents in the period from each origin on, shape (origins, kept cells)."""
        return in_periods(self.counts, origins, self.period_weeks)[:, self.kept]


def learn(
    forecaster: Forecaster,
    record: Record,
    origins: Numbers,
    seed: Sequence[int],
    settings: Mapping[str, float] | None = None,
) -> Any:  # noqa: ANN401 - an estimator of scikit-learn, without types
    """Fit a model on the periods from some origins on.

    Args:
        forecaster: what it knows and how it learns.
        record: of the theme.
        origins: first weeks of the periods to fit on.
        seed: of the estimator and of the cell-periods to fit on.
        settings: of the estimator, as searched.
    """
    around = surroundings(record.counts[: origins[0]], record.kept)
    drawn = draw(record.followed(origins), around, np.random.default_rng(seed))
    cells = np.flatnonzero(record.kept)
    rows = _features(forecaster, record, Rows(origins[drawn.period], cells[drawn.cell]))
    model = forecaster.build(seed[0], **(settings or {}))
    return model.fit(rows, drawn.target, sample_weight=drawn.weight)


def _features(forecaster: Forecaster, record: Record, asked: Asked) -> NDArray[np.float32]:
    return make_features(record.tile(forecaster.reach_cells), asked, forecaster.features)


def features_at(forecaster: Forecaster, record: Record, origins: Numbers) -> NDArray[np.float32]:
    """Return the features of every kept cell, shape (origins, kept cells, features)."""
    return _features(forecaster, record, Weeks(origins, np.flatnonzero(record.kept)))


def rates_of(
    model: Any,  # noqa: ANN401 - an estimator of scikit-learn, without types
    forecaster: Forecaster,
    record: Record,
    origins: Numbers,
) -> NDArray[np.float64]:
    """Return the incidents expected in the period from each origin on.

    Returns:
        Shape (origins, kept cells).
    """
    return np.stack([model.predict(rows) for rows in features_at(forecaster, record, origins)])
