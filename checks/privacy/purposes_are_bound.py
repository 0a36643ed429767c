"""Each admitted column has a purpose of its own and a ground that fits the regime."""

from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

FITTING = {"open_data": ("open data", "AVG"), "avg": ("open data", "AVG")}
ANY = ("open data", "AVG", "Wpg")


def purposes_are_bound(
    dossier: Dossier, *, max_unbound: float = 0, min_words: float = 2, min_columns: float = 4
) -> Finding:
    """Is each admitted column bound to a purpose in words, on a ground that fits the regime?

    Why: data taken in for one purpose drift to others unless each column says what it is for.

    How: per admitted column, the contract kept in the dossier must hold a purpose of at least
    `min_words` words in both languages and a legal ground of the regime the system works under; a
    special category must say besides why it is needed. Columns without are counted. A fact of the
    record: there is no interval.

    Limits: whether a purpose is honest, and whether the column is needed for it, is for a person to
    judge. That words are there does not make them true.

    Remedy: write purpose and ground in the contract, or strike the column.
    """
    regime = dossier.manifest.regime
    rows, columns = [], 0
    for name in dossier.ingested("receipt"):
        admitted = dossier.json(name)["admitted_columns"]
        contract = dossier.json(name.replace(".receipt.", ".contract."))
        known = {column["name"]: column for column in contract["columns"]}
        columns += len(admitted)
        rows += [
            {"table": name.split("/")[1].split(".")[0], "column": column, "lacks": lacks}
            for column in admitted
            if (lacks := _lacks(known.get(column), regime, min_words))
        ]
    outcome = Outcome.MET if columns >= min_columns else Outcome.INSUFFICIENT
    if len(rows) > max_unbound:
        outcome = Outcome.NOT_MET
    found = state(outcome, columns=columns, unbound=len(rows))
    return found.model_copy(
        update={"n": {"columns": columns}, "tables": {"columns": as_rows(rows)}}
    )


def _lacks(column: dict[str, Any] | None, regime: str, min_words: float) -> str:
    """Return what a column lacks, or nothing."""
    if column is None:
        return "contract"
    words = [len(column["purpose"].get(language, "").split()) for language in ("nl", "en")]
    if min(words) < min_words:
        return "purpose"
    if not column["ground"].startswith(FITTING.get(regime, ANY)):
        return "ground"
    return "why" if column.get("special_category") and not column.get("why") else ""
