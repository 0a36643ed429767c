"""What a table is asked: the part of a configuration that its child process needs."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from cas_audit.config import Config, Strict
from cas_audit.ingest.contract import Contract
from cas_audit.ingest.grid import Grid
from cas_audit.ingest.retention import years_allowed

__all__ = ["Ground", "Question", "ask"]


class Question(Strict):
    """What the audit asks of a table, whatever its format."""

    themes: list[str]
    channels: list[str]
    reference_date: date
    years: int


@dataclass(frozen=True)
class Ground:
    """The grid and the areas on it.

    `area` holds for each cell of the grid the place of its area in `codes`, -1 where the cell is
    in none; shape (rows * columns,).
    """

    grid: Grid
    area: NDArray[np.int32]
    codes: list[str]

    def areas_of(self, cell: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the area of each cell, -1 outside; cells may be -1 themselves."""
        found: NDArray[np.int32] = np.where(cell < 0, -1, self.area[cell])
        return found


def ask(config: Config, contract: Contract) -> Question:
    """Return what a configuration asks of the table of a contract."""
    return Question(
        themes=config.themes,
        channels=list(config.channels),
        reference_date=config.reference_date,
        years=years_allowed(config, contract),
    )
