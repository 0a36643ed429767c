"""The model reaches the figure that was laid down as success."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.attainment import hidden_themes, judge_lowest
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.inference.stretches import Interval, mean_interval


def success_criterion_is_met(dossier: Dossier) -> Finding:
    """Does the model reach what was laid down as success, on weeks it had not seen?

    Why: without a figure that must be reached, every outcome can be called good.

    How: the measure named in the record of purpose, from sums of counts per stretch of test weeks;
    a t interval over stretches, with Bonferroni over themes; it holds when the interval lies above
    the value that was laid down, judged one-sided. Hit rate: incidents in flagged cells over all
    incidents; near hit rate: those in or next to them; PAI: hit rate over share of cells flagged
    (Chainey, Tompson & Uhlig 2008); precision: flagged cells with an incident over flagged cells.

    Where a rate would tell one to four incidents caught or missed, it is judged and not shown.

    Limits: recorded incidents are not crime. A hit does not say that crime was prevented.

    Remedy: improve the model, or decide whether the stop criterion has been reached.
    """
    success = dossier.yaml("purpose.yaml").get("success")
    if not success:
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_no_criterion",
            estimand=Estimand.OUTCOMES,
        )
    themes = dossier.manifest.themes
    level = 1 - 0.05 / len(themes)
    measure, target = success["measure"], float(success["at_least"])
    measured = {theme: _measure(dossier, theme, measure, level) for theme in themes}
    weekly = dossier.table("model/weekly.parquet")
    hidden = hidden_themes(weekly[weekly["forecaster"] == "model"])
    return judge_lowest(measured, target, level, hidden, measure=measure, target=target)


def _measure(dossier: Dossier, theme: str, measure: str, level: float) -> Interval | None:
    weekly = dossier.table("model/weekly.parquet").rename(columns={"week": "period"})
    weekly = weekly[(weekly["theme"] == theme) & (weekly["forecaster"] == "model")]
    sums = (
        weekly.merge(dossier.table("partition.parquet")).groupby("stretch").sum(numeric_only=True)
    )
    return mean_interval(_rate(sums, measure), level)


def _rate(sums: pd.DataFrame, measure: str) -> NDArray[np.float64]:
    incidents = sums["incidents"].where(sums["incidents"] > 0)
    flagged = sums["flagged_cells"].where(sums["flagged_cells"] > 0)
    rates = {
        "hit_rate": sums["hits"] / incidents,
        "near_hit_rate": (sums["hits"] + sums["near_hits"]) / incidents,
        "pai": sums["hits"] / incidents / (flagged / sums["cells"]),
        "precision": sums["flagged_cells_with_incident"] / flagged,
    }
    return np.asarray(rates[measure], dtype=np.float64)
