"""What the model knows of a cell before a week begins: counts of the past, near and far.

Every feature of a week is made of earlier weeks only. A feature is a small function of the past
(`cas_audit.forecast.past`), and says how far it looks, where its data comes from, and whether data
about persons lies behind it: the register in the dossier is made of that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.past import Asked, Past
from cas_audit.forecast.reasons import REASONS
from cas_audit.forecast.tile import Tile

__all__ = ["FEATURES", "Feature", "count_feature", "layer_feature", "make_features"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Feature:
    """One feature: its name, how it is made, and what lies behind it.

    Attributes:
        name: unique; stands in the register.
        make: returns the values of what is asked for, a pure function of the past.
        window_weeks: how many weeks before the week it looks back; 0 when it stands still.
        reach_cells: how many cells it looks away; a tile needs a halo as wide.
        source: the table that the data comes from.
        about_persons: whether data about persons lies behind it.
        theme: another theme whose incidents it is made of.
        reason: why a model gets it, the key of a text in `reasons`.
    """

    name: str
    make: Callable[[Past], Array]
    window_weeks: int
    reach_cells: int
    source: str = "incidents"
    about_persons: bool = False
    theme: str | None = None
    reason: str = ""

    def described(self) -> dict[str, Any]:
        """Return what the register says of it."""
        told = ("name", "window_weeks", "reach_cells", "source", "about_persons")
        return {**{key: getattr(self, key) for key in told}, "why": REASONS.get(self.reason)}


def count_feature(window: int, reach: int) -> Feature:
    """Return the feature: log of one plus the incidents over a window, here or in the ring around.

    Args:
        window: weeks before the week.
        reach: cells around the cell, which is left out unless this is 0.
    """

    def make(past: Past) -> Array:
        counted = past.count(window, reach)
        return np.log1p(counted, out=counted)

    name = f"{'ring' if reach else 'cell'}_{reach}_last_{window}_weeks"
    return Feature(name, make, window, reach, reason="near_past" if reach else "own_past")


def layer_feature(name: str, layer: str, source: str, *, about_persons: bool = False) -> Feature:
    """Return the feature: a layer of the tile, which stands still."""
    return Feature(name, lambda past: past.layer(layer), 0, 0, source, about_persons, reason=source)


FEATURES = tuple(
    count_feature(window, reach)
    for reach, windows in ((0, (1, 4, 13, 26, 52)), (1, (2, 4, 13, 52)), (3, (2, 13, 52)))
    for window in windows
)


def make_features(tile: Tile, asked: Asked, features: Sequence[Feature] = FEATURES) -> Array:
    """Return the features of what is asked for.

    Args:
        tile: a piece of the panel, with a halo at least as wide as the features reach.
        asked: whole weeks of some cells, or single cell-weeks.
        features: what to make.

    Returns:
        Shape (weeks, cells, features) or (rows, features); each feature lies together in memory.
    """
    past = Past(tile, asked)
    made = np.empty((len(features), *asked.shape), dtype=np.float32)
    for number, feature in enumerate(features):
        made[number] = feature.make(past)
    return np.moveaxis(made, 0, -1)
