"""No table of the dossier has a row for a person or an event."""

from typing import Any

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

KEYS = {
    "cell", "row", "col", "area", "week", "period", "theme", "channel", "shift", "kind",
    "decision", "age_band", "forecaster", "stretch", "shown_as", "wide", "refit",
    "flagged_share", "weekday", "months", "taken", "part",
}  # fmt: skip
MEASURES = {
    "x_m",
    "y_m",
    "count",
    "residents",
    "suspects",
    "hours",
    "respondents",
    "reported_share",
    "score",
    "flagged",
    "share",
    "incidents",
    "hits",
    "near_hits",
    "flagged_cells",
    "flagged_cells_with_incident",
    "dilated_cells",
    "cells",
    "fine",
    "most_hits",
    "changed_cells",
    "weight",
    "lost",
    "contribution",
}
# A weekday beside one of these is a day again, or a day at a place.
DAY_BACK = {"cell", "row", "col", "x_m", "y_m", "week", "period"}
SLACK_M = 0.01


def no_person_level_rows(
    dossier: Dossier, *, max_tables: float = 0, min_tables: float = 3
) -> Finding:
    """Is every table of the dossier about places and weeks, with no row for a person or event?

    Why: a table with a row per event can be joined to the source it came from, and then it is about
    someone again, whatever its columns are called.

    How: each Parquet table may hold coarse keys (cell, area, week, theme and such) and numbers; no
    two rows may share their keys, no moment may be finer than a day, and coordinates must be
    centres of cells. A weekday may stand beside an area, never beside a cell or a week, where it
    would bring the day back. A table that breaks any of these counts. A fact of the record:
    there is no interval.

    Limits: a cell with one dwelling is a place and a household at once; the check on the published
    map looks at that. A number can hide what it likes. Only Parquet tables are looked at.

    Remedy: find in the table below what each breaks, and aggregate it before it is kept.
    """
    grid = dossier.json("data/grid.json")
    names = [name for name in dossier.names("") if name.endswith(".parquet")]
    known = _groups(dossier) | _features(dossier)
    rows = [{"table": name, "breaks": _breaks(dossier.table(name), known, grid)} for name in names]
    broken = [row for row in rows if row["breaks"]]
    outcome = Outcome.MET if len(names) >= min_tables else Outcome.INSUFFICIENT
    if len(broken) > max_tables:
        outcome = Outcome.NOT_MET
    found = state(outcome, tables=len(names), broken=len(broken))
    return found.model_copy(
        update={"n": {"tables": len(names)}, "tables": {"tables": as_rows(broken)}}
    )


def _groups(dossier: Dossier) -> set[str]:
    """Return the names of groups, whose residents are counted per cell."""
    name = "ingest/areas.contract.json"
    columns = dossier.json(name)["columns"] if dossier.has(name) else []
    return {column["group"] for column in columns if column.get("group")}


def _features(dossier: Dossier) -> set[str]:
    """Return the names of the features in the register, whose means are held per cell."""
    name = "model/features.json"
    return {one["name"] for one in dossier.json(name)} if dossier.has(name) else set()


def _breaks(table: pd.DataFrame, known: set[str], grid: dict[str, Any]) -> str:
    """Return what a table breaks first, or nothing."""
    keys = [column for column in table if column in KEYS]
    if set(table) - KEYS - MEASURES - known:
        return "columns"
    if not keys or table.duplicated(keys).any():
        return "rows"
    if "weekday" in table and DAY_BACK & set(table):
        return "moments"
    moments = [table[column].dropna() for column in table.select_dtypes(["datetime"])]
    if any((moment != moment.dt.normalize()).any() for moment in moments):
        return "moments"
    return "" if _on_centres(table, grid) else "places"


def _on_centres(table: pd.DataFrame, grid: dict[str, Any]) -> bool:
    if "x_m" not in table:
        return True
    steps = [
        (table[column] - grid[start]) / grid["cell_size_m"] - 0.5
        for column, start in (("x_m", "x0"), ("y_m", "y0"))
    ]
    slack = SLACK_M / grid["cell_size_m"]
    return all(bool((np.abs(step - step.round()) <= slack).all()) for step in steps)
