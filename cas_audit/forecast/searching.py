"""Settings chosen on validation weeks: the later half of the training weeks, never a test week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cas_audit.forecast.forecasters import BLENDS, Forecaster
from cas_audit.forecast.learning import Record, features_at, learn
from cas_audit.forecast.scores import log_score, top_cells

__all__ = ["Search", "halves", "search"]

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]
Counts = NDArray[np.float32]


@dataclass(frozen=True)
class Search:
    """What was tried, how each did on the validation weeks, and what was chosen."""

    chosen: dict[str, float]
    tried: list[dict[str, float]]


def halves(origins: Numbers) -> tuple[Numbers, Numbers]:
    """Return the earlier origins to fit on and the later ones to judge on, in a search."""
    middle = len(origins) // 2
    return origins[:middle], origins[middle:]


def search(
    forecaster: Forecaster,
    record: Record,
    origins: Numbers,
    seed: Sequence[int],
    share: float,
) -> Search:
    """Choose the settings with the best log score on the later half of the training periods.

    Rates are set to the right total, so that it counts where incidents are expected and not how
    many. The log score chooses and not the hits: it hears every cell, and so is far less up to
    chance. The parts are fitted once; blends are averages of the same parts.

    Args:
        forecaster: whose settings are searched.
        record: of the theme.
        origins: first weeks of the training periods.
        seed: of the estimator and of the cell-periods to fit on.
        share: share of cells flagged, for the hits that are shown beside.
    """
    if not forecaster.searched:
        return Search({}, [])
    early, late = halves(origins)
    known, followed = features_at(forecaster, record, late), record.followed(late)
    settings = dict.fromkeys(BLENDS[0], 1.0)
    model = learn(forecaster, record, early, seed, settings)
    parts = [model.part_logs(rows) for rows in known]
    logs = {name: np.stack([one[name] for one in parts]) for name in BLENDS[0]}
    tried = [{**blend, **_judged(logs, blend, followed, share)} for blend in BLENDS]
    best = max(tried, key=lambda one: one["log_score"])
    return Search({name: best[name] for name in BLENDS[0]}, tried)


def _judged(
    logs: Mapping[str, Values], blend: Mapping[str, float], followed: Counts, share: float
) -> dict[str, float]:
    rates = np.exp(sum(weight * logs[name] for name, weight in blend.items()))
    rates /= rates.sum() / followed.sum()
    hits = sum(
        float(counts[top_cells(one, share)].sum())
        for one, counts in zip(rates, followed, strict=True)
    )
    return {"log_score": log_score(rates, followed), "hit_rate": hits / float(followed.sum())}
