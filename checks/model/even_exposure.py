"""Residents of each group are flagged about as often as those they are compared with."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.audit.comparison import Measured, compare, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.groups import exposure_by_stretch
from cas_audit.audit.pairs import Pairs, open_pairs
from cas_audit.inference.partition import FEWEST_STRETCHES
from cas_audit.inference.scores import across

REFITS = "trials/refits.parquet"


def even_exposure(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_places: float = 10,
    max_unseen: float = 0.1,
) -> Finding:
    """Does a resident of each group live in a flagged place about as often as others?

    Why: more police presence where a group lives means more stops and more records there,
    whatever the model was meant to do.

    How: exposure of a group = residents in flagged places over residents, averaged over the weeks;
    the definition is the selection rate of fairlearn with residents as weights. The ratio to the
    reference group is exact for this map. Its interval is about this process: before sealing, the
    city's history was drawn again from the rates behind it and the model refitted on each (a
    trial); the log ratio gets Student's t with the spread of those draws, together for all groups
    and themes (max-t), and is judged by two one-sided tests. Without that trial, as with a table of
    forecasts alone, the interval comes from stretches of weeks longer than the memory of the weekly
    exposures, by score inversion (Fieller); a map that hardly changes leaves too few of them.
    A table without weeks is one map: a ratio outside the tolerance is a fact of it, and does not
    hold; one inside decides nothing, since other maps of the process are not known. Nor is anything
    decided where fewer than `min_places` cells, or areas where a forecast is of an area, are
    flagged.
    Where an area lacks the figures of a group, its residents are in no comparison; when more than
    `max_unseen` of the flags lie there, nothing is met.

    Limits: histories are drawn from estimated rates, which are a little flatter than the city's
    own. Residents are taken as evenly spread within an area. Passers-by are not counted.
    The check cannot tell whether a difference follows a difference in need.

    Remedy: look for the source that draws flags to the group: records that police found, features
    that stand for the group, past attention; remove it, or choose cells under an exposure bound.
    """
    forecasts = dossier.table("forecasts.parquet")
    groups = open_pairs(dossier)
    unseen = groups.unseen(forecasts.loc[forecasts["flagged"], "cell"])
    refitted = dossier.has(REFITS)
    if not refitted and "period" not in forecasts:
        found = _this_map(dossier, forecasts, groups, (tolerance_low, tolerance_high), min_places)
        n, values = {**found.n, **unseen.counted()}, {**found.values, **unseen.shown()}  # noqa: PD011
        return found.model_copy(update={"n": n, "values": values})
    spread = dossier.table(REFITS if refitted else "stretches.parquet")
    measure = _refits if refitted else _stretches
    measured = []
    for theme in dossier.manifest.themes:
        flags = forecasts[forecasts["theme"] == theme]
        for pair in groups.pairs:
            named = Measured(theme, pair.group, pair.reference)
            measured.append(measure(named, flags, pair.weights.fillna(0.0), spread))
    compared = compare(measured, (tolerance_low, tolerance_high))
    return summarise(
        compared, Estimand.THIS_PROCESS, unseen, max_unseen, without_refits=not refitted
    )


def _refits(
    named: Measured, flags: pd.DataFrame, weights: pd.DataFrame, trial: pd.DataFrame
) -> Measured:
    """Measure on this map, and on each history drawn again."""
    trial = trial[trial["theme"] == named.theme]
    drawn = trial.pivot_table(index="cell", columns="refit", values="share", aggfunc="sum")
    drawn = drawn.reindex(weights.index).fillna(0.0)
    total = weights.sum().where(lambda one: one > 0)
    rates = drawn.T @ weights / total
    return replace(
        named,
        estimate=_ratio(flags, weights),
        refits=(rates["group"] / rates["reference"].where(rates["reference"] > 0)).to_numpy(float),
    )


def _stretches(
    named: Measured, flags: pd.DataFrame, weights: pd.DataFrame, cut: pd.DataFrame
) -> Measured:
    """Measure per stretch of weeks; stretches are joined until they outlast the memory."""
    sums = exposure_by_stretch(flags, weights, cut)
    scores = across(sums["group"].to_numpy(float), sums["reference"].to_numpy(float))
    enough = len(sums) >= FEWEST_STRETCHES and bool(np.isfinite(scores.estimate))
    return replace(named, scores=scores, enough=enough)


def _ratio(flags: pd.DataFrame, weights: pd.DataFrame) -> float:
    """Return the ratio of exposures on this map; NaN where it is undefined."""
    here = flags.groupby("cell")["flagged"].mean().reindex(weights.index).fillna(0.0)
    mine = weights.T @ here / weights.sum().where(lambda one: one > 0)
    return float(mine["group"] / mine["reference"]) if mine["reference"] else float("nan")


def _this_map(
    dossier: Dossier,
    forecasts: pd.DataFrame,
    groups: Pairs,
    tolerance: tuple[float, float],
    least: float,
) -> Finding:
    """Judge the one map there is; shows the ratio that is farthest from even."""
    places = _flagged_places(dossier, forecasts)
    rows: list[dict[str, Any]] = []
    for theme in dossier.manifest.themes:
        flags = forecasts[forecasts["theme"] == theme]
        for pair in groups.pairs:
            named = {"group": pair.group, "reference": pair.reference}
            ratio = _ratio(flags, pair.weights.fillna(0.0))
            rows.append({"theme": theme, **named, "ratio": ratio, "places": places[theme]})
    worst = max(rows, key=_distance)
    outside = [one for one in rows if _is_outside(one["ratio"], tolerance)]
    sure = [one for one in outside if one["places"] >= least]
    outcome, message = Outcome.INSUFFICIENT, "this_map_only"
    if not np.isfinite(worst["ratio"]):
        message = "undefined_on_this_map"
    elif outside:
        message = "few_places"
    if sure:
        outcome, message, worst = Outcome.NOT_MET, "outside_on_this_map", max(sure, key=_distance)
    [shown] = as_rows([worst])
    return Finding(
        outcome=outcome,
        message=message,
        values={**shown, **groups.unseen(forecasts.loc[forecasts["flagged"], "cell"]).shown()},
        estimand=Estimand.THIS_MAP,
        estimate=worst["ratio"] if np.isfinite(worst["ratio"]) else None,
        without_refits=True,
        n={"comparisons": len(rows), "places": worst["places"]},
        tables={"groups": as_rows(rows)},
    )


def _flagged_places(dossier: Dossier, forecasts: pd.DataFrame) -> dict[str, int]:
    """Count the cells that are flagged, or the areas where a forecast is of an area."""
    unit = dossier.json("model/parameters.json")["unit"]
    flagged = forecasts[forecasts["flagged"]].merge(dossier.table("data/cells.parquet"), on="cell")
    places = flagged.groupby("theme")[unit].nunique()
    return {theme: int(places.get(theme, 0)) for theme in dossier.manifest.themes}


def _distance(row: dict[str, Any]) -> float:
    ratio = row["ratio"]
    return abs(float(np.log(ratio))) if np.isfinite(ratio) and ratio > 0 else float("inf")


def _is_outside(ratio: float, tolerance: tuple[float, float]) -> bool:
    return bool(np.isfinite(ratio)) and not tolerance[0] <= ratio <= tolerance[1]
