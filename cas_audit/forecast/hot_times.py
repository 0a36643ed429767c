"""Hot times: when incidents of a theme mostly happen, by area, for whoever goes to a flagged cell.

A cell has too few incidents to say, and the gate keeps no weekday of a cell. So a flagged cell has
the profile of its area, shrunk towards the city's as far as areas are alike.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.files import write_json
from cas_audit.inference.profiles import Profiles, shrink

__all__ = ["find_hot_times"]

ROUNDING = 4.0  # variance of rounding at random to fives, the mean over what is left over
KEYS = ["weekday", "shift"]
DIGITS = 9


def find_hot_times(dossier: Path) -> None:
    """Write `model/hot_times.parquet` and `model/hot_times.json`.

    Args:
        dossier: folder with `data/`; without counts of weekdays and shifts nothing is written.
    """
    path = dossier / "data/moments.parquet"
    if not path.is_file():
        return
    moments = pd.read_parquet(path)
    cells = pd.read_parquet(dossier / "data/cells.parquet", columns=["area"])
    areas, told, rows = sorted(cells["area"].unique()), {}, []
    for theme, part in moments.groupby("theme"):
        wide = part.fillna({"area": ""}).pivot_table("count", "area", KEYS, aggfunc="sum")
        wide = wide[wide.sum(axis=1) > 0]
        alone = wide.drop(index="", errors="ignore")
        rest = wide.loc[""].to_numpy(float) if "" in wide.index else None
        found = shrink(alone.to_numpy(float), rest, ROUNDING)
        told[str(theme)] = _told(found, wide)
        rows.append(_rows(found, alone, areas).assign(theme=theme))
    if rows:
        pd.concat(rows).to_parquet(dossier / "model/hot_times.parquet", index=False)
        write_json(dossier / "model/hot_times.json", told)


def _told(found: Profiles, wide: pd.DataFrame) -> dict[str, Any]:
    """Say on how much the profiles rest; a concentration is how many incidents weigh as much."""
    return {
        "incidents": int(wide.to_numpy().sum()),
        "areas": len(found.areas),
        "rho": round(found.rho, DIGITS),
        "concentration": round(1 / found.rho - 1, DIGITS) if found.rho else None,
        "city": found.whole.round(DIGITS).tolist(),
    }


def _rows(found: Profiles, alone: pd.DataFrame, areas: list[str]) -> pd.DataFrame:
    """Return the share of each weekday and shift; an area that stands not alone has the city's."""
    at = alone.index.get_indexer(pd.Index(areas))
    shares = np.where(at[:, None] >= 0, np.vstack([found.areas, found.whole])[at], found.whole)
    weight = np.where(at >= 0, np.append(found.weight, 0.0)[at], 0.0)
    classes = len(found.whole)
    return pd.DataFrame(
        {
            "area": np.repeat(areas, classes),
            "weekday": np.tile(alone.columns.get_level_values("weekday"), len(areas)),
            "shift": np.tile(alone.columns.get_level_values("shift"), len(areas)),
            "share": shares.ravel().round(DIGITS),
            "weight": np.repeat(weight, classes).round(DIGITS),
        }
    )
