"""What the score does not know is chance, and the features it is fitted on can be told apart."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.outcomes import count_by_period, on_record
from cas_audit.audit.units import Units, open_units
from cas_audit.inference.assumptions import (
    Figure,
    clustering,
    collinearity,
    dispersion,
    persistence,
)
from cas_audit.inference.spatial_weights import contiguity

ONE_SIDED, TWO_SIDED = 1.645, 1.96
TINY = 1e-9
UNKNOWN = Figure(float("nan"), float("nan"))
FREE_WEIGHTS = {"cas_ensemble"}
CORRELATIONS = "model/feature_correlations.json"


def assumptions_hold(
    dossier: Dossier,
    *,
    max_dispersion: float = 1.5,
    max_clustering: float = 0.1,
    max_persistence: float = 0.3,
    max_collinearity: float = 30,
    min_events: float = 100,
) -> Finding:
    """Do incidents vary about the score as chance alone would have it, without pattern?

    Why: a score that is a chance assumes that what it does not know is noise; a pattern in what is
    left over is knowledge the model lacks, and it lies somewhere, with someone. And weights that
    are free to take any sign say nothing of features that say the same.

    How: what was recorded is held against the score, as an expected number, scaled to the same
    total. Overdispersion: Pearson's statistic over its degrees of freedom, over fine blocks and
    stretches of weeks that expect five or more (McCullagh & Nelder 1989); one where counts vary as
    Poisson's do. Clustering: Moran's I of the residuals of cells (Moran 1950). Persistence: the
    correlation of the residual of the city with that of the period before (Bartlett 1946). Each
    must lie below its limit, judged one-sided at 5 % by its standard error where the assumption
    holds. Estimand: outcomes given scores. With fewer incidents than `min_events` nothing is
    decided. Collinearity: the condition number of the features over cells and periods, the square
    root of the largest over the smallest eigenvalue of their correlations (Belsley, Kuh & Welsch
    1980); a fact, without interval. It is judged where weights are free, as those of the look-alike
    of CAS; trees, and weights that cannot be negative, do not rest on it.

    Limits: a limit is a convention: intervals of the other checks do not rest on Poisson counts,
    since they take what varies from the stretches themselves. Overlap makes no forecast worse; it
    makes what a feature does unreadable. Recorded incidents are not crime.

    Remedy: look at the map of what is left over with people who know the city; add a season or a
    shorter memory; fit counts that may vary more. Leave out one of two features that say the same.
    """
    model = dossier.json("model/parameters.json")["model"]
    if model == "counting":
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_no_expectation",
            estimand=Estimand.OUTCOMES,
        )
    dossier.json("model/evaluation.json")  # scores of others may be on any scale
    limits = {
        "dispersion": max_dispersion,
        "clustering": max_clustering,
        "persistence": max_persistence,
    }
    units, grid = on_record(dossier, open_units(dossier)), dossier.json("data/grid.json")
    periods = pd.DatetimeIndex(units.stretch.index)
    counted = count_by_period(dossier, periods, dossier.manifest.channels)
    forecasts = dossier.table("forecasts.parquet")
    forecasts = forecasts[forecasts["period"].isin(periods)]
    fine = dossier.table("partition.parquet").set_index("cell")["fine"]
    rows: list[dict[str, Any]] = []
    for number, theme in enumerate(dossier.manifest.themes):
        table = forecasts.loc[forecasts["theme"] == theme, ["cell", "period", "score"]].merge(
            counted.loc[counted["theme"] == theme, ["cell", "period", "count"]], how="left"
        )
        table = table.fillna({"count": 0.0}).assign(score=table["score"].clip(lower=TINY))
        rng = np.random.default_rng([dossier.manifest.seed, number])
        enough = table["count"].sum() >= min_events
        for name, one in _figures(table, units, fine, (grid["rows"], grid["columns"]), rng):
            judged = _judge(one if enough else UNKNOWN, limits[name])
            rows.append({"theme": theme, "assumption": name, **judged, "features": None})
        if model in FREE_WEIGHTS:
            rows.append({"theme": theme, **_overlap(dossier, theme, max_collinearity)})
    return _conclude(rows)


def _figures(
    table: pd.DataFrame,
    units: Units,
    fine: "pd.Series[int]",
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> list[tuple[str, Figure]]:
    keys = [table["cell"].map(fine), table["period"].map(units.stretch)]
    sums = table.groupby(keys)[["count", "score"]].sum()
    by_cell = table.groupby("cell")[["count", "score"]].sum()
    by_period = table.groupby("period")[["count", "score"]].sum()
    kept: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
    kept.ravel()[by_cell.index] = True
    return [
        ("dispersion", dispersion(*_both(sums))),
        ("clustering", clustering(*_both(by_cell), contiguity(kept), rng)),
        ("persistence", persistence(*_both(by_period))),
    ]


def _both(sums: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return sums["count"].to_numpy().astype(float), sums["score"].to_numpy().astype(float)


def _judge(one: Figure, limit: float) -> dict[str, Any]:
    """Return the row; `over` is None where the interval straddles the limit, or is unknown."""
    over = None
    if np.isfinite(one.value):
        over = True if one.value - ONE_SIDED * one.error > limit else None
        over = False if one.value + ONE_SIDED * one.error < limit else over
    low, high = one.value - TWO_SIDED * one.error, one.value + TWO_SIDED * one.error
    return {"value": one.value, "low": low, "high": high, "limit": limit, "over": over}


def _overlap(dossier: Dossier, theme: str, limit: float) -> dict[str, Any]:
    """Return the row on features that say the same; `features` are the two that do so most."""
    told = dossier.json(CORRELATIONS)[theme]
    found = collinearity(np.array(told["correlations"], dtype=float))
    named = ", ".join(told["features"][one] for one in found.most)
    judged = _judge(Figure(found.condition, 0.0), limit)
    return {"assumption": "collinearity", **judged, "features": named}


def _conclude(rows: list[dict[str, Any]]) -> Finding:
    """Met where nothing is over its limit; shows what is furthest over or nearest to it."""
    outcome = Outcome.MET if all(row["over"] is False for row in rows) else Outcome.INSUFFICIENT
    if any(row["over"] for row in rows):
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: False, Outcome.NOT_MET: True}.get(outcome)
    deciding = [row for row in rows if row["over"] is wanted]
    worst = max(deciding, key=lambda row: np.nan_to_num(row["value"] / row["limit"], nan=-1.0))
    plain = [{key: row[key] for key in row if key != "over"} for row in (worst, *rows)]
    [shown, *table] = as_rows(plain)
    known = bool(np.isfinite(worst["value"]))
    overlap = worst["assumption"] == "collinearity" and outcome is Outcome.NOT_MET
    message = "features_overlap" if overlap else outcome.value
    return Finding(
        outcome=outcome,
        message=message if known else "too_few",
        values=shown,
        estimand=Estimand.OUTCOMES,
        estimate=worst["value"] if known else None,
        interval=(worst["low"], worst["high"]) if known else None,
        level=0.95 if known else None,
        n={"themes": len({row["theme"] for row in rows})},
        tables={"assumptions": table},
    )
