"""Fitting the model again on the same data gives the same forecast."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows


def model_is_reproducible(
    dossier: Dossier, *, max_score_difference: float = 1e-6, min_weeks: float = 26
) -> Finding:
    """Does fitting the model again on the same data give the same forecast?

    Why: a forecast that cannot be made again cannot be examined, nor defended.

    How: before sealing, each model was fitted a second time from the same data and seed (a trial),
    in a new process where `forecast.rerun` asks for that; the largest difference in score must stay
    below `max_score_difference` and no cell may be flagged in one and not in the other. A fact of
    the record: there is no interval.

    Limits: the second fit ran on the same machine, with the same versions. Another machine can
    differ in the last digits. Other seeds are not tried.

    Remedy: fix the seeds; sort the rows before fitting; pin the versions.
    """
    trial = dossier.json("trials/reproducibility.json")
    rows = as_rows([{"theme": theme, **one} for theme, one in trial.items()])
    worst = max(trial.values(), key=lambda one: one["largest_score_difference"])
    flags = sum(one["flags_differing"] for one in trial.values())
    weeks = min(one["weeks"] for one in trial.values())
    outcome = Outcome.MET if weeks >= min_weeks else Outcome.INSUFFICIENT
    if flags or worst["largest_score_difference"] > max_score_difference:
        outcome = Outcome.NOT_MET
    return Finding(
        outcome=outcome,
        message=outcome.value,
        values={"difference": worst["largest_score_difference"], "flags": flags, "weeks": weeks},
        estimand=Estimand.RECORD,
        estimate=worst["largest_score_difference"],
        n={"weeks": weeks},
        tables={"themes": rows},
    )
