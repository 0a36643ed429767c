"""Drawn cities: what is caught of what the true intensity would catch, and the best one could do.

Hot spots stay where they are, so that a forecaster given the same three years can learn them. The
best that anyone can do with these data is approached by a Bayesian who knows how the intensity was
drawn (its mean, deviation and correlation): the mode of the log intensity given all counts, found
by Newton's method with conjugate gradients (the Laplace approximation of a log-Gaussian Cox
process: Moller, Syversveen & Waagepetersen 1998). Its expected hits are an estimate of that bound,
and not yet one to build on: in a first city of 200 incidents a week it caught less than counting.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from scipy.sparse.linalg import LinearOperator, cg

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
TEST_WEEKS = 13  # the city stands still: more weeks would only average the same
NEWTON_STEPS = 25
SETTLED = 1e-3
Field = NDArray[np.float64]


def measure(a_week: float, side: int, seed: int) -> dict[str, Any]:
    """Return what each forecaster is expected to catch, as a share of what the truth would.

    Args:
        a_week: incidents a week.
        side: rows and columns of the city.
        seed: of the city and its history.
    """
    places, fields, drawn = np.random.default_rng([seed, int(a_week)]).spawn(3)
    geography = invented(places, side)
    dials = replace(Dials(), incidents_a_week=float(a_week))
    arena = draw_arena(geography, dials, fields)
    counts = np.zeros((dials.weeks, *geography.kept.shape), dtype=np.float32)
    counts[:, geography.kept] = draw_history(arena, drawn).counts()
    record = Record(counts, geography.kept)
    test = origins_in(slice(dials.weeks - TEST_WEEKS, dials.weeks), 1)
    train = origins_in(slice(52, dials.weeks - TEST_WEEKS), 1)
    truth = np.broadcast_to(arena.intensity[0], (len(test), int(geography.kept.sum())))
    caught = {"truth": _caught(truth, truth)}
    for name in (*BASELINES, "blend"):
        forecaster = forecaster_of(name)
        chosen = search(forecaster, record, train, [1], SHARE).chosen
        model = learn(forecaster, record, train, [1], chosen)
        rates = np.stack([model.predict(rows) for rows in features_at(forecaster, record, test)])
        caught[name] = _caught(rates, truth)
    best = np.stack([_bayes(counts[:week], arena) for week in test[:: len(test) - 1]])
    caught["bayes"] = _caught(best, truth[: len(best)])
    return {"a_week": a_week, "side": side, "seed": seed, "caught": caught}


def _caught(rates: Field, truth: Field) -> float:
    """Return the expected share of incidents in the top cells; the truth says what to expect."""
    hits = [one[top_cells(rate, SHARE)].sum() for rate, one in zip(rates, truth, strict=True)]
    return float(np.sum(hits) / truth.sum())


def _bayes(counts: NDArray[np.float32], arena: Arena) -> Field:
    """Return the most likely log intensity of each kept cell, given all counts."""
    kept = arena.geography.kept
    spread, reach = arena.dials.log_sd, arena.dials.range_cells
    total, weeks = counts.sum(axis=0, dtype=float)[kept], len(counts)
    mean = float(np.log(arena.dials.incidents_a_week / kept.sum())) - spread**2 / 2
    shape = [fft.next_fast_len(size + int(6 * reach), real=True) for size in kept.shape]
    steps = [np.minimum(np.arange(size), size - np.arange(size)) for size in shape]
    away = (steps[0][:, None] ** 2 + steps[1][None, :] ** 2) / reach**2
    power = np.maximum(fft.rfft2(spread**2 * np.exp(-away)).real, 0)

    def smooth(values: Field) -> Field:
        """Multiply by the covariance of the log intensity."""
        grid = np.zeros(shape)
        grid[: kept.shape[0], : kept.shape[1]][kept] = values
        found = fft.irfft2(fft.rfft2(grid) * power, s=shape)
        return found[: kept.shape[0], : kept.shape[1]][kept]

    latent = np.zeros(total.size)
    for _ in range(NEWTON_STEPS):
        rate = weeks * np.exp(mean + latent)
        root = np.sqrt(rate)
        goal = rate * latent + total - rate
        system = LinearOperator((total.size,) * 2, lambda v, r=root: v + r * smooth(r * v))
        inner = cg(system, root * smooth(goal), rtol=1e-4, maxiter=200)[0]
        fresh = smooth(goal - root * inner)
        change = float(np.abs(fresh - latent).max())
        latent = latent + np.clip(fresh - latent, -2, 2)
        if change < SETTLED:
            break
    return latent
