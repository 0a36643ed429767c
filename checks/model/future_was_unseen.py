"""The model was judged on weeks it had not seen, with features of earlier weeks only."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome


def future_was_unseen(
    dossier: Dossier,
    *,
    min_test_weeks: float = 26,
    max_beyond_chance: float = 5,
    max_single_auc: float = 0.99,
) -> Finding:
    """Was the model judged on weeks that it had not seen in any way?

    Why: a model that has seen what it must forecast looks good on paper and fails on the street.

    How: the last week of training lies before the first forecast; every forecast lies in the test
    weeks; and when all incidents from a test week on are taken away, the features of that week
    stay as they were (a trial made before sealing). In two more trials: on a record of which every
    week was dealt out anew over the cells, the model catches no more than chance gives, within
    `max_beyond_chance` standard deviations; and no feature alone tells cells with an incident from
    others almost without fault, with an area under the curve above `max_single_auc` or below one
    less that. A feature of a source without dates cannot be tried so: then nothing is decided.
    Facts of the record: there is no interval.

    Limits: the trial looks at a few test weeks. A source that was corrected afterwards can carry
    the future in; and a person who saw the results can have chosen the settings by them.

    Remedy: move the split; make every feature from a window that ends before the forecast week.
    """
    split = dossier.json("model/split.json")
    trial = dossier.json("trials/future.json")
    features = dossier.json("model/features.json")
    undated = [feature["name"] for feature in features if not feature["window_weeks"]]
    periods = dossier.table("forecasts.parquet")["period"]
    first, last = pd.Timestamp(split["test"]["first"]), pd.Timestamp(split["test"]["last"])
    leaks = dossier.json("trials/leaks.json").values()
    alone = [one["auc"] for trial in leaks for one in trial["single_features"]]
    faults = {
        "training_overlaps": pd.Timestamp(split["train"]["last"]) >= first,
        "forecast_outside_test": periods.min() < first or periods.max() > last,
        "features_see_the_future": any(one["largest_change"] > 0 for one in trial.values()),
        "chance_is_foreseen": any(one["shuffled_beyond"] > max_beyond_chance for one in leaks),
        "one_feature_tells_all": any(max(one, 1 - one) > max_single_auc for one in alone),
    }
    wrong = [name for name, is_so in faults.items() if is_so]
    weeks = int(split["test"]["weeks"])
    outcome, message = Outcome.MET, "met"
    if undated:
        outcome, message = Outcome.INSUFFICIENT, "undated_source"
    if weeks < min_test_weeks:
        outcome, message = Outcome.INSUFFICIENT, Outcome.INSUFFICIENT.value
    if wrong:
        outcome, message = Outcome.NOT_MET, wrong[0]
    return Finding(
        outcome=outcome,
        message=message,
        values={
            "test_weeks": weeks,
            "first": split["test"]["first"],
            "undated": ", ".join(undated),
        },
        estimand=Estimand.RECORD,
        n={"test_weeks": weeks, "trials": sum(one["weeks"] for one in trial.values())},
    )
