"""No cluster of cells that nobody named gets more flags, or fewer, than what follows asks for."""

from dataclasses import dataclass, replace

import pandas as pd

from cas_audit.audit.alike import Alike, open_alike
from cas_audit.audit.comparison import finite
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.features import open_features
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.errors import Unavailable
from cas_audit.inference.clusters import halve, standing_out
from cas_audit.inference.interval import Interval, above
from cas_audit.inference.scores import Scores, compare_together, ratio

LEVEL = 0.95
DEPTH = 4  # times that cells are halved: 30 clusters
FEWEST = 20  # cells in a cluster


@dataclass(frozen=True, eq=False)
class Found:
    """A cluster that came out worst in one half of the weeks, and how it does in the other.

    `apart` is how many standard deviations `feature` lies above that of the rest.
    """

    theme: str
    flagged: bool
    cells: int | None = None
    feature: str | None = None
    apart: float | None = None
    scores: Scores | None = None
    interval: Interval | None = None

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        one = self.interval
        return {
            "theme": self.theme,
            "way": "flagged_for_less" if self.flagged else "missed_more",
            "cells": self.cells,
            "feature": self.feature,
            "apart": self.apart,
            "ratio": one and one.estimate,
            "low": one and finite(one.low),
            "high": one and finite(one.high),
        }


def no_hidden_group_is_worse_off(
    dossier: Dossier, *, tolerance_low: float = 0.8, min_events: float = 20
) -> Finding:
    """Is there no cluster of cells, named by nobody, that the map treats worse than others?

    Why: who is worse off need not be a group in any register. Groups that were asked for are the
    ones somebody thought of.

    How: cells are halved four times across what varies most in the features (principal direction
    divisive partitioning: Boley 1998) as they stood before the first period that is judged; no
    outcome and no group is looked at. Each cluster is worse
    off in one of two ways. Where it is flagged: incidents recorded over those expected, if as many
    followed as in all cells scored alike, over the same ratio elsewhere; below one it is flagged
    for less. Where it is not flagged: the same, expected over recorded; below one more is missed.
    The worst cluster of each theme and way is found on every other stretch of weeks, and tested on
    the rest: a single test of something chosen beforehand (bias-aware clustering, with a part held
    out: Misztal-Radecka & Indurkhya 2021). Incidents that the public brought are
    used where the channel is known. The interval is about outcomes given the flags: what differs by
    chance is what happened in the same part of the city in other stretches of weeks; by score
    inversion (Fieller), together for all (max-t). It holds when every ratio stays above
    `tolerance_low`, judged one-sided. With fewer incidents expected than `min_events` in either
    half, a cluster is not looked at.

    What features say is taken from before the weeks that are judged: in their mean over these weeks
    is what happened in them, and a cluster of cells where nothing happened would stand out by that.

    Limits: recorded incidents are not crime: where less is reported, a flag looks wrong and a miss
    is not seen. Only clusters that features can tell apart are found; thirty of them. The score is
    taken for what cells deserve: it is the features that it holds together that are tried.

    Remedy: look at the cells of the cluster with people who know them; see which feature draws
    flags there, or lacks them.
    """
    cells, alike = open_alike(dossier)
    features = open_features(dossier, "before")
    found = [
        _worst(Found(theme, one.flagged), one, features[theme].reindex(cells), min_events)
        for theme, both in alike.items()
        for one in both
    ]
    shared = [one.scores for one in found if one.scores]
    critical = compare_together(shared, LEVEL) if shared else None
    judged = [
        replace(one, interval=ratio(one.scores, critical) if one.scores else None) for one in found
    ]
    return _conclude(
        {one: above(one.interval, tolerance_low) if one.interval else None for one in judged}
    )


def _worst(named: Found, alike: Alike, table: pd.DataFrame, least: float) -> Found:
    """Return the cluster that is worst in one half of the weeks, and how it does in the other."""
    if table.empty or table.isna().any(axis=None):
        message = f"The dossier lacks features of cells for {named.theme}."
        raise Unavailable(message)
    rows = ((table - table.mean()) / table.std()).to_numpy(float)
    clusters = [one for one in halve(rows, DEPTH, FEWEST) if alike.enough(one, least)]
    if not clusters:
        return named
    worst = max(clusters, key=alike.badness)
    column, apart = standing_out(rows, worst)
    return replace(
        named,
        cells=int(worst.sum()),
        feature=str(table.columns[column]),
        apart=apart,
        scores=alike.tested(worst),
    )


def _conclude(verdicts: dict[Found, bool | None]) -> Finding:
    outcome = Outcome.MET if set(verdicts.values()) == {True} else Outcome.INSUFFICIENT
    if False in verdicts.values():
        outcome = Outcome.NOT_MET
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    worst = min((one for one, verdict in verdicts.items() if verdict is wanted), key=_ratio)
    found = worst.interval
    message = outcome.value if found else "too_few"
    if outcome is Outcome.NOT_MET:
        message = "flagged_for_less" if worst.flagged else "missed_more"
    return Finding(
        outcome=outcome,
        message=message,
        values=as_rows([worst.row()])[0],
        estimand=Estimand.OUTCOMES,
        estimate=found and found.estimate,
        interval=found and (finite(found.low), finite(found.high)),
        level=LEVEL,
        n={
            "comparisons": len(verdicts),
            "undefined": sum(one.interval is None for one in verdicts),
        },
        smallest_gap=found and finite(found.high - found.estimate),
        tables={"clusters": as_rows([one.row() for one in verdicts])},
    )


def _ratio(one: Found) -> float:
    return one.interval.estimate if one.interval else float("inf")
