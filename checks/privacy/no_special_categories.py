"""No table of events holds a special category of personal data."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

AGGREGATED = {"areas", "survey"}


def no_special_categories(
    dossier: Dossier, *, max_columns: float = 0, min_tables: float = 2
) -> Finding:
    """Do only counts per area, and no table of events, tell origin, religion, health or the like?

    Why: such data may hardly ever be used (Wpg 5, AVG 9); in a table of events they are about the
    person in that event. As counts per area they are needed to see whether a group is hit harder.

    How: the contract names the special category of a column, and does not load without a reason for
    it, nor for a column whose name resembles one. Admitted columns with a category are counted: in
    areas and survey as counts, in every other table as a breach. A fact of the record: no interval.

    Limits: a column that hides such data under another name and category is not seen. What stands
    for a group without naming it, such as a neighbourhood, is looked at by other checks.

    Remedy: strike the column from the contract; compare groups by counts per area instead.
    """
    rows = []
    tables = dossier.ingested("receipt")
    for name in tables:
        receipt = dossier.json(name)
        contract = dossier.json(name.replace(".receipt.", ".contract."))
        rows += [
            {
                "table": receipt["table"],
                "column": column["name"],
                "category": column["special_category"],
                "counts_only": receipt["table"] in AGGREGATED,
            }
            for column in contract["columns"]
            if column.get("special_category") and column["name"] in receipt["admitted_columns"]
        ]
    breaches = sum(not row["counts_only"] for row in rows)
    outcome = Outcome.MET if len(tables) >= min_tables else Outcome.INSUFFICIENT
    if breaches > max_columns:
        outcome = Outcome.NOT_MET
    found = state(outcome, tables=len(tables), breaches=breaches, aggregated=len(rows) - breaches)
    return found.model_copy(
        update={"n": {"tables": len(tables)}, "tables": {"columns": as_rows(rows)}}
    )
