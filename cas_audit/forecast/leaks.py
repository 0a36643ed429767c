"""Trials that look for the future in a forecast: a record in which nothing can be foreseen.

In the first, incidents of every week are dealt out anew over the cells. Then no past tells of any
week, and whatever is caught beyond chance was seen beforehand: in a feature that holds its own
week, in the sample, or in how hits are counted. In the second, each feature alone ranks the cells:
one that does much better than the whole model, or is hardly ever wrong, holds the answer.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from cas_audit.config import Config
from cas_audit.forecast.city import City, panel_of
from cas_audit.forecast.features import make_features
from cas_audit.forecast.fitting import Fitted, fit, known_by, record_of
from cas_audit.forecast.past import Weeks
from cas_audit.forecast.work import Work

__all__ = ["Blind", "find_leaks", "fit_blind", "shuffle"]

TRIED_PERIODS = 6
SHOWN = 3
DIGITS = 6
CHANCE = 0.5
Counts = NDArray[np.float32]


@dataclass(frozen=True)
class Blind:
    """A record of which every week was dealt out anew over the cells, and the model fitted on it.

    `dealt` has the shape (weeks, rows, columns).
    """

    dealt: Counts
    made: Fitted


def fit_blind(
    config: Config, city: City, theme: str, made: Fitted, work: Work, *, seed: list[int]
) -> Blind:
    """Fit on a record in which nothing can be foreseen, with the settings chosen before.

    Args:
        config: what is fitted.
        city: weeks and cells.
        theme: whose record.
        made: the model as it is, of which the settings and scores are taken.
        work: who does the work on tiles.
        seed: of the dealing.
    """
    counts = panel_of(city, theme, config.channels)
    dealt = shuffle(counts, city.kept, np.random.default_rng([*seed, 2]))
    return Blind(dealt, fit(config, city, (theme, dealt), seed, work, chosen=made.search.chosen))


def find_leaks(
    config: Config, city: City, theme: str, made: Fitted, blind: Blind
) -> dict[str, Any]:
    """Return what is caught of a record dealt out anew, and how well single features rank.

    Args:
        config: what is fitted.
        city: weeks and cells.
        theme: whose record.
        made: the model as it is, of which the scores are taken.
        blind: the model fitted on a record dealt out anew.
    """
    return {**_beyond_chance(city, blind), **_alone(config, city, theme, made)}


def shuffle(counts: Counts, kept: NDArray[np.bool_], rng: np.random.Generator) -> Counts:
    """Deal the counts of every week out anew over the kept cells."""
    dealt = np.zeros_like(counts)
    dealt[:, kept] = rng.permuted(counts[:, kept], axis=1)
    return dealt


def _beyond_chance(city: City, blind: Blind) -> dict[str, Any]:
    """Return hits, those by chance, and how many standard deviations lie between.

    A cell is flagged by chance with the share that is flagged, so that hits have a variance of
    share * (1 - share) times the sum of squared counts: incidents in one cell are hit together.
    """
    followed, flagged = city.followed(blind.dealt), blind.made.flagged
    share = float(flagged.sum() / (city.kept.sum() * len(followed)))
    hits, expected = float((followed * flagged).sum()), share * float(followed.sum())
    variance = share * (1 - share) * float((followed**2).sum())
    beyond = (hits - expected) / variance**0.5 if variance else 0.0
    return {
        "shuffled_hits": int(hits),
        "shuffled_expected": round(expected, DIGITS),
        "shuffled_beyond": round(beyond, DIGITS),
    }


def _alone(config: Config, city: City, theme: str, made: Fitted) -> dict[str, Any]:
    """Return the area under the curve of the model and of the features that rank best alone."""
    record = record_of(config, city, theme, panel_of(city, theme, config.channels))
    features = known_by(config, city, theme)
    step = max(len(city.origins) // TRIED_PERIODS, 1)
    asked = Weeks(city.origins[::step], np.flatnonzero(city.kept))
    known = make_features(record.tile(max(one.reach_cells for one in features)), asked, features)
    hit = city.followed(record.counts)[::step][:, city.kept].ravel() > 0
    if not 0 < hit.sum() < hit.size:
        return {"model_auc": None, "single_features": []}
    areas = {one.name: _area(known[..., at].ravel(), hit) for at, one in enumerate(features)}
    best = sorted(areas, key=lambda name: -abs(areas[name] - CHANCE))[:SHOWN]
    return {
        "model_auc": _area(made.score[::step][:, city.kept].ravel(), hit),
        "single_features": [{"name": name, "auc": areas[name]} for name in best],
    }


def _area(score: NDArray[Any], hit: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; ties count half."""
    have, lack = int(hit.sum()), int((~hit).sum())
    above = float(rankdata(score)[hit].sum()) - have * (have + 1) / 2
    return round(above / (have * lack), DIGITS)
