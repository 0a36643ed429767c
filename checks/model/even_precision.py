"""A flag is right about as often where each group lives."""

import pandas as pd

from cas_audit.audit.comparison import compare, level_for, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding
from cas_audit.audit.groups import group_weights


def even_precision(
    dossier: Dossier, *, tolerance_low: float = 0.8, tolerance_high: float = 1.25
) -> Finding:
    """Is a flagged cell followed by an incident about as often where each group lives?

    Why: flags that are wrong more often in some places bring police there for nothing.

    How: per stretch of weeks, precision of a group = residents of the group in flagged cells with
    an incident that week, over its residents in flagged cells (Hardt, Price & Srebro 2016 call
    the equality of this figure predictive parity). Incidents that the public brought are used
    where the channel is known. The ratio gets a t interval on the log over stretches, with
    Bonferroni over groups and themes; judged by two one-sided tests.

    Limits: recorded incidents are not crime: where a group reports less, a right flag looks wrong.
    Only a victim survey could tell. The check does not say who is stopped in a flagged cell.

    Remedy: compare the reporting of incidents between areas; look for features that draw flags
    where little is brought; leave out what the police found.
    """
    flagged = dossier.table("forecasts.parquet").query("flagged")
    residents = dossier.table("data/residents.parquet")
    groups = dossier.json("data/groups.json")["groups"]
    stretch = dossier.table("partition.parquet").set_index("period")["stretch"]
    followed = flagged.merge(_with_incident(dossier), how="left")
    followed["hit"] = followed["hit"].eq(True)
    followed["stretch"] = followed["period"].map(stretch)
    themes = dossier.manifest.themes
    level = level_for(len(groups) * len(themes))
    compared = []
    for theme in themes:
        flags = followed[followed["theme"] == theme]
        for group in groups:
            weights = group_weights(residents, group["name"], group["reference"])
            rates = _precision(flags, weights)
            tolerance = (tolerance_low, tolerance_high)
            compared.append(compare(theme, group, rates, level, tolerance))
    return summarise(compared, level, Estimand.OUTCOMES)


def _with_incident(dossier: Dossier) -> pd.DataFrame:
    incidents = dossier.table("data/incidents.parquet")
    if "brought" in dossier.manifest.channels:
        incidents = incidents[incidents["channel"] == "brought"]
    where = incidents[["cell", "week", "theme"]].drop_duplicates()
    return where.rename(columns={"week": "period"}).assign(hit=True)


def _precision(flags: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    people = weights.reindex(flags["cell"]).set_axis(flags.index)
    right = people.where(flags["hit"], 0.0).groupby(flags["stretch"]).sum()
    return right / people.groupby(flags["stretch"]).sum()
