"""The model reaches the figure that was laid down as success."""

import pandas as pd

from cas_audit.audit.attainment import hidden_themes, judge_lowest
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.audit.units import unit_sums
from cas_audit.inference.scores import Scores, within


def success_criterion_is_met(dossier: Dossier, *, min_events: float = 20) -> Finding:
    """Does the model reach what was laid down as success, on weeks it had not seen?

    Why: without a figure that must be reached, every outcome can be called good.

    How: the measure named in the record of purpose, from sums of counts over the test weeks. The
    interval is about outcomes given the flags: what differs by chance is what happened in the same
    part of the city in other stretches of weeks; by score inversion (Fieller), together for all
    themes (max-t); it holds when the interval lies above the value that was laid down, judged
    one-sided. Hit rate: incidents in flagged cells over all incidents; near hit rate: those in or
    next to them; PAI: hit rate over share of cells flagged (Chainey, Tompson & Uhlig 2008);
    precision: flagged cells with an incident over flagged cells. With fewer incidents than
    `min_events` nothing is decided.

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
    measure, target = success["measure"], float(success["at_least"])
    weekly = {
        theme: part.loc[["model"]].droplevel("forecaster")
        for theme, part in unit_sums(dossier).items()
    }
    measured = {theme: _measure(part, measure) for theme, part in weekly.items()}
    enough = [theme for theme, part in weekly.items() if part["incidents"].sum() >= min_events]
    whole = dossier.table("model/weekly.parquet")
    hidden = hidden_themes(whole[whole["forecaster"] == "model"])
    return judge_lowest(
        measured, target, enough=enough, hidden=hidden, measure=measure, target=target
    )


def _measure(part: pd.DataFrame, measure: str) -> Scores:
    hits, incidents = part["hits"], part["incidents"]
    share = part["flagged_cells"].sum() / part["cells"].sum()
    top, bottom = {
        "hit_rate": (hits, incidents),
        "near_hit_rate": (hits + part["near_hits"], incidents),
        "pai": (hits, incidents * share),
        "precision": (part["flagged_cells_with_incident"], part["flagged_cells"]),
    }[measure]
    block = part.index.get_level_values("wide").to_numpy()
    return within(top.to_numpy(float), bottom.to_numpy(float), block)
