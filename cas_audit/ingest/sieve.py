"""The sieve: applies rules in order, and counts by rule and by area what each turns away.

`left_out` is what the audit did not ask for; `refused` is what may not come in, or is wrong with
the source.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cas_audit.ingest.retention import EXPIRED

__all__ = ["NOWHERE", "Rows", "Sieve", "Tally"]

Mask = NDArray[np.bool_]
NOWHERE = "outside_the_areas"  # the rule after which every row has an area


@dataclass
class Rows:
    """Rows, by what became of them."""

    offered: int
    left_out: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)

    def count(self, other: "Rows") -> None:
        """Add the rows of another piece of the same table."""
        self.offered += other.offered
        add_up(self.left_out, other.left_out)
        add_up(self.refused, other.refused)

    @property
    def admitted(self) -> int:
        """Rows that came in."""
        return self.offered - sum(self.left_out.values()) - sum(self.refused.values())


@dataclass
class Tally(Rows):
    """Rows of one table.

    `areas` holds the rows of each place of an area, -1 where that is unknown; of an area only the
    rules that can turn away a row there are named.
    """

    areas: dict[int, Rows] = field(default_factory=dict)
    scanned: dict[str, dict[str, int]] = field(default_factory=dict)
    young: int = 0  # admitted rows of at most a year old
    swapped: int = 0  # rows outside the areas that would lie inside with their axes exchanged

    def add(self, other: "Tally") -> None:
        """Add the counts of another piece of the same table."""
        self.count(other)
        self.young += other.young
        self.swapped += other.swapped
        for column, kinds in other.scanned.items():
            add_up(self.scanned.setdefault(column, {}), kinds)
        for area, rows in other.areas.items():
            self.areas.setdefault(area, Rows(0)).count(rows)

    @property
    def defects(self) -> int:
        """Rows refused because something is wrong with them; age is no defect."""
        return sum(rows for rule, rows in self.refused.items() if rule not in EXPIRED)


def add_up(mine: dict[str, int], theirs: dict[str, int]) -> None:
    """Add counts to those of the same name."""
    for name, rows in theirs.items():
        mine[name] = mine.get(name, 0) + rows


class Sieve:
    """Each row is counted by the first rule that turns it away."""

    def __init__(self, rows: int) -> None:
        """Begin with every row of a piece."""
        self.kept = np.ones(rows, dtype=bool)
        self.rules: list[str] = []
        self.by = np.zeros(rows, dtype=np.int8)  # which rule turned it away; 0: none
        self.tally = Tally(rows)

    def refuse(self, rule: str, rows: Mask) -> None:
        """Turn away rows that may not come in."""
        self._drop(self.tally.refused, rule, rows)

    def leave_out(self, rule: str, rows: Mask) -> None:
        """Turn away rows that were not asked for."""
        self._drop(self.tally.left_out, rule, rows)

    def _drop(self, counts: dict[str, int], rule: str, rows: Mask) -> None:
        dropped: Mask = self.kept & rows
        if rule not in self.rules:
            self.rules.append(rule)
        self.by[dropped] = self.rules.index(rule) + 1
        counts[rule] = counts.get(rule, 0) + int(np.count_nonzero(dropped))
        self.kept &= ~dropped

    def by_area(self, area: NDArray[np.int32]) -> None:
        """Count in each area, -1 being unknown, what was offered and what each rule turned away."""
        kinds = len(self.rules) + 1
        size = (int(area.max(initial=-1)) + 2) * kinds
        counts = np.bincount((area.astype(np.int64) + 1) * kinds + self.by, minlength=size)
        table = counts.reshape(-1, kinds)
        seen = np.flatnonzero(table.any(axis=1))
        self.tally.areas = {int(one) - 1: self._of_area(int(one) - 1, table[one]) for one in seen}

    def _of_area(self, area: int, counts: NDArray[np.int64]) -> Rows:
        """Name the rules that can meet a row there: without an area no rule comes after that."""
        end = self.rules.index(NOWHERE) + 1
        can = self.rules[:end] if area < 0 else [one for one in self.rules if one != NOWHERE]
        parts = [
            {rule: int(counts[self.rules.index(rule) + 1]) for rule in known if rule in can}
            for known in (self.tally.left_out, self.tally.refused)
        ]
        return Rows(int(counts.sum()), *parts)
