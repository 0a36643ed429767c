"""Groups against their references, theme by theme, brought together in one finding."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.inference.stretches import Interval, ratio_interval, verdict

__all__ = ["Comparison", "compare", "level_for", "summarise"]


@dataclass(frozen=True)
class Comparison:
    """One group against its reference for one theme; undefined is None."""

    theme: str
    group: str
    reference: str
    ratio: Interval | None
    inside: bool | None

    def row(self) -> dict[str, object]:
        """Return the row of the table that the report shows."""
        return {
            "theme": self.theme,
            "group": self.group,
            "reference": self.reference,
            "ratio": self.ratio and self.ratio.estimate,
            "low": self.ratio and self.ratio.low,
            "high": self.ratio and self.ratio.high,
            "stretches": self.ratio and self.ratio.stretches,
        }


def level_for(comparisons: int) -> float:
    """Return the level at which so many intervals hold together in 95 % (Bonferroni)."""
    return 1 - 0.05 / comparisons


def compare(
    theme: str,
    group: dict[str, str],
    per_stretch: pd.DataFrame,
    level: float,
    tolerance: tuple[float, float],
) -> Comparison:
    """Compare a group with its reference.

    Args:
        theme: offence theme.
        group: with `name` and `reference`.
        per_stretch: columns group and reference, one row per stretch, same unit.
        level: two-sided confidence level of the interval of the ratio.
        tolerance: lowest and highest ratio that is tolerated.
    """
    values = per_stretch[["group", "reference"]].to_numpy(dtype=float).T
    ratio = ratio_interval(values[0], values[1], level)
    inside = None if ratio is None else verdict(ratio, *tolerance)
    return Comparison(theme, group["name"], group["reference"], ratio, inside)


def summarise(compared: list[Comparison], level: float, estimand: Estimand) -> Finding:
    """Return one finding: met only if all are, not met if any is not; shows the worst."""
    outcome = Outcome.MET
    if any(one.inside is None for one in compared):
        outcome = Outcome.INSUFFICIENT
    if any(one.inside is False for one in compared):
        outcome = Outcome.NOT_MET
    worst = _worst(compared, outcome)
    ratio = worst.ratio
    few = outcome is Outcome.INSUFFICIENT and ratio is None
    undefined = sum(one.ratio is None for one in compared)
    return Finding(
        outcome=outcome,
        message="too_few_stretches" if few else outcome.value,
        values=as_rows([worst.row()])[0],
        estimand=estimand,
        estimate=ratio and ratio.estimate,
        interval=ratio and (ratio.low, ratio.high),
        level=level,
        interim=True,
        n={"comparisons": len(compared), "undefined": undefined},
        smallest_gap=ratio and ratio.high - ratio.estimate,
        tables={"groups": as_rows([one.row() for one in compared])},
    )


def _worst(compared: list[Comparison], outcome: Outcome) -> Comparison:
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    deciding = [one for one in compared if one.inside is wanted]
    return max(deciding, key=_distance)


def _distance(one: Comparison) -> float:
    return abs(float(np.log(one.ratio.estimate))) if one.ratio else float("inf")
