"""No admitted column holds what looks like a direct identifier of a person."""

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import cautious, state

SMALL = 4  # how a hidden count of one to four is shown


def no_direct_identifiers(
    dossier: Dossier, *, max_found: float = 0, min_columns: float = 4
) -> Finding:
    """Was every admitted column searched, and did none hold a direct identifier?

    Why: a column with an innocent name can hold service numbers, plates or addresses; then persons
    come in by the back door.

    How: the gate searches the contents of every admitted column for citizen service numbers (eleven
    test), account numbers (check digits), e-mail addresses, telephone numbers, licence plates,
    document numbers and full addresses, and in free text for names. Rows that hold one are refused;
    the receipt says how many of each kind. Each column with a hit counts as found. A fact of the
    record: there is no interval.

    Limits: one in eleven numbers of nine digits passes the eleven test, so a found kind can be a
    false alarm. What fits no pattern, such as a nickname, is not found. Moments are not searched:
    what reads as a moment is none of these, and what does not is refused. Names of staff in records
    of access and changes are not searched either: they are compared with each other in the process
    that reads them, and go no further.

    Remedy: strike the column from the contract, or have the source deliver a code instead.
    """
    rows, unsearched, columns = [], 0, 0
    for name in dossier.ingested("receipt"):
        receipt = dossier.json(name)
        scanned = receipt.get("scanned", {})
        searchable = set(receipt["admitted_columns"]) - set(receipt.get("compared", []))
        columns += len(searchable)
        unsearched += len(searchable - set(scanned))
        rows += [
            {
                "table": receipt["table"],
                "column": column,
                "kind": kind,
                "rows": SMALL if count["suppressed"] else cautious(count["count"]),
            }
            for column, kinds in scanned.items()
            for kind, count in kinds.items()
        ]
    outcome = Outcome.MET if columns >= min_columns else Outcome.INSUFFICIENT
    if unsearched or len(rows) > max_found:
        outcome = Outcome.NOT_MET
    found = state(outcome, columns=columns, found=len(rows), unsearched=unsearched)
    return found.model_copy(update={"n": {"columns": columns}, "tables": {"found": as_rows(rows)}})
