"""What the dossier says of the model is what the model is."""

from typing import Any

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Finding, Outcome, as_rows
from cas_audit.audit.record import state

SAID = ("window_weeks", "reach_cells", "source", "about_persons")
KEPT = ("seed", "flagged_share")
NOT_FITTED = "counting"


def documentation_matches_code(
    dossier: Dossier, *, max_differences: float = 0, min_features: float = 1
) -> Finding:
    """Is what the register says of features, settings and weeks what the fitted model holds?

    Why: documentation that nobody held against the system describes the system that was meant.

    How: when a model is fitted, it is written down which features it got, in their order. Each must
    stand in the register with the same window, reach and source; each in the register must be used
    by a model, and in that order where there is one; the source of each must have a receipt. The
    fitted model in its archive must have as many columns. The seed and the share in the parameters
    must be those of the manifest, each other setting that of the configuration, and the weeks of
    the split those that were judged. A fact of the record: there is no interval.

    Limits: that a feature is made as its name says is for a reader of the code; tests of this
    toolkit hold it for its own. An archive that does not say how many columns it has is not asked,
    and of a model of someone else it is not known on what it was fitted.

    Remedy: forecast again, so that all is written anew; find out which code made the difference.
    """
    register = dossier.json("model/features.json")
    fitted = dossier.json("model/fitted.json")
    rows = [
        *_of_features(register, fitted),
        *_of_sources(dossier, register),
        *_of_archives(dossier, fitted),
        *_of_settings(dossier),
        *_of_weeks(dossier),
    ]
    used = min((len(one["features"]) for one in fitted.values()), default=0)
    outcome = Outcome.MET if used >= min_features else Outcome.INSUFFICIENT
    if len(rows) > max_differences:
        outcome = Outcome.NOT_MET
    names = {row["item"]: "" for row in rows}
    found = state(outcome, differing=", ".join(names), features=len(register))
    return found.model_copy(
        update={"n": {"features": len(register)}, "tables": {"differences": as_rows(rows)}}
    )


def _row(item: str, differs: str) -> dict[str, str]:
    return {"item": item, "differs": differs}


def _of_features(register: list[Any], fitted: dict[str, Any]) -> list[dict[str, str]]:
    """Return what differs between the register and what the models got."""
    known = {one["name"]: one for one in register}
    got = {one["name"]: one for model in fitted.values() for one in model["features"]}
    rows = [_row(name, "not_in_the_register") for name in got if name not in known]
    rows += [_row(name, "not_used") for name in known if name not in got]
    rows += [
        _row(name, key)
        for name in known.keys() & got.keys()
        for key in SAID
        if known[name][key] != got[name][key]
    ]
    orders = [[one["name"] for one in model["features"]] for model in fitted.values()]
    whole = [one for one in orders if set(one) == set(known)]
    if any(one != list(known) for one in whole):
        rows.append(_row("features", "order"))
    return sorted(rows, key=lambda row: (row["item"], row["differs"]))


def _of_sources(dossier: Dossier, register: list[Any]) -> list[dict[str, str]]:
    """Return the sources that no receipt is of."""
    named = sorted({one["source"] for one in register})
    return [_row(one, "receipt") for one in named if not dossier.has(f"ingest/{one}.receipt.json")]


def _of_archives(dossier: Dossier, fitted: dict[str, Any]) -> list[dict[str, str]]:
    """Return the themes of which the model has another number of columns than it got features."""
    rows: list[dict[str, str]] = []
    if dossier.json("model/parameters.json")["model"] == NOT_FITTED:
        return rows
    for theme, one in fitted.items():
        width = dossier.fitted_width(f"model/{theme}.skops")
        if width is not None and width != len(one["features"]):
            rows.append(_row(theme, "number_of_columns"))
    return rows


def _of_settings(dossier: Dossier) -> list[dict[str, str]]:
    """Return the settings that are not those of the manifest and the configuration."""
    parameters, manifest = dossier.json("model/parameters.json"), dossier.manifest
    chosen = dossier.yaml("config.yaml").get("forecast", {})
    due = {
        **{key: one for key, one in chosen.items() if isinstance(one, int | float)},
        **{key: getattr(manifest, key) for key in KEPT},
    }
    return [_row(key, "setting") for key, one in due.items() if parameters.get(key, one) != one]


def _of_weeks(dossier: Dossier) -> list[dict[str, str]]:
    """Return whether the first week of the split is not the first that was judged."""
    first = dossier.table("stretches.parquet")["period"].min().date()
    said = dossier.json("model/split.json")["test"]["first"]
    return [] if said == f"{first}" else [_row("split", "first_week")]
