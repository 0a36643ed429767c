"""One theme of a real city: what each forecaster catches in the test year, per unit of chance."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from cities import City
from numpy.typing import NDArray

from cas_audit.forecast.features import FEATURES
from cas_audit.forecast.forecasters import BASELINES, OTHERS, Forecaster, forecaster_of
from cas_audit.forecast.learning import Record, features_at, learn, rates_of
from cas_audit.forecast.models import cas_ensemble
from cas_audit.forecast.panels import MemoryPanel
from cas_audit.forecast.periods import origins_in
from cas_audit.forecast.scores import log_score, top_cells
from cas_audit.forecast.scoring import Subject, sample_panel, score_panel, scoring_of, spread
from cas_audit.forecast.searching import Search, halves, search
from cas_audit.forecast.work import open_work
from cas_audit.inference.partition import WEEKS, stretches, wide_blocks

YEAR = 52
PERIOD_WEEKS = 2
SHARE = 0.03
MEMORY_WEEKS = 52  # at least so much history before the first week of training
Rates = NDArray[np.float64]


def record_of(city: City, theme: str) -> Record:
    """Return the record of a theme, with the other themes beside it."""
    others: dict[str, Any] = {name: one for name, one in city.themes.items() if name != theme}
    others[OTHERS] = np.sum(list(others.values()), axis=0)
    return Record(city.themes[theme], city.kept, PERIOD_WEEKS, others)


def spans(weeks: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the origins of training (two years, if there are) and of the test year."""
    first = max(weeks - 3 * YEAR, MEMORY_WEEKS)
    test = weeks - YEAR
    return origins_in(slice(first, test), PERIOD_WEEKS), origins_in(
        slice(test, weeks), PERIOD_WEEKS
    )


def measure(city: City, theme: str, seeds: int, *, look_alike: bool = False) -> dict[str, Any]:
    """Return what is caught in the test year: hits per unit of each forecaster, and settings.

    Args:
        city: its last year is the test.
        theme: which.
        seeds: how often our own model is fitted, each with its own sample.
        look_alike: whether the look-alike of CAS is fitted too; that takes longest.
    """
    record = record_of(city, theme)
    others = [name for name in city.themes if name != theme]
    train, test = spans(len(record.counts))
    followed = record.followed(test)
    unit, block = _units(record.kept, len(test))

    def judged(rates: Rates) -> dict[str, Any]:
        caught = np.zeros(len(block))
        for week, (one, counts) in enumerate(zip(rates, followed, strict=True)):
            top = top_cells(one, SHARE)
            caught += np.bincount(unit[week][top], counts[top], len(block))
        total = float(followed.sum())
        return {
            "hits": caught.tolist(),
            "log_score": log_score(np.maximum(rates, 1e-12), followed),
            "expected": float(rates.sum()) / total,
        }

    found: dict[str, Any] = {}
    for name in BASELINES:
        one = forecaster_of(name, others)
        found[name] = judged(_rates(features_at(one, record, test), one, record, train))
        found[name]["validated"] = _validated(one, record, train)
    blend = forecaster_of("blend", others)
    chosen = search(blend, record, train, [1], SHARE)
    known = features_at(blend, record, test)
    fits = [
        judged(_rates(known, blend, record, train, seed=seed, settings=chosen.chosen))
        for seed in range(1, seeds + 1)
    ]
    found["blend"] = _mean(fits) | {"validated": _best(chosen), "chosen": chosen.chosen}
    if look_alike:
        found["cas_ensemble"] = judged(_cas(record, (train, test)))
    return {
        "city": city.name,
        "theme": theme,
        "incidents": int(followed.sum()),
        "cells": int(record.kept.sum()),
        "periods": len(test),
        "block": block.tolist(),
        "forecasters": found,
    }


def _units(kept: NDArray[np.bool_], periods: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the unit of each period and cell, and the wide block of each unit."""
    stretch = stretches(periods, WEEKS // PERIOD_WEEKS)
    wide = wide_blocks(*np.nonzero(kept))
    number = int(stretch.max()) + 1
    return wide[None] * number + stretch[:, None], np.repeat(np.arange(wide.max() + 1), number)


def _rates(
    known: NDArray[np.float32],
    forecaster: Forecaster,
    record: Record,
    train: NDArray[np.int64],
    *,
    seed: int = 1,
    settings: Mapping[str, float] | None = None,
) -> Rates:
    """Fit, and return the rates of what is known of each test period and cell."""
    model = learn(forecaster, record, train, [seed], settings)
    return np.stack([model.predict(rows) for rows in known])


def _validated(forecaster: Forecaster, record: Record, train: NDArray[np.int64]) -> float:
    """Return the hit rate in the later half of training, fitted on the earlier half."""
    early, late = halves(train)
    rates = rates_of(learn(forecaster, record, early, [1]), forecaster, record, late)
    followed = record.followed(late)
    hits = sum(
        float(counts[top_cells(one, SHARE)].sum())
        for one, counts in zip(rates, followed, strict=True)
    )
    return hits / float(followed.sum())


def _best(found: Search) -> float:
    return max(found.tried, key=lambda one: one["log_score"])["hit_rate"]


def _mean(fits: list[dict[str, Any]]) -> dict[str, Any]:
    mean = {name: np.mean([one[name] for one in fits], axis=0).tolist() for name in fits[0]}
    return mean | {"seeds": [sum(one["hits"]) for one in fits]}


def _cas(record: Record, when: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Rates:
    """Fit the look-alike of CAS on single weeks; a fortnight is twice the first week of it."""
    reach = max(feature.reach_cells for feature in FEATURES)
    panel = MemoryPanel({"theme": record.counts}, record.kept, reach)
    subject = Subject(panel, "theme", FEATURES)
    train, test = when
    with open_work() as work:
        weeks = slice(int(train[0]), int(train[-1]) + PERIOD_WEEKS)
        sample = sample_panel(subject, weeks, [1], work)
        model = cas_ensemble(1).fit(sample.features, sample.hit)
        chance = spread(score_panel(scoring_of(subject, model, test), work), panel)[:, record.kept]
    others = float(sample.weight[~sample.hit].mean())
    right = chance / (chance + (1 - chance) * others)
    rates: Rates = -PERIOD_WEEKS * np.log1p(-np.minimum(right, 1 - 1e-9))
    return rates
