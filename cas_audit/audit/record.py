"""Findings about the record itself: counted, not inferred."""

from cas_audit.audit.finding import Estimand, Finding, Outcome, Value, as_rows
from cas_audit.config import SMALLEST_COUNT

__all__ = ["cautious", "judge_share", "rounded", "state"]

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


def judge_share(
    part: int, whole: int, *, at_most: float, fewest: float, unit: str, hidden: bool = False
) -> Finding:
    """Judge a share of the record against the most that is tolerated.

    Args:
        part: how many are amiss.
        whole: out of how many.
        at_most: the largest share that is tolerated.
        fewest: a smaller `whole` is too few to judge.
        unit: what is counted, the key under which `whole` stands in `n`.
        hidden: show small counts as four and totals rounded; the true ones are judged.
    """
    share = part / whole if whole else None
    if share is None or whole < fewest:
        outcome = Outcome.INSUFFICIENT
    else:
        outcome = Outcome.MET if share <= at_most else Outcome.NOT_MET
    if hidden:
        part, whole = cautious(part), rounded(whole)
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
