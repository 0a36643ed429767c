"""Every table and every incident that was counted goes back to a receipt of the gate."""

from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

MADE_OF = {
    **dict.fromkeys(("cells", "grid", "groups", "residents"), "areas"),
    **dict.fromkeys(("weeks", "quality", "moments", "shifts"), "incidents"),
}
DAY = pd.Timedelta(days=1)


def data_is_traceable(dossier: Dossier, *, max_lost: float = 0, min_tables: float = 2) -> Finding:
    """Does every table, and every incident that was counted, go back to a receipt of the gate?

    Why: what came in beside the gate was never refused, scanned or coarsened; what dropped out
    behind it was never missed.

    How: each file under `data/` must be made of a table that has a receipt, and each receipt have a
    table that was made of what it admitted. In each receipt, rows
    offered must be rows admitted plus rows left out and refused. The incidents in the dossier must
    add up to the rows that their receipt admitted, and the incidents on which the model is judged
    to those of the same weeks and channels. Where the receipt hides a small count, the counts that
    the dossier keeps beside the incidents are asked. A fact of the record: there is no interval.

    Limits: two mistakes can cancel out in a sum. Of other tables, a receipt that hides a small
    count is not added up. Which file a receipt is of, and by which contract,
    is asked by `privacy/sources_are_traceable`.

    Remedy: ingest and forecast again; put no table in a dossier by hand.
    """
    receipts = {one["table"]: one for one in map(dossier.json, dossier.ingested("receipt"))}
    rows = [
        {"table": PurePosixPath(name).stem, "lacks": "receipt"}
        for name in dossier.names("data/")
        if _made_of(name) not in receipts
    ]
    made = {_made_of(name) for name in dossier.names("data/") if name.endswith(".parquet")}
    rows += [{"table": table, "lacks": "counts"} for table in receipts if table not in made]
    rows += [
        {"table": table, "lacks": "balance"}
        for table, receipt in receipts.items()
        if _unbalanced(receipt)
    ]
    admitted = _admitted(dossier, receipts)
    rows += _uncounted(dossier, admitted)
    outcome = Outcome.MET
    if len(receipts) < min_tables or ("incidents" in receipts and admitted is None):
        outcome = Outcome.INSUFFICIENT
    if len(rows) > max_lost:
        outcome = Outcome.NOT_MET
    names = {row["table"]: "" for row in rows}
    found = state(outcome, tables=len(receipts), lost=", ".join(names))
    return found.model_copy(
        update={"n": {"tables": len(receipts)}, "tables": {"tables": as_rows(rows)}}
    )


def _made_of(name: str) -> str:
    stem = PurePosixPath(name).stem
    return MADE_OF.get(stem, stem)


def _unbalanced(receipt: dict[str, Any]) -> bool:
    """Say whether rows went missing at the gate, as far as its receipt shows all counts."""
    parts = [receipt["admitted"], *receipt["left_out"].values(), *receipt["refused"].values()]
    counts = [one["count"] for one in (receipt["offered"], *parts)]
    return None not in counts and counts[0] != sum(counts[1:])


def _admitted(dossier: Dossier, receipts: dict[str, Any]) -> int | None:
    """Return how many incidents were admitted, if that is known."""
    if "incidents" not in receipts:
        return None
    shown: int | None = receipts["incidents"]["admitted"]["count"]
    if shown is None and dossier.has("data/quality.json"):
        return int(dossier.json("data/quality.json")["incidents"]["admitted"])
    return shown


def _uncounted(dossier: Dossier, admitted: int | None) -> list[dict[str, str]]:
    """Return what the counts of incidents do not agree with."""
    if not dossier.has("data/incidents.parquet"):
        return []
    table, rows = dossier.table("data/incidents.parquet"), []
    if admitted is not None and admitted != table["count"].sum():
        rows.append({"table": "incidents", "lacks": "admitted_rows"})
    if dossier.has("model/weekly.parquet"):
        weekly = dossier.table("model/weekly.parquet")
        weekly = weekly[weekly["forecaster"] == "model"]
        due = _due(table, pd.DatetimeIndex(weekly["week"].unique()), dossier.manifest.judged_on)
        judged = weekly.groupby("theme")["incidents"].sum()
        if not due.reindex(judged.index, fill_value=0).eq(judged).all():
            rows.append({"table": "weekly", "lacks": "admitted_rows"})
    return rows


def _due(table: pd.DataFrame, periods: pd.DatetimeIndex, channels: list[str]) -> pd.Series:
    """Return the incidents of each theme in the periods that were judged."""
    starts = periods.sort_values()
    length = int(np.diff(starts).min() / DAY) if len(starts) > 1 else 7
    inside = pd.DatetimeIndex(table["week"]).floor("D")
    at = starts.searchsorted(inside, side="right") - 1
    within = (at >= 0) & ((inside - starts[np.maximum(at, 0)]) / DAY < length)
    kept = table["channel"].isin(channels) if channels else True
    return table[within & kept].groupby("theme")["count"].sum()
