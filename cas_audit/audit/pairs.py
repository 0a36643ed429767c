"""Who is compared with whom, by cell; and where nobody can tell, because figures are lacking."""

from dataclasses import dataclass

import pandas as pd

from cas_audit.audit.dossier import Dossier
from cas_audit.audit.record import cautious, rounded
from cas_audit.ingest.pairs import Pair, pairs_of

__all__ = ["Pair", "Pairs", "Unseen", "open_pairs"]


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
        found = pd.Series(data=False, index=self.residents.index)
        for one in self.pairs:
            found |= one.weights.isna().any(axis=1)
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
    fifths = any("fifths_of" in one for one in groups)
    cells = dossier.table("data/cells.parquet") if fifths else None
    return Pairs(pairs_of(groups, residents, cells), residents.set_index("cell")["residents"])
