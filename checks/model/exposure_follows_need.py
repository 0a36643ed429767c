"""Residents of each group are flagged about as often as the need where they live asks for."""

from dataclasses import replace

import numpy as np
import pandas as pd

from cas_audit.audit.comparison import Measured, compare, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, as_rows
from cas_audit.audit.groups import exposure_by_stretch
from cas_audit.audit.need import alike_in_need, need_per_cell, spread_over_alike
from cas_audit.audit.pairs import open_pairs
from cas_audit.inference.partition import FEWEST_STRETCHES
from cas_audit.inference.scores import ratio_of_rates

REFITS = "trials/refits.parquet"


def exposure_follows_need(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 100,
    max_unseen: float = 0.1,
) -> Finding:
    """Is a resident of each group flagged as often as others where as much happens?

    Why: uneven exposure may follow from uneven crime; what is left after that does not.

    How: cells are put into classes of twenty or more that need about as much: incidents the public
    brought over the whole record, and, where the dossier holds a victim survey, those divided by
    the share that victims in the area tell. Due exposure of a group = its exposure were each cell
    flagged like the average of its class (indirect standardisation, as the standardised mortality
    ratio: Breslow & Day 1987, chapter 2). Judged is exposure over due exposure, of a group over
    that of its reference; 1 where flags follow need alone, whatever the need is. The interval is
    about this process, with need as it stands: over histories drawn again on which the model was
    refitted (a trial), by the log ratio and Student's t; without it over stretches of weeks, by
    score inversion (Fieller); for all groups, themes and kinds of need at once (max-t), by two
    one-sided tests. With fewer incidents than `min_events`, or one class of need, nothing is
    decided. Areas where nobody was asked are left out of the corrected need.

    Limits: recorded need is not need: where a group reports less it seems to need less, and a
    survey mends that by area only, with the error of its sample, which is not in the interval.
    With few incidents per cell, cells of the same record differ in true need; a group that lives
    where more happens is then flagged above what its record says, with any model. Where need
    itself was made by past attention, following it is no excuse.

    Remedy: look for what draws flags beyond need: found records, features that stand for the
    group; correct the record by a reference before training.
    """
    forecasts = dossier.table("forecasts.parquet")
    groups = open_pairs(dossier)
    cells = dossier.table("partition.parquet").set_index("cell").index.sort_values()
    refitted = dossier.has(REFITS)
    spread = dossier.table(REFITS if refitted else "stretches.parquet")
    measure = _refits if refitted else _stretches
    measured, kinds = [], []
    for theme in dossier.manifest.themes:
        flags = forecasts[forecasts["theme"] == theme]
        for kind, need in need_per_cell(dossier, theme, cells).items():
            alike = alike_in_need(need)
            enough = need.sum() >= min_events and alike.max() > 0
            for pair in groups.pairs:
                named = Measured(theme, pair.group, pair.reference)
                weights = _beside_due(pair.weights, alike)
                one = measure(named, flags, weights, spread)
                measured.append(replace(one, enough=one.enough and bool(enough)))
                kinds.append(kind)
    compared = compare(measured, (tolerance_low, tolerance_high))
    unseen = groups.unseen(forecasts.loc[forecasts["flagged"], "cell"])
    found = summarise(
        compared, Estimand.THIS_PROCESS, unseen, max_unseen, without_refits=not refitted
    )
    return _say_need(found, kinds)


def _beside_due(weights: pd.DataFrame, alike: "pd.Series[int]") -> pd.DataFrame:
    """Return residents of both, as they live and as they would were each class spread evenly."""
    known = weights.reindex(alike.index).fillna(0.0)
    return known.join(spread_over_alike(known, alike).add_prefix("due_"))


def _of(exposed: pd.DataFrame) -> "pd.Series[float]":
    """Return exposure over due exposure, of the group over that of its reference."""
    rate = {name: exposed[name] / exposed[f"due_{name}"] for name in ("group", "reference")}
    ratio: pd.Series[float] = rate["group"] / rate["reference"].where(rate["reference"] > 0)
    return ratio


def _refits(
    named: Measured, flags: pd.DataFrame, weights: pd.DataFrame, trial: pd.DataFrame
) -> Measured:
    trial = trial[trial["theme"] == named.theme]
    drawn = trial.pivot_table(index="refit", columns="cell", values="share", aggfunc="sum")
    here = flags.groupby("cell")["flagged"].mean().to_frame(name=-1).T
    both = [one.reindex(columns=weights.index).fillna(0.0) @ weights for one in (here, drawn)]
    estimate, refits = (_of(one).to_numpy().astype(float) for one in both)
    return replace(named, estimate=float(estimate[0]), refits=refits)


def _stretches(
    named: Measured, flags: pd.DataFrame, weights: pd.DataFrame, cut: pd.DataFrame
) -> Measured:
    sums = exposure_by_stretch(flags, weights, cut)
    group, reference = (
        (sums[name].to_numpy(float), sums[f"due_{name}"].to_numpy(float))
        for name in ("group", "reference")
    )
    scores = ratio_of_rates(group, reference, np.zeros(len(sums), dtype=np.int64))
    enough = len(sums) >= FEWEST_STRETCHES and bool(np.isfinite(scores.estimate))
    return replace(named, scores=scores, enough=enough)


def _say_need(found: Finding, kinds: list[str]) -> Finding:
    """Name in each row, and for the one that is shown, which need it was held against."""
    rows = [{**row, "need": kind} for row, kind in zip(found.tables["groups"], kinds, strict=True)]
    keys = ("theme", "group", "reference", "ratio")
    [kind, *_] = [
        row["need"]
        for row in rows
        if all(row[key] == found.values[key] for key in keys)  # noqa: PD011 - no pandas
    ]
    values = {**found.values, "need": kind}  # noqa: PD011 - no pandas
    return found.model_copy(update={"tables": {"groups": as_rows(rows)}, "values": values})
