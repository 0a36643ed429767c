"""Who is compared with whom: residents of a group and of its reference, as weights on cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.files import read_json

__all__ = ["Pair", "fifths", "group_weights", "pairs_of", "read_pairs"]

FIFTHS = (0.2, 0.8)


@dataclass(frozen=True)
class Pair:
    """A group and those it is compared with.

    `weights` has columns `group` and `reference`, indexed by cell, in persons; both are missing
    where the figures of either are.
    """

    group: str
    reference: str
    weights: pd.DataFrame


def read_pairs(data: Path) -> list[Pair]:
    """Return the comparisons of an audit from what ingest left in a folder.

    Args:
        data: holds residents.parquet, groups.json and cells.parquet.
    """
    cells = pd.read_parquet(data / "cells.parquet")
    groups = read_json(data / "groups.json")["groups"]
    return pairs_of(groups, pd.read_parquet(data / "residents.parquet"), cells)


def pairs_of(
    groups: list[Mapping[str, Any]], residents: pd.DataFrame, cells: pd.DataFrame | None
) -> list[Pair]:
    """Return each comparison with the residents on either side.

    Args:
        groups: as ingest writes them: name, reference, and `fifths_of` where areas are compared.
        residents: columns cell, residents and one per group, in persons.
        cells: columns cell and area; needed where areas are compared.
    """
    areas = None if cells is None else cells.set_index("cell")["area"]
    return [_pair(one, residents, areas) for one in groups]


def _pair(
    group: Mapping[str, Any], residents: pd.DataFrame, areas: "pd.Series[Any] | None"
) -> Pair:
    name, reference = group["name"], group["reference"]
    if areas is None or "fifths_of" not in group:
        return Pair(name, reference, group_weights(residents, name, reference))
    weights = fifths(residents, areas, group["fifths_of"])
    against = "others" if reference == "others" else "lowest"
    weights = weights.rename(columns={"highest": "group", against: "reference"})
    return Pair(name, reference, weights[["group", "reference"]])


def group_weights(residents: pd.DataFrame, group: str, reference: str) -> pd.DataFrame:
    """Return residents per cell of a group and of those it is compared with.

    Args:
        residents: columns cell, residents and one per group, in persons.
        group: name of a group column.
        reference: name of a group column, or `others` for everyone else.

    Returns:
        Columns `group` and `reference`, indexed by cell, in persons; both are missing where the
        figures of either are, so that a cell counts in a comparison as a whole or not at all.
    """
    table = residents.set_index("cell")
    other = table["residents"] - table[group] if reference == "others" else table[reference]
    weights = pd.DataFrame({"group": table[group], "reference": other.clip(lower=0)})
    return weights.where(weights.notna().all(axis=1), axis=0)


def fifths(residents: pd.DataFrame, areas: "pd.Series[Any]", of: str) -> pd.DataFrame:
    """Return residents of areas by where the area's share of a group stands.

    Areas with residents and figures are put in order of the share; all residents of the fifth of
    them with the largest share are `highest`, those of the fifth with the smallest are `lowest`.
    Areas that stand on both edges at once, since too many are alike, are in neither.

    Args:
        residents: columns cell, residents and one per group, in persons.
        areas: the area of each cell, indexed by cell.
        of: the group.

    Returns:
        Columns highest, lowest and others (all but the highest), indexed by cell, in persons;
        missing where the area has residents and no figure of the group.
    """
    table = residents.set_index("cell")[["residents", of]]
    area = areas.reindex(table.index)
    sums = table.groupby(area).sum(min_count=1)
    share = sums[of] / sums["residents"].where(sums["residents"] > 0)
    low, high = np.nanquantile(share, FIFTHS) if share.notna().any() else (np.nan, np.nan)
    top = area.map((share >= high) & (share > low)).eq(True)
    bottom = area.map((share <= low) & (share < high)).eq(True)
    people = table["residents"]
    found = pd.DataFrame(
        {
            "highest": people.where(top, 0.0),
            "lowest": people.where(bottom, 0.0),
            "others": people.mask(top, 0.0),
        }
    )
    return found.mask(table[of].isna(), axis=0)
