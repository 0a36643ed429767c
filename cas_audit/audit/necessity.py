"""What was lost in hit rate without a family of features, paired with the model as it is."""

from dataclasses import dataclass

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.record import tells_few
from cas_audit.inference.interval import Interval
from cas_audit.inference.scores import Scores, compare_together, ratio, within

__all__ = ["Loss", "losses"]

LEVEL = 0.95
MODEL = "model"


@dataclass(frozen=True)
class Loss:
    """Hit rate lost in one trial; `lost` is None where too little happened to say."""

    theme: str
    trial: str
    features: int
    lost: Interval | None

    @property
    def known(self) -> bool:
        """Whether anything can be said."""
        return self.lost is not None


def losses(dossier: Dossier, min_events: float) -> list[Loss]:
    """Return the loss of every trial, by theme; their intervals hold together in 95 %.

    The interval is about outcomes given the flags: what differs by chance is what happened in the
    same part of the city in other stretches of weeks.

    Args:
        dossier: a sealed dossier.
        min_events: with fewer incidents in a theme nothing is said of it; nor where one to four
            were caught or missed, which a rate would tell.

    Raises:
        Unavailable: the dossier holds no such trial.
    """
    trials = dossier.json("trials/necessity.json")
    table = dossier.table("trials/necessity.parquet")
    sums = table.set_index(["theme", "forecaster", "wide", "stretch"]).sort_index()
    found: dict[tuple[str, str], Scores] = {}
    for theme, tried in trials.items():
        model = sums.loc[theme, MODEL]
        if model["incidents"].sum() < min_events:
            continue
        for one in tried:
            trial = sums.loc[theme, one["trial"]]
            if not (_tells(model) or _tells(trial)):
                found[theme, one["trial"]] = _lost(model, trial)
    critical = compare_together(list(found.values()), LEVEL) if found else None
    return [
        Loss(
            theme,
            one["trial"],
            len(one["left_out"]),
            ratio(found[key], critical, signed=True)
            if (key := (theme, one["trial"])) in found
            else None,
        )
        for theme, tried in trials.items()
        for one in tried
    ]


def _tells(counts: pd.DataFrame) -> bool:
    """Say whether a rate would tell a count of one to four."""
    return tells_few(float(counts["incidents"].sum()), float(counts["hits"].sum()), 0)


def _lost(model: pd.DataFrame, trial: pd.DataFrame) -> Scores:
    """Pair the two by unit: each incident counts for both."""
    lost = (model["hits"] - trial["hits"]).to_numpy(float)
    block = model.index.get_level_values("wide").to_numpy()
    return within(lost, model["incidents"].to_numpy(float), block)
