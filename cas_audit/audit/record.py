"""Findings about the record itself: counted, not inferred."""

from typing import Any

from cas_audit.audit.finding import Estimand, Finding, Outcome, Value, as_rows
from cas_audit.config import SMALLEST_COUNT

__all__ = ["cautious", "few_behind", "in_tens", "judge_share", "rounded", "state", "tells_few"]

FEWEST_ROUNDED = 100


def cautious(number: int) -> int:
    """Return a count fit to be shown: one to four become four, so that none can be told.

    >>> [cautious(number) for number in (0, 1, 4, 5)]
    [0, 4, 4, 5]
    """
    return SMALLEST_COUNT - 1 if 0 < number < SMALLEST_COUNT else number


def rounded(number: int) -> int:
    """Return a total fit to be shown beside hidden counts: to the nearest ten from a hundred on.

    >>> [rounded(number) for number in (99, 18043, 18047)]
    [99, 18040, 18050]
    """
    return number if number < FEWEST_ROUNDED else round(number / 10) * 10


def tells_few(incidents: float, hits: float, near: float) -> bool:
    """Say whether rates would tell a count of one to four incidents: all, caught, near or missed.

    >>> [tells_few(*counts) for counts in ((900, 60, 90), (900, 3, 90), (40, 20, 17), (0, 0, 0))]
    [False, True, True, False]
    """
    counts = (incidents, hits, near, incidents - hits, incidents - hits - near)
    return any(0 < round(one) < SMALLEST_COUNT for one in counts)


def few_behind(rates: dict[str, Any]) -> bool:
    """Say the same of the rates of one forecaster; without any incident there is nothing to show.

    Args:
        rates: incidents, hit_rate and near_hit_rate, over the weeks of testing.
    """
    incidents = rates["incidents"]
    if not incidents:
        return True
    hits, either = rates["hit_rate"] * incidents, rates["near_hit_rate"] * incidents
    return tells_few(incidents, hits, either - hits)


def in_tens(number: int) -> int:
    """Return a count in tens, beside a small one that it would tell; one to four become four.

    >>> [in_tens(number) for number in (0, 3, 5, 14, 15)]
    [0, 4, 10, 10, 20]
    """
    return cautious(number) if number < SMALLEST_COUNT else (number + 5) // 10 * 10


def judge_share(
    part: int, whole: int, *, at_most: float, fewest: float, unit: str, shown: int | None = None
) -> Finding:
    """Judge a share of the record against the most that is tolerated.

    Args:
        part: how many are amiss.
        whole: out of how many.
        at_most: the largest share that is tolerated.
        fewest: a smaller `whole` is too few to judge.
        unit: what is counted, the key under which `whole` stands in `n`.
        shown: what to show as `part`, where the true one would tell a small count; then the whole
            is shown rounded. The true ones are judged.
    """
    share = part / whole if whole else None
    if share is None or whole < fewest:
        outcome = Outcome.INSUFFICIENT
    else:
        outcome = Outcome.MET if share <= at_most else Outcome.NOT_MET
    if shown is not None:
        part, whole = shown, rounded(whole)
        share = part / whole if whole else None
    return Finding(
        outcome=outcome,
        message=outcome.value,
        values=as_rows([{"part": part, "whole": whole, "share": share}])[0],
        estimand=Estimand.RECORD,
        estimate=share,
        n={unit: whole},
    )


def state(outcome: Outcome, message: str = "", **values: Value) -> Finding:
    """State a fact of the record that has no size."""
    return Finding(
        outcome=outcome,
        message=message or outcome.value,
        values=as_rows([values])[0],
        estimand=Estimand.RECORD,
    )
