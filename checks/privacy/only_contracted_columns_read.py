"""Only columns with a purpose, a ground and a retention period came in."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state


def only_contracted_columns_read(dossier: Dossier, *, min_tables: float = 2) -> Finding:
    """Was nothing read but columns whose purpose, ground and retention are laid down?

    Why: what is never read cannot leak, cannot steer and needs no justification afterwards.

    How: for each table, the columns that its receipt says were admitted must all stand in the
    contract kept beside it, each with purpose, legal ground and retention; and columns that were
    offered without standing there must have been refused. A fact of the record: no interval.

    Limits: the receipt is written by the gate itself; the test that plants values in refused
    columns guards the gate. A contract can admit too much: whether the purpose is good is for a
    person to judge. What a column holds is not looked at here.

    Remedy: strike the column from the configuration's source, or lay down purpose and ground for it
    in the contract.
    """
    rows = []
    for name in dossier.ingested("receipt"):
        receipt = dossier.json(name)
        contract = dossier.json(name.replace(".receipt.", ".contract."))
        listed = {
            column["name"]
            for column in contract["columns"]
            if column["ground"] and column["retention_years"] and all(column["purpose"].values())
        }
        rows.append(
            {
                "table": receipt["table"],
                "admitted": len(receipt["admitted_columns"]),
                "refused": len(receipt["refused_columns"]),
                "not_in_contract": len(set(receipt["admitted_columns"]) - listed),
            }
        )
    sums = {key: sum(int(row[key]) for row in rows) for key in list(rows[0])[1:]}
    outcome = Outcome.MET if len(rows) >= min_tables else Outcome.INSUFFICIENT
    if sums["not_in_contract"]:
        outcome = Outcome.NOT_MET
    found = state(outcome, "", tables=len(rows), **sums)
    return found.model_copy(
        update={"n": {"tables": len(rows)}, "tables": {"tables": as_rows(rows)}}
    )
