"""Gains over a baseline with intervals, from hits per unit of space and time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cas_audit.inference.interval import Interval
from cas_audit.inference.scores import difference, from_influence, ratio, within

Values = NDArray[np.float64]


def hits(pair: dict[str, Any], name: str) -> Values:
    """Return the hits of a forecaster per unit."""
    return np.array(pair["forecasters"][name]["hits"], dtype=float)


def gain(pair: dict[str, Any], base: str, name: str = "blend") -> Interval | None:
    """Return the relative gain in hits over a baseline, paired: each incident counts for both."""
    model, other = hits(pair, name), hits(pair, base)
    return ratio(within(model - other, other, np.array(pair["block"])), signed=True)


def mean_gain(
    pairs: Sequence[dict[str, Any]], bases: Sequence[str], name: str = "blend"
) -> Interval | None:
    """Return the mean of the relative gains of all pairs; themes of a city share its units.

    To first order a gain g = (m - b) / b deviates by (dm - (1 + g) db) / b; the deviations of the
    themes of one city are added up unit by unit before they are squared, so that what happened to
    several themes in one place counts once.
    """
    gains, influence, strata = [], {}, {}
    for pair, base in zip(pairs, bases, strict=True):
        model, other = hits(pair, name), hits(pair, base)
        one = model.sum() / other.sum() - 1
        gains.append(one)
        off = (model - (1 + one) * other) / other.sum() / len(pairs)
        influence[pair["city"]] = influence.get(pair["city"], 0) + off
        strata[pair["city"]] = np.array(pair["block"])
    label = [block + 1000 * number for number, block in enumerate(strata.values())]
    scores = from_influence(
        float(np.mean(gains)), np.concatenate(list(influence.values())), np.concatenate(label)
    )
    return difference(scores)


def best_baseline(pair: dict[str, Any], baselines: Sequence[str]) -> str:
    """Return the baseline that caught most on the validation weeks."""
    return max(baselines, key=lambda name: pair["forecasters"][name]["validated"])
