"""Hardly any incident was counted twice."""

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, as_rows
from cas_audit.audit.record import cautious, judge_share, rounded


def records_are_unique(
    dossier: Dossier, *, max_repeated_share: float = 0.01, min_rows: float = 100
) -> Finding:
    """Is hardly any row of the incidents there twice?

    Why: one incident in two rows makes a cell look twice as busy, and a delivery that was joined to
    the one before doubles a whole period.

    How: rows of the same theme at the same exact point and moment as an earlier row, over all rows,
    counted at the gate before exact places and moments are gone; the theme with the largest share
    is judged. It is a count of the record: there is no interval. Small counts are shown as four and
    totals rounded to ten, so that the finding can be shown to anyone; it is judged on the true
    ones.

    Limits: two incidents in one building can be recorded at the same moment, at midnight mostly,
    and then look like one. One incident that was filed at two moments or two places is not seen.

    Remedy: look which deliveries overlap, and have the source system take repeated rows out.
    """
    table = dossier.table("data/quality.parquet")
    wide = table.pivot_table(index="theme", columns="kind", values="count", aggfunc="sum")
    wide = wide.reindex(dossier.manifest.themes, columns=["rows", "duplicate"]).fillna(0)
    rows, again = wide["rows"].astype(int), wide["duplicate"].astype(int)
    worst = _worst(again, rows, max_repeated_share, min_rows)
    found = judge_share(
        int(again.loc[[worst]].sum()),
        int(rows.loc[[worst]].sum()),
        at_most=max_repeated_share,
        fewest=min_rows,
        unit="rows",
        shown=cautious(int(again.loc[[worst]].sum())),
    )
    shown = pd.DataFrame({"rows": rows.map(rounded), "repeated": again.map(cautious)})
    table = shown.rename_axis("theme").reset_index()
    return found.model_copy(
        update={
            "values": found.values | {"theme": worst},  # noqa: PD011 - no pandas
            "tables": {"themes": as_rows(table.to_dict("records"))},
        }
    )


def _worst(again: "pd.Series[int]", rows: "pd.Series[int]", most: float, least: float) -> str:
    """Return the theme that decides: beyond the limit, or with too few rows, or the largest."""
    few = rows < least
    share = (again / rows.where(~few)).fillna(-1.0)
    decides = rows.idxmin() if few.any() and not (share > most).any() else share.idxmax()
    return str(decides)
