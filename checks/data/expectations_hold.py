"""Every table that came in is as its suite of expectations says."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state


def expectations_hold(dossier: Dossier, *, min_expectations: float = 1) -> Finding:
    """Does every admitted table hold to what is expected of it?

    Why: a column that changes its meaning or range between deliveries spoils a model silently.

    How: the Great Expectations suite of each table ran on what was admitted, never on what was
    refused; every expectation must hold. A fact of the record: there is no interval.

    Limits: only what a suite says is looked at. A suite that asks little holds easily, so the
    number of expectations is shown. Values that are wrong but possible are not seen.

    Remedy: look which expectation failed, repair the delivery, or change the suite with a reason.
    """
    results = [dossier.json(name) for name in dossier.ingested("validation")]
    rows = [{"table": one["suite"], **result} for one in results for result in one["results"]]
    failed = [row for row in rows if not row["success"]]
    fewest = min(len(one["results"]) for one in results)
    outcome = Outcome.MET if fewest >= min_expectations else Outcome.INSUFFICIENT
    if failed:
        outcome = Outcome.NOT_MET
    found = state(outcome, failed=len(failed), expectations=len(rows), tables=len(results))
    counts = {"expectations": len(rows), "tables": len(results)}
    return found.model_copy(update={"n": counts, "tables": {"expectations": as_rows(rows)}})
