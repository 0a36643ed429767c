"""In no part of the city is what follows the flags out of line with the rest."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.outcomes import Followed, open_followed
from cas_audit.inference.families import holm
from cas_audit.inference.scan import scan
from cas_audit.inference.scan_found import Found
from cas_audit.inference.scan_null import fit_null
from cas_audit.inference.scan_power import smallest_detectable
from cas_audit.inference.scan_windows import make_windows

LEVEL = 0.05
EVERY = 2  # centres of discs lie on every second row and column
FEWEST = 5


def no_unnamed_area_is_singled_out(
    dossier: Dossier, *, max_hidden_share: float = 0.25, draws: float = 199
) -> Finding:
    """Is there a part of the city, with a name or not, where flags are right much more or less?

    Why: groups have to be named to be compared; a neighbourhood that nobody thought of has not.

    How: per theme, thousands of discs over the flagged cells are held against what is expected
    there: the score of the flagged cells and weeks where the model expects a number, else the same
    for each flag. Statistic: the largest likelihood ratio (Kulldorff 1997; of places: Sacharidis
    and others 2023), over the dispersion fitted. Null: outcomes at those rates, with fitted
    overdispersion and correlation in space, given their total; `draws` draws, Holm over themes, at
    5 %. Right is a cell and week with an incident that the public brought, where the channel is
    known. Nothing found is met only if an area with half of what is expected would have been found
    in nine of ten times where it expects `max_hidden_share` of all right flags, or less.

    Limits: it relies on recorded outcomes: an area that reports less stands out just as one where
    flags go wrong, and nothing here tells them apart. The whole city may be wrong and no part. The
    area shown is the most extreme one; its outline and its ratio are further out than the truth.
    Where rates differ between near cells anyway, only large areas are found.

    Remedy: look at the area with those who know it: reporting, patrols, building works, a missing
    source; hold it against a victim survey.
    """
    followed, forecasts = open_followed(dossier), dossier.table("forecasts.parquet")
    columns = dossier.json("data/grid.json")["columns"]
    area = dossier.table("data/cells.parquet").set_index("cell")["area"]
    expects = _expects(dossier)
    rows = []
    for number, theme in enumerate(dossier.manifest.themes):
        by_cell = _by_cell(followed, forecasts, theme, expects=expects)
        rng = np.random.default_rng([dossier.manifest.seed, number])
        rows.append({"theme": theme, **_look(by_cell, columns, area, rng, int(draws))})
    adjusted = holm(np.array([row["p_value"] for row in rows], dtype=float))
    for row, p in zip(rows, adjusted.tolist(), strict=True):
        row["p_value"] = p
    return _conclude(rows, max_hidden_share)


def _expects(dossier: Dossier) -> bool:
    """Say whether a score is the number of incidents expected."""
    counting = dossier.json("model/parameters.json")["model"] == "counting"
    return dossier.has("model/evaluation.json") and not counting


def _by_cell(
    followed: Followed, forecasts: pd.DataFrame, theme: str, *, expects: bool
) -> pd.DataFrame:
    """Return per flagged cell how often it was right, and what was expected, to the same total."""
    rows = followed.rows[followed.rows["flagged"] & (followed.rows["theme"] == theme)]
    rows = rows.merge(forecasts, on=["cell", "period", "theme"])
    one = -np.expm1(-rows["score"]) if expects else 1.0
    sums = rows.assign(right=rows["hit"].astype(float), expected=one).groupby("cell")
    found: pd.DataFrame = sums[["right", "expected"]].sum()
    return found[found["expected"] > 0]


def _look(
    by_cell: pd.DataFrame,
    columns: int,
    area: "pd.Series[str]",
    rng: np.random.Generator,
    draws: int,
) -> dict[str, Any]:
    """Scan one theme; undefined where there is too little to scan."""
    right, expected = (by_cell[name].to_numpy(float) for name in ("right", "expected"))
    nothing = {"p_value": np.nan, "ratio": None, "area": None, "flagged_cells": len(by_cell)}
    if not right.sum() or len(by_cell) < FEWEST:
        return {**nothing, "hidden_share": None}
    cells = by_cell.index.to_numpy()
    due = expected * right.sum() / expected.sum()
    windows = make_windows(cells // columns, cells % columns, due, every=EVERY)
    if not windows.share.size:
        return {**nothing, "hidden_share": None}
    null = fit_null(right, windows, rng)
    found = scan(right, windows, null, rng, draws=draws, most=1)
    if not isinstance(found, Found):
        return {**nothing, "hidden_share": None}
    least = smallest_detectable(windows, null, int(right.sum()), rng, draws=99).expected
    hidden = None if least is None else least / float(right.sum())
    return {
        **nothing,
        "p_value": found.p_value,
        "hidden_share": hidden,
        **_area(found, area, cells),
    }


def _area(found: Found, area: "pd.Series[str]", cells: NDArray[np.int64]) -> dict[str, Any]:
    """Name the neighbourhood most of the area lies in; a ratio that would tell few is left out."""
    if not found.areas:
        return {}
    [first] = found.areas
    lies = area.reindex(cells[first.cells]).value_counts()
    ratio = first.ratio if first.observed >= FEWEST else None
    return {"ratio": ratio, "area": str(lies.index[0]) if len(lies) else None}


def _conclude(rows: list[dict[str, Any]], most: float) -> Finding:
    """Met where nothing stands out and enough would have; shows the theme with the smallest p."""
    worst = min(rows, key=lambda row: row["p_value"] if row["p_value"] == row["p_value"] else 2.0)
    blind = [row for row in rows if row["hidden_share"] is None or row["hidden_share"] > most]
    outcome, message = Outcome.MET, "met"
    if worst["p_value"] <= LEVEL:
        few = worst["ratio"] is None
        outcome, message = Outcome.NOT_MET, "hardly_ever_right" if few else "not_met"
    elif blind:
        outcome, worst = Outcome.INSUFFICIENT, blind[0]
        unknown = worst["p_value"] != worst["p_value"]
        message = "too_few" if unknown else "nothing_would_be_found"
        if not unknown and worst["hidden_share"] is not None:
            message = "insufficient_evidence"
    [shown, *table] = as_rows([worst, *rows])
    return Finding(
        outcome=outcome,
        message=message,
        values=shown,
        estimand=Estimand.OUTCOMES,
        estimate=shown["ratio"] if isinstance(shown["ratio"], float) else None,
        n={"themes": len(rows), "flagged_cells": worst["flagged_cells"]},
        smallest_gap=worst["hidden_share"],
        tables={"themes": table},
    )
