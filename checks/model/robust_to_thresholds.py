"""Exposure stays within the tolerance when fewer or more cells are flagged."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.pairs import Pair, open_pairs
from cas_audit.audit.reflag import flag_share, open_scored
from cas_audit.errors import Unavailable


def robust_to_thresholds(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    lowest_share: float = 0.01,
    highest_share: float = 0.05,
    min_places: float = 10,
    max_unseen: float = 0.1,
) -> Finding:
    """Does exposure stay within the tolerance if a smaller or larger share of the cells is flagged?

    Why: how many cells are flagged is a choice of policy; a verdict that turns with it hangs on
    that choice, and the choice can be made to fit.

    How: from the scores of every cell the highest are flagged at `lowest_share` and at
    `highest_share`, equal scores by lot; the flags of this model stand between. Exposure of a group
    over that of its reference, with residents as weights, is exact on each of these maps, and must
    lie within the tolerance on all. Estimand: this map. It is a small specification curve
    (Simonsohn, Simmons & Nelson 2020): the same question under each choice that could be made.
    Where fewer than `min_places` cells are flagged, or nobody of the reference lives in one,
    nothing is decided; nor is anything met when more than `max_unseen` of the flags lie where the
    figures of a group are lacking.

    Limits: no interval: what another history would give is the question of the check on exposure,
    at the model's own share only, as for precision. A rule by which the model chooses cells, beside
    its scores, is not followed at the other shares. Shares in between are not looked at.

    Remedy: set the share beforehand, with its reason; where the verdict turns, look which places
    come in or fall out, and choose cells under a bound on exposure.
    """
    forecasts, groups = open_scored(dossier), open_pairs(dossier)
    if not groups.pairs:
        message = "The dossier names no group of residents to compare."
        raise Unavailable(message)
    own = dossier.manifest.flagged_share
    rows: list[dict[str, Any]] = []
    dark = 0.0
    for share in sorted({lowest_share, own, highest_share}):
        lot = np.random.default_rng(dossier.manifest.seed)
        flagged = forecasts["flagged"] if share == own else flag_share(forecasts, share, lot)
        flags = forecasts.loc[flagged, ["theme", "period", "cell"]]
        dark = max(dark, groups.unseen(flags["cell"]).share)
        for theme in dossier.manifest.themes:
            here = flags.loc[flags["theme"] == theme, "cell"].value_counts()
            named = {"theme": theme, "flagged_share": share, "places": len(here)}
            rows += [{**named, **one} for one in _ratios(here, groups.pairs)]
    return _conclude(rows, (tolerance_low, tolerance_high), min_places, dark=dark > max_unseen)


def _ratios(here: "pd.Series[int]", pairs: list[Pair]) -> Iterator[dict[str, Any]]:
    """Yield the ratio of exposures for each group; NaN where it is undefined."""
    for pair in pairs:
        weights = pair.weights.fillna(0.0)
        exposed = here.reindex(weights.index).fillna(0.0) @ weights
        rate = exposed / weights.sum().where(lambda one: one > 0)
        ratio = rate["group"] / rate["reference"] if rate["reference"] > 0 else np.nan
        yield {"group": pair.group, "reference": pair.reference, "ratio": float(ratio)}


def _conclude(
    rows: list[dict[str, Any]], tolerance: tuple[float, float], least: float, *, dark: bool
) -> Finding:
    """Met where every map lies within; shows the ratio that is farthest from even."""
    low, high = tolerance
    sure = [row for row in rows if row["places"] >= least and np.isfinite(row["ratio"])]
    outside = [row for row in sure if not low <= row["ratio"] <= high]
    outcome, message, shown = Outcome.MET, "met", max(sure, key=_distance, default=rows[0])
    if outside:
        outcome, message, shown = Outcome.NOT_MET, "not_met", max(outside, key=_distance)
        turns = any(low <= row["ratio"] <= high for row in sure if _same(row, shown))
        message = "turns" if turns else "not_met"
    elif len(sure) < len(rows):
        outcome, message = Outcome.INSUFFICIENT, "too_few"
    elif dark:
        outcome, message = Outcome.INSUFFICIENT, "unseen"
    [said, *table] = as_rows([shown, *rows])
    return Finding(
        outcome=outcome,
        message=message,
        values=said,
        estimand=Estimand.THIS_MAP,
        estimate=shown["ratio"] if np.isfinite(shown["ratio"]) else None,
        n={"comparisons": len(rows), "undefined": len(rows) - len(sure), "places": shown["places"]},
        tables={"groups": table},
    )


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[key] == other[key] for key in ("theme", "group", "reference"))


def _distance(row: dict[str, Any]) -> float:
    return abs(float(np.log(row["ratio"]))) if row["ratio"] > 0 else float("inf")
