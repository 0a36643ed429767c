"""No count of one to four can be read from what is public in kind, or worked out from it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state
from cas_audit.inference.hidden import tells

SMALLEST, TENS, ANY = 5, 10, 1 << 40


def small_counts_are_protected(
    dossier: Dossier, *, max_told: float = 0, min_tables: float = 2
) -> Finding:
    """Are counts of one to four hidden on every receipt, and impossible to work out?

    Why: a count of one is a person, and who knows the neighbourhood knows which. A hidden count
    that follows by subtraction from those beside it is not hidden.

    How: every count on a receipt, and every file under `public`, is looked at; shown counts of one
    to four are told. Counts per area must be multiples of what the receipt says they are rounded
    to, and counts of identifiers multiples of ten. Then the sums are solved: rows offered are rows
    admitted plus those each rule turned away, in the table and in each area; each total is the sum
    of the areas; rows of at most a year old are no more than those admitted. From what is shown,
    bounds on each hidden count are narrowed until nothing changes. One to four that has only one
    value left is solvable. A fact of the record: no interval.

    Limits: bounds are narrowed sum by sum; integer programming found no more in tests, but could.
    Two receipts of the same source, made on different days or with other questions, can be
    subtracted from each other; that is not looked at. Nor are counts outside the dossier.

    Remedy: ingest again with the present version, which hides what would tell.
    """
    rows = []
    tables = dossier.ingested("receipt")
    for name in tables:
        receipt = dossier.json(name)
        told = sum(_is_small(one) for one in _counts(receipt))
        told += sum(_is_exact(one, receipt) for one in receipt.get("areas", []))
        told += sum((one["count"] or 0) % TENS > 0 for one in _counts(receipt.get("scanned")))
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


def _is_exact(area: dict[str, Any], receipt: dict[str, Any]) -> bool:
    step = receipt.get("areas_in", TENS)
    numbers = [area["offered"], area["admitted"], *area["left_out"].values()]
    return any((one or 0) % step for one in (*numbers, *area["refused"].values()))


def _solvable(receipt: dict[str, Any]) -> bool:
    """Say whether a hidden count of one to four follows from the sums it stands in."""
    rules = [(part, rule) for part in ("left_out", "refused") for rule in receipt[part]]
    half = receipt.get("areas_in", TENS) // 2
    box = [_totals(receipt, rules)]
    box += [_area(one, rules, half) for one in receipt.get("areas", [])]
    low, high = np.array(box, dtype=np.int64).transpose(2, 0, 1)
    return tells(low, high, SMALLEST)


def _totals(receipt: dict[str, Any], rules: list[tuple[str, str]]) -> list[tuple[int, int]]:
    """Return the least and most of each total; a hidden one is one to four.

    Rows admitted can be any number where a part is hidden, since they are hidden with it; rows
    offered, once they are hidden.
    """
    parts = [receipt[part][rule]["count"] for part, rule in rules]
    young = (receipt.get("up_to_a_year") or {}).get("count") or 0
    offered, admitted = (receipt[key]["count"] for key in ("offered", "admitted"))
    few = (1, SMALLEST - 1)
    free = (young, ANY) if None in parts else (max(young, 1), SMALLEST - 1)
    return [
        (0, ANY) if offered is None else (offered, offered),
        free if admitted is None else (admitted, admitted),
        *(few if one is None else (one, one) for one in parts),
    ]


def _area(area: dict[str, Any], rules: list[tuple[str, str]], half: int) -> list[tuple[int, int]]:
    """Return the same of an area, where a rounding hides; what is not named cannot occur there."""
    parts = [area[part].get(rule, 0) for part, rule in rules]
    nowhere = area["area"] is None and not area.get("together")
    admitted = 0 if nowhere else area["admitted"]
    return [_range(one, half) for one in (area["offered"], admitted, *parts)]


def _range(shown: int | None, half: int) -> tuple[int, int]:
    if shown == 0:
        return 0, 0
    return (0, half - 1) if shown is None else (shown - half, shown + half - 1)
