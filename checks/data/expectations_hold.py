"""Every table that came in is as its suite of expectations says."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.expectation import show_result, word_of
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state


def expectations_hold(dossier: Dossier, *, min_expectations: float = 1) -> Finding:
    """Does every admitted table hold to what is expected of it?

    Why: a column that changes its meaning or range between deliveries spoils a model silently, and
    so does a neighbourhood or a week that was never handed over.

    How: the Great Expectations suite of each table ran on what was admitted, never on what was
    refused, and each table with a receipt has its results; every expectation that was asked must
    hold. One that broke does not hold. One that needs what nobody stated, such as a control total,
    is not asked, and counts neither as held nor among the fewest that must be asked of a table. A
    fact of the record: there is no interval. Small counts are shown as four and totals rounded to
    ten.

    Limits: only what a suite says is looked at. A suite that asks little holds easily, so the
    number of expectations is shown. Values that are wrong but possible are not seen.

    Remedy: look which expectation failed, repair the delivery, or change the suite with a reason.
    """
    receipts = [name for name in dossier.names("ingest/") if name.endswith(".receipt.json")]
    due = {name.replace(".receipt.", ".validation.") for name in receipts}
    results = [dossier.json(name) for name in sorted(due.union(dossier.ingested("validation")))]
    rows = [(one["suite"], result) for one in results for result in one["results"]]
    words = [word_of(result) for _, result in rows]
    asked = [sum(word_of(row) != "not_asked" for row in one["results"]) for one in results]
    counts = {"expectations": sum(asked), "tables": len(results)}
    told = {name: words.count(name) for name in ("fails", "broken", "not_asked")}
    outcome = Outcome.MET if min(asked) >= min_expectations else Outcome.INSUFFICIENT
    message = "met_some_not_asked" if outcome is Outcome.MET and told["not_asked"] else ""
    if told["fails"] or told["broken"]:
        outcome, message = Outcome.NOT_MET, "broken" if told["broken"] else ""
    found = state(outcome, message, **counts, **told)
    shown = as_rows([{"table": table, **show_result(result)} for table, result in rows])
    return found.model_copy(update={"n": counts, "tables": {"expectations": shown}})
