"""The forecasters by name: what each knows of a cell, and what it is fitted with.

All baselines are one estimator on few columns: the rate of the column, set to scale. So each is
calibrated, and ranks cells as its column does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator

from cas_audit.forecast.additive import AdditivePoisson
from cas_audit.forecast.blend import BlendedPoisson
from cas_audit.forecast.features import Feature
from cas_audit.forecast.kernels import (
    LONGEST_WEEKS,
    counting_feature,
    decay_feature,
    kde_feature,
    near_repeat_feature,
    rate_feature,
    recency_feature,
    season_feature,
)

__all__ = ["BASELINES", "BLENDS", "OTHERS", "Forecaster", "forecaster_of"]

YEAR = 52
OTHERS = "others"  # the incidents of all other themes of the configuration together
BASELINES = ("counting", "counting_long", "decayed", "kde", "hotspot", "self_exciting")
# What the search chooses from: the weight of each part in the mean of logarithms.
BLENDS = (
    {"additive": 1.0, "boosted": 0.0, "rising": 0.0},
    {"additive": 0.7, "boosted": 0.15, "rising": 0.15},
    {"additive": 0.5, "boosted": 0.25, "rising": 0.25},
    {"additive": 0.3, "boosted": 0.35, "rising": 0.35},
    {"additive": 0.5, "boosted": 0.0, "rising": 0.5},
    {"additive": 0.5, "boosted": 0.5, "rising": 0.0},
    {"additive": 0.0, "boosted": 0.5, "rising": 0.5},
)


@dataclass(frozen=True)
class Forecaster:
    """What a forecaster knows, and how it learns.

    Attributes:
        name: stands in the configuration and in tables.
        features: its columns.
        build: returns the unfitted estimator for a seed and settings.
        searched: settings are chosen on validation weeks.
    """

    name: str
    features: tuple[Feature, ...]
    build: Callable[..., BaseEstimator]
    searched: bool = False

    @property
    def reach_cells(self) -> int:
        """How far its features look away."""
        return max(feature.reach_cells for feature in self.features)


def forecaster_of(
    name: str, others: Sequence[str] = (), layers: Sequence[Feature] = ()
) -> Forecaster:
    """Return a forecaster.

    Args:
        name: blend or one of the baselines.
        others: the other themes whose records are at hand.
        layers: features that stand still.
    """
    if name == "blend":
        features = (*_own(), *_of_others(others), *layers)
        return Forecaster(name, features, _blend, searched=True)
    return Forecaster(name, _columns(name), _additive)


def _blend(seed: int, **settings: Any) -> BaseEstimator:  # noqa: ANN401 - of the search
    return BlendedPoisson(random_state=seed, **settings)


def _additive(seed: int) -> BaseEstimator:  # noqa: ARG001 - nothing in it is drawn
    return AdditivePoisson()


def _columns(name: str) -> tuple[Feature, ...]:
    """Return the columns of a baseline; ETAS-like: the long run, and what each incident brings."""
    columns = {
        "counting": (counting_feature(YEAR),),
        "counting_long": (counting_feature(LONGEST_WEEKS),),
        "decayed": (decay_feature(YEAR),),
        "kde": (kde_feature(LONGEST_WEEKS, 1.0),),
        "hotspot": (near_repeat_feature(),),
        "self_exciting": (
            rate_feature(LONGEST_WEEKS),
            kde_feature(LONGEST_WEEKS, 1.0),
            kde_feature(LONGEST_WEEKS, 3.0),
            *(decay_feature(half, reach) for half in (2, 8, 26) for reach in (0, 1, 3)),
        ),
    }
    return columns[name]


def _own() -> tuple[Feature, ...]:
    return (
        *(decay_feature(half) for half in (4, 13, 26, YEAR, 2 * YEAR)),
        rate_feature(LONGEST_WEEKS),
        *(decay_feature(13, reach) for reach in (1, 3)),
        *(decay_feature(YEAR, reach) for reach in (1, 3, 6)),
        *(rate_feature(LONGEST_WEEKS, reach) for reach in (1, 2, 3, 6)),
        *(rate_feature(weeks, 1) for weeks in (1, 2)),
        recency_feature(),
        season_feature(),
    )


def _of_others(others: Sequence[str]) -> tuple[Feature, ...]:
    if not others:
        return ()
    together = (
        *(decay_feature(half, 0, OTHERS) for half in (26, 2 * YEAR)),
        *(rate_feature(LONGEST_WEEKS, reach, OTHERS) for reach in (0, 1, 3)),
    )
    alone = others if len(others) > 1 else ()
    return (*together, *(rate_feature(LONGEST_WEEKS, 0, theme) for theme in alone))
