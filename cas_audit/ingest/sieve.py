"""The sieve: applies rules in order, and counts by rule and by area what each turns away.

`left_out` is what the audit did not ask for; `refused` is what may not come in, or is wrong with
the source.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cas_audit.ingest.retention import EXPIRED

__all__ = ["Sieve", "Tally"]

Mask = NDArray[np.bool_]


@dataclass
class Tally:
    """Rows of one table, by what became of them.

    `areas` holds per place of an area, -1 where that is unknown, rows offered, admitted, refused.
    """

    offered: int
    left_out: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    areas: dict[int, list[int]] = field(default_factory=dict)
    scanned: dict[str, dict[str, int]] = field(default_factory=dict)
    young: int = 0  # admitted rows of at most a year old
    swapped: int = 0  # rows outside the areas that would lie inside with their axes exchanged

    def add(self, other: "Tally") -> None:
        """Add the counts of another piece of the same table."""
        self.offered += other.offered
        self.young += other.young
        self.swapped += other.swapped
        pairs = [(self.left_out, other.left_out), (self.refused, other.refused)]
        for column, kinds in other.scanned.items():
            pairs.append((self.scanned.setdefault(column, {}), kinds))
        for mine, theirs in pairs:
            for rule, rows in theirs.items():
                mine[rule] = mine.get(rule, 0) + rows
        for area, rows_of in other.areas.items():
            known = self.areas.get(area, [0, 0, 0])
            self.areas[area] = [one + more for one, more in zip(known, rows_of, strict=True)]

    @property
    def admitted(self) -> int:
        """Rows that came in."""
        return self.offered - sum(self.left_out.values()) - sum(self.refused.values())

    @property
    def defects(self) -> int:
        """Rows refused because something is wrong with them; age is no defect."""
        return sum(rows for rule, rows in self.refused.items() if rule not in EXPIRED)


class Sieve:
    """Each row is counted by the first rule that turns it away."""

    def __init__(self, rows: int) -> None:
        """Begin with every row of a piece."""
        self.kept = np.ones(rows, dtype=bool)
        self.turned_away = np.zeros(rows, dtype=bool)  # refused; what is left out is no fault
        self.tally = Tally(rows)

    def refuse(self, rule: str, rows: Mask) -> None:
        """Turn away rows that may not come in."""
        self.turned_away |= self._drop(self.tally.refused, rule, rows)

    def leave_out(self, rule: str, rows: Mask) -> None:
        """Turn away rows that were not asked for."""
        self._drop(self.tally.left_out, rule, rows)

    def _drop(self, counts: dict[str, int], rule: str, rows: Mask) -> Mask:
        dropped: Mask = self.kept & rows
        counts[rule] = counts.get(rule, 0) + int(np.count_nonzero(dropped))
        self.kept &= ~dropped
        return dropped

    def by_area(self, area: NDArray[np.int32]) -> None:
        """Count what was offered, admitted and refused in each area; -1 is unknown."""
        most = int(area.max(initial=-1)) + 2
        counts = [
            np.bincount(area[rows] + 1, minlength=most)
            for rows in (slice(None), self.kept, self.turned_away)
        ]
        offered = np.nonzero(counts[0])[0]
        self.tally.areas = {int(one) - 1: [int(part[one]) for part in counts] for one in offered}
