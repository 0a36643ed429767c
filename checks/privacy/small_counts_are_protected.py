"""No count of one to four can be read from what is public in kind, or worked out from it."""

from collections.abc import Iterator
from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

SMALLEST, TENS = 5, 10


def small_counts_are_protected(
    dossier: Dossier, *, max_told: float = 0, min_tables: float = 2
) -> Finding:
    """Are counts of one to four hidden on every receipt, and impossible to work out?

    Why: a count of one is a person, and who knows the neighbourhood knows which. A hidden count
    that follows by subtraction from those beside it is not hidden.

    How: every count on a receipt, and every file under `public`, is looked at; shown counts of one
    to four are told. Rows offered are rows admitted plus rows turned away: where one of these alone
    is hidden it follows from the others, and where the hidden ones can together take one set of
    values only, so do they. Counts per area must be whole tens. A fact of the record: no interval.

    Limits: two receipts of the same source, made on different days or with other questions, can be
    subtracted from each other; that is not looked at. Nor are counts outside the dossier.

    Remedy: ingest again with the present version, which hides the totals that would tell.
    """
    rows = []
    tables = dossier.ingested("receipt")
    for name in tables:
        receipt = dossier.json(name)
        told = sum(_is_small(one) for one in _counts(receipt))
        areas = [one[key] for one in receipt.get("areas", []) for key in one if key != "area"]
        told += sum(1 for one in areas if one is not None and one % TENS)
        rows.append({"table": receipt["table"], "told": told, "solvable": _solvable(receipt)})
    for name in dossier.names("public/"):
        if name.endswith(".json"):
            told = sum(_is_small(one) for one in _counts(dossier.json(name)))
            rows.append({"table": name.split("/")[1], "told": told, "solvable": False})
    shown = sum(int(row["told"]) for row in rows)
    solvable = sum(bool(row["solvable"]) for row in rows)
    outcome = Outcome.MET if len(tables) >= min_tables else Outcome.INSUFFICIENT
    if shown + solvable > max_told:
        outcome = Outcome.NOT_MET
    found = state(outcome, tables=len(tables), told=shown, solvable=solvable)
    return found.model_copy(
        update={"n": {"tables": len(tables)}, "tables": {"tables": as_rows(rows)}}
    )


def _counts(content: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield every count object, wherever it stands."""
    if isinstance(content, dict) and {"count", "suppressed"} <= set(content):
        yield content
    elif isinstance(content, dict):
        for one in content.values():
            yield from _counts(one)
    elif isinstance(content, list):
        for one in content:
            yield from _counts(one)


def _is_small(count: dict[str, Any]) -> bool:
    return count["count"] is not None and 0 < count["count"] < SMALLEST


def _solvable(receipt: dict[str, Any]) -> bool:
    """Say whether hidden rows follow from offered = admitted + left out + refused.

    A hidden part is one to four. Hidden rows admitted can be any number when a part is hidden too,
    since they are hidden with it; else they are one to four themselves.
    """
    parts = [*receipt["left_out"].values(), *receipt["refused"].values()]
    hidden = sum(one["count"] is None for one in parts)
    offered, admitted = receipt["offered"]["count"], receipt["admitted"]["count"]
    if offered is None or (not hidden and admitted is not None):
        return False  # nothing to start from, or nothing hidden
    if admitted is None and not hidden:
        return True
    rest = offered - sum(one["count"] or 0 for one in parts)
    if admitted is not None:
        rest -= admitted
        return hidden == 1 or rest in {hidden, hidden * (SMALLEST - 1)}
    return bool(rest == hidden)  # nothing is left for the rows admitted, and each part is one
