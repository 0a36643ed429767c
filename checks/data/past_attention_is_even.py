"""The police found as much for each incident brought to them, wherever a group lives."""

import itertools
from dataclasses import replace

import pandas as pd

from cas_audit.audit.comparison import Measured, compare, effective_events, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome
from cas_audit.audit.pairs import open_pairs
from cas_audit.audit.units import Units, open_half_years
from cas_audit.inference.scores import ratio_of_rates


def past_attention_is_even(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Did the police find about as much for each incident brought, wherever a group lives?

    Why: where the police looked more, they found more; a model trained on that sends them back
    (Lum & Isaac 2016; Ensign and others 2018).

    How: attention to a group = records the police found over records the public brought, each
    weighted by the group's share of the cell's residents. What differs by chance is what was
    recorded in the same part of the city in other half-years. The ratio to the reference gets an
    interval by score inversion (Fieller) on found and brought, linearised together, for all groups
    and themes at once (max-t); judged by two one-sided tests. With fewer records of a kind than
    `min_events`, counted as equal ones, nothing is decided. Where an area lacks the figures of a
    group, its records are in no comparison; when that are more than `max_unseen` of them, nothing
    is met.

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
    incidents = dossier.table("data/incidents.parquet")
    if "unknown" in dossier.manifest.channels:
        return found.model_copy(update={"message": "not_applicable_channel_unknown"})
    if "found" not in dossier.manifest.channels:
        return found
    if "brought" not in dossier.manifest.channels:
        return found.model_copy(update={"message": "not_applicable_no_brought_records"})
    groups = open_pairs(dossier)
    units = open_half_years(dossier)
    incidents["unit"] = units.of(incidents["cell"], incidents["week"])
    measured = [
        _measure(
            Measured(theme, pair.group, pair.reference),
            incidents[incidents["theme"] == theme],
            units,
            groups.shares(pair),
            min_events,
        )
        for theme in dossier.manifest.themes
        for pair in groups.pairs
    ]
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(incidents["cell"], incidents["count"])
    return summarise(compared, Estimand.THIS_PROCESS, unseen, max_unseen)


def _measure(
    named: Measured, rows: pd.DataFrame, units: Units, share: pd.DataFrame, least: float
) -> Measured:
    lives = share.reindex(rows["cell"]).fillna(0.0)
    sums, events = {}, []
    for channel, name in itertools.product(("found", "brought"), ("group", "reference")):
        chosen = (rows["channel"] == channel).to_numpy()
        weight = lives.loc[chosen, name].to_numpy(float)
        count = rows.loc[chosen, "count"].to_numpy(float)
        sums[channel, name] = units.sums(rows.loc[chosen, "unit"].to_numpy(), weight * count)
        events.append(effective_events(weight, count))
    return replace(
        named,
        scores=ratio_of_rates(
            (sums["found", "group"], sums["brought", "group"]),
            (sums["found", "reference"], sums["brought", "reference"]),
            units.block,
        ),
        enough=min(events) >= least,
    )
