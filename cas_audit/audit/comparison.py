"""Groups against their references, theme by theme, brought together in one finding."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cas_audit.audit.finding import Estimand, Finding, Outcome, as_rows
from cas_audit.audit.pairs import Unseen
from cas_audit.errors import Unavailable
from cas_audit.inference.interval import Critical, Interval, verdict
from cas_audit.inference.replicates import compare_replicates, log_ratio_interval
from cas_audit.inference.scores import Scores, compare_together, ratio

__all__ = ["Comparison", "Measured", "bracket", "compare", "effective_events", "summarise"]

LEVEL = 0.95


@dataclass(frozen=True)
class Measured:
    """What was measured of one group against its reference, for one theme.

    Either `scores`, or `estimate` with `refits`: the ratio on this map, and on each history drawn
    again. `enough` says whether the counts fixed beforehand allow a judgement.
    """

    theme: str
    group: str
    reference: str
    scores: Scores | None = None
    estimate: float = float("nan")
    refits: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    enough: bool = True


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
            "high": self.ratio and finite(self.ratio.high),
            "units": self.ratio and self.ratio.units,
        }


def finite(value: float) -> float | None:
    """Return a bound as a record holds it: without a bound is null."""
    return value if np.isfinite(value) else None


def compare(measured: Sequence[Measured], tolerance: tuple[float, float]) -> list[Comparison]:
    """Compare every group with its reference; all intervals hold together in 95 %.

    Args:
        measured: of one check, all by scores or all by refits.
        tolerance: lowest and highest ratio that is tolerated.

    Raises:
        Unavailable: there is no group to compare.
    """
    if not measured:
        message = "The dossier names no group of residents to compare."
        raise Unavailable(message)
    sound = [one for one in measured if one.enough]
    critical = _critical(sound) if sound else None
    return [_judge(one, critical, tolerance) for one in measured]


def bracket(
    seen: Comparison, low: Comparison, high: Comparison, tolerance: tuple[float, float]
) -> Comparison:
    """Return the comparison of what was seen, with bounds that hold whatever was not seen.

    What is missing may lie anywhere; the interval reaches from the lower bound at the one extreme
    to the upper bound at the other (Horowitz & Manski 2000).

    Args:
        seen: without what is missing.
        low: with all that is missing where it lowers the ratio most.
        high: with all of it where it raises the ratio most.
        tolerance: lowest and highest ratio that is tolerated.
    """
    if not (seen.ratio and low.ratio and high.ratio):
        return replace(seen, ratio=None, inside=None)
    reach = replace(
        seen.ratio,
        low=low.ratio.low,
        high=high.ratio.high,
        inner_low=low.ratio.inner_low,
        inner_high=high.ratio.inner_high,
    )
    return replace(seen, ratio=reach, inside=verdict(reach, *tolerance))


def _critical(sound: Sequence[Measured]) -> Critical | None:
    by_scores = [one.scores for one in sound if one.scores]
    if by_scores:
        return compare_together(by_scores, LEVEL)
    return compare_replicates(np.array([one.refits for one in sound]), LEVEL)


def _judge(one: Measured, critical: Critical | None, tolerance: tuple[float, float]) -> Comparison:
    found = None
    if one.enough and critical:
        found = (
            ratio(one.scores, critical)
            if one.scores
            else log_ratio_interval(one.estimate, one.refits, critical)
        )
    inside = None if found is None else verdict(found, *tolerance)
    return Comparison(one.theme, one.group, one.reference, found, inside)


def summarise(
    compared: list[Comparison],
    estimand: Estimand,
    unseen: Unseen,
    max_unseen: float,
    *,
    without_refits: bool = False,
    by_cells: Sequence[float | None] | None = None,
) -> Finding:
    """Return one finding: met only if all are, not met if any is not; shows the worst.

    Args:
        compared: every group and theme.
        estimand: what the intervals are about.
        unseen: what lies where no group is known.
        max_unseen: with a larger share of flags or records there, nothing is met.
        without_refits: the intervals come from stretches of weeks.
        by_cells: each ratio when every cell counts alike, to be shown beside it and not judged.
    """
    outcome = _outcome(compared)
    worst = _worst(compared, outcome)
    found = worst.ratio
    message = "too_few" if outcome is Outcome.INSUFFICIENT and not found else outcome.value
    if outcome is Outcome.MET and unseen.share > max_unseen:
        outcome, message = Outcome.INSUFFICIENT, "unseen"
    undefined = sum(one.ratio is None for one in compared)
    gap = found and finite(found.high - found.estimate)
    rows = [one.row() for one in compared]
    if by_cells is not None:
        pairs = zip(rows, by_cells, strict=True)
        rows = [{**row, "ratio_by_cells": value} for row, value in pairs]
    return Finding(
        outcome=outcome,
        message=message,
        values=as_rows([{**worst.row(), **unseen.shown()}])[0],
        estimand=estimand,
        estimate=found and found.estimate,
        interval=found and (found.low, finite(found.high)),
        level=LEVEL,
        without_refits=without_refits,
        n={"comparisons": len(compared), "undefined": undefined, **unseen.counted()},
        smallest_gap=gap,
        tables={"groups": as_rows(rows)},
    )


def _outcome(compared: list[Comparison]) -> Outcome:
    if any(one.inside is False for one in compared):
        return Outcome.NOT_MET
    undecided = any(one.inside is None for one in compared)
    return Outcome.INSUFFICIENT if undecided else Outcome.MET


def effective_events(weight: NDArray[np.float64], events: NDArray[np.float64]) -> float:
    """Return as how many equal events weighted ones count (Kish 1965).

    (sum of w * n)² / (sum of w² * n), for n events of weight w in each row.

    >>> effective_events(np.array([1.0, 0.5]), np.array([2.0, 0.0]))
    2.0
    """
    squares = float((weight**2 * events).sum())
    return round(float((weight * events).sum()) ** 2 / squares, 6) if squares else 0.0


def _worst(compared: list[Comparison], outcome: Outcome) -> Comparison:
    wanted = {Outcome.MET: True, Outcome.NOT_MET: False}.get(outcome)
    deciding = [one for one in compared if one.inside is wanted]
    return max(deciding, key=_distance)


def _distance(one: Comparison) -> float:
    if not one.ratio:
        return float("inf")
    return abs(float(np.log(one.ratio.estimate))) if one.ratio.estimate > 0 else float("inf")
