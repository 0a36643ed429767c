"""What must be known of a system to examine it stands in the dossier, in both languages."""

from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

LANGUAGES = ("nl", "en")
PURPOSE = ("goal", "action")
COLUMN = ("meaning", "purpose", "concerns")
FEATURE = ("name", "source", "window_weeks", "reach_cells", "about_persons")
SPLIT = ("first", "last", "weeks")


def documentation_is_complete(
    dossier: Dossier, *, max_lacking: float = 0, min_words: float = 4, min_columns: float = 4
) -> Finding:
    """Is there, in Dutch and in English, what someone needs to examine or take over the system?

    Why: what is not written down leaves with the people who knew it.

    How: the purpose must have goal and action in both languages and an owner; each feature its
    source, window and reach, and in at least `min_words` words of both languages why the model gets
    it; the parameters and the weeks of training and testing must be there; each admitted column
    must have a meaning, a purpose, who it concerns, a ground and a term; each expectation of the
    data its why. Each thing that lacks counts. A fact of the record: there is no interval.

    Limits: whether it can be understood is for a reader to say. What is written can be wrong;
    `process/documentation_matches_code` holds part of it against the system. A column that was
    refused needs no purpose: the receipt names it, and that is all that was read of it.

    Remedy: fill in what the table below names, where it is made: configuration, contract or suite.
    """
    receipts = {name: dossier.json(name) for name in dossier.ingested("receipt")}
    features = dossier.json("model/features.json")
    rows = [
        *_of_purpose(dossier.yaml("purpose.yaml")),
        *_of_features(features, min_words),
        *_of_model(dossier),
        *(row for name, one in receipts.items() for row in _of_table(dossier, name, one)),
    ]
    columns = sum(len(one["admitted_columns"]) for one in receipts.values())
    outcome = Outcome.MET if columns >= min_columns and features else Outcome.INSUFFICIENT
    if len(rows) > max_lacking:
        outcome = Outcome.NOT_MET
    found = state(outcome, lacking=len(rows), columns=columns, features=len(features))
    return found.model_copy(
        update={
            "n": {"columns": columns, "features": len(features)},
            "tables": {"lacking": as_rows(rows)},
        }
    )


def _row(document: str, item: str, lacks: str) -> dict[str, str]:
    return {"document": document, "item": item, "lacks": lacks}


def _said(text: Any, min_words: float = 1) -> bool:  # noqa: ANN401 - JSON
    """Say whether a text is there in both languages."""
    return isinstance(text, dict) and all(
        len(str(text.get(one) or "").split()) >= min_words for one in LANGUAGES
    )


def _of_purpose(purpose: dict[str, Any]) -> list[dict[str, str]]:
    rows = [_row("purpose", key, "text") for key in PURPOSE if not _said(purpose.get(key))]
    return rows if purpose.get("owner") else [*rows, _row("purpose", "owner", "text")]


def _of_features(features: list[dict[str, Any]], min_words: float) -> list[dict[str, str]]:
    rows = [
        _row("features", str(one.get("name")), key)
        for one in features
        for key in FEATURE
        if one.get(key) is None
    ]
    unsaid = [one for one in features if not _said(one.get("why"), min_words)]
    return rows + [_row("features", str(one.get("name")), "why") for one in unsaid]


def _of_model(dossier: Dossier) -> list[dict[str, str]]:
    """Return what lacks of the parameters, and of the weeks of training and testing."""
    rows = []
    if not (dossier.has("model/parameters.json") and dossier.json("model/parameters.json")):
        rows.append(_row("parameters", "model", "text"))
    split = dossier.json("model/split.json") if dossier.has("model/split.json") else {}
    return rows + [
        _row("split", part, key)
        for part in ("train", "test")
        for key in SPLIT
        if split.get(part, {}).get(key) is None
    ]


def _of_table(dossier: Dossier, name: str, receipt: dict[str, Any]) -> list[dict[str, str]]:
    """Return what lacks in the contract and the suite of a table."""
    table = receipt["table"]
    contract = dossier.json(name.replace(".receipt.", ".contract."))
    known = {column["name"]: column for column in contract["columns"]}
    rows = [
        _row("contract", column, key)
        for column in receipt["admitted_columns"]
        for key in (*COLUMN, "ground", "retention_years")
        if not _kept(known.get(column, {}), key)
    ]
    suite = name.replace(".receipt.json", ".suite.yaml")
    asked = dossier.yaml(suite)["expectations"] if dossier.has(suite) else []
    without = sum(not one.get("meta", {}).get("notes") for one in asked)
    return rows + [_row("suite", table, "why")] * (without or not asked)


def _kept(column: dict[str, Any], key: str) -> bool:
    return _said(column.get(key)) if key in COLUMN else bool(column.get(key))
