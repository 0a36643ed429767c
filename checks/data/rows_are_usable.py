"""Hardly any row of the incidents had to be refused for a defect."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, as_rows
from cas_audit.audit.record import cautious, judge_share


def rows_are_usable(
    dossier: Dossier, *, max_refused_share: float = 0.01, min_rows: float = 100
) -> Finding:
    """Could nearly every incident that was offered be used?

    Why: rows without place or moment do not vanish evenly; an area whose records are filed badly
    looks calm.

    How: rows refused at the gate for a defect (no place, outside the areas, no readable moment,
    unknown code) over rows offered. It is a count of the record: there is no interval. Small counts
    are shown as four, their sum as the sum of what is shown, and totals rounded to ten, so that the
    finding can be shown to anyone; it is judged on the true ones.

    Limits: rows that were never handed over are not counted. A wrong place inside the area is not
    seen. Rows left out on purpose, such as other themes, are no defect.

    Remedy: look in the receipt which rule refused most, and repair it in the source system.
    """
    incidents = dossier.json("data/quality.json")["incidents"]
    refused = sum(incidents["refused"].values())
    found = judge_share(
        refused,
        incidents["offered"],
        at_most=max_refused_share,
        fewest=min_rows,
        unit="rows",
        shown=sum(cautious(rows) for rows in incidents["refused"].values()),
    )
    rows = [{"rule": rule, "rows": cautious(rows)} for rule, rows in incidents["refused"].items()]
    return found.model_copy(update={"tables": {"rules": as_rows(rows)}})
