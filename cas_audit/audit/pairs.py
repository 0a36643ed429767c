"""Who is compared with whom, by cell; and where nobody can tell, because figures are lacking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.groups import group_weights
from cas_audit.audit.record import cautious, rounded

__all__ = ["Pair", "Pairs", "Unseen", "fifths", "open_pairs"]

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


@dataclass(frozen=True)
class Unseen:
    """What lies in cells without figures: cells, residents as far as known, and what is counted."""

    cells: int
    residents: float
    share: float
    what: str

    def counted(self) -> dict[str, int]:
        """Return the cells by name, for the counts of a finding; nothing where all is seen."""
        return {"cells_without_figures": self.cells} if self.cells else {}

    def shown(self) -> dict[str, float]:
        """Return the shares by name, for the sentence of a finding; nothing where all is seen."""
        if not self.cells:
            return {}
        return {
            "residents_without_figures": self.residents,
            f"{self.what}_without_figures": self.share,
        }


@dataclass(frozen=True)
class Pairs:
    """All comparisons of an audit, with the residents of every cell, indexed by cell."""

    pairs: list[Pair]
    residents: "pd.Series[float]"

    @property
    def dark(self) -> "pd.Series[bool]":
        """Cells in which at least one comparison lacks its figures, indexed by cell."""
        missing = [one.weights.isna().any(axis=1) for one in self.pairs]
        found: pd.Series[bool] = pd.concat(missing, axis=1).any(axis=1)
        return found

    def shares(self, pair: Pair) -> pd.DataFrame:
        """Return the shares of a cell's residents that are of the group, and of its reference."""
        people = self.residents.where(self.residents > 0)
        return pair.weights.div(people, axis=0).fillna(0.0)

    def unseen(self, cell: "pd.Series[int]", count: "pd.Series[int] | None" = None) -> Unseen:
        """Say how much lies where no group is known: it counts in no comparison.

        Args:
            cell: the cell of each flag, or of each row of records.
            count: records in each row; without it each row is a flag. Few are not told apart.
        """
        dark = self.dark
        inside = dark.reindex(cell, fill_value=False).to_numpy(dtype=bool)
        people = float(self.residents.sum())
        if count is None:
            what, part, whole = "flags", int(inside.sum()), len(inside)
        else:
            number = count.to_numpy()
            part, whole = cautious(int(number[inside].sum())), rounded(int(number.sum()))
            what = "records"
        return Unseen(
            int(dark.sum()),
            float(self.residents[dark].sum()) / people if people else 0.0,
            min(part / whole, 1.0) if whole else 0.0,
            what,
        )


def open_pairs(dossier: Dossier) -> Pairs:
    """Read who is compared with whom.

    Raises:
        Unavailable: the dossier does not say, or holds no residents.
    """
    residents = dossier.table("data/residents.parquet")
    groups = dossier.json("data/groups.json")["groups"]
    areas = None
    if any("fifths_of" in one for one in groups):
        areas = dossier.table("data/cells.parquet").set_index("cell")["area"]
    pairs = [_pair(one, residents, areas) for one in groups]
    return Pairs(pairs, residents.set_index("cell")["residents"])


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
