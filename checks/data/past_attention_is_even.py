"""The police found as much for each incident brought to them, wherever a group lives."""

from typing import Any

import pandas as pd

from cas_audit.audit.comparison import compare, level_for, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.audit.groups import group_weights
from cas_audit.inference.stretches import stretches

WEEKS_A_STRETCH = 26  # found records are few: a shorter stretch would often hold none


def past_attention_is_even(
    dossier: Dossier, *, tolerance_low: float = 0.8, tolerance_high: float = 1.25
) -> Finding:
    """Did the police find about as much for each incident brought, wherever a group lives?

    Why: where the police looked more, they found more; a model trained on that sends them back
    (Lum & Isaac 2016; Ensign and others 2018).

    How: per stretch of half a year, attention to a group = records the police found over records
    the public brought, each weighted by the group's share of the cell's residents. The ratio to
    the reference gets a t interval on the log over stretches, with Bonferroni over groups and
    themes; judged by two one-sided tests.

    Limits: what the public brings depends on trust and on insurance, and is no measure of crime.
    Without records that police found there is nothing to compare, and nothing that can steer.
    The check cannot tell whether more attention was called for.

    Remedy: train on records the public brought; where that cannot be, weigh found records by the
    chance that the police were there.
    """
    found = Finding(
        outcome=Outcome.NOT_APPLICABLE,
        message="not_applicable_no_found_records",
        estimand=Estimand.THIS_PROCESS,
    )
    if "unknown" in dossier.manifest.channels:
        return found.model_copy(update={"message": "not_applicable_channel_unknown"})
    if "found" not in dossier.manifest.channels:
        return found
    if "brought" not in dossier.manifest.channels:
        return found.model_copy(update={"message": "not_applicable_no_brought_records"})
    incidents = _with_stretch(dossier)
    residents = dossier.table("data/residents.parquet")
    groups = dossier.json("data/groups.json")["groups"]
    level = level_for(len(groups) * len(dossier.manifest.themes))
    tolerance = (tolerance_low, tolerance_high)
    compared = [
        compare(theme, group, _attention(incidents, residents, theme, group), level, tolerance)
        for theme in dossier.manifest.themes
        for group in groups
    ]
    return summarise(compared, level, Estimand.THIS_PROCESS)


def _with_stretch(dossier: Dossier) -> pd.DataFrame:
    weeks = dossier.table("data/weeks.parquet")["week"].sort_values()
    number = pd.Series(stretches(len(weeks), WEEKS_A_STRETCH), index=pd.DatetimeIndex(weeks))
    incidents = dossier.table("data/incidents.parquet")
    return incidents.assign(stretch=incidents["week"].map(number))


def _attention(
    incidents: pd.DataFrame, residents: pd.DataFrame, theme: str, group: dict[str, Any]
) -> pd.DataFrame:
    """Return found over brought per stretch, for the group and its reference."""
    weights = group_weights(residents, group["name"], group["reference"])
    people = residents.set_index("cell")["residents"]
    share = weights.div(people.where(people > 0), axis=0).fillna(0.0)
    rows = incidents[incidents["theme"] == theme]
    counted = share.reindex(rows["cell"]).fillna(0.0).mul(rows["count"].to_numpy(), axis=0)
    counted = counted.set_axis(rows.index)
    sums = {
        channel: counted[rows["channel"] == channel]
        .groupby(rows["stretch"])
        .sum()
        .reindex(sorted(incidents["stretch"].unique()), fill_value=0.0)
        for channel in ("found", "brought")
    }
    return sums["found"] / sums["brought"]
