"""The model catches about as much as simply counting past incidents, or more."""

from cas_audit.audit.attainment import hidden_themes, judge_lowest
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.inference.stretches import Interval, mean_interval


def no_worse_than_counting(dossier: Dossier, *, max_loss: float = 0.02) -> Finding:
    """Does the model catch about as many incidents as counting past ones does?

    Why: a model that no one can explain must at least not lose to a count that everyone can;
    published models barely beat it (Wheeler & Steenbeek 2021).

    How: per stretch of weeks, hit rate of the model less that of counting incidents over 52 weeks
    in the same share of cells; a t interval over stretches, with Bonferroni over themes. It holds
    when the model loses less than `max_loss`, judged one-sided.

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
    themes = dossier.manifest.themes
    level = 1 - 0.05 / len(themes)
    gains = {theme: _gain(dossier, theme, level) for theme in themes}
    hidden = hidden_themes(dossier.table("model/weekly.parquet"))
    return judge_lowest(gains, -max_loss, level, hidden)


def _gain(dossier: Dossier, theme: str, level: float) -> Interval | None:
    weekly = dossier.table("model/weekly.parquet").rename(columns={"week": "period"})
    weekly = weekly[weekly["theme"] == theme].merge(dossier.table("partition.parquet"))
    sums = weekly.groupby(["forecaster", "stretch"])[["hits", "incidents"]].sum()
    rates = (sums["hits"] / sums["incidents"].where(sums["incidents"] > 0)).unstack("forecaster")
    return mean_interval((rates["model"] - rates["counting"]).to_numpy(dtype=float), level)
