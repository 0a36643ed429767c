"""Drawn cities: what is caught of what the true intensity would catch, and the best one could do.

Hot spots stay where they are, so that a forecaster given the same three years can learn them. The
last week is forecast from all weeks before it, and judged by the true intensity and not by what
fell: chance in that week plays no part. The best is `bayes.py`, of two chains together; `one_chain`
is what one of them would catch, `most` what both together think they catch (on average over cities
no less than the best can catch, since the same draws choose the cells and value them), and `least`
what one thinks the cells catch that the other chose (on average no more).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from bayes import DRAWS, posterior_means, process_of
from numpy.typing import NDArray

from cas_audit.forecast.forecasters import BASELINES, forecaster_of
from cas_audit.forecast.learning import Record, features_at, learn
from cas_audit.forecast.periods import origins_in
from cas_audit.forecast.scores import top_cells
from cas_audit.forecast.searching import search
from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import invented
from cas_audit.simulate.history import draw_history

RATES = (10, 50, 200)
SHARE = 0.03
MEMORY_WEEKS = 52  # at least so much history before the first week of training
CHAINS = 2
Field = NDArray[np.float64]


def measure(a_week: float, side: int, seed: int, draws: int = DRAWS) -> dict[str, Any]:
    """Return what each forecaster is expected to catch in the last week, as a share of all.

    Args:
        a_week: incidents a week.
        side: rows and columns of the city.
        seed: of the city and its history.
        draws: of the intensity from its posterior, in each chain.
    """
    places, fields, drawn, chance = np.random.default_rng([seed, int(a_week)]).spawn(4)
    geography = invented(places, side)
    arena = draw_arena(geography, replace(Dials(), incidents_a_week=float(a_week)), fields)
    history = draw_history(arena, drawn).counts()
    counts = np.zeros((len(history), *geography.kept.shape), dtype=np.float32)
    counts[:, geography.kept] = history
    shares = arena.intensity[-1] / arena.intensity[-1].sum()
    maps = {"truth": shares, **_forecasts(Record(counts, geography.kept))}
    caught = {name: _caught(rates, shares) for name, rates in maps.items()}
    known = history[:-1].sum(axis=0, dtype=float)
    caught |= _best(arena, known, chance.spawn(CHAINS), draws)
    cells = int(geography.kept.sum())
    return {"a_week": a_week, "side": side, "seed": seed, "cells": cells, "caught": caught}


def _forecasts(record: Record) -> Mapping[str, Field]:
    """Forecast the last week with every baseline and the blend, from the weeks before it."""
    last = len(record.counts) - 1
    test = origins_in(slice(last, last + 1), 1)
    train = origins_in(slice(MEMORY_WEEKS, last), 1)
    found = {}
    for name in (*BASELINES, "blend"):
        forecaster = forecaster_of(name)
        chosen = search(forecaster, record, train, [1], SHARE).chosen
        model = learn(forecaster, record, train, [1], chosen)
        found[name] = model.predict(features_at(forecaster, record, test)[0])
    return found


def _best(
    arena: Arena, counts: Field, rngs: list[np.random.Generator], draws: int
) -> dict[str, float]:
    """Return what the posterior mean catches, and what is known of its own error."""
    shares = arena.intensity[-1] / arena.intensity[-1].sum()
    chains = posterior_means(process_of(arena), counts, rngs, draws)
    both = chains.mean(axis=0)
    crossed = [_caught(one, other) for one, other in (chains, chains[::-1])]
    return {
        "bayes": _caught(both, shares),
        "one_chain": float(np.mean([_caught(one, shares) for one in chains])),
        "most": _caught(both, both),
        "least": float(np.mean(crossed)),
    }


def _caught(rates: Field, shares: Field) -> float:
    """Return the expected share of incidents in the top cells, where shares say what to expect."""
    return float(shares[top_cells(rates, SHARE)].sum())
