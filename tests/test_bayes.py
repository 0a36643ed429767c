"""The benchmark's best forecast of a drawn city, against a sum over drawn cities."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cas_audit.simulate.arena import Arena, draw_arena
from cas_audit.simulate.dials import Dials
from cas_audit.simulate.geography import Geography
from cas_audit.simulate.history import draw_history

ROWS, COLUMNS = 3, 4
CITIES = 100_000
DIALS = replace(Dials(), weeks=4, incidents_a_week=3.0)


@pytest.fixture
def bayes(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the module of the benchmark, which is no package."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parent.parent / "benchmarks/accuracy"))
    return importlib.import_module("bayes")


def tiny() -> Geography:
    """Return twelve cells in which the group's share rises towards one side."""
    share = np.linspace(0.1, 0.6, ROWS * COLUMNS)
    residents = 100 * np.stack([share, 0.2 + 0 * share, 0.8 - share])
    kept = np.ones((ROWS, COLUMNS), dtype=bool)
    return Geography(kept, np.zeros(ROWS * COLUMNS, dtype=np.int64), residents)


def city(rng: np.random.Generator) -> Arena:
    """Draw such a city."""
    return draw_arena(tiny(), DIALS, rng)


def test_it_is_the_mean_over_the_cities_that_could_have_given_the_record(bayes: Any) -> None:
    """Each of many cities, drawn by the simulation itself, weighed by how well it explains."""
    rng = np.random.default_rng(5)
    truth = city(rng)
    counts = draw_history(truth, rng).counts().sum(axis=0).astype(float)
    every_week_another = replace(DIALS, weeks=CITIES, persistence_weeks=1e-3)
    cities = draw_arena(tiny(), every_week_another, rng)
    shares = cities.intensity / DIALS.incidents_a_week
    logs = np.log(shares) @ counts
    weights = np.exp(logs - logs.max())
    expected = weights @ shares / weights.sum()
    process = bayes.process_of(truth)
    found = bayes.posterior_means(process, counts, rng.spawn(2), draws=1000)

    assert 1000 < weights.sum() ** 2 / (weights**2).sum()
    assert pytest.approx(expected, abs=0.006) == found.mean(axis=0)
    assert pytest.approx(found[0], abs=0.006) == found[1]


def test_the_gradient_is_that_of_the_density(bayes: Any) -> None:
    """Against differences, in directions drawn by lot."""
    rng = np.random.default_rng(6)
    process = bayes.process_of(city(rng))
    counts = rng.poisson(2.0, ROWS * COLUMNS).astype(float)
    noise, along = rng.standard_normal((2, *process.shape))
    low, high = (
        bayes.state_of(process, counts, noise + step * along).log_density for step in (-1e-5, 1e-5)
    )
    slope = (bayes.state_of(process, counts, noise).gradient * along).sum()

    assert pytest.approx((high - low) / 2e-5, rel=1e-5) == slope
