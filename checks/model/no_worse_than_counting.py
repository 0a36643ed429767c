"""The model catches about as much as simply counting past incidents, or more."""

import pandas as pd

from cas_audit.audit.attainment import hidden_themes, judge_lowest
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.audit.units import unit_sums
from cas_audit.inference.scores import Scores, within


def no_worse_than_counting(
    dossier: Dossier, *, max_loss: float = 0.02, min_events: float = 20
) -> Finding:
    """Does the model catch about as many incidents as counting past ones does?

    Why: a model that no one can explain must at least not lose to a count that everyone can;
    published models barely beat it (Wheeler & Steenbeek 2021).

    How: hit rate of the model less that of counting incidents over 52 weeks in the same share of
    cells, paired: each incident counts for both. The interval is about outcomes given the flags:
    what differs by chance is what happened in the same part of the city in other stretches of
    weeks; by score inversion, together for all themes (max-t). It holds when the model loses less
    than `max_loss`, judged one-sided. With fewer incidents than `min_events` nothing is decided.

    Limits: recorded incidents are not crime, and both are judged on the same records. The check
    says nothing of what is done in a flagged cell.

    Remedy: use the count; or look which feature makes the model lose.
    """
    if dossier.json("model/parameters.json")["model"] == "counting":
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_is_counting",
            estimand=Estimand.OUTCOMES,
        )
    weekly = unit_sums(dossier, "counting")
    gains = {theme: _gain(part) for theme, part in weekly.items()}
    enough = [theme for theme, part in weekly.items() if _incidents(part) >= min_events]
    hidden = hidden_themes(dossier.table("model/weekly.parquet"))
    return judge_lowest(gains, -max_loss, enough=enough, hidden=hidden)


def _incidents(part: pd.DataFrame) -> float:
    return float(part.xs("model", level="forecaster")["incidents"].sum())


def _gain(part: pd.DataFrame) -> Scores:
    model, counting = (part.xs(name, level="forecaster") for name in ("model", "counting"))
    gained = model["hits"] - counting["hits"]
    return within(
        gained.to_numpy(float),
        model["incidents"].to_numpy(float),
        model.index.get_level_values("wide").to_numpy(),
    )
