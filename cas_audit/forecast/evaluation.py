"""The evaluation of a dossier: the model beside every baseline, at several shares of cells.

The origin rolls: every test period is forecast from what was known before it began; the model is
fitted once, before the first. Written are counts per theme, forecaster, share and area
(`model/evaluation.parquet`), and rates, calibration and paired gains (`model/evaluation.json`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.config import Config
from cas_audit.files import write_json
from cas_audit.forecast.city import City, judged_on, panel_of
from cas_audit.forecast.fitting import Fitted, forecaster_for, record_of
from cas_audit.forecast.forecasters import BASELINES
from cas_audit.forecast.learning import learn, rates_of
from cas_audit.forecast.periods import origins_in
from cas_audit.forecast.scores import WeekScore, flag_shares, log_score, score_week, summarise
from cas_audit.inference.interval import Interval
from cas_audit.inference.partition import WEEKS, stretches
from cas_audit.inference.scores import ratio, within

__all__ = ["SHARES", "evaluate"]

SHARES = (0.01, 0.03, 0.05)
TENTHS = 10
LEAST = 1e-12
DIGITS = 9
COUNTS = [*WeekScore.__dataclass_fields__, "most_hits", "changed_cells"]
Grids = NDArray[np.float64]  # (periods, rows, columns)
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """What followed in each test period: as judged, and of the records that models learn from."""

    judged: NDArray[np.float32]
    learned: NDArray[np.float32]
    area: NDArray[np.int64]  # (rows, columns), -1 where no cell takes part
    unit: NDArray[np.int64]  # (periods, rows, columns), -1 likewise
    block: NDArray[np.int64]  # of each unit


def evaluate(
    config: Config, city: City, made: Mapping[str, Fitted], wide: NDArray[np.int64], dossier: Path
) -> None:
    """Write the evaluation of every theme.

    Args:
        config: which channels are judged, and which share is flagged.
        city: weeks and cells.
        made: the fitted model of each theme.
        wide: the wide block of each cell, -1 where no cell takes part, shape (rows, columns).
        dossier: gains `model/evaluation.parquet` and `model/evaluation.json`.
    """
    names, area = _areas(city, dossier)
    rows, told = [], {}
    for number, (theme, model) in enumerate(made.items()):
        outcomes = _outcomes(config, city, theme, area, wide)
        rates = {"model": model.score, **_baselines(config, city, theme)}
        shares = sorted({*SHARES, config.forecast.flagged_share})
        flags = {
            (name, share): one
            for name, rate in rates.items()
            for share, one in zip(shares, _flags(rate, city, shares, [number]), strict=True)
        }
        flags["model", config.forecast.flagged_share] = model.flagged
        tables = [
            _counted(outcomes, one).assign(forecaster=name, flagged_share=share)
            for (name, share), one in flags.items()
        ]
        counted = pd.concat(tables).assign(theme=theme)
        rows.append(counted)
        told[theme] = _told(config, rates, flags, outcomes, counted)
    table = pd.concat(rows, ignore_index=True)
    table["area"] = np.array(names)[table["area"]]
    table.to_parquet(dossier / "model/evaluation.parquet", index=False)
    write_json(dossier / "model/evaluation.json", told)


def _areas(city: City, dossier: Path) -> tuple[list[str], NDArray[np.int64]]:
    cells = pd.read_parquet(dossier / "data/cells.parquet", columns=["cell", "area"])
    code = pd.Categorical(cells["area"])
    area = np.full(city.kept.shape, -1, dtype=np.int64)
    area.ravel()[cells["cell"]] = code.codes
    return [str(one) for one in code.categories], area


def _outcomes(
    config: Config, city: City, theme: str, area: NDArray[np.int64], wide: NDArray[np.int64]
) -> Outcomes:
    judged, learned = (
        city.followed(panel_of(city, theme, channels))
        for channels in (judged_on(config), config.channels)
    )
    stretch = stretches(len(city.periods), WEEKS // city.period_weeks)
    number = int(stretch.max()) + 1
    unit = np.where(wide < 0, -1, wide * number + stretch[:, None, None])
    return Outcomes(judged, learned, area, unit, np.repeat(np.arange(wide.max() + 1), number))


def _baselines(config: Config, city: City, theme: str) -> dict[str, Grids]:
    """Return the rates of every baseline, fitted on the same training weeks as the model."""
    record = record_of(config, city, theme, panel_of(city, theme, config.channels))
    train, found = origins_in(city.train, city.period_weeks), {}
    for name in BASELINES:
        forecaster = forecaster_for(config, city, theme, name)
        fitted = learn(forecaster, record, train, [config.forecast.seed])
        found[name] = np.zeros((len(city.origins), *city.kept.shape))
        found[name][:, city.kept] = rates_of(fitted, forecaster, record, city.origins)
    return found


def _flags(rates: Grids, city: City, shares: Sequence[float], seed: list[int]) -> Flags:
    """Return flags of shape (shares, periods, rows, columns)."""
    ties = np.random.default_rng(seed)
    return np.stack([flag_shares(one, city.kept, shares, ties) for one in rates], axis=1)


def _counted(outcomes: Outcomes, flags: Flags) -> pd.DataFrame:
    """Return the counts of each area, summed over periods."""
    kept = outcomes.area >= 0
    areas = int(outcomes.area.max()) + 1
    total = np.zeros((areas, len(COUNTS)), dtype=np.int64)
    before = flags[0]
    for counts, flagged in zip(outcomes.judged, flags, strict=True):
        scores = score_week(counts, flagged, outcomes.area)
        plain = np.array([list(vars(one).values()) for one in scores])
        most = _most(counts[kept], int(flagged.sum()), outcomes.area[kept], areas)
        changed = np.bincount(outcomes.area[kept], (flagged & ~before)[kept], areas)
        total += np.column_stack([plain, most, changed]).astype(np.int64)
        before = flagged
    return pd.DataFrame(total, columns=COUNTS).assign(area=np.arange(areas))


def _most(
    counts: NDArray[np.float32], cells: int, area: NDArray[np.int64], areas: int
) -> NDArray[np.float64]:
    """Return what the best choice of so many cells of the city would have caught, by area."""
    best = np.argsort(-counts, kind="stable")[:cells]
    return np.bincount(area[best], counts[best], areas).astype(float)


def _told(
    config: Config,
    rates: Mapping[str, Grids],
    flags: Mapping[tuple[str, float], Flags],
    outcomes: Outcomes,
    counted: pd.DataFrame,
) -> dict[str, Any]:
    share = config.forecast.flagged_share
    gains = {name: _gain(outcomes, flags["model", share], flags[name, share]) for name in BASELINES}
    sums = {
        key: part[COUNTS].sum() for key, part in counted.groupby(["forecaster", "flagged_share"])
    }
    return {
        "rates": [
            {"forecaster": name, "share": one, **_rates(sums[name, one], flags[name, one])}
            for name, one in sorted(flags)
        ],
        "gains": {name: one and _interval(one) for name, one in gains.items()},
        "calibration": {
            name: _calibration(one, outcomes)
            for name, one in rates.items()
            if name != "model" or config.forecast.model != "counting"  # it counts, and expects not
        },
    }


def _rates(sums: "pd.Series[float]", flags: Flags) -> dict[str, Any]:
    caught, most, changed = sums["hits"], sums["most_hits"], sums["changed_cells"]
    later = int(flags[1:].sum())
    return {
        **summarise({str(name): float(value) for name, value in sums.items()}),
        "pei": float(caught / most) if most else None,
        "variability": float(changed / later) if later else None,
    }


def _gain(outcomes: Outcomes, model: Flags, other: Flags) -> Interval | None:
    """Return the relative gain in hits, paired per stretch of weeks within a wide block."""
    units = len(outcomes.block)
    kept = outcomes.unit >= 0
    hits = [
        np.bincount(outcomes.unit[kept], (outcomes.judged * flags)[kept], units).astype(float)
        for flags in (model, other)
    ]
    return ratio(within(hits[0] - hits[1], hits[1], outcomes.block), signed=True)


def _interval(one: Interval) -> dict[str, float | None]:
    high = one.high if np.isfinite(one.high) else None
    low = one.low if np.isfinite(one.low) else None
    return {"estimate": one.estimate, "low": low, "high": high}


def _calibration(rates: Grids, outcomes: Outcomes) -> dict[str, Any]:
    """Return the log score, and expected over observed: in all, and by tenths of what is expected.

    The tenths are of what is expected, from the lowest rates to the highest, so that each holds as
    many incidents if the forecast is right.
    """
    kept = outcomes.area >= 0
    expected = np.maximum(rates[:, kept], LEAST).ravel()
    observed = outcomes.learned[:, kept].ravel()
    if not observed.sum():
        return {"log_score": None, "expected_over_observed": None, "tenths": []}
    order = np.argsort(expected, kind="stable")
    until = np.cumsum(expected[order])
    tenth = np.minimum((until / until[-1] * TENTHS).astype(int), TENTHS - 1)
    sums = [np.bincount(tenth, one[order], TENTHS) for one in (expected, observed)]
    return {
        "log_score": round(log_score(expected, observed), DIGITS),
        "expected_over_observed": round(float(expected.sum() / observed.sum()), DIGITS),
        "tenths": [
            {"expected": round(float(one), 3), "observed": int(other)}
            for one, other in zip(*sums, strict=True)
        ],
    }
