"""Residents of each group are flagged about as often as those they are compared with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.groups import group_weights, weekly_exposure
from cas_audit.inference.stretches import Interval, ratio_interval, verdict


def even_exposure(
    dossier: Dossier, *, tolerance_low: float = 0.8, tolerance_high: float = 1.25
) -> Finding:
    """Does a resident of each group live in a flagged cell about as often as others?

    Why: more police presence where a group lives means more stops and more records there,
    whatever the model was meant to do.

    How: per stretch of weeks, exposure of a group = sum of residents in flagged cells over sum of
    residents, averaged over the weeks; the ratio to the reference group gets a t interval on the
    log over stretches, with Bonferroni over groups and themes; judged by two one-sided tests.
    The definition is the selection rate of fairlearn with residents as weights.

    Limits: variation between stretches does not cover refitting the model on another history.
    Residents are taken as evenly spread within an area. Passers-by are not counted.
    The check cannot tell whether a difference follows a difference in need.

    Remedy: look for the source that draws flags to the group: records that police found, features
    that stand for the group, past attention; remove it, or choose cells under an exposure bound.
    """
    forecasts = dossier.table("forecasts.parquet")
    residents = dossier.table("data/residents.parquet")
    groups = dossier.json("data/groups.json")["groups"]
    partition = dossier.table("partition.parquet")
    themes = dossier.manifest.themes
    level = 1 - 0.05 / (len(groups) * len(themes))
    compared = []
    for theme in themes:
        flags = forecasts[forecasts["theme"] == theme].merge(partition, on="period")
        for group in groups:
            weights = group_weights(residents, group["name"], group["reference"])
            found = _ratio(flags, weights, level)
            inside = None if found is None else verdict(found, tolerance_low, tolerance_high)
            compared.append(_Compared(theme, group["name"], group["reference"], found, inside))
    return _finding(compared, level)


@dataclass(frozen=True)
class _Compared:
    """One group against its reference for one theme; undefined is None."""

    theme: str
    group: str
    reference: str
    ratio: Interval | None
    inside: bool | None

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        return {
            "theme": self.theme,
            "group": self.group,
            "reference": self.reference,
            "ratio": self.ratio and self.ratio.estimate,
            "low": self.ratio and self.ratio.low,
            "high": self.ratio and self.ratio.high,
            "stretches": self.ratio and self.ratio.stretches,
        }


def _ratio(flags: pd.DataFrame, weights: pd.DataFrame, level: float) -> Interval | None:
    weekly = weekly_exposure(flags, weights)
    stretch = flags.drop_duplicates("period").set_index("period")["stretch"]
    means = weekly.groupby(stretch.reindex(weekly.index)).mean()
    return ratio_interval(means["group"].to_numpy(), means["reference"].to_numpy(), level)


def _finding(compared: list[_Compared], level: float) -> Finding:
    verdicts = [one.inside for one in compared]
    outcome = Outcome.MET if all(verdicts) else Outcome.INSUFFICIENT
    if False in verdicts:
        outcome = Outcome.NOT_MET
    undefined = [one for one in compared if one.ratio is None]
    undecided = [one for one in compared if one.inside is None]
    worst = max(
        [one for one in compared if (one.inside is False) == (outcome is Outcome.NOT_MET)],
        key=lambda one: abs(np.log(one.ratio.estimate)) if one.ratio else np.inf,
    )
    if outcome is Outcome.INSUFFICIENT:
        worst = (undefined or undecided)[0]
    few = outcome is Outcome.INSUFFICIENT and bool(undefined)
    return Finding(
        outcome=outcome,
        message="too_few_stretches" if few else outcome.value,
        values=as_rows([worst.row()])[0],
        estimand=Estimand.THIS_PROCESS,
        estimate=worst.ratio and worst.ratio.estimate,
        interval=worst.ratio and (worst.ratio.low, worst.ratio.high),
        level=level,
        interim=True,
        n={"comparisons": len(compared), "undefined": len(undefined)},
        smallest_gap=worst.ratio and worst.ratio.high / worst.ratio.estimate,
        tables={"groups": as_rows([one.row() for one in compared])},
    )
