"""What a scan returns: areas with p-values, areas without, or that there is too little."""

from dataclasses import dataclass
from typing import Literal

from cas_audit.inference.scan_windows import Numbers

__all__ = ["FEWEST_CELLS", "FEWEST_OUTCOMES", "Area", "Described", "Found", "One", "Side", "TooFew"]

FEWEST_OUTCOMES = 100  # in all; fixed beforehand, and the total is given in every draw
FEWEST_CELLS = 30
One = Literal["few", "many"]
Side = Literal["few", "many", "both"]


@dataclass(frozen=True)
class Area:
    """A window that stands out.

    Attributes:
        cells: the caller's numbers of its cells, ascending.
        side: whether it has too few or too many.
        observed: outcomes in it.
        expected: outcomes expected in it, scaled to the total observed.
        ratio: observed over expected.
        statistic: log likelihood ratio over the window's dispersion.
        p_value: chance of a window at least this extreme anywhere when no area stands out;
            None in a description, which has no null.
        p_error: Monte Carlo standard error of the p-value; None likewise.
    """

    cells: Numbers
    side: One
    observed: float
    expected: float
    ratio: float
    statistic: float
    p_value: float | None
    p_error: float | None


@dataclass(frozen=True)
class Found:
    """What a scan found.

    Attributes:
        areas: the most likely area, then secondary ones that share no cell with any before.
            Their p-values are those of a first area too, hence on the safe side.
        p_value: of the most likely area: the scan's answer.
        p_error: its Monte Carlo standard error.
        outcomes: outcomes in all.
        windows: how many windows were looked at.
        draws: how many draws of the null.
        nugget: as fitted, see `scan_null.Dependence`; likewise `sill` and `range_cells`.
    """

    areas: tuple[Area, ...]
    p_value: float
    p_error: float
    outcomes: int
    windows: int
    draws: int
    nugget: float
    sill: float
    range_cells: float


@dataclass(frozen=True)
class TooFew:
    """No answer: too few outcomes or cells, by bounds fixed beforehand. Undefined, no p-value."""

    outcomes: int
    cells: int
    windows: int
    fewest_outcomes: int = FEWEST_OUTCOMES
    fewest_cells: int = FEWEST_CELLS


@dataclass(frozen=True)
class Described:
    """Where flags are most out of line with need: a description, which tests nothing.

    Attributes:
        areas: as in `Found`, without p-values.
        why_no_p_value: why there is none, to be shown wherever the areas are.
    """

    areas: tuple[Area, ...]
    why_no_p_value: str = (
        "Flags are chosen in clusters by the model, so no draw of independent flags is a null "
        "for them: the areas are described, not tested."
    )
