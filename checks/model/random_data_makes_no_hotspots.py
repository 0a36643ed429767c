"""Fitted on a record without hot spots, the model makes none."""

import numpy as np

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.inference.interval import above
from cas_audit.inference.replicates import plain_interval


def random_data_makes_no_hotspots(
    dossier: Dossier, *, max_beyond_counting: float = 0.05, min_periods: float = 26
) -> Finding:
    """Does the model leave a city without hot spots without hot spots?

    Why: a model that holds on to chance sends police to the same places again and again, though
    nothing sets them apart; self-exciting models do so (Chapman and others 2022).

    How: before sealing, the incidents of every week were dealt out anew over the cells, and the
    model was fitted on that (a trial; it is the same one that looks for leaks). Concentration =
    the share of all flags that lies in as many cells as one period has flags, those flagged most:
    one for a map that never moves. Chance itself makes a map concentrate a little, so it is held
    beside counting over a year, on ten records dealt out in the same way: the difference must stay
    below `max_beyond_counting`, by Student's t with the spread between deals (Monte Carlo error),
    one-sided at 5 %. A choice by lot stands beside it. With fewer than `min_periods` periods
    nothing is decided.

    Limits: the model is fitted on one deal; how far it would differ on another is taken to be as
    for counting. Other themes and sources that stand still are not dealt out: what they pull to
    one place shows here too. A map that concentrates on true hot spots is another matter.

    Remedy: let the model forget sooner; leave out sources that do not change; fit on more weeks.
    """
    trial = dossier.json("trials/random_data.json")
    rows, judged = [], {}
    for theme, one in trial.items():
        counting = np.array([each["in_most_flagged"] for each in one["counting"]])
        beyond = one["model"]["in_most_flagged"] - counting
        # The model's own deal is one more draw beside those that the mean of counting is made of.
        draws = beyond * (1 + 1 / len(beyond)) ** 0.5
        found = plain_interval(float(beyond.mean()), draws)
        verdict = found and above(found, max_beyond_counting)
        judged[theme] = None if found is None or one["periods"] < min_periods else verdict
        rows.append(
            {
                "theme": theme,
                "value": float(beyond.mean()),
                "low": found and found.low,
                "high": found and found.high,
                "model": one["model"]["in_most_flagged"],
                "counting": float(counting.mean()),
                "lot": float(np.mean([each["in_most_flagged"] for each in one["lot"]])),
                "stayed": one["model"]["stayed"],
                "stayed_counting": float(np.mean([each["stayed"] for each in one["counting"]])),
            }
        )
    outcome = Outcome.MET if set(judged.values()) == {False} else Outcome.INSUFFICIENT
    if True in judged.values():
        outcome = Outcome.NOT_MET
    [worst, *_] = sorted(as_rows(rows), key=lambda row: -float(row["value"] or 0.0))
    low, high = worst["low"], worst["high"]
    return Finding(
        outcome=outcome,
        message=outcome.value,
        values=worst,
        estimand=Estimand.THIS_PROCESS,
        estimate=worst["value"],
        interval=None if low is None else (low, high),
        level=0.95,
        n={"themes": len(trial), "periods": min(one["periods"] for one in trial.values())},
        tables={"themes": as_rows(rows)},
    )
