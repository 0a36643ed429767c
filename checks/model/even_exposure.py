"""Residents of each group are flagged about as often as those they are compared with."""

from cas_audit.audit.comparison import compare, level_for, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding
from cas_audit.audit.groups import group_weights, weekly_exposure


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
    stretch = dossier.table("partition.parquet").set_index("period")["stretch"]
    themes = dossier.manifest.themes
    level = level_for(len(groups) * len(themes))
    compared = []
    for theme in themes:
        flags = forecasts[forecasts["theme"] == theme]
        for group in groups:
            weights = group_weights(residents, group["name"], group["reference"])
            weekly = weekly_exposure(flags, weights)
            means = weekly.groupby(stretch.reindex(weekly.index)).mean()
            tolerance = (tolerance_low, tolerance_high)
            compared.append(compare(theme, group, means, level, tolerance))
    return summarise(compared, level, Estimand.THIS_PROCESS)
