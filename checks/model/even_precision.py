"""A flag is right about as often where each group lives."""

import numpy as np
import pandas as pd

from cas_audit.audit.comparison import Measured, compare, effective_events, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding
from cas_audit.audit.outcomes import open_followed, precision
from cas_audit.audit.pairs import open_pairs
from cas_audit.audit.units import Units
from cas_audit.inference.scores import within


def even_precision(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_unseen: float = 0.1,
) -> Finding:
    """Is a flagged cell followed by an incident about as often where each group lives?

    Why: flags that are wrong more often in some places bring police there for nothing.

    How: precision of a group = residents of the group in flagged cells with an incident that week,
    over its residents in flagged cells (Hardt, Price & Srebro 2016 call the equality of this figure
    predictive parity). Incidents that the public brought are used where the channel is known. The
    interval is about outcomes given the flags: what differs by chance is what happened in the same
    part of the city in other stretches of weeks. The ratio gets an interval by score inversion
    (Fieller), together for all groups and themes (max-t); judged by two one-sided tests. Beside it
    stands the ratio when every cell counts alike, however many live there. With fewer
    right flags than `min_events`, counted as equal ones, nothing is decided. Where an area lacks
    the figures of a group, its flags are in no comparison; when that are more than `max_unseen` of
    them, nothing is met.

    Limits: recorded incidents are not crime: where a group reports less, a right flag looks wrong.
    Only a victim survey could tell. The check does not say who is stopped in a flagged cell.

    Remedy: compare the reporting of incidents between areas; look for features that draw flags
    where little is brought; leave out what the police found.
    """
    groups = open_pairs(dossier)
    followed = open_followed(dossier)
    flagged = followed.rows[followed.rows["flagged"]]
    measured, by_cells = [], []
    for theme in dossier.manifest.themes:
        flags = flagged[flagged["theme"] == theme]
        for pair in groups.pairs:
            people = pair.weights.reindex(flags["cell"]).fillna(0.0)
            named = Measured(theme, pair.group, pair.reference)
            measured.append(_measure(named, followed.units, flags, people, min_events))
            by_cells.append(followed.by_cells(theme, groups.shares(pair), precision))
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(flagged["cell"])
    return summarise(compared, Estimand.OUTCOMES, unseen, max_unseen, by_cells=by_cells)


def _measure(
    named: Measured, units: Units, flags: pd.DataFrame, people: pd.DataFrame, least: float
) -> Measured:
    unit, hit = flags["unit"].to_numpy(), flags["hit"].to_numpy(float)
    share = {name: people[name].to_numpy(float) for name in ("group", "reference")}
    share = {name: part / part.sum() if part.sum() else part for name, part in share.items()}
    sums = {name: units.sums(unit, part * hit) for name, part in share.items()}
    scores = within(
        sums["group"],
        sums["reference"],
        units.block,
        expected=(
            units.sums(unit, share["group"]) * sums["group"].sum(),
            units.sums(unit, share["reference"]) * sums["reference"].sum(),
        ),
        size=units.sums(unit, (share["group"] - share["reference"]) ** 2),
    )
    fewest = min(effective_events(part, hit) for part in share.values())
    enough = fewest >= least and bool(np.isfinite(scores.estimate))
    return Measured(named.theme, named.group, named.reference, scores=scores, enough=enough)
