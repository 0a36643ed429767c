"""Where and when police were, they found no more for each incident brought than elsewhere."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.comparison import Measured, compare, effective_events, summarise
from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, Value, as_rows
from cas_audit.audit.pairs import Unseen
from cas_audit.audit.record import cautious, rounded
from cas_audit.audit.units import Units, open_half_years
from cas_audit.inference.scores import ratio_of_rates

PATROLS, DECISIONS = "data/patrols.parquet", "data/decisions.parquet"
FOLLOWED = {"followed", "partly_followed"}
CONTRASTS = {"many_hours": "few_hours", "advised": "not_advised"}


def patrols_do_not_make_the_data(
    dossier: Dossier,
    *,
    tolerance_low: float = 0.8,
    tolerance_high: float = 1.25,
    min_events: float = 20,
    max_steered_share: float = 0.1,
) -> Finding:
    """Did the police find no more for each incident brought where and when they patrolled?

    Why: who is sent somewhere finds something there. Learned from, it sends police there again, and
    the forecast comes true by itself (Ensign and others 2018).

    How: records found over records brought, in areas and weeks of one kind over those of another:
    with more hours on patrol for each cell than the city has on average, over those with fewer; and
    where advice for the theme was followed, wholly or in part, and police were there, over all
    others. What differs by chance is what was recorded in the same part of the city in other
    half-years. Intervals by score inversion (Fieller), for both ratios and all themes at once
    (max-t); judged by two one-sided tests. With fewer records of a kind than `min_events` nothing
    is decided. Nor is anything met when more than `max_steered_share` of the records of a theme
    fall where and when advice was followed: what they would have been without it nobody knows.
    Where only brought records are admitted that share alone is judged.

    Limits: hours are per area, not per cell. Police may have been sent for reasons that the record
    of what is brought does not hold. That fewer are found where police deter is in the same ratio.

    Remedy: train on what the public brings; weigh what is found by one over the hours that were
    spent; now and then send nobody where the advice says, and somebody where it does not.
    """
    if not (dossier.has(PATROLS) and dossier.has(DECISIONS)):
        return Finding(
            outcome=Outcome.UNAVAILABLE, message="no_patrols", estimand=Estimand.THIS_PROCESS
        )
    if "brought" not in dossier.manifest.channels or "unknown" in dossier.manifest.channels:
        return Finding(
            outcome=Outcome.NOT_APPLICABLE,
            message="not_applicable_no_brought_records",
            estimand=Estimand.THIS_PROCESS,
        )
    units = open_half_years(dossier)
    record = _record(dossier, units)
    steered = _steered(record, dossier.manifest.themes)
    if "found" in dossier.manifest.channels:
        measured = [
            _measure(
                Measured(theme, kind, other), record[record["theme"] == theme], units, min_events
            )
            for theme in dossier.manifest.themes
            for kind, other in CONTRASTS.items()
        ]
        compared = compare(measured, (tolerance_low, tolerance_high))
        found = summarise(compared, Estimand.THIS_PROCESS, Unseen(0, 0.0, 0.0, "records"), 1.0)
    else:
        found = Finding(outcome=Outcome.MET, message="met_brought", estimand=Estimand.RECORD)
    return _weigh(found, steered, max_steered_share)


def _record(dossier: Dossier, units: Units) -> pd.DataFrame:
    """Return incidents with their unit, and of which kind their area and week were."""
    cells = dossier.table("data/cells.parquet")[["cell", "area"]]
    hours = dossier.table(PATROLS).groupby(["area", "week"], as_index=False)["hours"].sum()
    each = hours["hours"] / hours["area"].map(cells["area"].value_counts())
    hours["many_hours"] = each > each.mean()
    decisions = dossier.table(DECISIONS)
    followed = decisions[decisions["decision"].isin(FOLLOWED)][["area", "week", "theme"]]
    table = dossier.table("data/incidents.parquet").merge(cells)
    table = table.merge(hours, how="left", on=["area", "week"])
    table = table.merge(followed.drop_duplicates().assign(advised=True), how="left")
    table["many_hours"] = table["many_hours"].eq(True)
    table["advised"] = table["advised"].eq(True) & table["hours"].gt(0)
    table["unit"] = units.of(table["cell"], table["week"])
    return table


def _measure(named: Measured, rows: pd.DataFrame, units: Units, least: float) -> Measured:
    there = rows[named.group].to_numpy(dtype=bool)
    sums: dict[tuple[str, bool], NDArray[np.float64]] = {}
    events = []
    for channel in ("found", "brought"):
        for side in (True, False):
            chosen = (rows["channel"] == channel).to_numpy() & (there == side)
            count = rows.loc[chosen, "count"].to_numpy(float)
            sums[channel, side] = units.sums(rows.loc[chosen, "unit"].to_numpy(), count)
            events.append(effective_events(np.ones(count.size), count))
    scores = ratio_of_rates(
        (sums["found", True], sums["brought", True]),
        (sums["found", False], sums["brought", False]),
        units.block,
    )
    return replace(named, scores=scores, enough=min(events) >= least)


def _steered(record: pd.DataFrame, themes: list[str]) -> list[dict[str, Value]]:
    """Return per theme the share of the records where advice was followed; few are not told."""
    rows: list[dict[str, Value]] = []
    for theme in themes:
        chosen = record[record["theme"] == theme]
        whole = rounded(int(chosen["count"].sum()))
        part = cautious(int(chosen.loc[chosen["advised"], "count"].sum()))
        share = min(part / whole, 1.0) if whole else None
        rows.append({"theme": theme, "records": whole, "steered_share": share})
    return as_rows(rows)


def _weigh(found: Finding, steered: list[dict[str, Value]], most: float) -> Finding:
    """Show the share that was steered, and let nothing be met where it is large or unknown."""
    known = {str(one["theme"]): one["steered_share"] for one in steered}
    shares = {theme: float(one) for theme, one in known.items() if one is not None}
    worst = max(shares.values(), default=0.0)
    values = {**found.values, "steered_share": worst}  # noqa: PD011 - no pandas
    update: dict[str, object] = {"values": values, "tables": {**found.tables, "themes": steered}}
    if found.outcome is Outcome.MET and len(shares) < len(known):
        update |= {"outcome": Outcome.INSUFFICIENT, "message": "no_records"}
    elif found.outcome is Outcome.MET and worst > most:
        update |= {"outcome": Outcome.INSUFFICIENT, "message": "steered"}
    return found.model_copy(update=update)
